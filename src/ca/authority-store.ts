import type { Category } from '../domain/category.ts';
import { Fault, type Reason } from '../domain/fault.ts';
import { recordEvents } from '../audit/audit-log.ts';
import type { Pool } from '../db/pool.ts';
import { query, type Db, type Transaction } from '../db/query.ts';
import { withTransaction } from '../db/transaction.ts';
import type { Authority } from './authority.ts';
import { abandonUnder, authorityRetired } from './intent-store.ts';

/** A CA certificate that the database knows. */
export interface RecordedAuthority {
  readonly name: string;
  readonly category: Category;
  readonly kind: 'ROOT' | 'ISSUING';
  readonly sha256: Buffer;
  readonly keyIdentifier: Buffer;
  readonly der: Buffer;
  readonly issuerSha256: Buffer;
  readonly recordedAt: Date;
  readonly retiredAt: Date | null;
  readonly retiredBecause: string | null;
}

/** Every CA certificate under which certificates were issued, roots first, the newest of a name first. */
export async function findRecordedAuthorities(db: Db): Promise<RecordedAuthority[]> {
  const { rows } = await query<RecordedAuthority>(
    db,
    `select name, category, kind, sha256, key_identifier as "keyIdentifier", der, issuer_sha256 as "issuerSha256",
            recorded_at as "recordedAt", retired_at as "retiredAt", retired_because as "retiredBecause"
       from authority_certificate order by kind desc, recorded_at desc, name`,
  );
  return rows;
}

/** Whether one of these CAs was retired since the start. */
export async function isAnyRetired(
  authorities: readonly Pick<Authority, 'sha256'>[],
  db: Db,
): Promise<boolean> {
  const { rows } = await query<{ retired: boolean }>(
    db,
    'select count(*) > 0 as retired from authority_certificate where sha256 = any($1) and retired_at is not null',
    [authorities.map((one) => one.sha256)],
  );
  return rows[0]?.retired === true;
}

/**
 * What `recordIntents` requires, for a dry run, which records nothing.
 * @throws Fault `authority-refused` when one of these CAs was retired since the start
 */
export async function requireCurrent(
  authorities: readonly Pick<Authority, 'sha256'>[],
  db: Db,
): Promise<void> {
  if (await isAnyRetired(authorities, db)) throw authorityRetired();
}

/**
 * Writes down the CAs of this node that the database does not know yet.
 * @throws Fault `authority-refused` with every reason when the database knows another current CA of a name, or one of
 *         these is retired: nodes of one database share one folder `authorities/`
 */
export async function recordAuthorities(
  authorities: readonly Authority[],
  at: Date,
  pool: Pool,
): Promise<void> {
  await withTransaction(pool, async (db) => {
    await lockAuthorities(db);
    await recordLocked(authorities, at, db);
  });
}

/**
 * Retires the current CAs of these names, and those that a retired root signed: they issue nothing any more, on any node,
 * and what they issued keeps its chain. Whatever is to be signed under them at this moment is abandoned. `record`: the CAs
 * that take their place, in the same transaction.
 * @returns names of the retired
 * @throws Fault `not-found` when there is no current CA of a name
 */
export async function retireAuthorities(
  names: readonly string[],
  because: string,
  at: Date,
  pool: Pool,
  record: readonly Authority[] = [],
): Promise<string[]> {
  return withTransaction(pool, async (db) => {
    await lockAuthorities(db);
    const recorded = await findRecordedAuthorities(db);
    const current = recorded.filter((one) => one.retiredAt === null);
    const unknown = names.filter((name) => !current.some((one) => one.name === name));
    if (unknown.length > 0) {
      const already = recorded.some((one) => unknown.includes(one.name)) ? ' (retired already)' : '';
      throw new Fault(
        'not-found',
        `The database knows no current test CA ${unknown.join(', ')}${already}; current are: ${current.map((one) => one.name).join(', ') || 'none'}.`,
      );
    }
    const named = current.filter((one) => names.includes(one.name));
    const retired = current.filter((one) =>
      named.some((above) => above === one || above.sha256.equals(one.issuerSha256)),
    );
    await query(
      db,
      `update authority_certificate set retired_at = $2, retired_because = $3 where sha256 = any($1::bytea[])`,
      [retired.map((one) => one.sha256), at, because],
    );
    await recordEvents(
      retired.map((one) => ({
        at,
        event: 'authority.retired',
        object: one.name,
        facts: { sha256: one.sha256.toString('hex'), reason: because },
      })),
      db,
    );
    await abandonUnder(
      retired.map((one) => one.name),
      'the test CA was retired',
      at,
      db,
    );
    if (record.length > 0) await recordLocked(record, at, db);
    return retired.map((one) => one.name);
  });
}

