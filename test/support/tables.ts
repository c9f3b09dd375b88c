import { Fault } from '../../src/domain/fault.ts';
import { readCsv } from '../../src/tables/read-csv.ts';
import { readXlsx } from '../../src/tables/read-xlsx.ts';
import type { TableLimits, TableRow } from '../../src/tables/table.ts';

/** What a reader gives: the rows, and what it says in the end. */
export interface Reading {
  readonly rows: readonly TableRow[];
  readonly faults: readonly string[];
}

/** Octets in pieces of the length given, as a stream delivers them. */
export function inPieces(octets: Uint8Array, length = 65_536): AsyncIterable<Uint8Array> {
  return (async function* () {
    await Promise.resolve();
    for (let at = 0; at < octets.length; at += length) yield octets.subarray(at, at + length);
  })();
}

export const readCsvText = (text: string | Buffer, limits?: TableLimits, piece?: number): Promise<Reading> =>
  collect(readCsv(inPieces(Buffer.from(text), piece), limits));

export const readXlsxOctets = (octets: Buffer, limits?: TableLimits): Promise<Reading> =>
  collect(readXlsx(octets, limits));

/** @throws whatever is no Fault `table-unreadable` */
export async function collect(table: AsyncIterable<TableRow>): Promise<Reading> {
  const rows: TableRow[] = [];
  try {
    for await (const row of table) rows.push(row);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'table-unreadable') throw error;
    return { rows, faults: error.reasons.map(({ detail }) => detail) };
  }
  return { rows, faults: [] };
}
