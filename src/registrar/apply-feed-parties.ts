import { STATE_MACHINES, type Details, type Fact, type FactKind } from '../domain/facts.ts';
import type { FeedFile, FeedParty } from '../domain/feed.ts';
import { query, type Transaction } from '../db/query.ts';
import { recordFacts, type FactChange, type FactOrigin } from '../registry/record-facts.ts';
import type { RecordDiff } from '../registry/feed-diff.ts';
import { heldBefore } from '../registry/membership-history.ts';
import { notify } from '../registry/notifications.ts';
import { mayWithdraw, type FeedOnRecord } from './feed-on-record.ts';

/**
 * New Parties and RDPs, and what changed of their details and memberships. A Party that the feed no longer has is
 * WITHDRAWN; an RDP only loses its identifiers.
 * @returns every participant's id by Signifier, the new ones included
 */
export async function applyParties(
  { added, changed, ended }: RecordDiff<FeedParty>,
  { ids: known, facts, memberships }: FeedOnRecord,
  origin: FactOrigin,
  db: Transaction,
): Promise<Map<string, string>> {
  const ids = new Map(known);
  for (const [signifier, id] of await insertParticipants(added, origin.recordedAt, db))
    ids.set(signifier, id);
  const told = [...added, ...changed.map((one) => one.after)];
  const changes = told.flatMap((party) => {
    const participantId = idOf(party.signifier, ids);
    const present = facts.get(participantId) ?? [];
    return [
      ...detailsChange(party, participantId, present, origin.recordedAt),
      ...membershipChanges(party, participantId, memberships.get(participantId) ?? []),
    ];
  });
  const withdrawn = ended.flatMap(({ signifier }) => {
    const participantId = idOf(signifier, ids);
    return mayWithdraw(memberships.get(participantId)?.at(-1)?.state)
      ? [
          {
            participantId,
            kind: 'MEMBERSHIP',
            key: '',
            state: 'WITHDRAWN',
            since: origin.recordedAt,
            value: {},
          } as const,
        ]
      : [];
  });
  await recordInTurn([...changes, ...withdrawn.map((one) => [one])], origin, db);
  return ids;
}

/**
 * What the feed says of proposed details. Those that its row of the Party says too are confirmed and applied (requirements
 * 3.2); the DCC is told when it acknowledges the feed. Who has no row confirms nothing, whatever is on record.
 */
export async function confirmDetails(
  { feed: { version }, parties }: Pick<FeedFile, 'feed' | 'parties'>,
  ids: ReadonlyMap<string, string>,
  { facts }: FeedOnRecord,
  origin: FactOrigin,
  db: Transaction,
): Promise<void> {
  const confirmed = parties.flatMap((party) => {
    const participantId = idOf(party.signifier, ids);
    return (facts.get(participantId) ?? [])
      .filter((one): one is Fact<'DETAILS_CHANGE'> => one.kind === 'DETAILS_CHANGE')
      .filter(({ state, value }) => state === 'PROPOSED' && says(party, value.proposed))
      .map((fact) => ({ participantId, fact }));
  });
  await recordInTurn(
    confirmed.map(({ participantId, fact: { key, value } }) =>
      ['CONFIRMED_BY_PANEL', 'APPLIED'].map((state) => ({
        participantId,
        kind: 'DETAILS_CHANGE' as const,
        key,
        state,
        since: origin.recordedAt,
        value: { ...value, confirmedBy: version },
      })),
    ),
    origin,
    db,
  );
  await notify(
    confirmed.map(({ participantId, fact }) => ({
      participantId,
      at: origin.recordedAt,
      event: 'details-change.applied',
      object: fact.key,
      text: `SECAS confirmed the proposed details: ${Object.keys(fact.value.proposed).join(', ')}.`,
    })),
    db,
  );
}

/** Whether the row of a Party says all that was proposed. */
function says(party: FeedParty, proposed: Partial<Details>): boolean {
  const told: Partial<Details> = party;
  return Object.entries(proposed).every(([name, value]) => told[name as keyof Details] === value);
}

