import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Response } from 'express';
import { ENDED_STATES, ITEM_STATUSES } from '../domain/batch.ts';
import { requireBatch, type Batch } from '../batches/batch-store.ts';
import { findValid } from '../registry/callers.ts';
import { callerOf } from './auth.ts';
import { batchView } from './batch-view.ts';
import { openPlaces, requirePlace } from './places.ts';
import type { HttpNeeds } from './server.ts';
import { shareAnswers } from './share-answers.ts';

/**
 * The batch object as an event whenever it has changed; the last one is that of its end. Who comes again with its `Last-Event-ID` has had
 * it: 204, upon which an EventSource stops. The stream ends, too, when the credential would no longer be taken, and at a shutdown. Streams
 * of one credential on one batch look together.
 * @returns  sends them; it throws Fault `too-many-requests` where the participant, or the process, follows as many already
 * @see WHATWG HTML, 9.2
 */
export function openEvents({ issuance, batches, stopping }: HttpNeeds) {
  const { db, clock } = issuance;
  const takePlace = openPlaces(STREAMS);
  // Each that waits listens to it, and so does for a moment who has given its place back: the places limit them, not a number here.
  setMaxListeners(0, stopping);
  const lookOnce = shareAnswers<Batch | undefined>(BETWEEN_LOOKS);
  return async (first: Batch, response: Response): Promise<void> => {
    const caller = callerOf(response);
    const had = response.req.get('Last-Event-ID');
    if (ENDED_STATES.includes(first.state) && had === eventIdOf(first)) {
      response.status(204).end();
      return;
    }
    const isHead = response.req.method === 'HEAD';
    if (!isHead)
      response.once('close', requirePlace(takePlace, 'TOO_MANY_EVENT_STREAMS', TOO_MANY_STREAMS, response));
    response.set({ 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
    response.flushHeaders();
    if (isHead) {
      response.end();
      return;
    }
    const look = async () =>
      (await findValid(caller.credentialId, clock.now(), db))
        ? requireBatch(first.id, caller, db)
        : undefined;
    let told = had;
    for (let batch = first, silent = 0; !response.destroyed; silent += 1) {
      const data = JSON.stringify(batchView(batch, clock.now(), batches));
      const id = eventIdOf(batch);
      if (id !== told) response.write(`id: ${id}\nevent: batch\ndata: ${data}\n\n`);
      else if (silent % KEEP_ALIVE === 0) response.write(': still here\n\n');
      told = id;
      if (ENDED_STATES.includes(batch.state)) break;
      await pause(BETWEEN_LOOKS, undefined, { signal: stopping }).catch(() => undefined);
      if (stopping.aborted) break;
      const next = await lookOnce(`${caller.credentialId} ${first.id}`, look);
      if (next === undefined) break;
      batch = next;
    }
    response.end();
  };
}

/** The same as long as nothing of the batch changes that is told. */
function eventIdOf({ state, counts }: Batch): string {
  const told = ITEM_STATUSES.map((status) => String(counts[status] ?? 0));
  return [state, ...told].join('-');
}

/** Each looks at its batch again and again. */
const STREAMS = { each: 20, all: 500 };
const TOO_MANY_STREAMS = `Too many event streams are open: of a participant ${String(STREAMS.each)} at most, of all ${String(STREAMS.all)}.`;
/** Milliseconds. */
const BETWEEN_LOOKS = 500;
/** Looks. */
const KEEP_ALIVE = 30;
