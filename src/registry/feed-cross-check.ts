import { didYouMean } from '../domain/did-you-mean.ts';
import { findNoBlock, formatEui64, masBlockOf, rangeContains, type Eui64 } from '../domain/eui64.ts';
import { euiRange } from '../domain/feed.ts';
import type {
  FeedAllocation,
  FeedIssue,
  FeedMarketParticipant,
  FeedParty,
  FeedRegistryEntry,
  InRow,
} from '../domain/feed.ts';
import type { FeedRecordKind } from './feed-columns.ts';
import type { FeedFaults } from './feed-faults.ts';

/** The rows of a feed whose cells are in order, by kind; and what is known of the others. */
export interface FeedRows {
  readonly FEED: InRow<FeedIssue>[];
  readonly REGISTRY_ENTRY: InRow<FeedRegistryEntry>[];
  readonly PARTY: InRow<FeedParty>[];
  readonly ALLOCATION: InRow<FeedAllocation>[];
  readonly MARKET_PARTICIPANT: InRow<FeedMarketParticipant>[];
  /** Kinds of which a row was refused: what depends on all of them is not judged. */
  readonly broken: Set<FeedRecordKind>;
  /** Every Signifier that a PARTY row names, refused ones too. */
  readonly signifiers: Set<string>;
}

/** What no single cell shows: fields that exclude each other, ranges, duplicates, names of nobody. */
export function checkFeed(rows: FeedRows, faults: FeedFaults): void {
  const conflict = (row: number, column: string | undefined, detail: string, fix: string) =>
    faults.add({ reason: 'FEED_CONFLICT', row, ...(column === undefined ? {} : { column }), detail, fix });
  checkIssue(rows, conflict);
  checkParties(rows, conflict);
  checkRanges('REGISTRY_ENTRY', rows, conflict);
  checkBlocks(rows, conflict);
  unique(rows.REGISTRY_ENTRY, ({ name }) => name, 'name', conflict);
  checkRanges('ALLOCATION', rows, conflict);
  checkAllocations(rows, conflict);
  checkMarketParticipants(rows, conflict);
}

type Conflict = (row: number, column: string | undefined, detail: string, fix: string) => void;

function checkIssue({ FEED, broken }: FeedRows, conflict: Conflict): void {
  const [first, ...others] = FEED;
  if (first === undefined && !broken.has('FEED'))
    conflict(1, 'record', 'no row is a FEED', 'Add the row with version and issuedAt.');
  for (const { row } of others)
    conflict(row, 'record', `a second FEED row; the first is row ${String(first?.row)}`, 'Keep one.');
}

function checkParties({ PARTY }: FeedRows, conflict: Conflict): void {
  for (const party of PARTY) {
    const isParty = party.partyType === 'SEC_PARTY';
    for (const name of OF_PARTIES)
      if (isParty && party[name] === undefined)
        conflict(party.row, name, `a SEC_PARTY has a ${name}`, 'Fill the cell.');
    for (const name of [...OF_PARTIES, 'expelledAt', 'reapplicationFrom'] as const)
      if (!isParty && party[name] !== undefined)
        conflict(party.row, name, `an RDP is no Party and has no ${name}`, 'Leave the cell empty.');
    if (isParty && party.expelledAt !== undefined && party.membershipState !== 'EXPELLED')
      conflict(
        party.row,
        'expelledAt',
        `${party.signifier} is ${String(party.membershipState)} and not EXPELLED`,
        'Leave the cell empty, or correct membershipState.',
      );
  }
  unique(PARTY, ({ signifier }) => signifier, 'signifier', conflict);
  unique(PARTY, ({ organisationNumber }) => organisationNumber, 'organisationNumber', conflict);
}

function checkAllocations(rows: FeedRows, conflict: Conflict): void {
  const types = new Map(rows.PARTY.map(({ signifier, partyType }) => [signifier, partyType]));
  const entryOf = rangeFinder(rows.REGISTRY_ENTRY);
  const requireParty = partyRequirement(rows, conflict);
  for (const one of rows.ALLOCATION) {
    const { row, signifier, identifierKind: kind, euiFrom, euiTo } = one;
    const type = types.get(signifier);
    // The DCC is no Party and has no PARTY row.
    if (kind !== 'DCC_ID') requireParty(row, signifier);
    if (type !== undefined && kind !== (type === 'RDP' ? 'RDP_ID' : 'USER_ID'))
      conflict(
        row,
        'identifierKind',
        `${signifier} is of type ${type} and gets no ${kind}`,
        'A SEC_PARTY gets USER_ID, an RDP gets RDP_ID, the DCC gets DCC_ID.',
      );
    const entry = entryOf(euiFrom);
    if (entry === undefined ? !rows.broken.has('REGISTRY_ENTRY') : euiTo > entry.euiTo)
      conflict(
        row,
        entry === undefined ? 'euiFrom' : 'euiTo',
        `${shownRange(one)} does not lie in a REGISTRY_ENTRY`,
        'Correct the range, or add the Registry Entry.',
      );
    const { allocationRequestedAt: requested, allocatedAt: allocated } = one;
    if (requested !== undefined && allocated !== undefined && allocated < requested)
      conflict(
        row,
        'allocatedAt',
        'it was allocated before it was requested',
        'Correct one of the two dates.',
      );
  }
}

