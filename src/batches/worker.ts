import { setTimeout as pause } from 'node:timers/promises';
import { query } from '../db/pool.ts';
import { claimChunk } from './claim-chunk.ts';
import { keepTimings } from './keep-timings.ts';
import type { BatchNeeds } from './needs.ts';
import { parseBatch } from './parse-batch.ts';
import { completeBatches, workChunk } from './work-chunk.ts';

/** A worker of batches in this process. */
export interface BatchWorker {
  /** There may be something to do: look at once. */
  wake(): void;
  /** Finishes what is in its hands. */
  stop(): Promise<void>;
}

/**
 * Works on batches until it is stopped, `lanes` chunks at a time: while one waits for the database another computes. Any
 * number of processes may; the database says who does what.
 * @param onError  what went wrong at a chunk or a parse; it is tried again
 */
export function startWorker(
  needs: BatchNeeds,
  lanes: number,
  onError: (error: unknown) => void,
): BatchWorker {
  let stopped = false;
  let sleeping = new AbortController();
  const wake = () => {
    sleeping.abort();
    sleeping = new AbortController();
  };
  const sleep = (milliseconds: number) =>
    stopped ? undefined : pause(milliseconds, undefined, { signal: sleeping.signal }).catch(() => undefined);

  const lane = async () => {
    while (!stopped)
      try {
        if (await workOnce(needs)) wake();
        else await sleep(IDLE);
      } catch (error) {
        onError(error);
        await sleep(AFTER_ERROR);
      }
  };
  const running = Promise.all(Array.from({ length: lanes }, lane));
  return {
    wake,
    stop: async () => {
      stopped = true;
      wake();
      await running;
    },
  };
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

/** Milliseconds: how late a node hears of what another one took in, at most. */
const IDLE = 500;
const AFTER_ERROR = 2000;
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
