import { setImmediate } from 'node:timers/promises';
import { didYouMean } from '../domain/did-you-mean.ts';
import { Fault } from '../domain/fault.ts';
import type { FeedFile } from '../domain/feed.ts';
import { readCsv } from '../tables/read-csv.ts';
import { looksLikeXlsx, readXlsx } from '../tables/read-xlsx.ts';
import { columnName, TABLE_LIMITS, type TableLimits, type TableRow } from '../tables/table.ts';
import {
  cellFault,
  FEED_COLUMNS,
  FEED_COLUMNS_TO_SPARE,
  FEED_RECORD_KINDS,
  FEED_RECORDS,
  shown,
  type Column,
  type FeedRecordKind,
} from './feed-columns.ts';
import { checkFeed, type FeedRows } from './feed-cross-check.ts';
import { feedFaults, type FeedFaults } from './feed-faults.ts';

/**
 * Reads a whole SECAS feed, CSV or XLSX by its first octets, and checks it. The signature is another matter.
 * @param octets    the file
 * @param fileName  for the messages
 * @throws Fault `feed-invalid` with everything that is wrong, by row and column, at most 200 at once
 * @see docs/secas-feed.md
 */
export function readFeedFile(
  octets: Uint8Array,
  fileName: string,
  limits: TableLimits = TABLE_LIMITS,
): Promise<FeedFile> {
  const table = looksLikeXlsx(octets) ? readXlsx(octets, limits) : readCsv(asStream(octets), limits);
  return parseFeed(table, fileName);
}

/**
 * Checks a table as a SECAS feed: the header, every cell, then what rows say of each other.
 * @throws Fault `feed-invalid` with everything that is wrong, what the reader of the table refuses included
 */
export async function parseFeed(table: AsyncIterable<TableRow>, fileName: string): Promise<FeedFile> {
  let header: Header | undefined;
  const faults = feedFaults(fileName, (column) => header?.places.get(column));
  const rows: FeedRows = {
    FEED: [],
    REGISTRY_ENTRY: [],
    PARTY: [],
    ALLOCATION: [],
    MARKET_PARTICIPANT: [],
    broken: new Set(),
    signifiers: new Set(),
  };
  try {
    for await (const row of table)
      if (header === undefined) header = readHeader(row, faults);
      else if (header.usable) readRow(row, header, rows, faults);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'table-unreadable') throw error;
    throw faults.toFault(
      error.reasons.map((reason) => ({ ...reason, detail: `${fileName}: ${reason.detail}` })),
      error,
    );
  }
  if (header === undefined)
    faults.add({ reason: 'FEED_HEADER', row: 1, detail: 'the file is empty', fix: NAME_COLUMNS });
  else if (header.usable) checkFeed(rows, faults);
  const [feed] = rows.FEED;
  if (faults.count > 0 || feed === undefined) throw faults.toFault();
  return {
    feed,
    lacking: FEED_COLUMNS_TO_SPARE.filter((name) => header?.places.has(name) !== true),
    registryEntries: rows.REGISTRY_ENTRY,
    parties: rows.PARTY,
    allocations: rows.ALLOCATION,
    marketParticipants: rows.MARKET_PARTICIPANT,
  };
}

interface Header {
  /** Columns in the order of the file; empty where the header is. */
  readonly names: readonly string[];
  /** Name -> place, counted from 1. */
  readonly places: ReadonlyMap<string, number>;
  /** Whether rows can be read by it. */
  readonly usable: boolean;
}

function readHeader({ line, record }: TableRow, faults: FeedFaults): Header {
  const names = record.map((name) => name.trim());
  const places = new Map<string, number>();
  const fault = (detail: string, fix: string) =>
    faults.add({ reason: 'FEED_HEADER', row: line, detail, fix });
  const separator = names.length === 1 ? /[;\t|]/.exec(names[0] ?? '')?.[0] : undefined;
  if (separator !== undefined) {
    fault(`the cells are separated by ${shown(separator)}`, 'Separate them by commas (RFC 4180).');
    return { names, places, usable: false };
  }
  names.forEach((name, place) => {
    if (name === '') return;
    if (!FEED_COLUMNS.includes(name))
      fault(`no column is called ${shown(name)}${didYouMean(name, FEED_COLUMNS)}`, NAME_COLUMNS);
    else if (places.has(name)) fault(`the column ${name} is there twice`, 'Keep one of them.');
    else places.set(name, place + 1);
  });
  const missing = FEED_COLUMNS.filter((name) => !places.has(name) && !FEED_COLUMNS_TO_SPARE.includes(name));
  if (missing.length > 0)
    fault(
      `the ${missing.length === 1 ? 'column' : 'columns'} ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing`,
      NAME_COLUMNS,
    );
  return { names, places, usable: faults.count === 0 };
}

