import { faultOf, isLost, isTurnedBack } from './database-errors.ts';
import { connect, type Pool } from './pool.ts';
import { query, Transaction } from './query.ts';

/**
 * Runs `work` in one transaction and commits it, or rolls it back and throws what `work` threw.
 * Inside, only the transaction may be asked: the embedded database has one connection. One that the database turns back for
 * the sake of another is run again, twice at most: `work` changes nothing but the database.
 *
 * @param work  its answer, or an `Ending`
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
 * What the work of a transaction returns when all that is left to do has been started: COMMIT leaves in one packet with it,
 * a round trip earlier. Where one of those statements fails, or cannot even be sent, nothing is committed. No statement may
 * hang on their answers: it would come after COMMIT and is refused, while they stand.
 */
export class Ending<T> {
  readonly #answer: Promise<T>;
  #failed = false;

  constructor(answer: Promise<T>) {
    this.#answer = answer;
    answer.catch(() => {
      this.#failed = true;
    });
  }

  async commit(transaction: Transaction): Promise<T> {
    const letLeave = transaction.hold();
    // A statement that cannot be sent fails in this turn, and the server would know nothing of it.
    await new Promise<void>((turn) => process.nextTick(turn));
    const committed = this.#failed ? undefined : transaction.commit();
    letLeave();
    const [answer] = await Promise.all([this.#answer, committed]);
    return answer;
  }
}

async function runTransaction<T, Looked>(
  pool: Pool,
  work: (transaction: Transaction, looked: Looked) => Promise<T | Ending<T>>,
  look: ((transaction: Transaction) => Promise<Looked>) | undefined,
): Promise<T> {
  const client = await connect(pool);
  const transaction = new Transaction(client);
  let usable = true;
  try {
    const [, looked] = await Promise.all([query(transaction, 'begin'), look?.(transaction)]);
    const worked = await work(transaction, looked as Looked);
    if (worked instanceof Ending) return await worked.commit(transaction);
    await transaction.commit();
    return worked;
  } catch (error) {
    // The server rolls back what a lost client began; waiting for it would be in vain.
    usable = !isLost(error) && (await transaction.rollback());
    throw faultOf(transaction.reasonOf(error));
  } finally {
    // A client that could not even roll back is thrown away; the pool makes another.
    client.release(!usable);
  }
}

const TURNS = 3;
