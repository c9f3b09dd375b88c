import { query, type Db } from '../db/pool.ts';

/** Public keys that already stand in a certificate, and the subject of each: SHA-256 of SPKI (hex) -> `subjectKey`. */
export async function findKeySubjects(keys: readonly Buffer[], db: Db): Promise<Map<string, string>> {
  if (keys.length === 0) return new Map();
  const { rows } = await query<{ sha256: Buffer; subject: string }>(
    db,
    `select sha256, subject from public_key where sha256 = any($1::bytea[])`,
    [keys],
  );
  return toSubjects(rows);
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
  const firstOfEach = new Map<string, string>();
  for (const { sha256, subject } of claims) {
    const key = sha256.toString('hex');
    if (!firstOfEach.has(key)) firstOfEach.set(key, subject);
  }
  const ordered = [...firstOfEach].sort().map(([sha256, subject]) => ({ sha256, subject }));
  const { rows } = await query<{ sha256: Buffer; subject: string }>(
    db,
    `insert into public_key (sha256, subject, first_seen_at)
     select decode(sha256, 'hex'), subject, $2
       from json_to_recordset($1::json) as claim (sha256 text, subject text)
     on conflict (sha256) do update set subject = public_key.subject
     returning sha256, subject`,
    [JSON.stringify(ordered), at],
  );
  return toSubjects(rows);
}

const toSubjects = (rows: readonly { readonly sha256: Buffer; readonly subject: string }[]) =>
  new Map(rows.map((row) => [row.sha256.toString('hex'), row.subject]));
