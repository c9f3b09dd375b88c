import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { isUuid } from '../../domain/uuid.ts';
import { recordEvents } from '../../audit/audit-log.ts';
import { query, type Db } from '../../db/query.ts';
import { withTransaction } from '../../db/transaction.ts';
import { removeKeys } from '../laboratory/laboratory-keys.ts';
import type { BatchNeeds } from '../needs.ts';

/** A batch whose result can no longer be fetched; its items, verdicts and certificates are kept. */
export interface SweptResult {
  readonly id: string;
  readonly name: string;
  readonly endedAt: Date;
}

/**
 * Ends the time in which results can be fetched, `retentionDays` after their batch ended, and removes the files of this node whose time
 * is over, whoever ended it. @returns whose time it ended
 */
export async function sweepResults(
  needs: Pick<BatchNeeds, 'issuance' | 'folder' | 'retentionDays'>,
): Promise<SweptResult[]> {
  const { db, clock } = needs.issuance;
  const at = clock.now();
  const swept = await withTransaction(db, async (transaction) => {
    const { rows } = await query<SweptResult & { participantId: string; credentialId: string }>(
      transaction,
      `update batch set result_removed_at = $1 where result_removed_at is null and state in ('COMPLETED', 'CANCELLED')
         and ended_at < $2
       returning id, name, ended_at as "endedAt", participant_id as "participantId", credential_id as "credentialId"`,
      [at, new Date(at.getTime() - needs.retentionDays * DAY)],
    );
    await removeKeys(
      rows.map(({ id }) => id),
      at,
      transaction,
    );
    await recordEvents(
      rows.map(({ id, name, endedAt, participantId, credentialId }) => ({
        at,
        event: 'batch.result.removed',
        participantId,
        credentialId,
        object: id,
        facts: { name, endedAt, retentionDays: needs.retentionDays },
      })),
      transaction,
    );
    return rows.map(({ id, name, endedAt }) => ({ id, name, endedAt }));
  });
  await sweepFiles(needs.folder, db);
  await sweepDrafts(needs.folder, at);
  return swept;
}

/** The day until which the result of a batch that ended then can be fetched, at least. */
export const resultUntil = (endedAt: Date, { retentionDays }: Pick<BatchNeeds, 'retentionDays'>): Date =>
  new Date(endedAt.getTime() + retentionDays * DAY);

/** Another node, or one that died, may have ended the time of results that lie here. */
async function sweepFiles(folder: string, db: Db): Promise<void> {
  const here = (await readdir(folder))
    .filter((name) => name.endsWith('.zip'))
    .map((name) => path.basename(name, '.zip'))
    .filter(isUuid);
  if (here.length === 0) return;
  const { rows } = await query<{ id: string }>(
    db,
    `select id from batch where id = any($1::uuid[]) and result_removed_at is not null`,
    [here],
  );
  for (const { id } of rows) await rm(path.join(folder, `${id}.zip`), { force: true });
}

/** What processes that died left half-written; a day is longer than anything is written. */
async function sweepDrafts(folder: string, now: Date): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    if (name.endsWith('.zip')) continue;
    const found = await stat(file).catch(() => undefined);
    if (found !== undefined && now.getTime() - found.mtimeMs > DAY)
      await rm(file, { recursive: true, force: true });
  }
}

const DAY = 86_400_000;
