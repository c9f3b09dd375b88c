import { randomUUID } from 'node:crypto';
import type { BatchState } from '../../domain/batch.ts';
import { Fault } from '../../domain/fault.ts';
import { isSamePerson, type Caller } from '../../domain/participant.ts';
import { query, type Transaction } from '../../db/query.ts';
import { announceBatch } from '../announce-batch.ts';
import { insertBatch, recordFailures, VERDICT_OF_ITEM, requireBatch, type Batch } from '../batch-store.ts';
import { workflowFailure } from '../item-codes.ts';
import type { BatchNeeds } from '../needs.ts';
import { beginning } from '../intake/submit-batch.ts';
import { endChunk } from './claim-chunk.ts';
import { NEXT_STEPS } from './next-steps.ts';
import { abandonPrepared } from './work-chunk.ts';

/** Who acts on which batch, when, in which transaction. */
export interface BatchAct {
  readonly id: string;
  readonly caller: Caller;
  readonly at: Date;
  readonly db: Transaction;
}

/**
 * Lets a batch rest: what a worker has in its hands is finished. One that rests until its window opens is held back: it stays
 * PAUSED then. @throws Fault `not-found`, `conflict`
 */
export async function pauseBatch(act: BatchAct): Promise<Batch> {
  const { id, rests } = await lockBatch(act);
  if (!rests) return move(act, ['QUEUED', 'PROCESSING'], 'PAUSED');
  await query(act.db, `update batch set rests = false where id = $1`, [id]);
  return requireBatch(id, act.caller, act.db);
}

/** Lets a batch go on. @throws Fault `not-found`, `conflict` */
export async function resumeBatch(act: BatchAct): Promise<Batch> {
  const { rests } = await lockBatch(act);
  if (rests)
    throw new Fault('conflict', 'The batch rests until the nightly window opens (TCS_LIVE_TIMINGS).', {
      fix: 'Wait: it goes on by itself at the instant that its `waits` tells.',
    });
  return move(act, ['PAUSED'], 'QUEUED');
}

/**
 * The second person of the DCC: only then is anything of the batch done.
 * @throws Fault `not-found`, `conflict`; `role-not-permitted` for who prepared it, or stands for nobody
 */
export async function approveBatch(act: BatchAct): Promise<Batch> {
  const { caller, at, db } = act;
  const batch = await lockBatch(act);
  requireState(batch, ['PREPARED'], 'approved');
  if (caller.person === '' || isSamePerson(caller.person, batch.person))
    throw new Fault('role-not-permitted', 'A second person approves a batch.', {
      reasons: [
        {
          reason: 'SECOND_PERSON_NEEDED',
          clause: 'DESIGN',
          detail: `${caller.person || 'A credential of nobody'} prepared it.`,
          fix: 'Have another operator or approver of the DCC approve it.',
        },
      ],
    });
  await query(
    db,
    `update batch set state = 'APPROVED_BY_SECOND_OPERATOR',
       approved_by = $2, approved_person = $3, approved_at = $4 where id = $1`,
    [batch.id, caller.credentialId, caller.person, at],
  );
  return requireBatch(batch.id, caller, db);
}

/**
 * Ends a batch: certificates that are recorded stay issued; every other item's verdict is that it was cancelled. What a
 * worker has in its hands at this moment it can no longer record.
 * @throws Fault `not-found`, `conflict` when it has ended
 */
export async function cancelBatch(
  act: BatchAct,
  { intake: { codes } }: Pick<BatchNeeds, 'intake'>,
): Promise<Batch> {
  const { caller, at, db } = act;
  const batch = await lockBatch(act);
  requireState(batch, OPEN, 'cancelled');
  const { rows: chunks } = await query<{ number: number; first: number; last: number }>(
    db,
    `update batch_chunk set fence = fence + 1, begun_at = null where batch_id = $1 and not done
     returning number, first_position as first, last_position as last`,
    [batch.id],
  );
  const failure = workflowFailure(
    'BATCH_CANCELLED',
    `${caller.person || 'Its owner'} cancelled the batch.`,
    codes,
  );
  for (const chunk of chunks) {
    const held = { batchId: batch.id, ...chunk };
    await abandonPrepared(held, 'the batch was cancelled', at, db);
    const { rows } = await query<{ position: number }>(
      db,
      `select i.position from batch_item i ${VERDICT_OF_ITEM}
        where i.batch_id = $1 and i.position between $2 and $3 and v.position is null`,
      [batch.id, chunk.first, chunk.last],
    );
    const verdicts = rows.map(({ position }) => ({ position, ...failure }));
    await recordFailures(batch.id, verdicts, db);
    await endChunk(held, db);
  }
  await query(db, `delete from batch_upload where batch_id = $1`, [batch.id]);
  await query(db, `update batch set state = 'CANCELLED', rests = false, ended_at = $2 where id = $1`, [
    batch.id,
    at,
  ]);
  await announceBatch(batch.id, 'batch.cancelled', at, db);
  return requireBatch(batch.id, caller, db);
}

