import { createHash } from 'node:crypto';
import type { Writable } from 'node:stream';
import pg from 'pg';
import { faultOf, isAftermath, isLost, isTurnedBack } from './database-errors.ts';

export type Pool = pg.Pool;
export type PoolClient = pg.PoolClient;
/** A pool or, inside a transaction, its client: any statement works with either. */
export type Db = pg.Pool | pg.PoolClient;

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

/**
 * One statement, prepared once a connection: planning costs more than running most of ours. Statements that are started
 * on a client without waiting for each other leave in one packet and are answered in their order.
 * @throws Fault `database-unavailable` when the connection is lost; other errors as they are
 */
export async function query<Row extends pg.QueryResultRow>(
  db: Db,
  text: string,
  values: readonly unknown[] = [],
): Promise<pg.QueryResult<Row>> {
  if (ending.has(db)) throw new TypeError('a statement after COMMIT has left');
  const statement = { name: statementName(text), text, values: [...values] };
  try {
    return await (db instanceof pg.Pool ? queryOnce<Row>(db, statement) : send<Row>(db, statement));
  } catch (error) {
    if (!(db instanceof pg.Pool) && !firstErrors.has(db)) firstErrors.set(db, error);
    throw faultOf(error);
  }
}

/**
 * Runs `work` in one transaction and commits it, or rolls it back and throws what `work` threw.
 * Inside, only the client may be used: the embedded database has one connection. A transaction that the database turns
 * back for the sake of another is run again, twice at most: `work` changes nothing but the database.
 *
 * @param look  leaves in one packet with BEGIN; it locks and reads only, since without a transaction a change would be
 *              done for good
 */
export async function withTransaction<T, Looked = void>(
  pool: Pool,
  work: (client: PoolClient, looked: Looked) => Promise<T | Ending<T>>,
  look?: (client: PoolClient) => Promise<Looked>,
): Promise<T> {
  for (let turn = 1; ; turn += 1)
    try {
      return await runTransaction(pool, work, look);
    } catch (error) {
      if (turn === TURNS || !isTurnedBack(error)) throw error;
    }
}

/**
 * What the work of a transaction returns when all that is left to do has been started, and nothing hangs on the answers: COMMIT leaves in one
 * packet with it. If one of those statements fails, PostgreSQL rolls back instead.
 */
export class Ending<T> {
  readonly #answer: Promise<T>;

  constructor(answer: Promise<T>) {
    this.#answer = answer;
  }

  /** @param committed  answer to COMMIT */
  async after(committed: Promise<unknown>): Promise<T> {
    const [answer] = await Promise.all([this.#answer, committed]);
    return answer;
  }
}

async function runTransaction<T, Looked>(
  pool: Pool,
  work: (client: PoolClient, looked: Looked) => Promise<T | Ending<T>>,
  look: ((client: PoolClient) => Promise<Looked>) | undefined,
): Promise<T> {
  const client = await connect(pool);
  let broken = false;
  try {
    firstErrors.delete(client);
    const [, looked] = await Promise.all([query(client, 'begin'), look?.(client)]);
    const worked = await work(client, looked as Looked);
    const committed = query(client, 'commit');
    ending.add(client);
    if (worked instanceof Ending) return await worked.after(committed);
    await committed;
    return worked;
  } catch (error) {
    // The server rolls back what a lost client began; waiting for it would be in vain.
    broken =
      isLost(error) ||
      (await client.query('rollback').then(
        () => false,
        () => true,
      ));
    throw faultOf(isAftermath(error) ? (firstErrors.get(client) ?? error) : error);
  } finally {
    ending.delete(client);
    // A client that could not even roll back is thrown away; the pool makes another.
    client.release(broken);
  }
}

/** A client of the pool; give it back. @throws Fault `database-unavailable` */
export async function connect(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw faultOf(error);
  }
}

/** The pool's own `query` throws its client away after any refusal, and what that one has prepared. */
async function queryOnce<Row extends pg.QueryResultRow>(
  pool: Pool,
  statement: pg.QueryConfig,
): Promise<pg.QueryResult<Row>> {
  const client = await connect(pool);
  let broken = false;
  try {
    return await send<Row>(client, statement);
  } catch (error) {
    broken = isLost(error);
    throw error;
  } finally {
    client.release(broken);
  }
}

/** A system call for each statement costs more than most statements: those of one turn wait for its end. */
function send<Row extends pg.QueryResultRow>(
  client: PoolClient,
  statement: pg.QueryConfig,
): Promise<pg.QueryResult<Row>> {
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Writable } }).connection;
  stream.cork();
  process.nextTick(() => stream.uncork());
  return client.query<Row>(statement);
}

/**
 * Without listeners a restart of the server would end this process: the pool tells of its idle clients, and a client
 * that somebody holds tells of itself; its holder hears of it from the next statement.
 */
export function surviveLoss(pool: Pool, onLost: DatabaseOptions['onLost']): void {
  pool.on('error', (error) => onLost?.(error));
  pool.on('connect', (client) => client.on('error', () => undefined));
}

/** The same text has the same name, in any process; PostgreSQL allows names of at most 63 octets. */
function statementName(text: string): string {
  let name = statementNames.get(text);
  if (name === undefined) {
    name = createHash('sha256').update(text).digest('hex').slice(0, 32);
    statementNames.set(text, name);
  }
  return name;
}
const statementNames = new Map<string, string>();
/** What went wrong first in the transaction of a client: statements sent together with it only hear that it is aborted. */
const firstErrors = new WeakMap<PoolClient, unknown>();
/** Clients whose COMMIT has left. */
const ending = new WeakSet<Db>();
const TURNS = 3;
