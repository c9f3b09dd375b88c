import { formatInstant } from '../domain/instant.ts';
import { DELIVERY_STATES, WEBHOOK_EVENTS, WEBHOOK_STATES } from '../domain/webhook.ts';
import { CONTROLLERS } from '../batches/intake/submit-batch.ts';
import {
  addWebhook,
  enableWebhook,
  redeliver,
  removeWebhook,
  rotateSecret,
  testWebhook,
  type WithSecret,
} from '../webhooks/control.ts';
import { listDeliveries, type Delivery } from '../webhooks/delivery-store.ts';
import { listWebhooks, requireWebhook, type Webhook } from '../webhooks/webhook-store.ts';
import { instant } from './answer-schemas.ts';
import { present } from './present.ts';
import { malformedRequest } from './problem-reasons.ts';
import * as fields from './fields.ts';
import { listRoute } from './list-route.ts';
import { route, type RouteAnswer } from './route.ts';
import { z } from './zod.ts';

const event = z.enum(WEBHOOK_EVENTS).openapi('WebhookEvent');
const webhookSchema = z
  .object({
    id: z.uuid(),
    endpoint: z.string(),
    events: z.array(event),
    description: z.string().optional(),
    state: z.enum(WEBHOOK_STATES),
    stateReason: z.string().optional(),
    createdAt: instant,
    createdBy: z.string(),
    failingSince: instant.optional(),
    earlierSecretUntil: instant
      .optional()
      .openapi({ description: 'until then everything is signed under both' }),
  })
  .openapi('Webhook');
const withSecretSchema = webhookSchema
  .extend({
    secret: z.string().optional().openapi({ description: 'told this once; absent in a repeated answer' }),
  })
  .openapi('WebhookWithSecret');
const deliverySchema = z
  .object({
    id: z.uuid(),
    eventId: z.uuid().openapi({ description: 'the same however often it is told' }),
    event,
    state: z.enum(DELIVERY_STATES),
    createdAt: instant,
    nextAttemptAt: instant.optional(),
    endedAt: instant.optional(),
    redeliveryOf: z.uuid().optional(),
    attempts: z.array(
      z.object({
        at: instant,
        delivered: z.boolean(),
        status: z.int().optional(),
        detail: z.string(),
        milliseconds: z.int(),
      }),
    ),
    body: z.string().openapi({ description: 'the octets that are signed and sent' }),
  })
  .openapi('WebhookDelivery');

