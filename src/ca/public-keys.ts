import { query, type Db } from '../db/pool.ts';

/** Public keys that already stand in a certificate, and the subject of each: SHA-256 of SPKI (hex) -> `subjectKey`. */
export async function findKeySubjects(keys: readonly Buffer[], db: Db): Promise<Map<string, string>> {
  if (keys.length === 0) return new Map();
  const { rows } = await query<{ sha256: Buffer; subject: string }>(
    db,
    `select sha256, subject from public_key where sha256 = any($1::bytea[])`,
    [keys],
  );
  return new Map(rows.map((row) => [row.sha256.toString('hex'), row.subject]));
}

/**
 * Binds each key to its subject unless another subject has it already; the first to commit wins, on any node.
 * Returns whose each key is now: a caller whose subject differs has lost and must be refused.
 */
export async function claimKeys(
  claims: readonly { readonly sha256: Buffer; readonly subject: string }[],
  at: Date,
  db: Db,
): Promise<Map<string, string>> {
  if (claims.length === 0) return new Map();
  // One order for everybody: two sets that claim the same keys wait for each other, never in a circle.
  const ordered = claims
    .map((claim) => ({ sha256: claim.sha256.toString('hex'), subject: claim.subject }))
    .sort((left, right) => (left.sha256 < right.sha256 ? -1 : 1));
  await query(
    db,
    `insert into public_key (sha256, subject, first_seen_at)
     select decode(sha256, 'hex'), subject, $2
       from jsonb_to_recordset($1::jsonb) as claim (sha256 text, subject text)
     on conflict (sha256) do nothing`,
    [JSON.stringify(ordered), at],
  );
  return findKeySubjects(
    claims.map((claim) => claim.sha256),
    db,
  );
}
