import type pg from 'pg';
import { faultOf, isAftermath, isLost, isTurnedBack, isUsableAfter } from './database-errors.ts';
import { connect, type Pool } from './pool.ts';
import { query, type Transaction } from './query.ts';
import { hold, send } from './statement.ts';

/**
 * Runs `work` in one transaction and commits it, or rolls it back and throws what `work` threw.
 * Inside, only the transaction may be asked: the embedded database has one connection. One that the database turns back for
 * the sake of another is run again, twice at most: `work` changes nothing but the database.
 *
 * @param work  gives the answer, or an `Ending` that has it
 * @param look  leaves in one packet with BEGIN; it locks and reads only, since without a transaction a change would be
 *              done for good
 */
export async function withTransaction<T, Looked = void>(
  pool: Pool,
  work: (transaction: Transaction, looked: Looked) => Promise<T | Ending<T>>,
  look?: (transaction: Transaction) => Promise<Looked>,
): Promise<T> {
  for (let turn = 1; ; turn += 1)
    try {
      return await runTransaction(pool, work, look);
    } catch (error) {
      if (turn === TURNS || !isTurnedBack(error)) throw error;
    }
}

/**
 * What the work of a transaction gives when all that is left to do has been started: COMMIT leaves in one packet with it, a round
 * trip earlier. Where one of those statements fails, or cannot even be sent, nothing is committed. Otherwise all is: a statement
 * that waits for their answers is refused, and it or whatever else fails later is told although the rest is committed.
 */
export class Ending<T> {
  readonly #outcome: Promise<T>;

  constructor(outcome: Promise<T>) {
    this.#outcome = outcome;
  }

  get outcome(): Promise<T> {
    return this.#outcome;
  }
}

async function runTransaction<T, Looked>(
  pool: Pool,
  work: (transaction: Transaction, looked: Looked) => Promise<T | Ending<T>>,
  look: ((transaction: Transaction) => Promise<Looked>) | undefined,
): Promise<T> {
  const client = await connect(pool);
  const transaction = new OpenTransaction(client);
  let usable = true;
  try {
    const [, looked] = await Promise.all([query(transaction, 'begin'), look?.(transaction)]);
    const worked = await work(transaction, looked as Looked);
    if (worked instanceof Ending) return await transaction.end(worked);
    await transaction.commit();
    return worked;
  } catch (error) {
    usable = await transaction.rollBack(error);
    throw faultOf(transaction.reasonOf(error));
  } finally {
    // A client that is of no further use is thrown away; the pool makes another.
    client.release(!usable);
  }
}

/** The client of a pool from BEGIN to COMMIT: nobody who comes later gets into the next transaction of that client. */
class OpenTransaction implements Transaction {
  readonly #client: pg.PoolClient;
  #failure: Error | undefined;
  #isUsable = true;
  #isOver = false;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  async send<Row extends pg.QueryResultRow>(
    text: string,
    values: readonly unknown[],
  ): Promise<pg.QueryResult<Row>> {
    if (this.#isOver) throw new TypeError('a statement after the end of its transaction');
    try {
      return await send<Row>(this.#client, text, values);
    } catch (error) {
      if (!isAftermath(error)) this.#failure = error as Error;
      this.#isUsable &&= isUsableAfter(error);
      throw error;
    }
  }

  async end<T>({ outcome }: Ending<T>): Promise<T> {
    let failed = false as boolean;
    outcome.catch(() => {
      failed = true;
    });
    const letLeave = hold(this.#client);
    // A statement that cannot be sent fails in this turn, and the server would know nothing of it.
    await new Promise<void>((turn) => process.nextTick(turn));
    const committed = failed ? undefined : this.commit();
    letLeave();
    const [answer] = await Promise.all([outcome, committed]);
    return answer;
  }

  /** @throws what failed, where the server rolls back instead */
  async commit(): Promise<void> {
    this.#isOver = true;
    const { command } = await send(this.#client, 'commit');
    if (command !== 'COMMIT')
      throw this.#failure ?? new TypeError('COMMIT was answered with ROLLBACK, and no statement had failed');
  }

  /** @returns whether the client is of further use */
  async rollBack(error: unknown): Promise<boolean> {
    this.#isOver = true;
    // The server rolls back what a lost client began; waiting for it would be in vain.
    if (isLost(error)) return false;
    return this.#client.query('rollback').then(
      () => this.#isUsable,
      () => false,
    );
  }

  /** What statements that were sent behind the one that failed hear is only that the transaction is aborted. */
  reasonOf(error: unknown): unknown {
    return isAftermath(error) ? (this.#failure ?? error) : error;
  }
}

const TURNS = 3;
