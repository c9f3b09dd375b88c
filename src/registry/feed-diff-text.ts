import { formatEui64, type Eui64 } from '../domain/eui64.ts';
import type { Reason } from '../domain/fault.ts';
import type { FeedAllocation } from '../domain/feed.ts';
import { FEED_RECORDS, type FeedRecordKind } from './feed-columns.ts';
import { entryKey, marketKey, partyKey, type FeedDiff, type RecordDiff } from './feed-diff.ts';

/** A diff for other programs: values as on the wire, EUI-64s with hyphens, instants as RFC 3339; rows where they are known. */
export interface FeedDiffView {
  readonly fromVersion: number | null;
  readonly toVersion: number;
  readonly issuedAt: string;
  readonly additions: readonly { record: FeedRecordKind; key: string; row: number; values: WireValues }[];
  readonly changes: readonly {
    record: FeedRecordKind;
    key: string;
    row: number;
    fields: readonly { field: string; before: WireValue; after: WireValue }[];
  }[];
  readonly endings: readonly { record: FeedRecordKind; key: string; values: WireValues }[];
  readonly unchanged: number;
  readonly faults: readonly Reason[];
}
type WireValue = string | number | null;
type WireValues = Readonly<Record<string, WireValue>>;

export function viewFeedDiff(diff: FeedDiff): FeedDiffView {
  const kinds = [
    viewRecords('REGISTRY_ENTRY', diff.registryEntries, entryKey),
    viewRecords('PARTY', diff.parties, partyKey),
    viewRecords('ALLOCATION', diff.allocations, shownAllocation),
    viewRecords('MARKET_PARTICIPANT', diff.marketParticipants, marketKey),
  ];
  return {
    fromVersion: diff.from?.version ?? null,
    toVersion: diff.to.version,
    issuedAt: wireText(diff.to.issuedAt),
    additions: kinds.flatMap(({ additions }) => additions),
    changes: kinds.flatMap(({ changes }) => changes),
    endings: kinds.flatMap(({ endings }) => endings),
    unchanged: kinds.reduce((sum, { unchanged }) => sum + unchanged, 0),
    faults: diff.faults,
  };
}

/**
 * A diff for people: a line for each record, `+` begins, `~` changes field by field, `-` ends; what stands against it last.
 */
export function feedDiffText(diff: FeedDiff): string {
  const view = viewFeedDiff(diff);
  const counts = `${count(view.additions, 'addition')}, ${count(view.changes, 'change')}, ${count(view.endings, 'ending')}`;
  const lines = [
    `Feed version ${String(view.fromVersion ?? 'none')} -> ${String(view.toVersion)}, issued ${view.issuedAt}: ${counts}, ${String(view.unchanged)} unchanged`,
    ...view.additions.map(({ record, key, values }) => `+ ${record} ${key}${listed(values)}`),
    ...view.changes.map(
      ({ record, key, fields }) =>
        `~ ${record} ${key}: ${fields.map(({ field, before, after }) => `${field} ${shown(before)} -> ${shown(after)}`).join(', ')}`,
    ),
    ...view.endings.map(({ record, key }) => `- ${record} ${key}`),
    ...view.faults.map(({ detail }) => `! ${detail}`),
  ];
  return `${lines.join('\n')}\n`;
}

function viewRecords<T extends object>(
  record: FeedRecordKind,
  { added, changed, ended, unchanged }: RecordDiff<T>,
  keyOf: (value: T) => string,
) {
  return {
    additions: added.map((one) => ({
      record,
      key: keyOf(one),
      row: one.row,
      values: wireValues(record, one),
    })),
    changes: changed.map(({ after, fields }) => ({
      record,
      key: keyOf(after),
      row: after.row,
      fields: fields.map(({ field, before, after: now }) => ({
        field,
        before: wireValue(field, before),
        after: wireValue(field, now),
      })),
    })),
    endings: ended.map((one) => ({ record, key: keyOf(one), values: wireValues(record, one) })),
    unchanged,
  };
}

function wireValues(record: FeedRecordKind, value: object): WireValues {
  const all = value as Readonly<Record<string, unknown>>;
  const fields = Object.keys(FEED_RECORDS[record]).filter((field) => all[field] !== undefined);
  return Object.fromEntries(fields.map((field) => [field, wireValue(field, all[field])]));
}

function wireValue(field: string, value: unknown): WireValue {
  if (value === undefined || value === null) return null;
  if (value instanceof Date) return wireText(value);
  if (typeof value === 'number') return value;
  return EUI64_FIELDS.has(field) ? formatEui64(value as Eui64) : (value as string);
}

const shownAllocation = (one: FeedAllocation) =>
  `${one.signifier} ${one.identifierKind} ${formatEui64(one.euiFrom)} to ${formatEui64(one.euiTo)}`;
const wireText = (instant: Date) => instant.toISOString().replace('.000Z', 'Z');
const listed = (values: WireValues) =>
  `: ${Object.entries(values)
    .map(([field, value]) => `${field} ${shown(value)}`)
    .join(', ')}`;
const shown = (value: WireValue) =>
  value === null
    ? '(none)'
    : typeof value === 'string' && /[\s,]/.test(value)
      ? JSON.stringify(value)
      : String(value);
const count = (all: readonly unknown[], noun: string) =>
  `${String(all.length)} ${noun}${all.length === 1 ? '' : 's'}`;

const EUI64_FIELDS: ReadonlySet<string> = new Set(['euiFrom', 'euiTo', 'userId']);
