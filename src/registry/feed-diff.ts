import { Fault, type Reason } from '../domain/fault.ts';
import type {
  FeedAllocation,
  FeedFile,
  FeedIssue,
  FeedMarketParticipant,
  FeedParty,
  FeedRegistryEntry,
  FeedSnapshot,
  InRow,
} from '../domain/feed.ts';
import { FEED_RECORDS, type FeedRecordKind } from './feed-columns.ts';
import { notApplicable } from './feed-faults.ts';
import { findEarlyReapplication } from './reapplication.ts';
import { findTestOnlyFaults, type TestOnlyRange } from './test-only-ranges.ts';

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

export interface DiffLimits {
  /** The largest share of the Parties on record that one feed may leave out, from 0 to 1. */
  readonly vanishingShare: number;
  /** The latest instant at which a feed can have been issued; absent: any. */
  readonly latest?: Date;
  /** EUI-64s of the DCC, for tests only: no Registry Entry and no allocation begins or changes there. Absent: none. */
  readonly testOnly?: readonly TestOnlyRange[];
}
export const DIFF_LIMITS: DiffLimits = { vanishingShare: 0.1 };

/**
 * What a checked feed changes in what is on record. Records are the same by name (Registry Entry), Signifier (Party),
 * Signifier, kind and range (allocation), scheme, identifier and role code (market): a range that grows or moves to
 * another ends and begins.
 * @param current  what the registry holds now
 * @returns        the diff, faults within it: a version or an instant that is not newer, or not yet here, a Signifier whose
 *                 type changes, an expelled Party that applies too early, an organisation number that moves to another
 *                 Signifier, a Registry Entry or an allocation that begins or changes among the test-only EUI-64s of the DCC,
 *                 too many Parties gone at once
 */
export function diffFeed(current: FeedSnapshot, feed: FeedFile, limits: DiffLimits = DIFF_LIMITS): FeedDiff {
  const parties = diffRecords('PARTY', current.parties, feed.parties, partyKey);
  const registryEntries = diffRecords(
    'REGISTRY_ENTRY',
    current.registryEntries,
    feed.registryEntries,
    entryKey,
  );
  const allocations = diffRecords('ALLOCATION', current.allocations, feed.allocations, allocationKey);
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
    faults: [
      ...issueFaults(current.feed, feed.feed),
      ...futureFaults(feed.feed, limits),
      ...typeFaults(parties),
      ...reapplicationFaults(parties),
      ...numberFaults(current.parties, feed.parties),
      ...findTestOnlyFaults([...stated(registryEntries), ...stated(allocations)], limits.testOnly),
      ...vanishingFaults(current.parties.length, parties.ended, limits),
    ],
  };
}

/** @throws Fault `feed-invalid` when something stands against the diff */
export function requireApplicable({ faults }: FeedDiff): void {
  if (faults.length > 0)
    throw new Fault('feed-invalid', 'The feed contradicts what is on record; nothing was applied.', {
      reasons: faults.slice(0, MOST_TOLD),
    });
}

/** Whether the feed says what is on record already. */
export function isEmptyDiff({
  registryEntries,
  parties,
  allocations,
  marketParticipants,
}: FeedDiff): boolean {
  return [registryEntries, parties, allocations, marketParticipants].every(
    ({ added, changed, ended }) => added.length + changed.length + ended.length === 0,
  );
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

function issueFaults(current: FeedIssue | undefined, feed: InRow<FeedIssue>): Reason[] {
  if (current === undefined) return [];
  if (feed.version <= current.version)
    return [
      notApplicable(
        feed.row,
        `version ${String(feed.version)} is not newer than version ${String(current.version)}, which is on record`,
        'Send a newer feed.',
      ),
    ];
  return feed.issuedAt < current.issuedAt
    ? [
        notApplicable(
          feed.row,
          `version ${String(feed.version)} was issued before version ${String(current.version)}, which is on record`,
          'Correct issuedAt.',
        ),
      ]
    : [];
}

/** Once such a feed is taken, no other is until its instant has come, and none is called stale. */
function futureFaults({ row, issuedAt }: InRow<FeedIssue>, { latest }: DiffLimits): Reason[] {
  if (latest === undefined || issuedAt <= latest) return [];
  const fix = 'Correct issuedAt to the instant at which the feed was made.';
  return [notApplicable(row, `issuedAt ${issuedAt.toISOString()} lies in the future`, fix)];
}

/** A Signifier names one Party or one RDP for good (government response, paragraphs 32 and 40). */
function typeFaults({ changed }: RecordDiff<FeedParty>): Reason[] {
  return changed
    .filter(({ before, after }) => before.partyType !== after.partyType)
    .map(({ before, after }) =>
      notApplicable(
        after.row,
        `${after.signifier} is of type ${before.partyType} on record and ${after.partyType} in the feed`,
        'Give the new organisation a Signifier of its own.',
      ),
    );
}

/** Who was expelled stays out for a while (SEC Section B1.2(b)). */
function reapplicationFaults({ changed }: RecordDiff<FeedParty>): Reason[] {
  return changed.flatMap(({ before, after }) => {
    const early = findEarlyReapplication(before, after);
    if (early === undefined) return [];
    const fix =
      'Correct membershipState or membershipSince; where the Panel set an earlier date, write it in reapplicationFrom.';
    return [{ ...notApplicable(after.row, early, fix), clause: 'SEC Section B1.2(b)' }];
  });
}

/** Each Party and each RDP has exactly one Signifier (government response, paragraph 32). */
function numberFaults(current: readonly FeedParty[], feed: readonly InRow<FeedParty>[]): Reason[] {
  const owners = new Map(current.map((party) => [party.organisationNumber, party.signifier]));
  return feed.flatMap(({ row, organisationNumber, signifier }) => {
    const owner = owners.get(organisationNumber);
    return owner === undefined || owner === signifier
      ? []
      : [
          notApplicable(
            row,
            `organisation number ${organisationNumber} is ${owner}'s on record and ${signifier}'s in the feed`,
            'Keep the Signifier of the organisation, or give the other one a number of its own.',
          ),
        ];
  });
}

/** A feed cut short looks like one in which many have left. */
function vanishingFaults(
  onRecord: number,
  ended: readonly FeedParty[],
  { vanishingShare }: DiffLimits,
): Reason[] {
  if (ended.length === 0 || ended.length <= onRecord * vanishingShare) return [];
  const names = ended.slice(0, MOST_NAMED).map(({ signifier }) => signifier);
  const more = ended.length > names.length ? ` and ${String(ended.length - names.length)} more` : '';
  return [
    notApplicable(
      undefined,
      `${String(ended.length)} of ${String(onRecord)} Parties and RDPs on record are not in the feed: ${names.join(', ')}${more}`,
      `Send the whole feed: who leaves stays in it as WITHDRAWN or EXPELLED. At most ${String(vanishingShare * 100)} % may go at once.`,
    ),
  ];
}

const stated = <T>({ added, changed }: RecordDiff<T>) => [...added, ...changed.map((one) => one.after)];
const isSame = (before: unknown, after: unknown) =>
  before instanceof Date && after instanceof Date ? before.getTime() === after.getTime() : before === after;

const MOST_TOLD = 200;
const MOST_NAMED = 10;
