import { query } from '../../db/query.ts';
import { withTransaction } from '../../db/transaction.ts';
import { announceBatch } from '../announce-batch.ts';
import type { BatchNeeds } from '../needs.ts';

/** Two people of the DCC agree: from here on it is a batch like any other. The items of a retry are known, so it is not parsed. */
export async function admitBatches({ issuance: { db, clock } }: Pick<BatchNeeds, 'issuance'>): Promise<void> {
  await withTransaction(db, async (transaction) => {
    const { rows } = await query<{ id: string; isQueued: boolean }>(transaction, ADMIT);
    for (const { id, isQueued } of rows)
      if (isQueued) await announceBatch(id, 'batch.queued', clock.now(), transaction);
  });
}

const ADMIT = `
  update batch set state = case when items is null then 'PENDING' else 'QUEUED' end
   where id in (select id from batch where state = 'APPROVED_BY_SECOND_OPERATOR' for update skip locked)
  returning id, state = 'QUEUED' as "isQueued"`;
