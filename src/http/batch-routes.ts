import { BATCH_STATES, ITEM_STATUSES } from '../domain/batch.ts';
import { CATEGORIES, PURPOSES } from '../domain/category.ts';
import { formatInstant } from '../domain/instant.ts';
import type { CallerRole } from '../domain/participant.ts';
import { isUuid } from '../domain/uuid.ts';
import type { Transaction } from '../db/query.ts';
import { listBatches, listItems, requireBatch, type Batch } from '../batches/batch-store.ts';
import {
  approveBatch,
  cancelBatch,
  pauseBatch,
  resumeBatch,
  retryBatch,
  type BatchAct,
} from '../batches/engine/control-batch.ts';
import type { BatchNeeds } from '../batches/needs.ts';
import { generationOrder, submitGeneration } from '../batches/laboratory/generation.ts';
import { acknowledgeKeys } from '../batches/laboratory/laboratory-keys.ts';
import { CONTROLLERS, SUBMITTERS } from '../batches/intake/submit-batch.ts';
import { batchSchema, batchView, itemSchema, itemView } from './batch-view.ts';
import { present } from './present.ts';
import { invalidCursor, readCursor, writeCursor } from './cursor.ts';
import * as fields from './fields.ts';
import { route, type AskedRoute, type RouteAnswer } from './route.ts';
import * as requests from './request-schemas.ts';
import { z } from './zod.ts';

export const BATCH_READERS: readonly CallerRole[] = [
  ...CONTROLLERS,
  'PARTICIPANT_VIEWER',
  'DCC_TEST_APPROVER',
];

