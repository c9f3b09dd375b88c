import type { FeedSnapshot } from '../../src/domain/feed.ts';
import {
  allocationKey,
  entryKey,
  marketKey,
  partyKey,
  type FeedDiff,
  type RecordDiff,
} from '../../src/registry/feed-diff.ts';

/** What would be on record after a diff, whatever stands against it: the model that an import is held against. */
export function applyDiff(current: FeedSnapshot, diff: FeedDiff): FeedSnapshot {
  return {
    feed: diff.to,
    registryEntries: applied(current.registryEntries, diff.registryEntries, entryKey),
    parties: applied(current.parties, diff.parties, partyKey),
    allocations: applied(current.allocations, diff.allocations, allocationKey),
    marketParticipants: applied(current.marketParticipants, diff.marketParticipants, marketKey),
  };
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

/** Field by field, as an import writes it: what a change does not name stays. */
function applied<T extends object>(
  current: readonly T[],
  { added, changed, ended }: RecordDiff<T>,
  keyOf: (one: T) => string,
): T[] {
  const records = new Map(current.map((one) => [keyOf(one), one]));
  for (const one of ended) records.delete(keyOf(one));
  for (const { before, fields } of changed) {
    const now = { ...before } as Record<string, unknown>;
    for (const { field, before: was, after } of fields) {
      expect(now[field]).toEqual(was);
      if (after === undefined) Reflect.deleteProperty(now, field);
      else now[field] = after;
    }
    records.set(keyOf(before), now as T);
  }
  for (const { row, ...one } of added) {
    expect(row).toBeGreaterThan(1);
    records.set(keyOf(one as unknown as T), one as unknown as T);
  }
  return [...records.values()];
}
