import { Fault, type Reason } from '../domain/fault.ts';
import type {
  FeedAllocation,
  FeedFile,
  FeedIssue,
  FeedMarketParticipant,
  FeedParty,
  FeedRegistryEntry,
  InRow,
  RecordedSnapshot,
} from '../domain/feed.ts';
import { FEED_RECORDS, type FeedRecordKind } from './feed-columns.ts';
import { DIFF_LIMITS, findContradictions, type DiffLimits } from './feed-contradictions.ts';

/** One field that differs; a field that is absent is `undefined`. */
export interface FieldChange {
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** What a feed changes in one kind of record. */
export interface RecordDiff<T> {
  readonly added: readonly InRow<T>[];
  readonly changed: readonly {
    readonly before: T;
    readonly after: InRow<T>;
    readonly fields: readonly FieldChange[];
  }[];
  /** On record and no longer in the feed. */
  readonly ended: readonly T[];
  readonly unchanged: number;
}

/** Everything that a feed changes, and what stands against it. */
export interface FeedDiff {
  /** Absent: the first feed. */
  readonly from?: FeedIssue;
  readonly to: FeedIssue;
  readonly registryEntries: RecordDiff<FeedRegistryEntry>;
  readonly parties: RecordDiff<FeedParty>;
  readonly allocations: RecordDiff<FeedAllocation>;
  readonly marketParticipants: RecordDiff<FeedMarketParticipant>;
  /** What must not happen: with one of these the feed is not applied. */
  readonly faults: readonly Reason[];
}

/**
 * What a checked feed changes in what is on record. Records are the same by name (Registry Entry), Signifier (Party),
 * Signifier, kind and range (allocation), scheme, identifier and role code (market): a range that grows or moves to
 * another ends and begins.
 * @param current  what the registry holds now
 * @returns        the diff, faults within it: a version or an instant that is not newer, or not yet here, a Signifier whose
 *                 type changes or that belongs to somebody outside the feed, a DCC_ID of who is not the DCC, an expelled Party
 *                 that applies too early, an organisation number that moves to another Signifier, a Registry Entry or an allocation
 *                 that begins or changes among the test-only EUI-64s of the DCC, too many Parties gone at once
 */
export function diffFeed(
  current: RecordedSnapshot,
  feed: FeedFile,
  limits: DiffLimits = DIFF_LIMITS,
): FeedDiff {
  const told = keepLacking(current.parties, feed);
  const compared = diffRecords('PARTY', current.parties, told, partyKey);
  // Who has left already leaves nothing behind that could end again.
  const parties = {
    ...compared,
    ended: compared.ended.filter(({ signifier }) => current.gone?.has(signifier) !== true),
  };
  const registryEntries = diffRecords(
    'REGISTRY_ENTRY',
    current.registryEntries,
    feed.registryEntries,
    entryKey,
  );
  const allocations = diffRecords('ALLOCATION', current.allocations, feed.allocations, allocationKey);
  const begun = [...begunIn(registryEntries), ...begunIn(allocations)];
  return {
    ...(current.feed === undefined ? {} : { from: current.feed }),
    to: { version: feed.feed.version, issuedAt: feed.feed.issuedAt },
    registryEntries,
    parties,
    allocations,
    marketParticipants: diffRecords(
      'MARKET_PARTICIPANT',
      current.marketParticipants,
      feed.marketParticipants,
      marketKey,
    ),
    faults: findContradictions(current, feed, { parties, begun }, limits),
  };
}

/** @throws Fault `feed-invalid` when something stands against the diff */
export function requireApplicable({ faults }: FeedDiff): void {
  if (faults.length > 0)
    throw new Fault('feed-invalid', 'The feed contradicts what is on record; nothing was applied.', {
      reasons: faults.slice(0, MOST_TOLD),
    });
}

/** What makes a record the same record from feed to feed, readable. */
export const entryKey = ({ name }: FeedRegistryEntry): string => name;
export const partyKey = ({ signifier }: FeedParty): string => signifier;
export const allocationKey = (one: FeedAllocation): string =>
  `${one.signifier} ${one.identifierKind} ${one.euiFrom}-${one.euiTo}`;
export const marketKey = (one: FeedMarketParticipant): string =>
  `${one.scheme} ${one.marketParticipantId} ${one.roleCode}`;

function diffRecords<T extends object>(
  kind: FeedRecordKind,
  current: readonly T[],
  feed: readonly InRow<T>[],
  keyOf: (record: T) => string,
): RecordDiff<T> {
  const before = new Map(current.map((record) => [keyOf(record), record]));
  const fields = Object.keys(FEED_RECORDS[kind]) as (keyof T & string)[];
  const added: InRow<T>[] = [];
  const changed: RecordDiff<T>['changed'][number][] = [];
  for (const after of feed) {
    const key = keyOf(after);
    const known = before.get(key);
    before.delete(key);
    if (known === undefined) added.push(after);
    else {
      const changes = fields
        .filter((field) => !isSame(known[field], after[field]))
        .map((field) => ({ field, before: known[field], after: after[field] }));
      if (changes.length > 0) changed.push({ before: known, after, fields: changes });
    }
  }
  return {
    added,
    changed,
    ended: [...before.values()],
    unchanged: feed.length - added.length - changed.length,
  };
}

/** The rows of Parties, with what is on record of the columns that the feed does not have; an expulsion begins without its date. */
function keepLacking(
  current: readonly FeedParty[],
  { lacking = [], parties }: FeedFile,
): readonly InRow<FeedParty>[] {
  if (lacking.length === 0) return parties;
  const held = new Map(current.map((one) => [one.signifier, one]));
  return parties.map((party) => {
    const { membershipState, reapplicationFrom, legalEntityId } = held.get(party.signifier) ?? {};
    const isNew = party.membershipState === 'EXPELLED' && membershipState !== 'EXPELLED';
    const kept = {
      ...(reapplicationFrom === undefined || isNew ? {} : { reapplicationFrom }),
      ...(legalEntityId === undefined ? {} : { legalEntityId }),
    };
    const lacked = Object.entries(kept).filter(([name]) => lacking.includes(name));
    return lacked.length === 0 ? party : { ...party, ...Object.fromEntries(lacked) };
  });
}

/** What begins or changes. */
const begunIn = <T>({ added, changed }: RecordDiff<T>) => [...added, ...changed.map((one) => one.after)];
const isSame = (before: unknown, after: unknown) =>
  before instanceof Date && after instanceof Date ? before.getTime() === after.getTime() : before === after;

const MOST_TOLD = 200;
