import { query, type Db, type Transaction } from '../db/query.ts';

/** What a participant is told. */
export interface Notification {
  readonly id: string;
  readonly at: Date;
  /** `thing.happened`, as in the audit. */
  readonly event: string;
  /** What it is about: the id of an application or review, the reference of an agreement. */
  readonly object: string;
  readonly text: string;
}

/** Tells participants, in the same transaction as what they are told of. */
export async function notify(
  told: readonly (Omit<Notification, 'id'> & { readonly participantId: string })[],
  db: Transaction,
): Promise<void> {
  if (told.length === 0) return;
  await query(
    db,
    `insert into notification (participant_id, at, event, object, text)
     select participant_id, at, event, object, text from jsonb_to_recordset($1::jsonb)
       as told (participant_id uuid, at timestamptz, event text, object text, text text)`,
    [JSON.stringify(told.map(({ participantId, ...one }) => ({ participant_id: participantId, ...one })))],
  );
}

/** What a participant was told, newest first; `before`: the last id of the page before. */
export async function listNotifications(
  participantId: string,
  page: { readonly limit: number; readonly before?: string },
  db: Db,
): Promise<Notification[]> {
  const { rows } = await query<Notification>(
    db,
    `select n.id::text as id, n.at, n.event, n.object, n.text from notification n
      where n.participant_id = $1 and ($2::bigint is null or n.id < $2) order by n.id desc limit $3`,
    [participantId, page.before ?? null, page.limit],
  );
  return rows;
}
