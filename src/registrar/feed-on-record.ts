import { STATE_MACHINES, type Details, type Fact } from '../domain/facts.ts';
import type {
  FeedAllocation,
  FeedIssue,
  FeedMarketParticipant,
  FeedParty,
  FeedSnapshot,
  RecordedSnapshot,
} from '../domain/feed.ts';
import type { Eui64Range } from '../domain/eui64.ts';
import type { MembershipState } from '../domain/participant.ts';
import { query, type Db, type Transaction } from '../db/query.ts';
import { findLatestFacts, findVersions } from '../registry/facts.ts';
import { findExpulsion } from '../registry/membership-history.ts';
import { findEntries } from '../registry/registry-entries.ts';
import type { ParticipantRef } from '../registry/participants.ts';
import type { TestOnlyRange } from '../registry/test-only-ranges.ts';

/** What the SECAS feed owns, as it is on record, and the participants by Signifier. */
export interface FeedOnRecord {
  readonly snapshot: RecordedSnapshot;
  /** Allocations of the DCC that have not ended: no feed states, changes or ends them. */
  readonly testOnly: readonly TestOnlyRange[];
  readonly ids: ReadonlyMap<string, string>;
  /** By participant id: the latest version of each fact, begun or not. */
  readonly facts: ReadonlyMap<string, readonly Fact[]>;
  /** By participant id: every version of its membership, oldest first. */
  readonly memberships: ReadonlyMap<string, readonly Fact<'MEMBERSHIP'>[]>;
}

/**
 * Reads everything that a feed may change; the latest versions, whether they have begun or not. What others hold, non-Parties and
 * service providers, is no part of it: a feed cannot state it, so it cannot end it.
 */
export async function findFeedOnRecord(db: Transaction): Promise<FeedOnRecord> {
  const { rows: participants } = await query<ParticipantRef>(
    db,
    `select id, signifier, type from participant`,
  );
  const everyId = participants.map((one) => one.id);
  const facts = await findLatestFacts(everyId, db);
  const memberships = await findVersions(everyId, 'MEMBERSHIP', db);
  const parties = participants.flatMap(({ id, signifier, type }) =>
    isOfFeed(type) ? [toParty(signifier, type, facts.get(id) ?? [])] : [],
  );
  const feed = await findLatestIssue(db);
  const told = {
    ...(feed === undefined ? {} : { feed }),
    registryEntries: (await findEntries(db)).map(({ name, from, to }) => ({
      name,
      euiFrom: from,
      euiTo: to,
    })),
    parties,
    allocations: await findAllocations(db),
    marketParticipants: await findMarketParticipants(db),
  };
  const outsiders = participants.filter(({ type }) => !isOfFeed(type));
  const expulsions = participants.flatMap(({ id, signifier }) => {
    const expulsion = findExpulsion(memberships.get(id) ?? []);
    return expulsion === undefined ? [] : [[signifier, expulsion] as const];
  });
  return {
    snapshot: {
      ...told,
      outsiders: new Map(outsiders.map(({ signifier, type }) => [signifier, type])),
      expulsions: new Map(expulsions),
      gone: findGone(told),
    },
    testOnly: await findTestOnly(db),
    ids: new Map(participants.map(({ id, signifier }) => [signifier, id])),
    facts,
    memberships,
  };
}

const isOfFeed = (type: ParticipantRef['type']): type is FeedParty['partyType'] =>
  type === 'SEC_PARTY' || type === 'RDP';

/** Of whom a feed could end nothing: neither a membership that may be withdrawn nor an identifier is on record. */
function findGone({ parties, allocations, marketParticipants }: FeedSnapshot): Set<string> {
  const holders = new Set([...allocations, ...marketParticipants].map(({ signifier }) => signifier));
  const gone = parties.filter(
    ({ signifier, membershipState }) => !holders.has(signifier) && !mayWithdraw(membershipState),
  );
  return new Set(gone.map(({ signifier }) => signifier));
}

/** Whether this state of a membership, if there is one, ends with a feed that no longer has the Party. */
export function mayWithdraw(state: string | undefined): boolean {
  return state !== undefined && STATE_MACHINES.MEMBERSHIP[state]?.includes('WITHDRAWN') === true;
}

/** The feed that was taken last. */
export async function findLatestIssue(db: Db): Promise<FeedIssue | undefined> {
  const { rows } = await query<FeedIssue>(
    db,
    `select version, issued_at as "issuedAt" from feed_import order by version desc limit 1`,
  );
  return rows[0];
}

function toParty(signifier: string, partyType: FeedParty['partyType'], facts: readonly Fact[]): FeedParty {
  const details = facts.find((one) => one.kind === 'DETAILS' && one.state !== 'VOID')?.value as
    Details | undefined;
  const membership = facts.find((one) => one.kind === 'MEMBERSHIP' && one.state !== 'VOID') as
    Fact<'MEMBERSHIP'> | undefined;
  const {
    legalName = signifier,
    organisationNumber = '',
    tradingName,
    companyNumber,
    legalEntityId,
    partyCategory,
  } = details ?? {};
  const optional = {
    tradingName,
    companyNumber,
    legalEntityId,
    partyCategory,
    membershipState: membership?.state as MembershipState | undefined,
    membershipSince: membership?.since,
    expelledAt: membership?.value.expelledAt,
    reapplicationFrom: membership?.value.reapplicationFrom,
  };
  const present = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  return { organisationNumber, signifier, partyType, legalName, ...present };
}

async function findAllocations(db: Transaction): Promise<FeedAllocation[]> {
  const { rows } = await query<{
    one: FeedAllocation & { allocationRequestedAt?: string; allocatedAt?: string };
  }>(
    db,
    `select json_strip_nulls(json_build_object('signifier', p.signifier, 'identifierKind', i.kind, 'euiFrom', i.eui64_from,
       'euiTo', i.eui64_to, 'environment', i.environment, 'allocationRequestedAt', i.requested_at, 'allocatedAt', i.allocated_at)) as one
       from identifier_allocation i join participant p on p.id = i.participant_id where i.valid_to is null and i.source <> 'DCC'
         and (p.type in ('SEC_PARTY', 'RDP') or p.type = 'DCC' and i.kind = 'DCC_ID')`,
  );
  return rows.map(({ one: { allocationRequestedAt: requested, allocatedAt: allocated, ...rest } }) => ({
    ...rest,
    ...(requested === undefined ? {} : { allocationRequestedAt: new Date(requested) }),
    ...(allocated === undefined ? {} : { allocatedAt: new Date(allocated) }),
  }));
}

async function findTestOnly(db: Transaction): Promise<TestOnlyRange[]> {
  const { rows } = await query<Eui64Range & { signifier: string }>(
    db,
    `select p.signifier, i.eui64_from as "from", i.eui64_to as "to"
       from identifier_allocation i join participant p on p.id = i.participant_id
      where i.valid_to is null and i.source = 'DCC' order by i.eui64_from`,
  );
  return rows.map(({ signifier, from, to }) => ({
    from,
    to,
    what: `a test-only allocation of ${signifier}`,
  }));
}

async function findMarketParticipants(db: Transaction): Promise<FeedMarketParticipant[]> {
  const { rows } = await query<{ one: FeedMarketParticipant }>(
    db,
    `select json_strip_nulls(json_build_object('signifier', p.signifier, 'scheme', m.scheme,
       'marketParticipantId', m.market_participant_id, 'roleCode', m.role_code, 'userId', m.user_id)) as one
       from market_participant_identity m join participant p on p.id = m.participant_id where m.valid_to is null`,
  );
  return rows.map((row) => row.one);
}
