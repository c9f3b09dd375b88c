import type { DeviceType } from '../../domain/category.ts';
import { Fault } from '../../domain/fault.ts';
import type { Caller } from '../../domain/participant.ts';
import { recordEvents } from '../../audit/audit-log.ts';
import { abandonIntents, findIntentsOfBatch, isAuthorityRetired } from '../../ca/intent-store.ts';
import { query, type Transaction } from '../../db/query.ts';
import { withTransaction } from '../../db/transaction.ts';
import { issueCertificates, type IssuanceResult } from '../../issuance/issue-certificates.ts';
import type { AskedRequest } from '../../issuance/needs.ts';
import { findApplicant } from '../../registry/callers.ts';
import { notify } from '../../registry/notifications.ts';
import { announceBatch } from '../announce-batch.ts';
import {
  findBatch,
  recordFailures,
  VERDICT_OF_ITEM,
  type Batch,
  type FailureVerdict,
} from '../batch-store.ts';
import { isWithoutRoom } from '../disk-room.ts';
import { itemFailure, waitsForQuota, workflowFailure, type ItemCodes } from '../item-codes.ts';
import type { BatchNeeds } from '../needs.ts';
import { endChunk, keepChunk, LeaseLost, releaseChunk, type HeldChunk } from './claim-chunk.ts';
import { duplicateOf } from './duplicate-item.ts';
import { about } from './parse-batch.ts';

/**
 * Brings every item of a chunk to its verdict, by the same steps as a single certificate. A certificate is its own
 * verdict; those of the other items are written in the same transaction. A crash leaves items without verdict, and intents
 * whose signatures nobody was given; whoever takes the chunk over abandons those and goes on. Items that wait for a quota keep waiting, without a verdict.
 */
export async function workChunk(chunk: HeldChunk, needs: BatchNeeds): Promise<void> {
  try {
    if (chunk.fence > 1) await clearInterrupted(chunk, needs);
    await settleItems(chunk, needs);
    await completeBatches(needs);
  } catch (error) {
    if (error instanceof LeaseLost) return;
    const release = isHindered(error) ? HINDERED : AFTER_FAILURE;
    await withTransaction(needs.issuance.db, (db) => releaseChunk(chunk, release, db)).catch(() => undefined);
    throw error;
  }
}

/** Ends batches whose chunks are all done. */
export async function completeBatches({ issuance: { db, clock } }: BatchNeeds): Promise<void> {
  const at = clock.now();
  await withTransaction(db, async (transaction) => {
    const { rows } = await query<{ id: string }>(
      transaction,
      `update batch set state = 'COMPLETED', rests = false, ended_at = $1 where id in (
         select b.id from batch b where b.state in ('QUEUED', 'PROCESSING', 'PAUSED')
            and not exists (select from batch_chunk k where k.batch_id = b.id and not k.done)
          order by b.id for no key update skip locked) returning id`,
      [at],
    );
    for (const { id } of rows) {
      const batch = await findBatch(id, transaction);
      if (batch === undefined) continue;
      const { counts, name, items } = batch;
      await recordEvents([{ ...about(batch), at, event: 'batch.completed', facts: { counts } }], transaction);
      const text = `Batch ${name}: ${String(counts.SUCCESS ?? 0)} of ${String(items ?? 0)} certificates issued.`;
      await notify(
        [{ participantId: batch.participantId, at, event: 'batch.completed', object: id, text }],
        transaction,
      );
      await announceBatch(id, 'batch.completed', at, transaction);
    }
  });
}

/** Intents of somebody who died over this chunk: nobody was given their certificates. */
async function clearInterrupted(chunk: HeldChunk, { issuance: { db, clock } }: BatchNeeds): Promise<void> {
  await withTransaction(db, async (transaction) => {
    await keepChunk(chunk, transaction);
    await abandonPrepared(chunk, 'interrupted; the batch went on', clock.now(), transaction);
  });
}

/** Gives up the intents of a chunk, with their audit. */
export async function abandonPrepared(
  { batchId, first, last }: Pick<HeldChunk, 'batchId' | 'first' | 'last'>,
  reason: string,
  at: Date,
  db: Transaction,
): Promise<void> {
  const prepared = await findIntentsOfBatch({ batchId, first, last }, db);
  const abandoned = await abandonIntents(prepared, reason, at, db);
  const events = abandoned.map((object) => ({
    at,
    event: 'certificate.abandoned',
    object,
    facts: { reason, batch: batchId },
  }));
  await recordEvents(events, db);
}

