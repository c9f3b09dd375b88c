import { randomUUID } from 'node:crypto';
import { formatInstant } from '../domain/instant.ts';
import type { WebhookEvent } from '../domain/webhook.ts';
import { query, type Transaction } from '../db/query.ts';

/** Something that happened, as it is told: ids and counts, never a secret or a certificate. */
export interface Announcement {
  /** Whose endpoints are told. */
  readonly participantIds: readonly string[];
  readonly event: WebhookEvent;
  readonly at: Date;
  /** What it is about, under its kind: `{ batch: { id, … } }`. */
  readonly about: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Puts what happened down for every endpoint that chose it, in the transaction that makes it true. */
export async function announce(
  { participantIds, event, at, about }: Announcement,
  db: Transaction,
): Promise<void> {
  const id = randomUUID();
  await query(
    db,
    `insert into webhook_delivery (id, webhook_id, event_id, event, body, created_at, next_at)
     select gen_random_uuid(), w.id, $1, $2, $3, $4, $4 from webhook w
      where w.participant_id = any($5) and w.state = 'ACTIVE' and $2 = any(w.events)`,
    [id, event, bodyOf({ id, event, at, about }), at, participantIds],
  );
}

/** The octets that are sent: JSON, instants in whole seconds. */
export const bodyOf = ({
  id,
  event,
  at,
  about,
}: Pick<Announcement, 'event' | 'at' | 'about'> & { readonly id: string }): string =>
  JSON.stringify({ id, event, at: formatInstant(at), ...about });