/** Batches that are there: looked at and controlled; of others one sees none. */
export const BATCH_ROUTES = [
  route({
    method: 'get',
    path: '/v1/batches',
    command: 'batch list',
    summary: 'own batches, and those that one asked for, newest first',
    roles: BATCH_READERS,
    query: z.strictObject({
      ...fields.page,
      state: z.enum(BATCH_STATES).optional(),
      category: z.enum(CATEGORIES).optional(),
      purpose: z.enum(PURPOSES).optional(),
      participant: fields.signifier.optional().describe('Signifier'),
    }),
    answer: z.object({ items: z.array(batchSchema), nextCursor: z.string().nullable() }),
    columns: ['id', 'state', 'name', 'participant', 'items', 'submittedAt', 'endedAt'],
    handle: async ({ caller, query: { limit, cursor, ...filter }, pool, at }, { batches }) => {
      const after = cursor === undefined ? undefined : readCursor(cursor, isUuid);
      const page = after === undefined ? { limit } : { limit, after };
      const items = await listBatches(caller, present(filter), page, pool);
      const last = items.at(-1);
      const nextCursor =
        items.length < limit || last === undefined
          ? null
          : writeCursor({ at: last.submittedAt, id: last.id });
      return { body: { items: items.map((one) => batchView(one, at, batches)), nextCursor } };
    },
  }),
  // Before the batches by their id.
  route({
    method: 'post',
    path: '/v1/batches/generations',
    command: 'batch generate',
    summary:
      'order devices whose keys the service makes: two certificates each, and the keys encrypted to a certificate',
    roles: ['PARTICIPANT_ARO'],
    body: requests.generation,
    answer: batchSchema,
    status: 202,
    event: 'batch.submitted',
    handle: async ({ body, caller, at, db }, { batches }) => {
      const { devices, from, to, deviceType, recipient, name, ...asked } = body;
      const order = generationOrder.parse({
        ...present({ devices, deviceType, recipient }),
        range: { from, to },
      });
      const request = { category: 'DEVICE', ...present(asked) } as const;
      const batch = await submitGeneration({ order, name, request }, { caller, at, db }, batches);
      return { ...answerOf(batch, at, batches), location: `/v1/batches/${batch.id}` };
    },
  }),
  route({
    method: 'get',
    path: '/v1/batches/{id}',
    command: 'batch show',
    summary: 'one batch: state, counts, progress, who, receipt',
    roles: BATCH_READERS,
    answer: batchSchema,
    handle: async ({ caller, params, pool, at }, { batches }) => ({
      body: batchView(await requireBatch(params['id'] ?? '', caller, pool), at, batches),
    }),
  }),
  route({
    method: 'get',
    path: '/v1/batches/{id}/items',
    command: 'batch items',
    summary: 'verdicts of a batch, item by item, in their order',
    roles: BATCH_READERS,
    query: z.strictObject({ ...fields.page, status: z.enum([...ITEM_STATUSES, 'WAITING']).optional() }),
    answer: z.object({ items: z.array(itemSchema), nextCursor: z.string().nullable() }),
    handle: async ({ caller, params, query: { limit, cursor, status }, pool }) => {
      const batch = await requireBatch(params['id'] ?? '', caller, pool);
      const filter = status === undefined ? {} : { status: status === 'WAITING' ? null : status };
      const page = cursor === undefined ? { limit } : { limit, after: positionOf(cursor) };
      const items = await listItems(batch.id, filter, page, pool);
      const last = items.at(-1);
      const nextCursor = items.length < limit || last === undefined ? null : String(last.position);
      return { body: { items: items.map(itemView), nextCursor } };
    },
  }),
  route({
    method: 'post',
    path: '/v1/batches/{id}/keys/receipt',
    command: 'batch acknowledge-keys',
    summary: 'say that the generated keys were received whole: if the service has them yet, it removes them',
    roles: ['PARTICIPANT_ARO', 'PARTICIPANT_SRO'],
    body: z
      .strictObject({ sha256: fields.sha256.describe('of the whole file of keys, in hex') })
      .openapi('KeysReceipt'),
    answer: z.object({ acknowledgedAt: z.string() }),
    event: 'batch.keys.acknowledged',
    handle: async ({ params, body, caller, at, db }) => {
      const batch = await requireBatch(params['id'] ?? '', caller, db);
      const { acknowledgedAt } = await acknowledgeKeys(batch, body.sha256, at, db);
      return { body: { acknowledgedAt: formatInstant(acknowledgedAt) }, object: batch.id };
    },
  }),
  act('pause', 'batch pause', 'let a batch rest', 'batch.paused', CONTROLLERS, pauseBatch),
  act('resume', 'batch resume', 'let a batch go on', 'batch.resumed', CONTROLLERS, resumeBatch),
  act(
    'cancellation',
    'batch cancel',
    'end a batch; what is issued stays issued',
    'batch.cancelled',
    CONTROLLERS,
    (asked, { batches }) => cancelBatch(asked, batches),
  ),
  act(
    'approval',
    'batch approve',
    'approve a batch that another person of the DCC prepared',
    'batch.approved',
    ['DCC_TEST_OPERATOR', 'DCC_TEST_APPROVER'],
    approveBatch,
  ),
  route({
    method: 'post',
    path: '/v1/batches/{id}/retry',
    command: 'batch retry',
    summary: 'make a new batch of the items that failed, linked to this one',
    roles: SUBMITTERS,
    answer: batchSchema,
    status: 202,
    event: 'batch.retried',
    handle: async (asked, { batches }) => {
      const batch = await retryBatch(actOf(asked), batches);
      return { ...answerOf(batch, asked.at, batches), location: `/v1/batches/${batch.id}` };
    },
  }),
];

function act(
  word: string,
  command: string,
  summary: string,
  event: string,
  roles: readonly CallerRole[],
  perform: (asked: BatchAct, needs: Parameters<Parameters<typeof route>[0]['handle']>[1]) => Promise<Batch>,
) {
  return route({
    method: 'post',
    path: `/v1/batches/{id}/${word}`,
    command,
    summary,
    roles,
    answer: batchSchema,
    event,
    handle: async (asked, needs) => answerOf(await perform(actOf(asked), needs), asked.at, needs.batches),
  });
}

const actOf = ({ params, caller, at, db }: AskedRoute<unknown, unknown, unknown, Transaction>): BatchAct => ({
  id: params['id'] ?? '',
  caller,
  at,
  db,
});

const answerOf = (batch: Batch, at: Date, needs: BatchNeeds): RouteAnswer => ({
  body: batchView(batch, at, needs),
  object: batch.id,
});

function positionOf(cursor: string): number {
  if (/^\d{1,9}$/.test(cursor)) return Number(cursor);
  throw invalidCursor();
}
