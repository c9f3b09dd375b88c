import pg from 'pg';
import { faultOf, isUsableAfter } from './database-errors.ts';
import { connect } from './pool.ts';
import { send } from './statement.ts';

/** A pool or a transaction: any statement works with either. */
export type Db = pg.Pool | Transaction;

/** What is asked inside a transaction; when that is over, nothing. */
export interface Transaction {
  /** For `query`. @throws TypeError when the transaction is over */
  send<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[]): Promise<pg.QueryResult<Row>>;
}

/**
 * One statement. Those that are started in a transaction without waiting for each other leave in one packet and are answered
 * in their order.
 * @throws Fault `database-unavailable` when the connection is lost; other errors as they are
 */
export async function query<Row extends pg.QueryResultRow>(
  db: Db,
  text: string,
  values: readonly unknown[] = [],
): Promise<pg.QueryResult<Row>> {
  try {
    return await (db instanceof pg.Pool ? queryOnce<Row>(db, text, values) : db.send<Row>(text, values));
  } catch (error) {
    throw faultOf(error);
  }
}

/** The pool's own `query` throws its client away after any refusal, and what that one has prepared. */
async function queryOnce<Row extends pg.QueryResultRow>(
  pool: pg.Pool,
  text: string,
  values: readonly unknown[],
): Promise<pg.QueryResult<Row>> {
  const client = await connect(pool);
  let usable = true;
  try {
    return await send<Row>(client, text, values);
  } catch (error) {
    usable = isUsableAfter(error);
    throw error;
  } finally {
    client.release(!usable);
  }
}
