import type { MessagePort } from 'node:worker_threads';
import { planningOptions } from './planning.ts';

/** Where the engine keeps its data. */
export interface EngineOptions {
  /** A folder; absent: in memory. */
  readonly dataDir?: string;
}

/** What the engine is told: the port of a new client, or that there will be no more. */
export type ToEngine = MessagePort | 'end';

/**
 * Opens the embedded engine, which then serves until it is told `end` and closes `port`. Each client has a port of its own,
 * through which go messages of PostgreSQL's protocol, whole ones, and come the answers to them. The engine has one session: a
 * new client has it from there on, as if it were fresh.
 * @param onPanic  told why the engine gave up, as when there is no room for its log. A server would start again; this one would go
 *                 on with locks that nobody lets go of, and may never come back: what it runs in has to end in this call
 * @throws what the engine says when the folder is another version's, or damaged
 */
export async function runEngine(
  port: MessagePort,
  { dataDir }: EngineOptions,
  onPanic: (why: string) => void,
): Promise<void> {
  const { PGlite } = await import('@electric-sql/pglite');
  const engine = await PGlite.create({
    startParams: [...PGlite.defaultStartParams, ...planningOptions({ shared_buffers: BUFFERS, ...LOG })],
    ...(dataDir === undefined ? {} : { dataDir }),
    onStderr: (line) => {
      const why = PANIC.exec(line)?.[1];
      if (why !== undefined) onPanic(why);
      return false;
    },
  });
  let session: MessagePort | undefined;
  const serve = (client: MessagePort) => {
    session?.close();
    session = client;
    for (const statement of FRESH_SESSION) engine.execProtocolRawSync(simpleQuery(statement));
    client.on('message', (octets: Uint8Array) => client.postMessage(engine.execProtocolRawSync(octets)));
  };
  const close = async () => {
    session?.close();
    await engine.close();
    port.close();
  };
  port.on('message', (told: ToEngine) => (told === 'end' ? void close() : serve(told)));
}

/** A message `Query`: its type, its length with these four octets, the statement and a zero. */
function simpleQuery(statement: string): Uint8Array {
  const message = Buffer.from(`Q\0\0\0\0${statement}\0`, 'latin1');
  message.writeUInt32BE(message.length - 1, 1);
  return message;
}

/** A line of the engine's own log: time, process, severity. What somebody wrote stands behind a severity or a tab. */
const PANIC = /^[\d-]+ [\d:.]+ \w+ \[\d+\] PANIC: +(.*)$/;
/** What a client before left behind: a transaction, prepared statements, locks and settings. */
const FRESH_SESSION = ['rollback', 'discard all'];
/** The engine fills its buffers with zeros when it opens: 128 MiB, its default, cost a third of that time, and memory; batches are as fast with these. */
const BUFFERS = '32MB';
/** How much of the log before a checkpoint is kept for the log to come. */
const LOG = { min_wal_size: '32MB', max_wal_size: '64MB' };