/** Endpoints that are told of batches and applications, and what they were told. */
export const WEBHOOK_ROUTES = [
  listRoute({
    path: '/v1/webhooks',
    command: 'webhook list',
    summary: 'own webhooks, and how each does',
    roles: CONTROLLERS,
    item: webhookSchema,
    columns: ['id', 'state', 'endpoint', 'events', 'failingSince'],
    find: async ({ caller, pool }) => listWebhooks(caller, pool),
    key: ({ createdAt, id }) => `${createdAt.toISOString()} ${id}`,
    view: webhookView,
  }),
  route({
    method: 'post',
    path: '/v1/webhooks',
    command: 'webhook add',
    summary: 'have an endpoint told of events; the answer holds its secret, this once',
    roles: CONTROLLERS,
    body: z
      .strictObject({
        endpoint: z.string().max(2000).describe('its address, https'),
        events: z.array(event).min(1).max(WEBHOOK_EVENTS.length),
        description: fields.text(200).optional().describe('for people'),
      })
      .openapi('NewWebhook'),
    answer: withSecretSchema,
    status: 201,
    event: 'webhook.added',
    handle: async (asked, { webhooks }) => {
      const made = await addWebhook(asked, present(asked.body), webhooks);
      return { ...withSecret(made), location: `/v1/webhooks/${made.webhook.id}` };
    },
  }),
  route({
    method: 'get',
    path: '/v1/webhooks/{id}',
    command: 'webhook show',
    summary: 'one webhook, and how it does',
    roles: CONTROLLERS,
    answer: webhookSchema,
    handle: async ({ caller, params, pool }) => ({
      body: webhookView(await requireWebhook(params['id'] ?? '', caller, pool)),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/webhooks/{id}/removal',
    command: 'webhook remove',
    summary: 'remove a webhook; what it was still to be told is given up',
    roles: CONTROLLERS,
    answer: fields.done,
    event: 'webhook.removed',
    handle: async (asked) => {
      const id = asked.params['id'] ?? '';
      await removeWebhook(id, asked);
      return { body: { done: true }, object: id };
    },
  }),
  route({
    method: 'post',
    path: '/v1/webhooks/{id}/enabling',
    command: 'webhook enable',
    summary: 'have a disabled webhook told again what happens from now on',
    roles: CONTROLLERS,
    answer: webhookSchema,
    event: 'webhook.enabled',
    handle: async (asked) => {
      const webhook = await enableWebhook(asked.params['id'] ?? '', asked);
      return { body: webhookView(webhook), object: webhook.id };
    },
  }),
  route({
    method: 'post',
    path: '/v1/webhooks/{id}/secret',
    command: 'webhook rotate',
    summary: 'take a new secret; for 24 hours, or as many as are asked for, the old one signs too',
    roles: CONTROLLERS,
    body: z
      .strictObject({
        overlapHours: z.int().min(0).max(168).default(24).describe('hours in which the old one signs too'),
      })
      .openapi('SecretRotation'),
    answer: withSecretSchema,
    event: 'webhook.secret-rotated',
    handle: async (asked, { webhooks }) =>
      withSecret(await rotateSecret(asked.params['id'] ?? '', asked, asked.body, webhooks)),
  }),
  route({
    method: 'post',
    path: '/v1/webhooks/{id}/test',
    command: 'webhook test',
    summary: 'have a webhook told of a test; the answer is the delivery to look at',
    roles: CONTROLLERS,
    answer: deliverySchema,
    status: 202,
    event: 'webhook.tested',
    handle: async (asked) => deliveryAnswer(await testWebhook(asked.params['id'] ?? '', asked)),
  }),
  route({
    method: 'get',
    path: '/v1/webhooks/{id}/deliveries',
    command: 'webhook deliveries',
    summary: 'what a webhook was told, newest first, with every attempt',
    roles: CONTROLLERS,
    query: z.strictObject({ ...fields.page, state: z.enum(DELIVERY_STATES).optional() }),
    answer: z.object({ items: z.array(deliverySchema), nextCursor: z.string().nullable() }),
    columns: ['id', 'event', 'state', 'createdAt', 'nextAttemptAt', 'attempts'],
    handle: async ({ caller, params, query: { limit, cursor, state }, pool }) => {
      const { id } = await requireWebhook(params['id'] ?? '', caller, pool);
      const page = cursor === undefined ? { limit } : { limit, before: numberOf(cursor) };
      const items = await listDeliveries(id, present({ state }), page, pool);
      const last = items.at(-1);
      const nextCursor = items.length < limit || last === undefined ? null : last.number;
      return { body: { items: items.map(deliveryView), nextCursor } };
    },
  }),
  route({
    method: 'post',
    path: '/v1/webhook-deliveries/{id}/redelivery',
    command: 'webhook redeliver',
    summary: 'have a webhook told once more what it was told, or not',
    roles: CONTROLLERS,
    answer: deliverySchema,
    status: 202,
    event: 'webhook.redelivered',
    handle: async (asked) => deliveryAnswer(await redeliver(asked.params['id'] ?? '', asked)),
  }),
];

function webhookView(webhook: Webhook) {
  const { failingSince, earlierUntil } = webhook;
  return {
    id: webhook.id,
    endpoint: webhook.endpoint,
    events: webhook.events,
    ...(webhook.description === null ? {} : { description: webhook.description }),
    state: webhook.state,
    ...(webhook.stateReason === null ? {} : { stateReason: webhook.stateReason }),
    createdAt: formatInstant(webhook.createdAt),
    createdBy: webhook.person,
    ...(failingSince === null ? {} : { failingSince: formatInstant(failingSince) }),
    ...(earlierUntil === null ? {} : { earlierSecretUntil: formatInstant(earlierUntil) }),
  };
}

const withSecret = ({ webhook, secret }: WithSecret): RouteAnswer => ({
  body: webhookView(webhook),
  unkept: { secret },
  object: webhook.id,
});

function deliveryView(delivery: Delivery) {
  const { endedAt, redeliveryOf } = delivery;
  return {
    id: delivery.id,
    eventId: delivery.eventId,
    event: delivery.event,
    state: delivery.state,
    createdAt: formatInstant(delivery.createdAt),
    ...(delivery.state === 'PENDING' ? { nextAttemptAt: formatInstant(delivery.nextAt) } : {}),
    ...(endedAt === null ? {} : { endedAt: formatInstant(endedAt) }),
    ...(redeliveryOf === null ? {} : { redeliveryOf }),
    attempts: delivery.attempts.map((one) => ({ ...one, at: formatInstant(new Date(one.at)) })),
    body: delivery.body,
  };
}

const deliveryAnswer = (delivery: Delivery): RouteAnswer => ({
  body: deliveryView(delivery),
  location: `/v1/webhooks/${delivery.webhookId}/deliveries`,
  object: delivery.webhookId,
});

function numberOf(cursor: string): string {
  if (/^\d{1,18}$/.test(cursor)) return cursor;
  throw malformedRequest('CURSOR_INVALID', 'The cursor is none that this service gave out.');
}
