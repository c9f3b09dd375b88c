import type { Fact, FactKind, FactValues } from '../domain/facts.ts';
import type { ReviewAct } from '../domain/review.ts';
import { query, type Db } from '../db/query.ts';

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
  const { rows } = await query<
    StoredFact & { readonly recordedAt: Date; readonly feedVersion: number | null }
  >(
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
      typeof member === 'string' && Object.hasOwn(INSTANTS, name) && ISO_INSTANT.test(member)
        ? new Date(member)
        : reviveDates(member),
    ]),
  );
}

interface StoredFact extends Omit<Fact, 'value'> {
  readonly value: unknown;
}

/** Names of the members that are Dates, at any depth. */
type InstantName<Value> = Value extends Date
  ? never
  : Value extends readonly (infer Item)[]
    ? InstantName<Item>
    : Value extends object
      ? {
          [Name in keyof Value & string]-?: NonNullable<Value[Name]> extends Date
            ? Name
            : InstantName<NonNullable<Value[Name]>>;
        }[keyof Value & string]
      : never;

const ISO_INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
/** Of the values of facts, and of what reviews keep until it is done: the compiler holds the list whole, and free of others. */
const INSTANTS: Readonly<Record<InstantName<FactValues[FactKind] | ReviewAct>, true>> = {
  since: true,
  from: true,
  to: true,
  requestedAt: true,
  offeredAt: true,
  executedAt: true,
  effectiveFrom: true,
  effectiveTo: true,
  expelledAt: true,
  reapplicationFrom: true,
  expiresAt: true,
  lockedUntil: true,
};
