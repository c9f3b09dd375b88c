import {
  requireTransition,
  type Fact,
  type FactKind,
  type FactSource,
  type FactValues,
} from '../domain/facts.ts';
import { Fault } from '../domain/fault.ts';
import { violatedConstraint } from '../db/database-errors.ts';
import { agreedRangeFault } from './agreed-ranges.ts';
import { inRegistryEntry, inTestAllocation } from './registry-entries.ts';
import { query, type Db, type PoolClient } from '../db/pool.ts';

/** The next version of a fact. */
export interface FactChange<Kind extends FactKind = FactKind> {
  readonly participantId: string;
  readonly kind: Kind;
  /** Which agreement, officer, obligation; '' where there is one of the kind. */
  readonly key: string;
  readonly state: string;
  readonly since: Date;
  readonly value: FactValues[Kind];
  /** The version that it was thought out on, 0 for none; absent: whatever is there. */
  readonly after?: number;
}

/** Where changes come from and when they are written down. */
export interface FactOrigin {
  readonly source: FactSource;
  readonly credentialId?: string;
  readonly recordedAt: Date;
}

/**
 * Writes the next version of each fact, two statements for all. Of two who change the same version, one wins.
 * @throws Fault `conflict` when a state may not follow the present one, the fact is no longer what it was thought out on, or
 *         somebody else was faster
 */
export async function recordFacts(
  changes: readonly FactChange[],
  origin: FactOrigin,
  db: PoolClient,
): Promise<void> {
  if (changes.length === 0) return;
  const latest = await findLatest(changes, db);
  const versions = changes.map((change, place) => {
    const { version, state } = latest[place] ?? { version: 0, state: '' };
    if (change.after !== undefined && change.after !== version) throw changedSince(change);
    requireTransition(change.kind, state === 'VOID' ? '' : state, change.state);
    return version + 1;
  });
  const rows = changes.map(({ participantId, kind, key, state, since, value }, place) => ({
    participant_id: participantId,
    kind,
    key,
    version: versions[place],
    state,
    since,
    value,
  }));
  try {
    await query(db, INSERT, [
      JSON.stringify(rows),
      origin.source,
      origin.credentialId ?? null,
      origin.recordedAt,
    ]);
  } catch (error) {
    throw explained(error);
  }
}

/** A version of a fact, and when it was written down. */
export interface RecordedFact extends Fact {
  readonly recordedAt: Date;
  /** Of details and memberships that a feed stated: the version of that feed. */
  readonly feedVersion?: number;
}

/**
 * Every version of a participant's facts, oldest first; of one kind, or of all. What a feed states is written down at the instant of
 * its import, and no two imports have the same.
 */
export async function listFacts(participantId: string, db: Db, kind?: FactKind): Promise<RecordedFact[]> {
  const { rows } = await query<StoredFact & { readonly feedVersion: number | null }>(
    db,
    `select f.kind, f.key, f.version, f.state, f.since, f.value, f.source, f.recorded_at as "recordedAt", i.version as "feedVersion"
       from fact f left join feed_import i
         on f.source = 'SECAS_FEED' and f.kind in ('DETAILS', 'MEMBERSHIP') and i.imported_at = f.recorded_at
      where f.participant_id = $1 and ($2::text is null or f.kind = $2)
      order by f.recorded_at, f.kind, f.key, f.version`,
    [participantId, kind ?? null],
  );
  return rows.map(({ feedVersion, ...row }) => ({
    ...row,
    value: reviveDates(row.value) as FactValues[FactKind],
    ...(feedVersion === null ? {} : { feedVersion }),
  }));
}

/** The versions that hold at an instant: of each fact the latest recorded one that has begun; VOID ones are left out. */
export async function findFacts(participantId: string, at: Date, db: Db, kind?: FactKind): Promise<Fact[]> {
  const { rows } = await query<StoredFact>(
    db,
    `select * from (
       select distinct on (kind, key) kind, key, version, state, since, value, source from fact
        where participant_id = $1 and since <= $2 and ($3::text is null or kind = $3)
        order by kind, key, version desc) as held
      where state <> 'VOID' order by kind, key`,
    [participantId, at, kind ?? null],
  );
  return rows.map((row) => ({ ...row, value: reviveDates(row.value) as FactValues[FactKind] }));
}

/** Which SECAS feed stated the version of the details, or the membership, that holds at an instant; `undefined`: none did. */
export async function findFeedVersion(
  participantId: string,
  kind: 'DETAILS' | 'MEMBERSHIP',
  at: Date,
  db: Db,
): Promise<number | undefined> {
  const { rows } = await query<{ version: number }>(
    db,
    `select i.version from (
       select source, recorded_at from fact
        where participant_id = $1 and kind = $2 and since <= $3 order by version desc limit 1) as held
       join feed_import i on held.source = 'SECAS_FEED' and i.imported_at = held.recorded_at`,
    [participantId, kind, at],
  );
  return rows[0]?.version;
}

