import { keepLooking, type Looking } from '../../db/keep-looking.ts';
import { query } from '../../db/query.ts';
import { admitBatches } from '../intake/admit-batches.ts';
import type { BatchNeeds } from '../needs.ts';
import { claimChunk } from './claim-chunk.ts';
import { keepTimings } from './keep-timings.ts';
import { parseBatch } from './parse-batch.ts';
import { completeBatches, workChunk } from './work-chunk.ts';

/**
 * Works on batches until it is stopped, `lanes` chunks at a time. Any number of processes may; the database says who does
 * what.
 * @param onError  what went wrong at a chunk or a parse; it is tried again
 */
export function startWorker(needs: BatchNeeds, lanes: number, onError: (error: unknown) => void): Looking {
  const reading: Reading = { lanes: 0, chunkDue: false };
  const worker = keepLooking(
    async () => {
      const found = await workOnce(needs, reading);
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

/** Who of a process reads uploads. */
export interface Reading {
  /** Lanes that read one. */
  lanes: number;
  /** One was read since a chunk was taken. */
  chunkDue: boolean;
}

/**
 * Does the next thing there is to do: an upload is read before a chunk is worked on. But while there are chunks one lane reads
 * at most, and none two uploads in a row: uploads of 50,000 CSRs, handed in together, would hold all chunks up.
 * @returns whether there was any
 */
export async function workOnce(
  needs: BatchNeeds,
  reading: Reading = { lanes: 0, chunkDue: false },
): Promise<boolean> {
  const { rows } = await query<Outlook>(needs.issuance.db, ANYTHING);
  const [{ open, approved, rests } = NOTHING] = rows;
  if (!open) return false;
  if (approved) await admitBatches(needs);
  const chunkFirst = reading.lanes > 0 || reading.chunkDue;
  if (!chunkFirst && (await readUpload(needs, reading))) return true;
  const admission = needs.timings === undefined && !rests ? 'everything' : await keepTimings(needs);
  const chunk = admission === 'nothing' ? undefined : await claimChunk(needs, admission);
  if (chunk !== undefined) {
    reading.chunkDue = false;
    await workChunk(chunk, needs);
    return true;
  }
  if (chunkFirst && (await readUpload(needs, reading))) return true;
  await completeBatches(needs);
  return false;
}

async function readUpload(needs: BatchNeeds, reading: Reading): Promise<boolean> {
  reading.lanes += 1;
  try {
    const found = await parseBatch(needs);
    reading.chunkDue ||= found;
    return found;
  } finally {
    reading.lanes -= 1;
  }
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
