import { createHash } from 'node:crypto';
import { Fault, type Reason } from '../domain/fault.ts';
import { query, type Db } from '../db/query.ts';

/** A rule set as it goes on record: its files, word by word, by their names. */
export interface RuleSetRecord {
  readonly version: string;
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Writes down what each version says; decisions name their version only.
 * @throws Fault `configuration-invalid` when a version is on record with other files: a changed rule set is a new version
 */
export async function recordRuleSets(ruleSets: readonly RuleSetRecord[], at: Date, db: Db): Promise<void> {
  const rows = ruleSets.map(({ version, files }) => ({
    version,
    files,
    sha256: digest(files).toString('hex'),
  }));
  await query(
    db,
    `insert into rule_set (version, sha256, files, first_used_at)
     select version, decode(sha256, 'hex'), files, $2
       from jsonb_to_recordset($1::jsonb) as read (version text, sha256 text, files jsonb)
      where not exists (select 1 from rule_set r where r.version = read.version)
     on conflict do nothing`,
    [JSON.stringify(rows), at],
  );
  const { rows: recorded } = await query<RuleSetRecord & { sha256: Buffer }>(
    db,
    `select version, sha256, files from rule_set where version = any($1)`,
    [ruleSets.map((one) => one.version)],
  );
  const changed = recorded.flatMap(({ version, sha256, files }) => {
    const now = ruleSets.find((one) => one.version === version);
    return now === undefined || digest(now.files).equals(sha256)
      ? []
      : [changedReason(version, files, now.files)];
  });
  if (changed.length > 0)
    throw new Fault('configuration-invalid', 'A rule set differs from the one on record under its version.', {
      reasons: changed,
    });
}

/** Versions on record that are not among these: decisions were made under one, here or on another node. */
export async function findMissingVersions(
  ruleSets: readonly Pick<RuleSetRecord, 'version'>[],
  db: Db,
): Promise<string[]> {
  const { rows } = await query<{ version: string }>(
    db,
    `select version from rule_set where version <> all($1) order by version`,
    [ruleSets.map((one) => one.version)],
  );
  return rows.map((one) => one.version);
}

/** The rule set of a version as it was when it was first used. */
export async function findRuleSet(version: string, db: Db): Promise<RuleSetRecord | undefined> {
  const { rows } = await query<RuleSetRecord>(db, `select version, files from rule_set where version = $1`, [
    version,
  ]);
  return rows[0];
}

/** SHA-256 over names and texts, in the order of the names. */
function digest(files: RuleSetRecord['files']): Buffer {
  const members = Object.entries(files).sort(([left], [right]) => (left < right ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(members)).digest();
}

function changedReason(version: string, before: RuleSetRecord['files'], now: RuleSetRecord['files']): Reason {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const differing = names.filter((name) => before[name] !== now[name]).map((name) => `${name}.yaml`);
  return {
    reason: 'RULE_SET',
    clause: 'rule-set',
    detail: `Version ${version} is on record with other words in ${differing.join(', ')}.`,
    fix:
      `A changed rule set is a new version: put the files of ${version} back, and the changed ones into a folder of a new ` +
      'version beside it, with the day from which it is in effect. In development, or for a demo of an earlier build, give ' +
      'the service an empty database (another TCS_DATA_DIR or DATABASE_URL).',
  };
}