/**
 * Before new CAs are made: a name of which the database knows a current CA is not made a second time.
 * @throws Fault `authority-refused` with every reason
 */
export async function requireNoCurrent(names: readonly string[], folder: string, db: Db): Promise<void> {
  const current = (await findRecordedAuthorities(db)).filter(
    (one) => one.retiredAt === null && names.includes(one.name),
  );
  if (current.length === 0) return;
  throw new Fault('authority-refused', 'The database issues under other test CAs; none is made here.', {
    reasons: current.map((one) =>
      otherFolder(one, `${folder} has no ${one.name}, and the database knows one`),
    ),
  });
}

async function recordLocked(authorities: readonly Authority[], at: Date, db: Transaction): Promise<void> {
  const known = await findRecordedAuthorities(db);
  const faults = authorities.flatMap((one) => conflictOf(one, known));
  if (faults.length > 0)
    throw new Fault(
      'authority-refused',
      'This node has other test CAs than its database; nothing is issued.',
      {
        reasons: faults,
      },
    );
  const added = authorities.filter((one) => !known.some(({ sha256 }) => sha256.equals(one.sha256)));
  if (added.length === 0) return;
  await query(
    db,
    `insert into authority_certificate (sha256, name, category, kind, key_identifier, der, issuer_sha256, recorded_at)
     select decode(sha256, 'hex'), name, category, kind, decode(key_identifier, 'hex'), decode(der, 'hex'),
            decode(issuer_sha256, 'hex'), $2
       from jsonb_to_recordset($1::jsonb) as one (sha256 text, name text, category text, kind text,
         key_identifier text, der text, issuer_sha256 text)`,
    [JSON.stringify(added.map((one) => rowOf(one, authorities))), at],
  );
  await recordEvents(
    added.map((one) => ({
      at,
      event: 'authority.recorded',
      object: one.name,
      facts: { sha256: one.sha256.toString('hex') },
    })),
    db,
  );
}

function rowOf(one: Authority, authorities: readonly Authority[]) {
  const above = one.chain[1];
  const issuer = above === undefined ? one : authorities.find(({ certificate }) => certificate.equals(above));
  if (issuer === undefined) throw new TypeError(`${one.name} is recorded without its root`);
  return {
    sha256: one.sha256.toString('hex'),
    name: one.name,
    category: one.category,
    kind: one.kind,
    key_identifier: one.facts.keyIdentifier.toString('hex'),
    der: one.certificate.toString('hex'),
    issuer_sha256: issuer.sha256.toString('hex'),
  };
}

function conflictOf(own: Authority, known: readonly RecordedAuthority[]): Reason[] {
  const same = known.find((one) => one.sha256.equals(own.sha256));
  if (same !== undefined) return same.retiredAt === null ? [] : [retired(same)];
  const other = known.find((one) => one.name === own.name && one.retiredAt === null);
  return other === undefined
    ? []
    : [otherFolder(other, `${own.name} is here the certificate ${hexOf(own)}, and in the database another`)];
}

const hexOf = ({ sha256 }: Pick<RecordedAuthority, 'sha256'>) => `${sha256.toString('hex').slice(0, 16)}…`;

const otherFolder = (other: RecordedAuthority, detail: string): Reason => ({
  reason: 'AUTHORITY_NOT_SHARED',
  clause: 'docs/architecture.md, Runbook',
  detail: `${detail} (${hexOf(other)}, recorded ${other.recordedAt.toISOString().slice(0, 10)}).`,
  fix:
    'All nodes of a database share one folder authorities/: put the one of the other nodes here. To give the CA up ' +
    `deliberately: tcs ca retire ${other.name} --reason TEXT, or tcs ca init --replace for all.`,
});

const retired = ({ name, retiredAt, retiredBecause }: RecordedAuthority): Reason => ({
  reason: 'AUTHORITY_RETIRED',
  clause: 'docs/architecture.md, Runbook',
  detail: `${name} was retired on ${retiredAt?.toISOString().slice(0, 10) ?? ''}: ${retiredBecause ?? ''}.`,
  fix:
    `Put the folder authorities/ of the other nodes here, or move the files of ${name} out of it and make another with: tcs ca init. ` +
    'All new: tcs ca init --replace',
});

/** Two nodes that start at the same time record one after the other. */
async function lockAuthorities(db: Transaction): Promise<void> {
  await query(db, 'lock table authority_certificate in share row exclusive mode');
}
