import { Fault, type Reason } from '../domain/fault.ts';

/** One row of a table. Cells are text, whatever they were in the file; a row may be shorter than others. */
export interface TableRow {
  /** Counted from 1, as an editor counts lines and a spreadsheet counts rows. */
  readonly line: number;
  readonly record: string[];
}

/** What a file may cost. A file over a limit is refused, never cut. */
export interface TableLimits {
  /** Octets of the file as it came. */
  readonly octets: number;
  /** Octets of a spreadsheet's parts unpacked, all together: what a ZIP bomb meets. */
  readonly unpackedOctets: number;
  /** Octets of one row of CSV. */
  readonly recordOctets: number;
  readonly rows: number;
  readonly columns: number;
}

/** Ten times what the largest feed is expected to need. */
export const TABLE_LIMITS: TableLimits = {
  octets: 32 * 1024 * 1024,
  unpackedOctets: 256 * 1024 * 1024,
  recordOctets: 64 * 1024,
  rows: 200_000,
  columns: 100,
};

/** A place in a file that a reader refuses, and what helps. */
export interface TableFault {
  readonly detail: string;
  readonly fix: string;
}

/**
 * @param clause  the document that the file breaks
 * @returns the Fault `table-unreadable` with a reason `TABLE_UNREADABLE` for each place
 */
export function unreadable(clause: string, faults: readonly TableFault[], cause?: unknown): Fault {
  const reasons: Reason[] = faults.map((fault) => ({ reason: 'TABLE_UNREADABLE', clause, ...fault }));
  return new Fault('table-unreadable', 'The file cannot be read as a table.', { reasons, cause });
}

/** Whether a table has grown over its limits; a reason in words, or nothing. */
export function overLimits(count: number, columns: number, limits: TableLimits): TableFault | undefined {
  if (count > limits.rows)
    return { detail: `there are more than ${String(limits.rows)} rows`, fix: 'Send fewer rows.' };
  return columns > limits.columns
    ? {
        detail: `the row has ${String(columns)} cells; at most ${String(limits.columns)} are read`,
        fix: 'Keep to the columns of the format.',
      }
    : undefined;
}

/** 1 -> `A`, 27 -> `AA`: as a spreadsheet names its columns. */
export function columnName(column: number): string {
  let name = '';
  for (let rest = column; rest > 0; rest = Math.floor((rest - 1) / 26))
    name = String.fromCharCode(65 + ((rest - 1) % 26)) + name;
  return name;
}
