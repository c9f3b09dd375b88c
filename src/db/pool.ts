import type pg from 'pg';
import { faultOf } from './database-errors.ts';

export type Pool = pg.Pool;

/** An open database: PostgreSQL, or the embedded one in a thread of this process. */
export interface Database {
  readonly pool: Pool;
  readonly kind: 'postgres' | 'embedded';
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** PostgreSQL 14 or newer; absent: the embedded database. */
  readonly url?: string;
  /** Folder of the embedded database; absent: in memory. */
  readonly dataDir?: string;
  readonly poolSize?: number;
  /** Told when an idle connection is lost; the pool replaces it. */
  readonly onLost?: (error: Error) => void;
}

/** A client of the pool; give it back. @throws Fault `database-unavailable` */
export async function connect(pool: Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw faultOf(error);
  }
}

/**
 * Without listeners a restart of the server would end this process: the pool tells of its idle clients, and a client
 * that somebody holds tells of itself; its holder hears of it from the next statement.
 */
export function surviveLoss(pool: Pool, onLost: DatabaseOptions['onLost']): void {
  pool.on('error', (error) => onLost?.(error));
  pool.on('connect', (client) => client.on('error', () => undefined));
}
