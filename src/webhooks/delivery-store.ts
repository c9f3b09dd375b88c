import type { DeliveryState, WebhookEvent } from '../domain/webhook.ts';
import { Fault } from '../domain/fault.ts';
import type { Caller } from '../domain/participant.ts';
import { isUuid } from '../domain/uuid.ts';
import type { Pool } from '../db/pool.ts';
import { query, type Db, type Transaction } from '../db/query.ts';
import { withTransaction } from '../db/transaction.ts';
import type { Attempt } from './send.ts';
import type { Webhook } from './webhook-store.ts';

/** One thing that an endpoint is told. */
export interface Delivery {
  readonly id: string;
  /** In which order things happened. */
  readonly number: string;
  readonly webhookId: string;
  readonly eventId: string;
  readonly event: WebhookEvent;
  readonly body: string;
  readonly createdAt: Date;
  readonly state: DeliveryState;
  readonly tries: number;
  /** When it is tried next, where it is PENDING. */
  readonly nextAt: Date;
  readonly attempts: readonly (Omit<Attempt, 'at'> & { readonly at: string })[];
  readonly endedAt: Date | null;
  readonly redeliveryOf: string | null;
}

/** A delivery in a worker's hands, with what its endpoint needs for it. */
export type HeldDelivery = Pick<Delivery, 'id' | 'webhookId' | 'eventId' | 'event' | 'body' | 'tries'> &
  Pick<Webhook, 'participantId' | 'endpoint' | 'secretVersion' | 'secretSha256' | 'earlierUntil'>;

/** Deliveries to an endpoint, newest first; `before`: the number of the last of the page before. */
export async function listDeliveries(
  webhookId: string,
  { state }: { readonly state?: DeliveryState },
  page: { readonly limit: number; readonly before?: string },
  db: Db,
): Promise<Delivery[]> {
  const { rows } = await query<Delivery>(
    db,
    `${SELECT} where d.webhook_id = $1 and ($2::text is null or d.state = $2)
        and ($3::bigint is null or d.number < $3) order by d.number desc limit $4`,
    [webhookId, state ?? null, page.before ?? null, page.limit],
  );
  return rows;
}

/** @throws Fault `not-found`, also for what belongs to others */
export async function requireDelivery(
  id: string,
  { participantId }: Pick<Caller, 'participantId'>,
  db: Db,
): Promise<Delivery> {
  const { rows } = await query<Delivery>(
    db,
    `${SELECT} join webhook w on w.id = d.webhook_id
      where d.id = $1 and w.participant_id = $2 and w.state <> 'REMOVED'`,
    [isUuid(id) ? id : null, participantId],
  );
  const [found] = rows;
  if (found === undefined) throw new Fault('not-found', 'You have no delivery with this id.');
  return found;
}

export async function insertDelivery(
  delivery: Pick<Delivery, 'id' | 'webhookId' | 'eventId' | 'event' | 'body' | 'createdAt' | 'redeliveryOf'>,
  db: Transaction,
): Promise<void> {
  await query(
    db,
    `insert into webhook_delivery (id, webhook_id, event_id, event, body, created_at, next_at, redelivery_of)
     values ($1, $2, $3, $4, $5, $6, $6, $7)`,
    [
      delivery.id,
      delivery.webhookId,
      delivery.eventId,
      delivery.event,
      delivery.body,
      delivery.createdAt,
      delivery.redeliveryOf,
    ],
  );
}

/**
 * Takes up to `most` deliveries that are due, one of each endpoint, and none of an endpoint that somebody is sending to: a
 * slow receiver has one worker wait, not all. Whose lease is over is taken over.
 */
export async function claimDeliveries(
  most: number,
  leaseSeconds: number,
  now: Date,
  db: Pool,
): Promise<HeldDelivery[]> {
  // Nearly always there is none: that is found without a transaction.
  const { rows: due } = await query<{ due: boolean }>(
    db,
    `select exists (select from webhook_delivery d where d.state = 'PENDING' and d.next_at <= $1) as due`,
    [now],
  );
  if (due[0]?.due !== true) return [];
  return withTransaction(db, async (transaction) => {
    const { rows } = await query<HeldDelivery>(transaction, CLAIM, [now, most, leaseSeconds]);
    return rows;
  });
}

/**
 * Writes down what came of an attempt; `nextAt`: absent when it is the last.
 * @returns whether it was still this worker's to write down
 */
export async function recordAttempt(
  { id, tries }: Pick<HeldDelivery, 'id' | 'tries'>,
  attempt: Attempt,
  nextAt: Date | undefined,
  at: Date,
  db: Transaction,
): Promise<boolean> {
  const state = attempt.delivered ? 'DELIVERED' : nextAt === undefined ? 'GIVEN_UP' : 'PENDING';
  const { rowCount } = await query(
    db,
    `update webhook_delivery set state = $3, attempts = attempts || $4::jsonb, lease_until = null,
       next_at = coalesce($5, next_at), ended_at = case when $3 = 'PENDING' then null else $6::timestamptz end
      where id = $1 and tries = $2 and state = 'PENDING'`,
    [id, tries, state, JSON.stringify([attempt]), nextAt ?? null, at],
  );
  return rowCount === 1;
}

/** Forgets what ended before an instant. @returns how many deliveries */
export async function sweepDeliveries(before: Date, db: Db): Promise<number> {
  const { rowCount } = await query(
    db,
    `delete from webhook_delivery where state <> 'PENDING' and ended_at < $1`,
    [before],
  );
  return rowCount ?? 0;
}

const SELECT = `
  select d.id, d.number::text as number, d.webhook_id as "webhookId", d.event_id as "eventId", d.event, d.body, d.created_at as "createdAt", d.state,
    d.tries, d.next_at as "nextAt", d.attempts, d.ended_at as "endedAt", d.redelivery_of as "redeliveryOf"
  from webhook_delivery d`;
const CLAIM = `
  update webhook_delivery d
     set tries = d.tries + 1, lease_until = clock_timestamp() + make_interval(secs => $3)
    from webhook w
   where w.id = d.webhook_id and d.id in (
     select next.id from webhook v cross join lateral (
       select p.id from webhook_delivery p
        where p.webhook_id = v.id and p.state = 'PENDING' and p.next_at <= $1
          and (p.lease_until is null or p.lease_until < clock_timestamp())
        order by p.next_at, p.number limit 1 for update skip locked) as next
      where v.state = 'ACTIVE' and not exists (select from webhook_delivery held where held.webhook_id = v.id
        and held.state = 'PENDING' and held.lease_until >= clock_timestamp())
      limit $2)
  returning d.id, d.event_id as "eventId", d.event, d.body, d.tries, w.id as "webhookId",
    w.participant_id as "participantId", w.endpoint, w.secret_version as "secretVersion", w.secret_sha256 as "secretSha256",
    w.earlier_until as "earlierUntil"`;