async function settleItems(chunk: HeldChunk, needs: BatchNeeds): Promise<void> {
  const { issuance } = needs;
  const { codes } = needs.intake;
  const at = issuance.clock.now();
  const batch = await findBatch(chunk.batchId, issuance.db);
  if (batch === undefined) throw new TypeError('a chunk without its batch');
  const waiting = await findWaiting(chunk, needs);
  const applicant = await findApplicant(batch.credentialId, at, issuance.db);
  const caller = applicant.revoked ? undefined : applicant.caller;

  const unasked = waiting.flatMap((item): FailureVerdict[] => {
    const { position } = item;
    if (caller === undefined)
      return [{ position, ...workflowFailure('BATCH_CREDENTIAL_REVOKED', REVOKED, codes) }];
    if (chunk.tries > MOST_TRIES)
      return [{ position, ...workflowFailure('BATCH_GIVEN_UP', GIVEN_UP, codes) }];
    if (item.duplicateOf === null) return [];
    const fault = duplicateOf(item.duplicateOf, issuance.ruleSets.at(at));
    return [{ position, ...itemFailure(fault, codes) }];
  });
  const settled = new Set(unasked.map(({ position }) => position));
  const asking = waiting.filter(({ position }) => !settled.has(position));
  const asked = caller === undefined ? [] : asking.map((item) => askedOf(item, batch, caller));

  await issueCertificates(asked, issuance, 'sampled', {
    hold: (db) => keepChunk(chunk, db),
    record: async (results, db) => {
      const failures = results.flatMap((one, place) => failureOf(one, asking[place], codes));
      await recordFailures(chunk.batchId, [...unasked, ...failures], db);
      if (!results.some(waitsForQuota)) await endChunk(chunk, db);
      else await releaseChunk(chunk, AFTER_QUOTA, db);
    },
  });
}

interface WaitingItem {
  readonly position: number;
  readonly id: string;
  readonly csr: string;
  readonly deviceType: DeviceType | null;
  readonly duplicateOf: number | null;
}

async function findWaiting(
  { batchId, first, last }: HeldChunk,
  { issuance: { db } }: BatchNeeds,
): Promise<WaitingItem[]> {
  const { rows } = await query<WaitingItem>(
    db,
    `select i.position, i.id, i.csr, i.device_type as "deviceType", i.duplicate_of as "duplicateOf"
       from batch_item i ${VERDICT_OF_ITEM}
      where i.batch_id = $1 and i.position between $2 and $3 and v.position is null order by i.position`,
    [batchId, first, last],
  );
  return rows;
}

function askedOf({ position, csr, deviceType }: WaitingItem, batch: Batch, caller: Caller): AskedRequest {
  return {
    request: { csr, ...batch.request, ...(deviceType === null ? {} : { deviceType }) },
    caller,
    place: { batchId: batch.id, position },
  };
}

/** @returns nothing for what has its certificate, or waits for a quota */
function failureOf(
  result: IssuanceResult,
  item: WaitingItem | undefined,
  codes: ItemCodes,
): FailureVerdict[] {
  if (item === undefined) throw new TypeError('a result without its item');
  if (!(result instanceof Fault) || waitsForQuota(result)) return [];
  return [{ position: item.position, ...itemFailure(result, codes) }];
}

/** Tries of a chunk before its items are given up: what kills a process again and again must not do so for ever. */
const MOST_TRIES = 10;
const AFTER_FAILURE = { seconds: 2, cause: 'FAILURE' } as const;
/** A full disk, or a test CA that was retired, is no fault of the items: however long it lasts, nothing is given up. */
const isHindered = (error: unknown): boolean => isWithoutRoom(error) || isAuthorityRetired(error);
const HINDERED = { seconds: 5, cause: 'HINDRANCE' } as const;
/** What was issued in the last 24 hours is counted by the hour. */
const AFTER_QUOTA = { seconds: 300, cause: 'QUOTA' } as const;
const REVOKED = 'The credential under which the batch came has been revoked.';
const GIVEN_UP = 'The service failed at this part of the batch again and again.';
