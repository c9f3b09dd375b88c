import type { Eui64 } from '../domain/eui64.ts';
import type { TestingParticipant } from '../domain/participant.ts';
import { query, type Db } from '../db/query.ts';

/** What the records say about an EUI-64 and the participant that is to have it, as at an instant. */
export interface IdentifierFacts extends Pick<
  TestingParticipant,
  'allocations' | 'roleAssignments' | 'deviceRanges'
> {
  /** In an active allocation or an own device range of another participant; also in its agreement in force, when it is in no device range of who asks. */
  readonly ownedByOther: boolean;
  /** In a Registry Entry of the SEC Panel: never a Device (government response, paragraph 33). */
  readonly inCentralRegistry: boolean;
  /** Certificates with this Device ID, those being issued included. */
  readonly certificatesForDevice: number;
  /** The limit of certificates that the DCC raised for this Device ID. */
  readonly deviceCeiling?: number;
}

/** Answers for many identifiers in one statement, in the order of the questions. */
export async function findIdentifierFacts(
  questions: readonly { readonly signifier: string; readonly eui64: Eui64 }[],
  at: Date,
  db: Db,
): Promise<IdentifierFacts[]> {
  const { rows } = await query<{ facts: IdentifierFacts }>(db, SELECT_ASKED, [
    questions.map((one) => one.signifier),
    questions.map((one) => one.eui64),
    at,
  ]);
  return rows.map((row) => row.facts);
}

/** Every identifier that a participant holds at an instant. */
export async function findIdentifiers(
  participantId: string,
  at: Date,
  db: Db,
): Promise<Pick<TestingParticipant, 'allocations' | 'roleAssignments' | 'deviceRanges'>> {
  const { rows } = await query<Pick<TestingParticipant, 'allocations' | 'roleAssignments' | 'deviceRanges'>>(
    db,
    SELECT_ALL,
    [participantId, at],
  );
  const [found] = rows;
  if (found === undefined) throw new TypeError('a select without from has one row');
  return found;
}

/** Device IDs that an owner lets others use at an instant, each with the Signifier of who has them. */
export async function findGivenDelegations(
  signifier: string,
  at: Date,
  db: Db,
): Promise<(TestingParticipant['deviceRanges'][number] & { readonly delegatedTo: string })[]> {
  const { rows } = await query<TestingParticipant['deviceRanges'][number] & { readonly delegatedTo: string }>(
    db,
    `select d.eui64_from as "from", d.eui64_to as "to", d.device_types as "deviceTypes", p.signifier as "delegatedTo"
       from device_range d join participant p on p.id = d.participant_id
      where d.delegated_by = $1 and ${during('d', '$2')} order by d.eui64_from, p.signifier`,
    [signifier, at],
  );
  return rows;
}

/** A Device ID whose limit of certificates the DCC raised (SEC Appendix M). */
export interface DeviceCeiling {
  readonly eui64: Eui64;
  readonly certificates: number;
  readonly since: Date;
  /** Signifier of the participant for whom it was raised. */
  readonly participant: string;
  /** Id of the review that two people of the DCC decided. */
  readonly review: string;
}

/**
 * Limits that were raised at an instant: all of them, or those of the Device IDs that a participant has then, by itself, as a delegate
 * or, as a non-Party, by its agreement in force.
 */
export async function findDeviceCeilings(at: Date, db: Db, participantId?: string): Promise<DeviceCeiling[]> {
  const { rows } = await query<DeviceCeiling>(
    db,
    `select c.eui64, c.certificates, c.valid_from as since, p.signifier as participant, r.id as review
       from device_ceiling c join review r on r.id = c.review_id join participant p on p.id = r.participant_id
      where ${during('c', '$1')} and ($2::uuid is null or ${hasDevice('c', '$2', '$1')})`,
    [at, participantId ?? null],
  );
  return rows;
}

/** The review by which the limit of a Device ID was raised to what it is; `null`: it was not, or no longer is. */
export async function findCeilingReview(eui64: string, db: Db): Promise<string | null> {
  const { rows } = await query<{ review: string }>(
    db,
    'select review_id as review from device_ceiling where eui64 = $1 and valid_to is null',
    [eui64],
  );
  return rows[0]?.review ?? null;
}

/** Whether a Device ID may have certificates of a participant at an instant, as the rules of Device IDs have it (requirements 3.4). */
export async function hasDeviceId(participantId: string, eui64: Eui64, at: Date, db: Db): Promise<boolean> {
  const { rowCount } = await query(
    db,
    `select 1 from (values ($2::text)) as asked (eui64) where ${hasDevice('asked', '$1::uuid', '$3')}`,
    [participantId, eui64, at],
  );
  return rowCount === 1;
}

const hasDevice = (asked: string, participant: string, at: string) => `(exists (select 1 from device_range d
    where ${contains('d', asked)} and d.participant_id = ${participant} and ${during('d', at)})
  or exists (select 1 from agreed_range a join participant n on n.id = a.participant_id and n.type = 'NON_PARTY'
    where ${contains('a', asked)} and a.participant_id = ${participant} and ${inForce('a', at)}))`;
