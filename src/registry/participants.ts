import { reviveDates } from './facts.ts';
import type { Fact, FactKind } from '../domain/facts.ts';
import {
  isNetworkParty,
  type AgreementState,
  type MembershipState,
  type ObligationStanding,
  type ParticipantType,
  type PartyCategory,
  type TestingParticipant,
} from '../domain/participant.ts';
import { query, type Db } from '../db/query.ts';
import { findIdentifiers } from './identifiers.ts';

/** A participant as `decide` looks at it, but for the identifiers that a request names (`findIdentifierFacts`). */
export type ParticipantCore = Omit<TestingParticipant, 'allocations' | 'roleAssignments' | 'deviceRanges'>;

/** Which participant: enough to act on its record. */
export interface ParticipantRef {
  readonly id: string;
  readonly signifier: string;
  readonly type: ParticipantType;
}

/** The participant of a Signifier, closed ones too; `undefined` when nobody has it. */
export async function findParticipantRef(signifier: string, db: Db): Promise<ParticipantRef | undefined> {
  const { rows } = await query<ParticipantRef>(
    db,
    `select id, signifier, type from participant where signifier = $1`,
    [signifier],
  );
  return rows[0];
}

/** The participant of an id; `undefined` when there is none. */
export async function findParticipantById(id: string, db: Db): Promise<ParticipantRef | undefined> {
  const { rows } = await query<ParticipantRef>(
    db,
    `select id, signifier, type from participant where id = $1`,
    [id],
  );
  return rows[0];
}

/** Participants by signifier as at an instant, read by one statement; who is unknown, or was not there yet, is absent. */
export async function findParticipants(
  signifiers: readonly string[],
  at: Date,
  db: Db,
): Promise<Map<string, ParticipantCore>> {
  const { rows } = await query<StoredParticipant>(db, SELECT, [signifiers, at]);
  return new Map(rows.map((row) => [row.signifier, toParticipant(row)]));
}

/** A participant with every identifier that it holds, as at an instant: for people, and for exports. */
export async function findWholeParticipant(
  signifier: string,
  at: Date,
  db: Db,
): Promise<TestingParticipant | undefined> {
  const core = (await findParticipants([signifier], at, db)).get(signifier);
  return core && { ...core, ...(await findIdentifiers(core.id, at, db)) };
}

/** Signifiers of every participant, in order. */
export async function listSignifiers(
  db: Db,
  page: { readonly limit?: number; readonly after?: string } = {},
): Promise<string[]> {
  const { rows } = await query<{ signifier: string }>(
    db,
    `select signifier from participant where $1::text is null or signifier collate "C" > $1
      order by signifier collate "C" limit $2`,
    [page.after ?? null, page.limit ?? null],
  );
  return rows.map((row) => row.signifier);
}

/** Signifiers of the RDPs that a Network Party nominates, or did once, in order. */
export async function listNominated(networkParty: string, db: Db): Promise<string[]> {
  const { rows } = await query<{ signifier: string }>(
    db,
    `select signifier from participant p where exists (
       select from fact f where f.participant_id = p.id and f.kind = 'NOMINATION' and f.key = $1)
      order by signifier collate "C"`,
    [networkParty],
  );
  return rows.map((row) => row.signifier);
}

interface StoredParticipant {
  readonly id: string;
  readonly signifier: string;
  readonly type: ParticipantType;
  readonly facts: readonly StoredFact[];
  /** How each Party that nominates stands. */
  readonly nominators: Readonly<Record<string, Nominator>>;
  readonly certificatesIssued: number;
  readonly issuedInDay: TestingParticipant['issuedInDay'];
}
interface Nominator {
  readonly membership: MembershipState | null;
  readonly status: TestingParticipant['status'] | null;
  readonly category: PartyCategory | null;
}
type StoredFact = Pick<Fact, 'kind' | 'key' | 'state'> & { readonly since: string; readonly value: unknown };
type Held<Kind extends FactKind> = Pick<Fact<Kind>, 'kind' | 'key' | 'state' | 'since' | 'value'>;

