import { createHash } from 'node:crypto';
import type { Writable } from 'node:stream';
import type pg from 'pg';
import { faultOf, isAftermath, isLost } from './database-errors.ts';
import { connect } from './pool.ts';

/** A pool or a transaction: any statement works with either. */
export type Db = pg.Pool | Transaction;

/**
 * One statement, prepared once a connection: planning costs more than running most of ours. Statements that are started
 * in a transaction without waiting for each other leave in one packet and are answered in their order.
 * @throws Fault `database-unavailable` when the connection is lost; other errors as they are
 */
export async function query<Row extends pg.QueryResultRow>(
  db: Db,
  text: string,
  values: readonly unknown[] = [],
): Promise<pg.QueryResult<Row>> {
  const statement = prepared(text, values);
  try {
    return await (db instanceof Transaction ? db.send<Row>(statement) : queryOnce<Row>(db, statement));
  } catch (error) {
    throw faultOf(error);
  }
}

/** The client of a pool from BEGIN to COMMIT: nobody who comes later gets into the next transaction of that client. */
export class Transaction {
  readonly #client: pg.PoolClient;
  #firstError: Error | undefined;
  #isOver = false;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  /** For `query`. @throws TypeError when it is over */
  async send<Row extends pg.QueryResultRow>(statement: pg.QueryConfig): Promise<pg.QueryResult<Row>> {
    if (this.#isOver) throw new TypeError('a statement after the end of its transaction');
    try {
      return await send<Row>(this.#client, statement);
    } catch (error) {
      this.#firstError ??= error as Error;
      throw error;
    }
  }

  /** Nothing leaves for the server from now on. @returns lets it leave, in one packet */
  hold(): () => void {
    return hold(this.#client);
  }

  /** @throws what failed first, where the server rolls back instead */
  async commit(): Promise<void> {
    this.#isOver = true;
    const { command } = await send(this.#client, prepared('commit'));
    if (command !== 'COMMIT')
      throw this.#firstError ?? new TypeError('a transaction failed, and nobody heard of it');
  }

  /** @returns whether its client is of further use */
  rollback(): Promise<boolean> {
    this.#isOver = true;
    return this.#client.query('rollback').then(
      () => true,
      () => false,
    );
  }

  /** What statements that were sent behind the first failure hear is only that the transaction is aborted. */
  reasonOf(error: unknown): unknown {
    return isAftermath(error) ? (this.#firstError ?? error) : error;
  }
}

/** The pool's own `query` throws its client away after any refusal, and what that one has prepared. */
async function queryOnce<Row extends pg.QueryResultRow>(
  pool: pg.Pool,
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
  client: pg.PoolClient,
  statement: pg.QueryConfig,
): Promise<pg.QueryResult<Row>> {
  process.nextTick(hold(client));
  return client.query<Row>(statement);
}

function hold(client: pg.PoolClient): () => void {
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Writable } }).connection;
  stream.cork();
  return () => stream.uncork();
}

/** The same text has the same name, in any process; PostgreSQL allows names of at most 63 octets. */
function prepared(text: string, values: readonly unknown[] = []): pg.QueryConfig {
  let name = statementNames.get(text);
  if (name === undefined) {
    name = createHash('sha256').update(text).digest('hex').slice(0, 32);
    statementNames.set(text, name);
  }
  return { name, text, values: [...values] };
}
const statementNames = new Map<string, string>();
