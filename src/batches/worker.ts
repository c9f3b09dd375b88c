import { keepLooking, type Looking } from '../db/keep-looking.ts';
import { query } from '../db/pool.ts';
import { claimChunk } from './claim-chunk.ts';
import { keepTimings } from './keep-timings.ts';
import type { BatchNeeds } from './needs.ts';
import { parseBatch } from './parse-batch.ts';
import { completeBatches, workChunk } from './work-chunk.ts';

/**
 * Works on batches until it is stopped, `lanes` chunks at a time. Any number of processes may; the database says who does
 * what.
 * @param onError  what went wrong at a chunk or a parse; it is tried again
 */
export function startWorker(needs: BatchNeeds, lanes: number, onError: (error: unknown) => void): Looking {
  const worker = keepLooking(
    async () => {
      const found = await workOnce(needs);
      // What one lane did may have made work for the others.
      if (found) worker.wake();
      return found;
    },
    RESTS,
    onError,
    lanes,
  );
  return worker;
}

/** Does the next thing there is to do. @returns whether there was any */
export async function workOnce(needs: BatchNeeds): Promise<boolean> {
  const { rows } = await query<Outlook>(needs.issuance.db, ANYTHING);
  const [{ open, approved, rests } = NOTHING] = rows;
  if (!open) return false;
  if (approved) await query(needs.issuance.db, ADMIT);
  if (await parseBatch(needs)) return true;
  const admission = needs.timings === undefined && !rests ? 'everything' : await keepTimings(needs);
  const chunk = admission === 'nothing' ? undefined : await claimChunk(needs, admission);
  if (chunk === undefined) {
    await completeBatches(needs);
    return false;
  }
  await workChunk(chunk, needs);
  return true;
}

const RESTS = { idle: 500, afterError: 2000 };
interface Outlook {
  readonly open: boolean;
  /** Some wait to be let in. */
  readonly approved: boolean;
  /** Some rest until a window opens. */
  readonly rests: boolean;
}
const NOTHING: Outlook = { open: false, approved: false, rests: false };
const ANYTHING = `
  select count(*) > 0 as open, coalesce(bool_or(state = 'APPROVED_BY_SECOND_OPERATOR'), false) as approved,
         coalesce(bool_or(rests), false) as rests
    from batch where ended_at is null and (rests
      or state in ('APPROVED_BY_SECOND_OPERATOR', 'PENDING', 'PARSING', 'QUEUED', 'PROCESSING'))`;
/** Two people of the DCC agree: from here on it is a batch like any other. */
const ADMIT = `
  update batch set state = case when items is null then 'PENDING' else 'QUEUED' end where state = 'APPROVED_BY_SECOND_OPERATOR'`;