function toParticipant(stored: StoredParticipant): ParticipantCore {
  const { id, signifier, type, facts, nominators, certificatesIssued, issuedInDay } = stored;
  const held = facts.map(
    ({ kind, key, state, since, value }) =>
      ({ kind, key, state, since: new Date(since), value: reviveDates(value) }) as Held<FactKind>,
  );
  const of = <Kind extends FactKind>(kind: Kind) =>
    held.filter((one): one is Held<Kind> => one.kind === kind);
  const [status] = of('STATUS');
  const [details] = of('DETAILS');
  const [membership] = of('MEMBERSHIP');
  const [gateway] = of('GATEWAY');
  const notices = of('DEMAND_NOTICE');
  const { legalName = signifier, partyCategory, nonPartyKind } = details?.value ?? {};
  return {
    id,
    signifier,
    type,
    certificatesIssued,
    issuedInDay,
    legalName,
    status: status?.state === 'CLOSED' ? 'CLOSED' : 'ACTIVE',
    ...(partyCategory === undefined ? {} : { partyCategory }),
    ...(nonPartyKind === undefined ? {} : { nonPartyKind }),
    ...(membership === undefined ? {} : { membership: toMembership(membership) }),
    agreements: of('AGREEMENT').map(({ key, state, value }) => ({
      ref: key,
      state: state as AgreementState,
      ...value,
    })),
    nominations: of('NOMINATION').map(({ key, state, since, value }) => ({
      networkParty: key,
      ...toNominator(nominators[key]),
      ...(state === 'ENDED' ? { from: new Date(0), to: since } : { from: since, ...value }),
    })),
    gatewayConnection: gateway?.state === 'CONNECTED',
    ...(notices.length === 0
      ? {}
      : {
          demandNotices: notices.map(({ value: { category, perDay, from, to } }) => ({
            category,
            perDay,
            from,
            to,
          })),
        }),
    termsAccepted: of('TERMS').map(({ key }) => key),
    obligations: of('OBLIGATION').map(({ key, state, since, value: { expiresAt } }) => ({
      obligation: key,
      state: state as ObligationStanding['state'],
      since,
      ...(expiresAt === undefined ? {} : { expiresAt }),
    })),
    holds: of('HOLD')
      .filter((one) => one.state === 'PLACED')
      .map(({ value: { cause, because } }) => ({ cause, because })),
  };
}

/** What is as it must be of a Network Party is not told, nor kept with each decision. */
function toNominator({ membership, status, category }: Nominator = NOBODY) {
  return {
    networkPartyState: membership ?? ('WITHDRAWN' as const),
    ...(status === 'CLOSED' ? { networkPartyStatus: status } : {}),
    ...(isNetworkParty(category) ? {} : { networkPartyCategory: category ?? ('NONE' as const) }),
  };
}
const NOBODY: Nominator = { membership: null, status: null, category: null };

const toMembership = ({ state, since, value: { expelledAt } }: Held<'MEMBERSHIP'>) => ({
  state: state as MembershipState,
  since,
  ...(expelledAt === undefined ? {} : { expelledAt }),
});

/** What holds of the one fact of a kind of a participant at the instant $2; null without one. */
const factOf = (participant: string, kind: FactKind, column: string) =>
  `(select case when h.state <> 'VOID' then ${column} end from fact h where h.participant_id = ${participant}.id
      and h.kind = '${kind}' and h.key = '' and h.since <= $2 order by h.version desc limit 1)`;

/**
 * Certificates are counted one by one only for those whose agreement caps their number: counting costs. Notices of demand that raise
 * nothing any more stay where they are: a participant gathers many.
 */
const SELECT = `
  select p.id, p.signifier, p.type,
    (select coalesce(json_agg(json_build_object('kind', kind, 'key', key, 'state', state, 'since', since, 'value', value)
        order by kind, key), '[]')
       from (select distinct on (f.kind, f.key) f.kind, f.key, f.state, f.since, f.value from fact f
              where f.participant_id = p.id and f.since <= $2 and f.kind <> 'OFFICER' and f.kind <> 'DETAILS_CHANGE'
              order by f.kind, f.key, f.version desc) as held
        where case kind when 'DEMAND_NOTICE' then state = 'ACCEPTED' and (value ->> 'to')::timestamptz > $2
          else state <> 'VOID' end) as facts,
    case when p.type = 'RDP' then (select coalesce(json_object_agg(n.signifier, json_build_object(
         'membership', ${factOf('n', 'MEMBERSHIP', 'h.state')},
         'status', ${factOf('n', 'STATUS', 'h.state')},
         'category', ${factOf('n', 'DETAILS', "h.value ->> 'partyCategory'")})), '{}')
       from participant n where n.signifier in (
         select f.key from fact f where f.participant_id = p.id and f.kind = 'NOMINATION')) else '{}' end as nominators,
    case when exists (select 1 from fact f
           where f.participant_id = p.id and f.kind = 'AGREEMENT' and f.value ? 'volumeCap')
         then (select count(*)::int from certificate c where c.participant_id = p.id and c.status = 'issued')
           + (select coalesce(sum(cardinality(s.serial_numbers)), 0)::int from intent_set s where s.participant_id = p.id)
         else 0 end as "certificatesIssued",
    (select coalesce(json_object_agg(category, certificates), '{}')
       from (select category, sum(certificates)::int as certificates from issued_count i
              where i.participant_id = p.id and i.hour > $2::timestamptz - interval '24 hours' and i.hour <= $2
              group by category) as counted) as "issuedInDay"
  from participant p
  where p.signifier = any($1) and p.created_at <= $2`;
