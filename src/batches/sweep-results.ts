import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { recordEvents } from '../audit/audit-log.ts';
import { query, withTransaction } from '../db/pool.ts';
import { removeKeys } from './laboratory-keys.ts';
import type { BatchNeeds } from './needs.ts';

/** A batch whose result can no longer be fetched; its items, verdicts and certificates are kept. */
export interface SweptResult {
  readonly id: string;
  readonly name: string;
  readonly endedAt: Date;
}

/** Ends the time in which results can be fetched, `days` after their batch ended. @returns whose time it ended */
export async function sweepResults(
  days: number,
  needs: Pick<BatchNeeds, 'issuance' | 'folder'>,
): Promise<SweptResult[]> {
  const { db, clock } = needs.issuance;
  const at = clock.now();
  const swept = await withTransaction(db, async (client) => {
    const { rows } = await query<SweptResult>(
      client,
      `update batch set result_removed_at = $1 where result_removed_at is null and state in ('COMPLETED', 'CANCELLED')
         and ended_at < $2 returning id, name, ended_at as "endedAt"`,
      [at, new Date(at.getTime() - days * DAY)],
    );
    await removeKeys(
      rows.map(({ id }) => id),
      at,
      client,
    );
    await recordEvents(
      rows.map(({ id }) => ({ at, event: 'batch.result.removed', object: id })),
      client,
    );
    return rows;
  });
  for (const { id } of swept) await rm(path.join(needs.folder, `${id}.zip`), { force: true });
  await sweepDrafts(needs.folder, at);
  return swept;
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
