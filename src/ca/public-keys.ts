import { query, type Db, type Transaction } from '../db/query.ts';

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
 * Binds each key to its subject, one key to one; the first to commit wins, on any node. Where another subject has a key
 * meanwhile, the database turns the transaction back (`public_key_keeps_subject`): run again, it finds that one.
 */
export async function bindKeys(
  claims: readonly { readonly sha256: Buffer; readonly subject: string }[],
  at: Date,
  db: Transaction,
): Promise<void> {
  if (claims.length === 0) return;
  // One order for everybody: two sets that bind the same keys wait for each other, never in a circle.
  const subjects = new Map<string, string>();
  for (const { sha256, subject } of claims) {
    const key = sha256.toString('hex');
    if ((subjects.get(key) ?? subject) !== subject) throw new TypeError(`two subjects claim the key ${key}`);
    subjects.set(key, subject);
  }
  const ordered = [...subjects.keys()].sort().map((sha256) => ({ sha256, subject: subjects.get(sha256) }));
  await query(
    db,
    `insert into public_key (sha256, subject, first_seen_at)
     select decode(sha256, 'hex'), subject, $2
       from json_to_recordset($1::json) as claim (sha256 text, subject text)
     on conflict (sha256) do update set subject = excluded.subject`,
    [JSON.stringify(ordered), at],
  );
}