/** The latest version of every fact of these participants, begun or not; VOID ones too: participant id -> facts. */
export async function findLatestFacts(
  participantIds: readonly string[],
  db: Db,
): Promise<Map<string, Fact[]>> {
  const { rows } = await query<StoredFact & { participant_id: string }>(
    db,
    `select distinct on (participant_id, kind, key) participant_id, kind, key, version, state, since, value, source
       from fact where participant_id = any($1::uuid[]) order by participant_id, kind, key, version desc`,
    [participantIds],
  );
  return byParticipant(rows);
}

/** Every version of one kind of fact of these participants, oldest first, VOID ones too: participant id -> versions. */
export async function findVersions<Kind extends FactKind>(
  participantIds: readonly string[],
  kind: Kind,
  db: Db,
): Promise<Map<string, Fact<Kind>[]>> {
  const { rows } = await query<StoredFact & { participant_id: string }>(
    db,
    `select participant_id, kind, key, version, state, since, value, source from fact
      where participant_id = any($1::uuid[]) and kind = $2 order by participant_id, key, version`,
    [participantIds, kind],
  );
  return byParticipant(rows) as Map<string, Fact<Kind>[]>;
}

function byParticipant(
  rows: readonly (StoredFact & { readonly participant_id: string })[],
): Map<string, Fact[]> {
  const found = new Map<string, Fact[]>();
  for (const { participant_id: id, ...row } of rows) {
    const facts = found.get(id) ?? [];
    facts.push({ ...row, value: reviveDates(row.value) as FactValues[FactKind] });
    found.set(id, facts);
  }
  return found;
}

/** JSON tells instants as text: those of the names that hold instants become Dates again, at any depth. */
export function reviveDates(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reviveDates);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      typeof member === 'string' && INSTANTS.has(name) && ISO_INSTANT.test(member)
        ? new Date(member)
        : reviveDates(member),
    ]),
  );
}

interface StoredFact extends Omit<Fact, 'value'> {
  readonly value: unknown;
  readonly recordedAt: Date;
}

async function findLatest(
  changes: readonly FactChange[],
  db: PoolClient,
): Promise<({ version: number; state: string } | undefined)[]> {
  const { rows } = await query<{ version: number | null; state: string | null }>(
    db,
    `select f.version, f.state
       from unnest($1::uuid[], $2::text[], $3::text[]) with ordinality as asked (participant_id, kind, key, place)
       left join lateral (select version, state from fact
          where participant_id = asked.participant_id and kind = asked.kind and key = asked.key
          order by version desc limit 1) as f on true
      order by asked.place`,
    [changes.map((one) => one.participantId), changes.map((one) => one.kind), changes.map((one) => one.key)],
  );
  return rows.map(({ version, state }) =>
    version === null || state === null ? undefined : { version, state },
  );
}

function changedSince({ kind, key, after = 0 }: FactChange): Fault {
  const what = `${kind.toLowerCase().replace('_', ' ')}${key === '' ? '' : ` ${key}`}`;
  return preparedBefore(`The ${what} has changed since this was prepared on its version ${String(after)}.`);
}

/** What a review was prepared on is no longer so. @param detail  what has changed */
export function preparedBefore(detail: string): Fault {
  return new Fault('conflict', detail, {
    reasons: [
      {
        reason: 'CONFLICT',
        clause: 'RFC 9110, 15.5.10',
        detail,
        fix: 'Refuse or withdraw this review, read the record as it is now, and prepare the change again.',
      },
    ],
  });
}

function explained(error: unknown): unknown {
  const constraint = violatedConstraint(error);
  if (constraint === 'fact_pkey')
    return new Fault('conflict', 'Somebody else changed this at the same time.', {
      fix: 'Read the record again, and send the change again if it is still right.',
      cause: error,
    });
  if (constraint === 'fact_agreement_ref')
    return new Fault('conflict', 'The reference belongs to another agreement.', {
      fix: 'Take a reference that no agreement has yet.',
      cause: error,
    });
  if (constraint === 'agreed_range_not_in_registry_entry')
    return inRegistryEntry('A device range of the agreement', error);
  if (constraint === 'device_id_not_in_test_allocation')
    return inTestAllocation('A device range of the agreement', error);
  return agreedRangeFault(error) ?? error;
}

const INSERT = `
  insert into fact (participant_id, kind, key, version, state, since, value, source, credential_id, recorded_at)
  select participant_id, kind, key, version, state, since, value, $2, $3, $4
    from jsonb_to_recordset($1::jsonb) as change (participant_id uuid, kind text, key text, version integer, state text,
      since timestamptz, value jsonb)`;
const ISO_INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const INSTANTS = new Set([
  'since',
  'from',
  'to',
  'now',
  'requestedAt',
  'offeredAt',
  'executedAt',
  'effectiveFrom',
  'effectiveTo',
  'expelledAt',
  'reapplicationFrom',
  'expiresAt',
  'lockedUntil',
]);
