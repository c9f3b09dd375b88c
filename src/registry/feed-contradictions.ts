import type { Reason } from '../domain/fault.ts';
import {
  FEED_VANISHING_PERCENT,
  type FeedAllocation,
  type FeedFile,
  type FeedIssue,
  type FeedParty,
  type InRow,
  type RecordedSnapshot,
} from '../domain/feed.ts';
import { notApplicable } from './feed-faults.ts';
import { findEarlyReapplication } from './reapplication.ts';
import { findTestOnlyFaults, type TestOnlyRange } from './test-only-ranges.ts';

export interface DiffLimits {
  /** The largest share that one feed may leave out, from 0 to 1, of the Parties and RDPs on record that are not gone already. */
  readonly vanishingShare: number;
  /** The latest instant at which a feed can have been issued; absent: any. */
  readonly latest?: Date;
  /** EUI-64s of the DCC, for tests only: no Registry Entry and no allocation begins or changes there. Absent: none. */
  readonly testOnly?: readonly TestOnlyRange[];
}
export const DIFF_LIMITS: DiffLimits = { vanishingShare: FEED_VANISHING_PERCENT / 100 };

/** How the Parties and RDPs of a feed differ from those on record. */
interface PartyDiff {
  readonly added: readonly InRow<FeedParty>[];
  readonly changed: readonly { readonly before: FeedParty; readonly after: InRow<FeedParty> }[];
  readonly ended: readonly FeedParty[];
}

/**
 * What stands against a feed although its rows agree with each other: what is on record.
 * @param parties  how its Parties and RDPs differ from those on record
 * @param begun    Registry Entries and allocations that begin or change
 * @returns  all of it; empty when the feed can be applied
 */
export function findContradictions(
  current: RecordedSnapshot,
  feed: FeedFile,
  {
    parties,
    begun,
  }: { readonly parties: PartyDiff; readonly begun: Parameters<typeof findTestOnlyFaults>[0] },
  limits: DiffLimits,
): Reason[] {
  return [
    ...issueFaults(current.feed, feed.feed),
    ...futureFaults(feed.feed, limits),
    ...typeFaults(parties),
    ...outsiderFaults(parties, current),
    ...dccIdFaults(feed.allocations, current),
    ...reapplicationFaults(parties, current),
    ...numberFaults(current.parties, feed.parties),
    ...findTestOnlyFaults(begun, limits.testOnly),
    ...vanishingFaults(current.parties.length - (current.gone?.size ?? 0), parties.ended, limits),
  ];
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
function typeFaults({ changed }: PartyDiff): Reason[] {
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

/** Who comes with no feed has its Signifier for good too (government response, paragraph 32): a new Party cannot get it. */
function outsiderFaults({ added }: PartyDiff, { outsiders }: RecordedSnapshot): Reason[] {
  return added.flatMap(({ row, signifier, partyType }) => {
    const type = outsiders?.get(signifier);
    return type === undefined
      ? []
      : [
          notApplicable(
            row,
            `${signifier} is of type ${type} on record and ${partyType} in the feed`,
            `Give it a Signifier of its own; the DCC closes the record of ${signifier} when it is the same organisation.`,
          ),
        ];
  });
}

/** Only the DCC has a DCC_ID, and it comes with no PARTY row. */
function dccIdFaults(
  allocations: readonly InRow<FeedAllocation>[],
  { outsiders }: RecordedSnapshot,
): Reason[] {
  if (outsiders === undefined) return [];
  return allocations
    .filter(
      ({ identifierKind, signifier }) => identifierKind === 'DCC_ID' && outsiders.get(signifier) !== 'DCC',
    )
    .map(({ row, signifier }) =>
      notApplicable(row, `${signifier} is not the DCC and gets no DCC_ID`, 'Write the Signifier of the DCC.'),
    );
}

/** Who was expelled stays out for a while (SEC Section B1.2(b)). */
function reapplicationFaults({ changed }: PartyDiff, { expulsions }: RecordedSnapshot): Reason[] {
  return changed.flatMap(({ before, after }) => {
    const early = findEarlyReapplication(before, after, expulsions?.get(after.signifier));
    if (early === undefined) return [];
    const fix =
      'Correct membershipState, membershipSince or reapplicationFrom, which is the date that the Panel set where it is earlier.';
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

/** A feed cut short looks like one in which many have left. @param there  how many are on record of whom a feed could end something */
function vanishingFaults(
  there: number,
  ended: readonly FeedParty[],
  { vanishingShare }: DiffLimits,
): Reason[] {
  // A quotient is as exact as the share; a product of it is not.
  if (ended.length === 0 || ended.length / there <= vanishingShare) return [];
  const names = ended.slice(0, MOST_NAMED).map(({ signifier }) => signifier);
  const more = ended.length > names.length ? ` and ${String(ended.length - names.length)} more` : '';
  return [
    notApplicable(
      undefined,
      `${String(ended.length)} of ${String(there)} Parties and RDPs on record are not in the feed: ${names.join(', ')}${more}`,
      `Send the whole feed: who leaves stays in it as WITHDRAWN or EXPELLED. At most ${String(Math.round(vanishingShare * 100))} % may go at once (TCS_FEED_VANISHING_PERCENT).`,
    ),
  ];
}

const MOST_NAMED = 10;