const during = (table: string, at: string) =>
  `${table}.valid_from <= ${at} and (${table}.valid_to is null or ${table}.valid_to > ${at})`;
const contains = (table: string, one = 'asked') =>
  `eui64_range(${table}.eui64_from, ${table}.eui64_to, '[]') @> ${one}.eui64`;
/** Whether the version of an agreement that the range `table` is of is the one that holds at an instant, and in force then. */
const inForce = (table: string, at: string) => `exists (
  select 1 from fact f where f.participant_id = ${table}.participant_id and f.kind = 'AGREEMENT' and f.key = ${table}.key
     and f.version = ${table}.version and f.since <= ${at} and f.state = 'EXECUTED'
     and (f.value ->> 'effectiveFrom')::timestamptz <= ${at}
     and ((f.value ->> 'effectiveTo')::timestamptz > ${at} or f.value ->> 'effectiveTo' is null)
     and not exists (select 1 from fact g where g.participant_id = f.participant_id and g.kind = 'AGREEMENT' and g.key = f.key
       and g.version > f.version and g.since <= ${at}))`;
// BOTH is left out: a question that was stored before environments were asked reads the same.
const ALLOCATION = `json_build_object('kind', i.kind, 'state', 'ACTIVE', 'from', i.eui64_from, 'to', i.eui64_to,
  'environment', nullif(i.environment, 'BOTH'))`;
const ASSIGNMENT = `json_build_object('eui64', u.eui64, 'userRole', u.user_role)`;
const DEVICE_RANGE = `json_build_object('from', d.eui64_from, 'to', d.eui64_to,
  'deviceTypes', d.device_types, 'delegatedBy', d.delegated_by)`;

/**
 * Ranges are looked up once, for who asks and for others. Sets of intents are looked through once, not once for each Device
 * ID; `is true` keeps the planner from comparing each with each.
 */
const SELECT_ASKED = `
  with intended as materialized (
    select eui64, count(*)::int as certificates from intent_set cross join unnest(eui64s) as eui64
     where category = 'DEVICE' and (eui64 in (select unnest($2::text[]))) is true group by eui64)
  select json_strip_nulls(json_build_object(
      'allocations', allocated.own,
      'roleAssignments', (select coalesce(json_agg(${ASSIGNMENT} order by u.user_role), '[]') from user_id_role_assignment u
        where u.eui64 = asked.eui64 and u.participant_id = p.id and ${during('u', '$3')}),
      'deviceRanges', coalesce(ranged.own, '[]'),
      'ownedByOther', allocated.by_other or ranged.by_other or (ranged.own is null and exists (select 1 from agreed_range a
          where ${contains('a')} and a.participant_id is distinct from p.id and ${inForce('a', '$3')})),
      'inCentralRegistry', exists (select 1 from registry_entry r where ${contains('r')} and ${during('r', '$3')}),
      'certificatesForDevice', (select count(*)::int from certificate c
          where c.eui64 = asked.eui64 and c.category = 'DEVICE' and c.status = 'issued')
        + coalesce((select i.certificates from intended i where i.eui64 = asked.eui64), 0),
      'deviceCeiling', (select c.certificates from device_ceiling c
        where c.eui64 = asked.eui64 and ${during('c', '$3')}))) as facts
    from unnest($1::text[], $2::text[]) with ordinality as asked (signifier, eui64, place)
    left join participant p on p.signifier = asked.signifier
    cross join lateral (
      select coalesce(json_agg(${ALLOCATION} order by i.eui64_from) filter (where i.participant_id = p.id), '[]') as own,
             coalesce(bool_or(i.participant_id is distinct from p.id), false) as by_other
        from identifier_allocation i where ${contains('i')} and ${during('i', '$3')}) as allocated
    cross join lateral (
      select json_agg(${DEVICE_RANGE} order by d.eui64_from, d.delegated_by) filter (where d.participant_id = p.id) as own,
             coalesce(bool_or(d.delegated_by is null and d.participant_id is distinct from p.id), false) as by_other
        from device_range d where ${contains('d')} and ${during('d', '$3')}) as ranged
   order by asked.place`;

const SELECT_ALL = `
  select (select json_strip_nulls(coalesce(json_agg(${ALLOCATION} order by i.eui64_from), '[]')) from identifier_allocation i
           where i.participant_id = $1 and ${during('i', '$2')}) as allocations,
         (select coalesce(json_agg(${ASSIGNMENT} order by u.eui64, u.user_role), '[]') from user_id_role_assignment u
           where u.participant_id = $1 and ${during('u', '$2')}) as "roleAssignments",
         (select json_strip_nulls(coalesce(json_agg(${DEVICE_RANGE} order by d.eui64_from, d.delegated_by), '[]'))
            from device_range d where d.participant_id = $1 and ${during('d', '$2')}) as "deviceRanges"`;