/** One row: what kind of record it is, each of its cells, and nothing in the cells of other kinds. */
function readRow(row: TableRow, header: Header, rows: FeedRows, faults: FeedFaults): void {
  const before = faults.count;
  const fault = (column: string, detail: string, fix: string) =>
    faults.add({ reason: 'FEED_VALUE', row: row.line, column, detail, fix });
  const cells = readCells(row, header, faults);
  const kind = readKind(cells.get('record'), fault);
  if (kind === undefined) return;
  const columns: Readonly<Record<string, Column | undefined>> = FEED_RECORDS[kind];
  for (const [name, text] of cells)
    if (columns[name] === undefined && name !== 'record')
      fault(name, `a ${kind} has no ${name}, and here it is ${shown(text ?? '')}`, 'Leave the cell empty.');
  const values: Record<string, unknown> = { row: row.line };
  for (const [name, column] of Object.entries(columns)) {
    const text = cells.get(name);
    if (column === undefined || (text === undefined && cells.has(name))) continue;
    if (text === undefined) {
      if (column.default !== undefined) values[name] = column.default;
      else if (column.required) fault(name, `a ${kind} has a ${name}`, 'Fill the cell.');
      continue;
    }
    const cell = column.parse(text);
    if ('fault' in cell) fault(name, cell.fault, cell.fix);
    else values[name] = cell.value;
  }
  if (kind === 'PARTY' && typeof values['signifier'] === 'string') rows.signifiers.add(values['signifier']);
  if (faults.count > before) rows.broken.add(kind);
  // Each field was read by the column of its name; feed-columns.ts holds the two together.
  else (rows[kind] as unknown[]).push(values);
}

/** The cells that are not empty, by column and without spaces around them; `undefined` for one that was refused. */
function readCells(
  { line, record }: TableRow,
  { names }: Header,
  faults: FeedFaults,
): Map<string, string | undefined> {
  const cells = new Map<string, string | undefined>();
  if (record.length < names.length)
    faults.add({
      reason: 'FEED_VALUE',
      row: line,
      detail: `the row has ${String(record.length)} cells where the header has ${String(names.length)}`,
      fix: 'Write every cell of the row, the empty ones too.',
    });
  record.forEach((text, place) => {
    if (text === '') return;
    const column = names[place] ?? '';
    const unfit = cellFault(text);
    if (column === '')
      faults.add({
        reason: 'FEED_VALUE',
        row: line,
        detail: `${shown(text)} stands in column ${columnName(place + 1)}, which the header does not name`,
        fix: 'Put text that holds a comma between quotation marks; name every column.',
      });
    else if (unfit !== undefined) {
      faults.add({
        reason: unfit.formula ? 'FEED_FORMULA' : 'FEED_VALUE',
        row: line,
        column,
        detail: unfit.fault,
        fix: unfit.fix,
      });
      cells.set(column, undefined);
    } else if (text.trim() !== '') cells.set(column, text.trim());
  });
  return cells;
}

function readKind(
  text: string | undefined,
  fault: (column: string, detail: string, fix: string) => void,
): FeedRecordKind | undefined {
  const kind = FEED_RECORD_KINDS.find((one) => one === text);
  if (kind === undefined)
    fault(
      'record',
      text === undefined
        ? 'the row does not say what it is'
        : `${shown(text)} is none of ${FEED_RECORD_KINDS.join(', ')}${didYouMean(text, FEED_RECORD_KINDS)}`,
      `Write one of ${FEED_RECORD_KINDS.join(', ')}.`,
    );
  return kind;
}

/** In pieces, with a turn of the event loop between them: a large feed holds up nobody. */
async function* asStream(octets: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < octets.length; at += PIECE) {
    yield octets.subarray(at, at + PIECE);
    await setImmediate();
  }
}

const PIECE = 65_536;
const NAME_COLUMNS = `The first row names every column: ${FEED_COLUMNS.join(', ')}; ${FEED_COLUMNS_TO_SPARE.join(', ')} may be left out.`;
