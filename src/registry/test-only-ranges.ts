import { formatEui64Range, rangesOverlap, type Eui64Range } from '../domain/eui64.ts';
import type { Reason } from '../domain/fault.ts';
import { euiRange, type FeedAllocation, type FeedRegistryEntry, type InRow } from '../domain/feed.ts';
import { notApplicable } from './feed-faults.ts';

/** EUI-64s that the DCC keeps for tests. `what` they are, in words. */
export type TestOnlyRange = Eui64Range & { readonly what: string };

/**
 * What the DCC gives out for tests is nobody's else (DESIGN; requirements, F26).
 * @param rows  what a feed adds or changes: what it leaves as it was is on record already
 * @returns     a reason for each row that reaches into a test-only range, with both ranges
 */
export function findTestOnlyFaults(
  rows: readonly InRow<FeedRegistryEntry | FeedAllocation>[],
  testOnly: readonly TestOnlyRange[] = [],
): Reason[] {
  return rows.flatMap((one) => {
    const range = euiRange(one);
    const reached = testOnly.find((each) => rangesOverlap(each, range));
    if (reached === undefined) return [];
    const detail = `${formatEui64Range(range)} reaches into ${reached.what}, ${formatEui64Range(reached)}, which the DCC keeps for tests`;
    const fix = 'Correct the range, or have the DCC end the allocation or move its test block.';
    return [notApplicable(one.row, detail, fix)];
  });
}
