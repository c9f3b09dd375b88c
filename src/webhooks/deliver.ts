import { formatInstant } from '../domain/instant.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { keepLooking, type Looking } from '../db/keep-looking.ts';
import { query, type Transaction } from '../db/query.ts';
import { withTransaction } from '../db/transaction.ts';
import { notify } from '../registry/notifications.ts';
import { claimDeliveries, recordAttempt, type HeldDelivery } from './delivery-store.ts';
import type { WebhookNeeds } from './needs.ts';
import { send, type Attempt } from './send.ts';
import { secretOf, secretSha256, signatureHeader } from './signature.ts';
import { setWebhookState } from './webhook-store.ts';

/**
 * Delivers until it is stopped, several at a time. Any number of processes may: each delivery is one's at a time, and a
 * killed one's is taken over when its lease is over. So a receiver is told at least once, and may be told twice.
 */
export function startDeliveries(needs: WebhookNeeds, onError: (error: unknown) => void): Looking {
  const underWay = new Set<Promise<void>>();
  const begin = (held: HeldDelivery) => {
    const work = deliver(held, needs)
      .catch(onError)
      .finally(() => {
        underWay.delete(work);
        looking.wake();
      });
    underWay.add(work);
  };
  const looking = keepLooking(
    async () => {
      const free = AT_A_TIME - underWay.size;
      const held = await claimDeliveries(free, needs.leaseSeconds, needs.clock.now(), needs.db);
      held.forEach(begin);
      return held.length > 0;
    },
    RESTS,
    onError,
  );
  return {
    wake: () => looking.wake(),
    stop: async () => {
      await looking.stop();
      await Promise.all(underWay);
    },
  };
}

/** Delivers what is due now, one after the other. @returns how many attempts that were */
export async function deliverDue(needs: WebhookNeeds): Promise<number> {
  const held = await claimDeliveries(AT_A_TIME, needs.leaseSeconds, needs.clock.now(), needs.db);
  for (const one of held) await deliver(one, needs);
  return held.length;
}

async function deliver(held: HeldDelivery, needs: WebhookNeeds): Promise<void> {
  const attempt = await attemptTo(held, needs);
  const at = needs.clock.now();
  const gone = attempt.status === GONE;
  const isLast = held.tries >= MOST_TRIES || gone;
  const nextAt = isLast
    ? undefined
    : new Date(at.getTime() + 1000 * secondsUntilNext(held.tries, needs.random));
  await withTransaction(needs.db, async (db) => {
    const changing = await lockToChange(held.webhookId, attempt, db);
    if (!(await recordAttempt(held, attempt, nextAt, at, db)) || !changing) return;
    if (attempt.delivered)
      await query(db, `update webhook set failing_since = null where id = $1`, [held.webhookId]);
    else await countFailure(held, gone, at, db);
  });
}

/**
 * Holds the endpoint where this attempt will change it: before the delivery, as everybody does who holds both.
 * @returns whether it will: a success changes one that was failing only, and holds up nobody else's
 */
async function lockToChange(webhookId: string, { delivered }: Attempt, db: Transaction): Promise<boolean> {
  const { rowCount } = await query(
    db,
    `select from webhook where id = $1 and (not $2 or failing_since is not null) for update`,
    [webhookId, delivered],
  );
  return rowCount !== 0;
}

async function attemptTo(held: HeldDelivery, needs: WebhookNeeds): Promise<Attempt> {
  const { webhookId: id, secretVersion: version, earlierUntil } = held;
  const now = needs.clock.now();
  const secret = secretOf({ id, version }, needs.derive);
  if (!secretSha256(secret).equals(held.secretSha256))
    return { at: now, delivered: false, detail: ANOTHER_KEY, milliseconds: 0 };
  const earlier =
    earlierUntil !== null && earlierUntil > now ? [secretOf({ id, version: version - 1 }, needs.derive)] : [];
  const headers = {
    'Content-Type': 'application/json',
    'User-Agent': 'test-certificate-service',
    'Webhook-Id': held.eventId,
    'Webhook-Event': held.event,
    'Webhook-Delivery': held.id,
    'Webhook-Signature': signatureHeader(held.body, [secret, ...earlier], now),
  };
  return send(held.endpoint, held.body, headers, needs);
}

/** Disables an endpoint that has failed for too long, or says that it is gone; its participant is told. */
async function countFailure(
  { webhookId: id, participantId, endpoint }: HeldDelivery,
  gone: boolean,
  at: Date,
  db: Transaction,
): Promise<void> {
  const { rows } = await query<{ since: Date }>(
    db,
    `update webhook set failing_since = coalesce(failing_since, $2) where id = $1 and state = 'ACTIVE'
     returning failing_since as since`,
    [id, at],
  );
  const [failing] = rows;
  if (failing === undefined || (!gone && at.getTime() - failing.since.getTime() < LONGEST_FAILURE)) return;
  const reason = gone
    ? 'it answered 410 Gone'
    : `nothing was delivered since ${formatInstant(failing.since)}`;
  await setWebhookState({ id }, 'DISABLED', reason, at, db);
  const event = 'webhook.disabled';
  await recordEvents([{ at, event, participantId, object: id, facts: { reason } }], db);
  const text = `The webhook to ${new URL(endpoint).host} was disabled: ${reason}. Mend its receiver, then: tcs webhook enable ${id}`;
  await notify([{ participantId, at, event, object: id, text }], db);
}

/**
 * Seconds until a delivery is tried again: 10, and four times as many each time, six hours at most, a fifth more or less by
 * chance. Ten tries are about a day.
 * @param tries  how many there were
 */
export function secondsUntilNext(tries: number, random: () => number): number {
  return Math.min(10 * 4 ** (tries - 1), 21_600) * (0.8 + 0.4 * random());
}

const MOST_TRIES = 10;
const AT_A_TIME = 8;
const RESTS = { idle: 1000, afterError: 5000 };
const LONGEST_FAILURE = 3 * 86_400_000;
/** Of HTTP: the receiver wants nothing any more. @see RFC 9110, 15.5.11 */
const GONE = 410;
const ANOTHER_KEY =
  'not sent: the service has another service key than when the secret was given; take a new secret';