async function insertParticipants(
  added: readonly FeedParty[],
  at: Date,
  db: Transaction,
): Promise<[string, string][]> {
  if (added.length === 0) return [];
  const { rows } = await query<{ id: string; signifier: string }>(
    db,
    `insert into participant (signifier, type, created_at)
     select signifier, "partyType", $2 from jsonb_to_recordset($1::jsonb) as added (signifier text, "partyType" text)
     returning id, signifier`,
    [JSON.stringify(added.map(({ signifier, partyType }) => ({ signifier, partyType }))), at],
  );
  return rows.map(({ id, signifier }) => [signifier, id]);
}

function detailsChange(
  party: FeedParty,
  participantId: string,
  present: readonly Fact[],
  at: Date,
): FactChange[][] {
  const { legalName, tradingName, companyNumber, organisationNumber, legalEntityId, partyCategory } = party;
  const value = { legalName, tradingName, companyNumber, organisationNumber, legalEntityId, partyCategory };
  const told = Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
  const held = present.find((one) => one.kind === 'DETAILS' && one.state !== 'VOID')?.value;
  const same =
    held !== undefined &&
    Object.keys({ ...held, ...told }).every((name) => (held as Record<string, unknown>)[name] === told[name]);
  // Before it was told here, it was so already.
  const since = held === undefined ? new Date(0) : at;
  return same
    ? []
    : [
        [
          {
            participantId,
            kind: 'DETAILS',
            key: '',
            state: 'RECORDED',
            since,
            value: told,
          },
        ],
      ];
}

/**
 * The states from the one on record to the one in the feed: what happened between two feeds is on record too. The same state
 * with another date, and a state that begins before the one on record does, correct the record: that one never was. Where the
 * new one begins later, what held before it holds until then.
 */
function membershipChanges(
  party: FeedParty,
  participantId: string,
  versions: readonly Fact<'MEMBERSHIP'>[],
): FactChange[][] {
  const { membershipState: to, membershipSince: since, expelledAt, reapplicationFrom } = party;
  if (to === undefined || since === undefined) return [];
  const latest = versions.at(-1);
  const held = latest?.state === 'VOID' ? undefined : latest;
  const same =
    held?.state === to &&
    held.since.getTime() === since.getTime() &&
    held.value.expelledAt?.getTime() === expelledAt?.getTime() &&
    held.value.reapplicationFrom?.getTime() === reapplicationFrom?.getTime();
  if (same) return [];
  const value = {
    ...(expelledAt === undefined ? {} : { expelledAt }),
    ...(reapplicationFrom === undefined ? {} : { reapplicationFrom }),
  };
  const version = (state: string, at: Date) =>
    ({ participantId, kind: 'MEMBERSHIP', key: '', state, since: at, value }) as const;
  const onTheWay = (from: string) =>
    pathBetween('MEMBERSHIP', from, to).map((state) => version(state, since));
  if (held === undefined || (held.state !== to && held.since <= since)) return [onTheWay(held?.state ?? '')];
  const neverWas = version('VOID', held.since);
  const before = held.since < since ? heldBefore(versions, held) : undefined;
  if (before === undefined) return [[neverWas, version(to, since)]];
  const restated = { ...version(before.state, before.since), value: before.value };
  const next = before.state === to ? [version('VOID', since), version(to, since)] : onTheWay(before.state);
  return [[neverWas, restated, ...next]];
}

/** The shortest way from one state to another; straight there when there is none, for the record to refuse. */
function pathBetween(kind: FactKind, from: string, to: string): string[] {
  const ways: string[][] = [[from]];
  const seen = new Set([from]);
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    const last = way.at(-1) ?? from;
    if (last === to && way.length > 1) return way.slice(1);
    for (const next of STATE_MACHINES[kind][last] ?? [])
      if (next !== 'VOID' && !seen.has(next)) {
        seen.add(next);
        ways.push([...way, next]);
      }
  }
  return [to];
}

/** Several versions of one fact are written one after the other; the first versions of all facts together, and so on. */
async function recordInTurn(
  histories: readonly (readonly FactChange[])[],
  origin: FactOrigin,
  db: Transaction,
): Promise<void> {
  const longest = Math.max(0, ...histories.map((one) => one.length));
  for (let turn = 0; turn < longest; turn += 1)
    await recordFacts(
      histories.flatMap((one) => one[turn] ?? []),
      origin,
      db,
    );
}

function idOf(signifier: string, ids: ReadonlyMap<string, string>): string {
  const id = ids.get(signifier);
  if (id === undefined) throw new TypeError(`${signifier} is nobody's Signifier`);
  return id;
}
