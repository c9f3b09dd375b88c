import { setTimeout as pause } from 'node:timers/promises';
import { query } from '../db/pool.ts';
import { claimChunk } from './claim-chunk.ts';
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
  const { rows } = await query<{ open: boolean }>(needs.issuance.db, ANYTHING);
  if (rows[0]?.open !== true) return false;
  if (await parseBatch(needs)) return true;
  const chunk = await claimChunk(needs);
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
const ANYTHING = `
  select exists (select from batch where ended_at is null and state in ('PENDING', 'PARSING', 'QUEUED', 'PROCESSING')) as open`;
