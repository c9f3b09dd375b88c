import { accessSync, constants, mkdirSync } from 'node:fs';
import pg from 'pg';
import { Fault } from '../domain/fault.ts';
import { isOutOfRoom } from './database-errors.ts';
import { roomIn } from './embedded-room.ts';
import { EmbeddedSocket } from './embedded-socket.ts';
import { startUpkeep } from './embedded-upkeep.ts';
import { lockFolder } from './folder-lock.ts';
import { surviveLoss, type Database, type DatabaseOptions } from './pool.ts';
import { startEngine } from './start-engine.ts';

/**
 * Opens the embedded engine, in a folder or in memory, in a thread of its own; it has one connection.
 * @throws Fault `database-unavailable` when the folder is in use or has no room; `configuration-invalid` when it cannot be written
 */
export async function openEmbedded({ dataDir, onLost }: DatabaseOptions): Promise<Database> {
  if (dataDir !== undefined) makeFolder(dataDir);
  const unlock = dataDir === undefined ? undefined : await lockFolder(dataDir);
  try {
    const engine = await startEngine(dataDir === undefined ? {} : { dataDir }, (error) => onLost?.(error));
    const pool = new pg.Pool({
      stream: () => new EmbeddedSocket(engine.dial),
      user: 'postgres',
      database: 'postgres',
      max: 1,
      pipeline: true,
      connectionTimeoutMillis: 30_000,
      idleTimeoutMillis: 0,
    });
    surviveLoss(pool, onLost);
    const upkeep = dataDir === undefined ? undefined : startUpkeep(pool, () => roomIn(dataDir));
    const close = async () => {
      await upkeep?.stop();
      // Refuses whatever comes from now on, and waits for who holds the client.
      await pool.end();
      await engine.close();
      await unlock?.();
    };
    return { pool, kind: 'embedded', close };
  } catch (error) {
    await unlock?.();
    throw notOpened(error);
  }
}

function notOpened(error: unknown): unknown {
  return isOutOfRoom(error)
    ? new Fault(
        'database-unavailable',
        `${(error as Error).message} Make room there, or set TCS_DATA_DIR to another folder.`,
        {
          cause: error,
        },
      )
    : error;
}

function makeFolder(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    accessSync(dataDir, constants.R_OK | constants.W_OK);
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    throw new Fault(
      'configuration-invalid',
      `The folder ${dataDir} of the embedded database cannot be written (${code}). Correct TCS_DATA_DIR or its permissions.`,
      { cause },
    );
  }
}
