import { accessSync, constants, mkdirSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import pg from 'pg';
import { Fault } from '../domain/fault.ts';
import { lockFolder } from './folder-lock.ts';
import { planningOptions } from './planning.ts';
import { surviveLoss, type Database, type DatabaseOptions } from './pool.ts';

/**
 * Opens the embedded engine, in a folder or in memory; it has one connection.
 * @throws Fault `database-unavailable` when the folder is in use; `configuration-invalid` when it cannot be written
 */
export async function openEmbedded({ dataDir, onLost }: DatabaseOptions): Promise<Database> {
  const { PGlite } = await import('@electric-sql/pglite');
  const { createPgConfig } = await import('@electric-sql/pglite/node-postgres');
  if (dataDir !== undefined) makeFolder(dataDir);
  const unlock = dataDir === undefined ? undefined : await lockFolder(dataDir);
  try {
    const engine = await PGlite.create({
      startParams: [...PGlite.defaultStartParams, ...planningOptions({ shared_buffers: BUFFERS })],
      ...(dataDir === undefined ? {} : { dataDir }),
    });
    const rest = watch(engine);
    const pool = new pg.Pool({
      ...(createPgConfig(engine) as unknown as pg.PoolConfig),
      max: 1,
      pipeline: true,
      connectionTimeoutMillis: 30_000,
      idleTimeoutMillis: 0,
    });
    surviveLoss(pool, onLost);
    const close = async () => {
      // Refuses whatever comes from now on, and waits for who holds the client; not for what is still on its way to the engine.
      await pool.end();
      await rest();
      await engine.close();
      await unlock?.();
    };
    return { pool, kind: 'embedded', close };
  } catch (error) {
    await unlock?.();
    throw error;
  }
}

/**
 * How to wait until the engine has nothing to do. A statement is answered before its last message has reached the engine,
 * which fails or never ends when it is closed meanwhile.
 */
function watch(engine: {
  execProtocolStream(message: Uint8Array, options?: object): Promise<unknown>;
}): () => Promise<void> {
  const work = engine.execProtocolStream.bind(engine);
  let current: Promise<unknown> | undefined;
  engine.execProtocolStream = (message, options) => {
    const answer = work(message, options);
    current = answer.catch(() => undefined);
    return answer;
  };
  return async () => {
    for (let rested: typeof current; ;) {
      // The connection sends its next message within the turn in which it hears of the last one.
      await turn();
      if (current === rested) return;
      const seen = current;
      await seen;
      rested = seen;
    }
  };
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

/** The engine fills its buffers with zeros when it opens: 128 MiB, its default, cost a third of that time, and memory; batches are as fast with these. */
const BUFFERS = '32MB';
