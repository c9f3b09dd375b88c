import { BATCH_STATES, ITEM_STATUSES, type ItemStatus } from '../domain/batch.ts';
import { formatInstant } from '../domain/instant.ts';
import { formatTime, waitsUntil, type LiveTimings } from '../domain/live-timings.ts';
import type { Batch, StoredItem } from '../batches/batch-store.ts';
import type { BatchNeeds } from '../batches/needs.ts';
import { resultUntil } from '../batches/results/sweep-results.ts';
import { count, instant, reason } from './answer-schemas.ts';
import { z } from './zod.ts';

export const batchSchema = z
  .object({
    id: z.uuid(),
    state: z.enum(BATCH_STATES).openapi('BatchState'),
    name: z.string(),
    participant: z.string(),
    request: z.record(z.string(), z.string().or(z.boolean())),
    submittedBy: z.string(),
    approvedBy: z.string().optional(),
    submittedAt: instant,
    approvedAt: instant.optional(),
    startedAt: instant.optional(),
    endedAt: instant.optional(),
    retryOf: z.uuid().optional(),
    receipt: z.object({ contentType: z.string(), octets: count, sha256: z.string() }),
    items: count.nullable().openapi({ description: 'null until it is parsed' }),
    progress: z.object({
      settled: count,
      waiting: count,
      counts: z.object(
        Object.fromEntries(ITEM_STATUSES.map((one) => [one, count])) as Record<ItemStatus, typeof count>,
      ),
      perSecond: z
        .number()
        .optional()
        .openapi({ description: 'while it was worked on; pauses, nights and waits do not count' }),
      secondsLeft: z.number().optional().openapi({ description: 'of work, by that rate' }),
    }),
    waits: z
      .object({ cause: z.enum(['LIVE_TIMINGS', 'QUOTA']), until: instant, detail: z.string() })
      .optional()
      .openapi({
        description: 'why nothing happens now, and when it goes on, or, for a QUOTA, is looked at again',
      }),
    reasons: z.array(reason.extend({ errorCode: z.string().optional(), position: z.string().optional() })),
    result: z.string().nullable().openapi({ description: 'where it can be fetched, once there is one' }),
    resultUntil: instant.optional().openapi({ description: 'until then it can be fetched, at least' }),
    resultRemovedAt: instant
      .optional()
      .openapi({ description: 'since then it cannot be fetched; its certificates still can' }),
    keys: z
      .object({
        keys: z
          .string()
          .nullable()
          .openapi({ description: 'where they can be fetched, as long as they are there' }),
        sha256: z.string().openapi({ description: 'of the message that holds them' }),
        octets: count,
        deliveredAt: instant.optional(),
        deliveredTo: z.string().optional().openapi({ description: 'who fetched them' }),
        acknowledgedAt: instant.optional(),
        removedAt: instant.optional().openapi({ description: 'their time was over' }),
      })
      .optional()
      .openapi({ description: 'of a batch whose keys the service makes, once they are made' }),
  })
  .openapi('Batch');

export const itemSchema = z
  .object({
    position: count,
    id: z.string(),
    fileName: z.string().optional(),
    deviceType: z.string().optional(),
    status: z.enum([...ITEM_STATUSES, 'WAITING']),
    errorCode: z.string().optional(),
    reasons: z.array(reason).optional(),
    serialNumber: z.string().optional(),
  })
  .openapi('BatchItem');

