import { windowAt } from '../../domain/live-timings.ts';
import { recordEvents } from '../../audit/audit-log.ts';
import { query } from '../../db/query.ts';
import { withTransaction } from '../../db/transaction.ts';
import { announceBatch } from '../announce-batch.ts';
import { findBatch } from '../batch-store.ts';
import type { BatchNeeds } from '../needs.ts';
import { about } from './parse-batch.ts';

/** What may be worked on now. */
export type Admission = 'everything' | 'nothing' | { readonly handedInBefore: Date };

/**
 * Live timings: what is unfinished when the nightly window closes rests until the next one opens. What rests goes on at once
 * when the timings are switched off.
 * @returns which batches may be worked on now
 */
export async function keepTimings({ timings, issuance: { db, clock } }: BatchNeeds): Promise<Admission> {
  const at = clock.now();
  const open = timings === undefined ? undefined : windowAt(at, timings);
  const isClosed = timings !== undefined && open === undefined;
  const { rows: due } = await query<{ due: boolean }>(
    db,
    `select exists (${isClosed ? UNDER_WAY : RESTING}) as due`,
  );
  if (due[0]?.due === true)
    await withTransaction(db, async (transaction) => {
      const { rows } = await query<{ id: string }>(
        transaction,
        isClosed
          ? `update batch set state = 'PAUSED', rests = true where id in (${UNDER_WAY} for no key update skip locked) returning id`
          : `update batch set state = 'QUEUED', rests = false where id in (${RESTING} for no key update skip locked) returning id`,
      );
      const event = isClosed ? 'batch.paused' : 'batch.resumed';
      for (const { id } of rows) {
        const batch = await findBatch(id, transaction);
        if (batch === undefined) continue;
        await recordEvents([{ ...about(batch), at, event, facts: { by: 'live timings' } }], transaction);
        await announceBatch(id, event, at, transaction);
      }
    });
  if (isClosed) return 'nothing';
  return open === undefined ? 'everything' : { handedInBefore: open.opens };
}

const UNDER_WAY = `select id from batch where state = 'PROCESSING'`;
const RESTING = `select id from batch where rests and state = 'PAUSED'`;