/**
 * A new batch of the items that failed, duplicates left out; linked to the old one.
 * @throws Fault `not-found`; `conflict` when it has not ended, nothing failed, or it was retried: what failed again is retried from
 * that retry, else what it got would be issued twice
 */
export async function retryBatch(
  act: BatchAct,
  { chunkItems }: Pick<BatchNeeds, 'chunkItems'>,
): Promise<Batch> {
  const { caller, at, db } = act;
  const batch = await lockBatch(act);
  requireState(batch, ['COMPLETED', 'CANCELLED'], 'retried');
  await requireFirstRetry(batch.id, db);
  const id = randomUUID();
  const { state, turnCost } = beginning(caller);
  const { rows } = await query<{ items: number }>(db, `select count(*)::integer as items ${FAILED_ITEMS}`, [
    batch.id,
  ]);
  const items = rows[0]?.items ?? 0;
  if (batch.items === null)
    throw new Fault(
      'conflict',
      'The batch was cancelled before it was read: none of it can be tried again.',
      {
        fix: 'Hand the file in again.',
      },
    );
  if (items === 0)
    throw new Fault('conflict', 'Nothing of this batch failed that could be tried again.', {
      fix: 'Fetch its result; hand in what is new as another batch.',
    });
  await insertBatch(
    {
      id,
      state: state === 'PREPARED' ? state : 'QUEUED',
      turnCost,
      participantId: batch.participantId,
      by: caller,
      name: batch.name,
      // A batch of the DCC from before they had to name somebody: from now on it is on record.
      request:
        caller.participantType === 'DCC'
          ? { onBehalfOf: batch.participant, ...batch.request }
          : batch.request,
      contentType: batch.contentType,
      uploadSha256: batch.uploadSha256,
      uploadOctets: batch.uploadOctets,
      retryOf: batch.id,
      items,
    },
    at,
    db,
  );
  await query(
    db,
    `insert into batch_item (batch_id, position, id, file_name, csr, device_type)
     select $2, row_number() over (order by i.position), i.id, i.file_name, i.csr, i.device_type ${FAILED_ITEMS}`,
    [batch.id, id],
  );
  await query(
    db,
    `insert into batch_chunk (batch_id, number, first_position, last_position)
     select $1, number, (number - 1) * $2 + 1, least(number * $2, $3) from generate_series(1, $4::integer) as number`,
    [id, chunkItems, items, Math.ceil(items / chunkItems)],
  );
  if (state !== 'PREPARED') await announceBatch(id, 'batch.queued', at, db);
  return requireBatch(id, caller, db);
}

/** Under the lock of the batch. */
async function requireFirstRetry(id: string, db: Transaction): Promise<void> {
  const { rows } = await query<{ id: string; ended: boolean }>(
    db,
    `select id, ended_at is not null as ended from batch where retry_of = $1 order by submitted_at, id limit 1`,
    [id],
  );
  const [earlier] = rows;
  if (earlier === undefined) return;
  throw new Fault('conflict', `The batch was retried already: batch ${earlier.id}.`, {
    fix: earlier.ended
      ? 'If something failed again, retry that batch.'
      : 'Wait for that batch; if something fails again, retry it.',
  });
}

async function move(act: BatchAct, from: readonly BatchState[], to: 'PAUSED' | 'QUEUED'): Promise<Batch> {
  const batch = await lockBatch(act);
  requireState(batch, from, to === 'PAUSED' ? 'paused' : 'resumed');
  await query(act.db, `update batch set state = $2 where id = $1`, [batch.id, to]);
  const event = to === 'PAUSED' ? 'batch.paused' : 'batch.resumed';
  await announceBatch(batch.id, event, act.at, act.db);
  return requireBatch(batch.id, act.caller, act.db);
}

async function lockBatch({ id, caller, db }: BatchAct): Promise<Batch> {
  const { id: known } = await requireBatch(id, caller, db);
  // What refers to it can be written meanwhile: who records verdicts has a chunk, for which its cancellation waits.
  await query(db, `select from batch where id = $1 for no key update`, [known]);
  return requireBatch(known, caller, db);
}

function requireState({ state }: Batch, states: readonly BatchState[], word: string): void {
  if (!states.includes(state))
    throw new Fault(
      'conflict',
      `The batch is ${state}; only one that is ${states.join(' or ')} can be ${word}.`,
      { fix: NEXT_STEPS[state] },
    );
}

const OPEN: readonly BatchState[] = [
  'PREPARED',
  'APPROVED_BY_SECOND_OPERATOR',
  'PENDING',
  'PARSING',
  'QUEUED',
  'PROCESSING',
  'PAUSED',
];
const FAILED_ITEMS = `from batch_item i ${VERDICT_OF_ITEM}
  where i.batch_id = $1 and v.status <> 'SUCCESS' and i.duplicate_of is null`;