function checkMarketParticipants(rows: FeedRows, conflict: Conflict): void {
  const allocationOf = rangeFinder(
    rows.ALLOCATION.filter(({ identifierKind }) => identifierKind === 'USER_ID'),
  );
  const requireParty = partyRequirement(rows, conflict);
  for (const { row, signifier, userId } of rows.MARKET_PARTICIPANT) {
    if (!requireParty(row, signifier) || userId === undefined) continue;
    const owner = allocationOf(userId)?.signifier;
    if (owner !== signifier && (owner !== undefined || !rows.broken.has('ALLOCATION')))
      conflict(
        row,
        'userId',
        `${formatEui64(userId)} is in no USER_ID allocation of ${signifier}`,
        'Correct the User ID, or allocate its range.',
      );
  }
  unique(
    rows.MARKET_PARTICIPANT,
    (one) => `${one.scheme} ${one.marketParticipantId} ${one.roleCode}`,
    'marketParticipantId',
    conflict,
  );
}

function partyRequirement({ PARTY, signifiers }: FeedRows, conflict: Conflict) {
  const names = PARTY.map(({ signifier }) => signifier);
  const suggestions = new Map<string, string>();
  return (row: number, signifier: string): boolean => {
    if (signifiers.has(signifier)) return true;
    // Comparing with every Signifier takes its time: only for the first few that are unknown.
    if (suggestions.size < MOST_SUGGESTIONS && !suggestions.has(signifier))
      suggestions.set(signifier, didYouMean(signifier, names));
    conflict(
      row,
      'signifier',
      `no PARTY has the Signifier ${signifier}${suggestions.get(signifier) ?? ''}`,
      'Correct the Signifier, or add the PARTY.',
    );
    return false;
  };
}

/** Finds the range that an identifier lies in, by halving; where ranges overlap, one of them. */
function rangeFinder<T extends Ranged>(all: readonly T[]): (eui64: Eui64) => T | undefined {
  const sorted = inOrder(all);
  return (eui64) => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sorted[middle]?.euiFrom ?? '') <= eui64) low = middle + 1;
      else high = middle;
    }
    const found = sorted[low - 1];
    return found !== undefined && rangeContains(euiRange(found), eui64) ? found : undefined;
  };
}

type Ranged = InRow<{
  readonly euiFrom: Eui64;
  readonly euiTo: Eui64;
  readonly signifier?: string;
  readonly name?: string;
}>;

/** Ranges that end before they begin, and ranges that share an identifier: each with the one before it. */
function checkRanges(kind: 'REGISTRY_ENTRY' | 'ALLOCATION', rows: FeedRows, conflict: Conflict): void {
  const all: readonly Ranged[] = rows[kind];
  for (const one of all)
    if (one.euiFrom > one.euiTo) {
      rows.broken.add(kind);
      conflict(
        one.row,
        'euiTo',
        `the range ends before it begins (${shownRange(one)})`,
        'Exchange euiFrom and euiTo.',
      );
    }
  const sorted = inOrder(all);
  let reaching: Ranged | undefined;
  for (const one of sorted) {
    if (reaching !== undefined && one.euiFrom <= reaching.euiTo) {
      const [first, second] = reaching.row < one.row ? [reaching, one] : [one, reaching];
      conflict(
        second.row,
        'euiFrom',
        `${shownRange(second)} overlaps the ${kind} of ${String(first.signifier ?? first.name)} in row ${String(first.row)} (${shownRange(first)})`,
        'Correct one of the two ranges.',
      );
    }
    if (reaching === undefined || one.euiTo > reaching.euiTo) reaching = one;
  }
}

function checkBlocks({ REGISTRY_ENTRY }: FeedRows, conflict: Conflict): void {
  for (const entry of REGISTRY_ENTRY) {
    const detail = findNoBlock(euiRange(entry));
    const column = masBlockOf(entry.euiFrom).from === entry.euiFrom ? 'euiTo' : 'euiFrom';
    if (detail !== undefined)
      conflict(
        entry.row,
        column,
        detail,
        'Write the first and the last EUI-64 of the block; of several blocks, a row each.',
      );
  }
}

/** Without those that end before they begin. */
function inOrder<T extends Ranged>(all: readonly T[]): T[] {
  return all
    .filter(({ euiFrom, euiTo }) => euiFrom <= euiTo)
    .sort((left, right) =>
      left.euiFrom < right.euiFrom ? -1 : left.euiFrom > right.euiFrom ? 1 : left.row - right.row,
    );
}

function unique<T extends InRow<object>>(
  all: readonly T[],
  keyOf: (one: T) => string,
  column: string,
  conflict: Conflict,
): void {
  const first = new Map<string, number>();
  for (const one of all) {
    const key = keyOf(one);
    const before = first.get(key);
    if (before === undefined) first.set(key, one.row);
    else
      conflict(
        one.row,
        column,
        `${key} stands in row ${String(before)} already`,
        'Keep one of the two rows.',
      );
  }
}

const shownRange = ({ euiFrom, euiTo }: { euiFrom: Eui64; euiTo: Eui64 }) =>
  `${formatEui64(euiFrom)} to ${formatEui64(euiTo)}`;
const OF_PARTIES = ['partyCategory', 'membershipState', 'membershipSince'] as const;
const MOST_SUGGESTIONS = 20;
