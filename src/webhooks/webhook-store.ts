import type { WebhookEvent, WebhookState } from '../domain/webhook.ts';
import { Fault } from '../domain/fault.ts';
import type { Caller } from '../domain/participant.ts';
import { isUuid } from '../domain/uuid.ts';
import { query, type Db, type Transaction } from '../db/query.ts';

/** An endpoint and how it does. */
export interface Webhook {
  readonly id: string;
  readonly participantId: string;
  readonly endpoint: string;
  readonly description: string | null;
  readonly events: readonly WebhookEvent[];
  readonly state: WebhookState;
  readonly stateSince: Date;
  readonly stateReason: string | null;
  readonly createdAt: Date;
  readonly person: string;
  readonly secretVersion: number;
  readonly secretSha256: Buffer;
  /** The secret before this one signs too until then. */
  readonly earlierUntil: Date | null;
  readonly failingSince: Date | null;
}

/** What is new in an endpoint that comes. */
export type NewWebhook = Pick<
  Webhook,
  'id' | 'participantId' | 'endpoint' | 'description' | 'events' | 'createdAt' | 'person' | 'secretSha256'
> & { readonly credentialId: string };

export async function insertWebhook(webhook: NewWebhook, db: Transaction): Promise<void> {
  await query(
    db,
    `insert into webhook (id, participant_id, endpoint, description, events, created_at, state_since, created_by, person,
       secret_sha256) values ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9)`,
    [
      webhook.id,
      webhook.participantId,
      webhook.endpoint,
      webhook.description,
      webhook.events,
      webhook.createdAt,
      webhook.credentialId,
      webhook.person,
      webhook.secretSha256,
    ],
  );
}

/** Endpoints of a participant, oldest first; those that were removed are not among them. */
export async function listWebhooks(
  { participantId }: Pick<Caller, 'participantId'>,
  db: Db,
): Promise<Webhook[]> {
  const { rows } = await query<Webhook>(
    db,
    `${SELECT} where participant_id = $1 and state <> 'REMOVED' order by created_at, id`,
    [participantId],
  );
  return rows;
}

/** @throws Fault `not-found`, also for what belongs to others or was removed */
export async function requireWebhook(
  id: string,
  { participantId }: Pick<Caller, 'participantId'>,
  db: Db,
): Promise<Webhook> {
  const { rows } = await query<Webhook>(
    db,
    `${SELECT} where id = $1 and participant_id = $2 and state <> 'REMOVED'`,
    [isUuid(id) ? id : null, participantId],
  );
  const [found] = rows;
  if (found === undefined) throw new Fault('not-found', 'You have no webhook with this id.');
  return found;
}

/** As it is when nobody else changes it: until the transaction ends. @throws Fault as `requireWebhook` */
export async function lockWebhook(
  id: string,
  caller: Pick<Caller, 'participantId'>,
  db: Transaction,
): Promise<Webhook> {
  const { id: known } = await requireWebhook(id, caller, db);
  await query(db, `select from webhook where id = $1 for update`, [known]);
  return requireWebhook(known, caller, db);
}

/** Takes an endpoint to a state; what it was still to be told is given up unless it becomes ACTIVE. */
export async function setWebhookState(
  { id }: Pick<Webhook, 'id'>,
  state: WebhookState,
  reason: string | null,
  at: Date,
  db: Transaction,
): Promise<void> {
  await query(
    db,
    `update webhook set state = $2, state_since = $3, state_reason = $4, failing_since = null where id = $1`,
    [id, state, at, reason],
  );
  if (state !== 'ACTIVE')
    await query(
      db,
      `update webhook_delivery set state = 'GIVEN_UP', ended_at = $2, lease_until = null
        where webhook_id = $1 and state = 'PENDING'`,
      [id, at],
    );
}

/** A new secret; the one before it signs too until `earlierUntil`. */
export async function setSecret(
  {
    id,
    secretVersion,
    secretSha256,
    earlierUntil,
  }: Pick<Webhook, 'id' | 'secretVersion' | 'secretSha256' | 'earlierUntil'>,
  db: Transaction,
): Promise<void> {
  await query(
    db,
    `update webhook set secret_version = $2, secret_sha256 = $3, earlier_until = $4 where id = $1`,
    [id, secretVersion, secretSha256, earlierUntil],
  );
}

const SELECT = `
  select id, participant_id as "participantId", endpoint, description, events, state, state_since as "stateSince",
    state_reason as "stateReason", created_at as "createdAt", person, secret_version as "secretVersion",
    secret_sha256 as "secretSha256", earlier_until as "earlierUntil", failing_since as "failingSince" from webhook`;
