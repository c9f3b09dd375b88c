import type { WebhookEvent } from '../domain/webhook.ts';
import { query, type Transaction } from '../db/query.ts';
import { announce } from '../webhooks/announce.ts';
import { findBatch } from './batch-store.ts';

/** Has those who see a batch told what became of it: whom it is for, and who asked for it. */
export async function announceBatch(
  batchId: string,
  event: WebhookEvent & `batch.${string}`,
  at: Date,
  db: Transaction,
): Promise<void> {
  // Mostly nobody listens; then nothing of the batch is counted.
  const { rows } = await query<{ participantId: string }>(
    db,
    `select w.participant_id as "participantId" from batch b join credential c on c.id = b.credential_id
       join webhook w on w.participant_id in (b.participant_id, c.participant_id)
      where b.id = $1 and w.state = 'ACTIVE' and $2 = any(w.events) group by w.participant_id`,
    [batchId, event],
  );
  const batch = rows.length === 0 ? undefined : await findBatch(batchId, db);
  if (batch === undefined) return;
  const { id, name, participant, state, items, counts } = batch;
  const participantIds = rows.map((one) => one.participantId);
  await announce(
    { participantIds, event, at, about: { batch: { id, name, participant, state, items, counts } } },
    db,
  );
}
