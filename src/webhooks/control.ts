import { randomUUID } from 'node:crypto';
import type { WebhookEvent } from '../domain/webhook.ts';
import { Fault } from '../domain/fault.ts';
import type { Caller } from '../domain/participant.ts';
import { query, type Transaction } from '../db/query.ts';
import { bodyOf } from './announce.ts';
import { insertDelivery, requireDelivery, type Delivery } from './delivery-store.ts';
import type { WebhookNeeds } from './needs.ts';
import { secretOf, secretSha256 } from './signature.ts';
import { parseEndpoint } from './target.ts';
import {
  insertWebhook,
  lockWebhook,
  requireWebhook,
  setSecret,
  setWebhookState,
  type Webhook,
} from './webhook-store.ts';

/** Who acts, when, in which transaction. */
export interface WebhookAct {
  readonly caller: Caller;
  readonly at: Date;
  readonly db: Transaction;
}

/** An endpoint with its secret, which nobody is told a second time. */
export interface WithSecret {
  readonly webhook: Webhook;
  readonly secret: string;
}

/**
 * Makes an endpoint of the caller's participant.
 * @throws Fault `malformed-request` for an endpoint that webhooks do not go to; `conflict` when there are too many
 */
export async function addWebhook(
  { caller, at, db }: WebhookAct,
  asked: {
    readonly endpoint: string;
    readonly events: readonly WebhookEvent[];
    readonly description?: string;
  },
  { targets, derive }: Pick<WebhookNeeds, 'targets' | 'derive'>,
): Promise<WithSecret> {
  const { href } = parseEndpoint(asked.endpoint, targets);
  // Two that are added at once count each other.
  await query(db, `select from participant where id = $1 for no key update`, [caller.participantId]);
  const { rows } = await query<{ there: number }>(
    db,
    `select count(*)::integer as there from webhook where participant_id = $1 and state <> 'REMOVED'`,
    [caller.participantId],
  );
  if ((rows[0]?.there ?? 0) >= MOST_WEBHOOKS)
    throw new Fault('conflict', `There are ${String(MOST_WEBHOOKS)} webhooks already.`, {
      fix: 'Remove one first: POST /v1/webhooks/{id}/removal.',
    });
  const id = randomUUID();
  const secret = secretOf({ id, version: 1 }, derive);
  await insertWebhook(
    {
      id,
      participantId: caller.participantId,
      endpoint: href,
      description: asked.description ?? null,
      events: [...new Set(asked.events)],
      createdAt: at,
      credentialId: caller.credentialId,
      person: caller.person,
      secretSha256: secretSha256(secret),
    },
    db,
  );
  return { webhook: await requireWebhook(id, caller, db), secret };
}

/** Ends an endpoint; what it was still to be told is given up. @throws Fault `not-found` */
export async function removeWebhook(id: string, { caller, at, db }: WebhookAct): Promise<void> {
  const webhook = await lockWebhook(id, caller, db);
  await setWebhookState(webhook, 'REMOVED', null, at, db);
}

/** Tells a disabled endpoint again what happens from now on. @throws Fault `not-found`; `conflict` when it is not disabled */
export async function enableWebhook(id: string, { caller, at, db }: WebhookAct): Promise<Webhook> {
  const webhook = await lockWebhook(id, caller, db);
  if (webhook.state !== 'DISABLED')
    throw new Fault('conflict', 'The webhook is not disabled.', {
      fix: 'Nothing is to be done: its endpoint is told of what happens.',
    });
  await setWebhookState(webhook, 'ACTIVE', null, at, db);
  return requireWebhook(webhook.id, caller, db);
}

/**
 * A new secret. For `overlapHours` everything is signed under both, so that a receiver can change without missing anything; 0
 * for a secret that somebody else knows.
 * @throws Fault `not-found`
 */
export async function rotateSecret(
  id: string,
  { caller, at, db }: WebhookAct,
  { overlapHours }: { readonly overlapHours: number },
  { derive }: Pick<WebhookNeeds, 'derive'>,
): Promise<WithSecret> {
  const webhook = await lockWebhook(id, caller, db);
  const secretVersion = webhook.secretVersion + 1;
  const secret = secretOf({ id: webhook.id, version: secretVersion }, derive);
  const earlierUntil = overlapHours === 0 ? null : new Date(at.getTime() + overlapHours * HOUR);
  await setSecret({ id: webhook.id, secretVersion, secretSha256: secretSha256(secret), earlierUntil }, db);
  return { webhook: await requireWebhook(webhook.id, caller, db), secret };
}

/** Has an endpoint told of a test. @throws Fault `not-found`; `conflict` when it is disabled */
export async function testWebhook(id: string, act: WebhookAct): Promise<Delivery> {
  const { caller, at, db } = act;
  const webhook = await lockWebhook(id, caller, db);
  requireActive(webhook);
  const eventId = randomUUID();
  const event = 'webhook.test' as const;
  const body = bodyOf({ id: eventId, event, at, about: { webhook: { id: webhook.id } } });
  return deliverAnew({ webhookId: webhook.id, eventId, event, body, redeliveryOf: null }, act);
}

/**
 * Has an endpoint told once more what it was told, or not: the same event, the same octets, a new signature.
 * @throws Fault `not-found`; `conflict` while it is still being tried, or when its endpoint is disabled
 */
export async function redeliver(id: string, act: WebhookAct): Promise<Delivery> {
  const { caller, db } = act;
  const earlier = await requireDelivery(id, caller, db);
  requireActive(await lockWebhook(earlier.webhookId, caller, db));
  if (earlier.state === 'PENDING')
    throw new Fault('conflict', 'The delivery is still being tried.', {
      fix: 'Wait for its next attempt (nextAttemptAt); once it is DELIVERED or GIVEN_UP it can be sent again.',
    });
  const { webhookId, eventId, event, body } = earlier;
  return deliverAnew({ webhookId, eventId, event, body, redeliveryOf: earlier.id }, act);
}

async function deliverAnew(
  delivery: Pick<Delivery, 'webhookId' | 'eventId' | 'event' | 'body' | 'redeliveryOf'>,
  { caller, at, db }: WebhookAct,
): Promise<Delivery> {
  const id = randomUUID();
  await insertDelivery({ ...delivery, id, createdAt: at }, db);
  return requireDelivery(id, caller, db);
}

function requireActive({ id, state }: Webhook): void {
  if (state !== 'ACTIVE')
    throw new Fault('conflict', 'The webhook is disabled.', {
      fix: `Enable it first: POST /v1/webhooks/${id}/enabling.`,
    });
}

/** Of one participant. */
const MOST_WEBHOOKS = 10;
const HOUR = 3_600_000;
