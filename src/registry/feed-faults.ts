import { Fault, type Reason } from '../domain/fault.ts';
import { columnName } from '../tables/table.ts';

/** What kind of thing is wrong; the published reason codes of a feed. */
export type FeedReason = 'FEED_HEADER' | 'FEED_VALUE' | 'FEED_FORMULA' | 'FEED_CONFLICT';

/** One thing that is wrong with a feed, where it stands. */
export interface FeedFault {
  readonly reason: FeedReason;
  readonly row: number;
  /** Name of the column; absent for the row as a whole. */
  readonly column?: string;
  readonly detail: string;
  readonly fix: string;
}

/** Gathers what is wrong with one file, so that it is told all at once. */
export interface FeedFaults {
  add(fault: FeedFault): void;
  /** How many there are. */
  readonly count: number;
  /**
   * Everything by row, at most 200 and how many more there are.
   * @param before  reasons of the table's reader, which come first
   * @returns the Fault `feed-invalid`
   */
  toFault(before?: readonly Reason[], cause?: unknown): Fault;
}

/**
 * @param file         name of the file, for the messages
 * @param placeOf      the place of a column by its name, counted from 1
 */
export function feedFaults(file: string, placeOf: (column: string) => number | undefined): FeedFaults {
  const kept: FeedFault[] = [];
  let count = 0;
  const reasonOf = ({ reason, row, column, detail, fix }: FeedFault): Reason => {
    const place = column === undefined ? undefined : placeOf(column);
    const letter = place === undefined ? '' : ` (column ${columnName(place)})`;
    const cell = column === undefined ? '' : `, ${column}${letter}`;
    return {
      reason,
      clause: 'docs/secas-feed.md',
      detail: `${file}, row ${String(row)}${cell}: ${detail}`,
      fix,
    };
  };
  return {
    add: (fault) => {
      count += 1;
      if (kept.length < MOST_KEPT) kept.push(fault);
    },
    get count() {
      return count;
    },
    toFault: (before = [], cause) => {
      const inOrder = [...before, ...[...kept].sort((one, other) => one.row - other.row).map(reasonOf)];
      const told = inOrder.slice(0, MOST_TOLD);
      const all = before.length + count;
      const more =
        all > told.length
          ? ` The first ${String(told.length)} are told, ${String(all - told.length)} more are not.`
          : '';
      return new Fault(
        'feed-invalid',
        `The feed has ${String(all)} ${all === 1 ? 'fault' : 'faults'}; nothing was applied.${more}`,
        { reasons: told, cause },
      );
    },
  };
}

/** What stands against a feed that is in order by itself. @param row  of the file; absent: of the feed as a whole */
export const notApplicable = (row: number | undefined, detail: string, fix: string): Reason => ({
  reason: 'FEED_NOT_APPLICABLE',
  clause: 'docs/secas-feed.md',
  detail: row === undefined ? detail : `row ${String(row)}: ${detail}`,
  fix,
});

const MOST_TOLD = 200;
/** Of a file in which every cell is wrong the first rows are enough. */
const MOST_KEPT = 10_000;