/** The batch object of the wire. */
export function batchView(batch: Batch, now: Date, needs: Pick<BatchNeeds, 'timings' | 'retentionDays'>) {
  const { timings } = needs;
  const { startedAt, endedAt, items, worked } = batch;
  const counts = Object.fromEntries(ITEM_STATUSES.map((one) => [one, batch.counts[one] ?? 0]));
  const settled = Object.values(counts).reduce((sum, one) => sum + one, 0);
  const waiting = (items ?? 0) - settled;
  const perSecond = worked !== null && worked.seconds > 0 ? worked.items / worked.seconds : undefined;
  const waits = waitsForWindow(batch, now, timings) ?? waitsForQuota(batch);
  return {
    id: batch.id,
    state: batch.state,
    name: batch.name,
    participant: batch.participant,
    request: batch.request,
    submittedBy: batch.person,
    ...(batch.approvedPerson === null ? {} : { approvedBy: batch.approvedPerson }),
    submittedAt: formatInstant(batch.submittedAt),
    ...(batch.approvedAt === null ? {} : { approvedAt: formatInstant(batch.approvedAt) }),
    ...(startedAt === null ? {} : { startedAt: formatInstant(startedAt) }),
    ...(endedAt === null ? {} : { endedAt: formatInstant(endedAt) }),
    ...(batch.retryOf === null ? {} : { retryOf: batch.retryOf }),
    receipt: {
      contentType: batch.contentType,
      octets: batch.uploadOctets,
      sha256: batch.uploadSha256.toString('hex'),
    },
    items,
    progress: {
      settled,
      waiting,
      counts,
      ...(perSecond === undefined ? {} : { perSecond: Math.round(perSecond) }),
      ...(perSecond === undefined || batch.state !== 'PROCESSING' || waits !== undefined
        ? {}
        : { secondsLeft: Math.ceil(waiting / perSecond) }),
    },
    ...(waits === undefined ? {} : { waits }),
    reasons: batch.reasons,
    ...resultOf(batch, needs),
    ...keysOf(batch),
  };
}

/** Where generated keys are, or what became of them: they are given once. */
function keysOf({ id, keys }: Batch) {
  if (keys === null) return {};
  const { sha256, octets, deliveredAt, deliveredPerson, acknowledgedAt, removedAt } = keys;
  const isThere = deliveredAt === null && acknowledgedAt === null && removedAt === null;
  return {
    keys: {
      keys: isThere ? `/v1/batches/${id}/keys` : null,
      sha256,
      octets,
      ...(deliveredAt === null ? {} : { deliveredAt: formatInstant(new Date(deliveredAt)) }),
      ...(deliveredPerson === null ? {} : { deliveredTo: deliveredPerson }),
      ...(acknowledgedAt === null ? {} : { acknowledgedAt: formatInstant(new Date(acknowledgedAt)) }),
      ...(removedAt === null ? {} : { removedAt: formatInstant(new Date(removedAt)) }),
    },
  };
}

/** Where the result is, and until when; after that, since when it is gone. */
function resultOf(
  { id, state, items, endedAt, resultRemovedAt }: Batch,
  needs: Pick<BatchNeeds, 'retentionDays'>,
) {
  if ((state !== 'COMPLETED' && state !== 'CANCELLED') || items === null || endedAt === null)
    return { result: null };
  return resultRemovedAt === null
    ? { result: `/v1/batches/${id}/result`, resultUntil: formatInstant(resultUntil(endedAt, needs)) }
    : { result: null, resultRemovedAt: formatInstant(resultRemovedAt) };
}

/** With live timings: until when it waits for its window, if it does. */
function waitsForWindow(
  { state, rests, approvedAt, submittedAt }: Batch,
  now: Date,
  timings: LiveTimings | undefined,
) {
  if (timings === undefined) return undefined;
  if (state !== 'QUEUED' && !(state === 'PAUSED' && rests)) return undefined;
  const until = waitsUntil(approvedAt ?? submittedAt, now, timings);
  if (until === undefined) return undefined;
  const [from, to] = [formatTime(timings.from), formatTime(timings.to)];
  const detail =
    `Live timings: what is handed in before ${from} is worked on from ${from} to ${to} (Europe/London)` +
    (rests ? '; the window closed before this batch was done.' : '.');
  return { cause: 'LIVE_TIMINGS' as const, until: formatInstant(until), detail };
}

/** Until when all that is left of it is put off because a quota is used up. */
function waitsForQuota({ state, quotaUntil }: Batch) {
  if (quotaUntil === null || (state !== 'PROCESSING' && state !== 'QUEUED')) return undefined;
  const until = formatInstant(quotaUntil);
  const detail =
    'The quota of certificates in 24 hours is used up; what is left is looked at again then, and goes on as the quota frees.';
  return { cause: 'QUOTA' as const, until, detail };
}

export function itemView(item: StoredItem) {
  return {
    position: item.position,
    id: item.id,
    ...(item.fileName === null ? {} : { fileName: item.fileName }),
    ...(item.deviceType === null ? {} : { deviceType: item.deviceType }),
    status: item.status ?? 'WAITING',
    ...(item.errorCode === null ? {} : { errorCode: item.errorCode }),
    ...(item.reasons === null ? {} : { reasons: item.reasons }),
    ...(item.serialNumber === null ? {} : { serialNumber: item.serialNumber }),
  };
}
