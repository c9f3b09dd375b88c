import { hash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { DEVICE_TYPES } from '../../domain/category.ts';
import { formatEui64, parseEui64, rangeContains, type Eui64Range } from '../../domain/eui64.ts';
import { Fault } from '../../domain/fault.ts';
import type { Caller } from '../../domain/participant.ts';
import { query, type Transaction } from '../../db/query.ts';
import { agreementsInForce } from '../../eligibility/agreement.ts';
import { findWholeParticipant } from '../../registry/participants.ts';
import { agreedLimits } from '../batch-limits.ts';
import type { ContainerFinding } from '../batch-item.ts';
import { insertBatch, requireBatch, type Batch, type BatchRequest } from '../batch-store.ts';
import { explainGeneration } from '../item-codes.ts';
import type { BatchNeeds } from '../needs.ts';
import { beginning } from '../intake/submit-batch.ts';
import { readRecipient } from './recipient.ts';

/** The form of a batch whose CSRs the service makes itself: what rests until it is parsed is the order. */
export const GENERATION = 'application/vnd.tcs.generation+json';
/** Certificates of a device: one to sign, one to agree on keys. */
const USAGES_OF_DEVICE = 2;

/** `devices` devices, each with a key to sign and one to agree on keys, from the next free Device IDs of a range. */
export type GenerationOrder = z.infer<typeof generationOrder>;
const eui64 = z.string().transform((text, context) => {
  const value = parseEui64(text);
  if (value !== undefined) return value;
  context.addIssue({ code: 'custom', message: 'is not an EUI-64' });
  return z.NEVER;
});
export const generationOrder = z.strictObject({
  devices: z.int().min(1),
  range: z.strictObject({ from: eui64, to: eui64 }),
  deviceType: z.enum(DEVICE_TYPES).optional(),
  recipient: z.string(),
});

/**
 * Puts an order on record as a batch: from then on it goes the way of every batch. No key is made here.
 * @throws Fault `not-eligible` where the service or the agreement does not allow it, `malformed-request` for the range,
 *         the number or the recipient; every reason at once
 */
export async function submitGeneration(
  { order, name, request }: { order: GenerationOrder; name: string; request: BatchRequest },
  { caller, at, db }: { readonly caller: Caller; readonly at: Date; readonly db: Transaction },
  needs: BatchNeeds,
): Promise<Batch> {
  const barred = await findBars(order, caller, at, db, needs);
  const { findings } = readRecipient(order.recipient, needs.issuance.refusedKeys, at);
  const all = [...barred, ...findings];
  if (all.length > 0)
    throw new Fault(
      barred.some(({ reason }) => NOT_ALLOWED.includes(reason)) ? 'not-eligible' : 'malformed-request',
      'No keys are made; nothing of the order is kept.',
      { reasons: all.map((one) => explainGeneration(one, needs.intake.codes)) },
    );
  const octets = Buffer.from(JSON.stringify(order));
  const id = randomUUID();
  await insertBatch(
    {
      id,
      ...beginning(caller),
      participantId: caller.participantId,
      by: caller,
      name,
      request,
      contentType: GENERATION,
      uploadSha256: hash('sha256', octets, 'buffer'),
      uploadOctets: octets.length,
      retryOf: null,
      items: null,
    },
    at,
    db,
  );
  await query(db, `insert into batch_upload (batch_id, piece, octets) values ($1, 0, $2)`, [id, octets]);
  return requireBatch(id, caller, db);
}

async function findBars(
  { devices, range }: GenerationOrder,
  { signifier }: Caller,
  at: Date,
  db: Transaction,
  { laboratoryKeys, intake: { limits } }: BatchNeeds,
): Promise<ContainerFinding[]> {
  const found: ContainerFinding[] = [];
  const participant = await findWholeParticipant(signifier, at, db);
  if (laboratoryKeys !== true)
    found.push({ reason: 'LABORATORY_KEYS_OFF', detail: 'this service makes no keys for others' });
  if (participant === undefined || !agreementsInForce(participant, at).some((one) => one.laboratoryKeys))
    found.push({
      reason: 'LABORATORY_KEYS_NOT_AGREED',
      detail: `no agreement of ${signifier} that is in force allows it`,
    });
  const ranges = participant?.deviceRanges ?? [];
  if (!ranges.some((one) => rangeContains(one, range.from) && rangeContains(one, range.to)))
    found.push({
      reason: 'GENERATION_RANGE',
      detail: `${words(range)} lies in no device range of ${signifier}`,
    });
  if (sizeOf(range) < BigInt(devices))
    found.push({
      reason: 'GENERATION_RANGE',
      detail: `${words(range)} has not ${String(devices)} Device IDs`,
    });
  const { items } = participant === undefined ? limits : agreedLimits(participant, limits, at);
  const most = Math.floor(items / USAGES_OF_DEVICE);
  if (devices > most)
    found.push({
      reason: 'GENERATION_DEVICES',
      detail: `${devices.toLocaleString('en-GB')} devices are asked for; there are at most ${most.toLocaleString('en-GB')}`,
    });
  return found;
}

const words = ({ from, to }: Eui64Range) => `${formatEui64(from)} to ${formatEui64(to)}`;
const sizeOf = ({ from, to }: Eui64Range) => BigInt(`0x${to}`) - BigInt(`0x${from}`) + 1n;
const NOT_ALLOWED = ['LABORATORY_KEYS_OFF', 'LABORATORY_KEYS_NOT_AGREED'];
