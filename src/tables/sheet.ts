import { isoDate } from './spreadsheet-dates.ts';
import { columnName, overLimits, type TableFault, type TableLimits, type TableRow } from './table.ts';
import { unescapeText, type Workbook } from './workbook.ts';
import { xmlReader, type XmlElement } from './xml.ts';

/** A sheet as it is read: rows come out as they end, faults are known at the end. */
export interface SheetReader {
  write(text: string): void;
  close(): void;
  /** The rows since the last call. */
  takeRows(): TableRow[];
  readonly faults: readonly TableFault[];
}

/**
 * Reads the XML of a sheet. Cells are what a person sees or would type: text, numbers in their shortest form, `TRUE` and
 * `FALSE`, dates as ISO text; a formula is `=` and the formula, never the value it had when the file was saved. Rows and
 * columns that are hidden, and cells that are merged, are faults: what is imported is what was seen.
 * @throws Error in words when it is no sheet
 * @see ECMA-376, Part 1, 18.3.1
 */
export function sheetReader(workbook: Workbook, limits: TableLimits): SheetReader {
  const faults: TableFault[] = [];
  const fault = (detail: string, fix: string) => {
    if (faults.length < MOST_FAULTS) faults.push({ detail, fix });
  };
  let rows: TableRow[] = [];
  let count = 0;
  let width = 0;
  let widest = 0;
  let hidden = false;
  const hiddenColumns: { from: number; to: number }[] = [];
  let line = 0;
  let column = 0;
  let record: string[] = [];
  let cell = NO_CELL;
  let [value, formula, inline] = ['', '', ''];
  let hasFormula = false;

  const openRow = ({ attributes }: XmlElement) => {
    const next = attributes['r'] === undefined ? line + 1 : wholeNumber(attributes['r'], MOST_ROWS);
    if (next === undefined || next <= line)
      throw new Error(`row ${String(attributes['r'])} follows row ${String(line)}`);
    line = next;
    column = 0;
    record = [];
    hidden = isTrue(attributes['hidden']);
  };
  const openCell = ({ attributes }: XmlElement) => {
    const next = attributes['r'] === undefined ? column + 1 : columnOf(attributes['r'], line);
    if (next === undefined || next <= column)
      throw new Error(
        `cell ${String(attributes['r'])} in row ${String(line)} follows column ${columnName(column)}`,
      );
    column = next;
    cell = { type: attributes['t'] ?? 'n', style: Number(attributes['s'] ?? 0) };
    [value, formula, inline] = ['', '', ''];
    hasFormula = false;
  };
  const closeCell = () => {
    const text = hasFormula
      ? `=${formula === '' ? '(shared formula)' : formula}`
      : cellText(cell, value, inline, workbook, `${columnName(column)}${String(line)}`);
    if (text === '') return;
    const over = overLimits(0, column, limits);
    if (over !== undefined) throw new Error(`row ${String(line)}: ${over.detail}`);
    while (record.length < column - 1) record.push('');
    record.push(text);
  };
  const closeRow = () => {
    if (record.length === 0) return;
    if (hidden) fault(`row ${String(line)} is hidden`, SHOW);
    widest = Math.max(widest, record.length);
    count += 1;
    const over = overLimits(count, 0, limits);
    if (over !== undefined) throw new Error(over.detail);
    // The first row says how wide the table is: empty cells at the end of a row are not written into a sheet.
    if (count === 1) width = record.length;
    while (record.length < width) record.push('');
    rows.push({ line, record });
  };

  const reader = xmlReader({
    open: (element, path) => {
      if (path === CELL) openCell(element);
      else if (path === ROW) openRow(element);
      else if (path === FORMULA) hasFormula = true;
      else if (path === 'worksheet/cols/col' && isTrue(element.attributes['hidden']))
        hiddenColumns.push({
          from: Number(element.attributes['min']),
          to: Number(element.attributes['max']),
        });
      else if (path === 'worksheet/mergeCells/mergeCell')
        fault(`the cells ${element.attributes['ref'] ?? ''} are merged`, 'Split them: one value, one cell.');
    },
    text: (text, path) => {
      if (path === VALUE) value += text;
      else if (path === FORMULA) formula += text;
      else if (path === `${CELL}/is/t` || path === `${CELL}/is/r/t`) inline += text;
    },
    close: (path) => {
      if (path === CELL) closeCell();
      else if (path === ROW) closeRow();
    },
  });
  return {
    write: (text) => reader.write(text),
    close: () => {
      reader.close();
      // Spreadsheets hide all the columns after a table: only one that has something in it matters.
      for (const { from, to } of hiddenColumns)
        if (from <= widest)
          fault(`the columns ${columnName(from)} to ${columnName(Math.min(to, widest))} are hidden`, SHOW);
    },
    takeRows: () => {
      const taken = rows;
      rows = [];
      return taken;
    },
    faults,
  };
}

interface Cell {
  readonly type: string;
  readonly style: number;
}

/** @see ECMA-376, Part 1, 18.18.11 */
function cellText(
  { type, style }: Cell,
  value: string,
  inline: string,
  workbook: Workbook,
  at: string,
): string {
  switch (type) {
    case 's': {
      const shared = value === '' ? '' : workbook.sharedStrings[wholeNumber(value, MOST_ROWS * 100) ?? -1];
      if (shared === undefined) throw new Error(`cell ${at} refers to a text that is not there`);
      return shared;
    }
    case 'inlineStr':
      return unescapeText(inline);
    case 'str':
      return unescapeText(value);
    case 'b':
      return value === '' ? '' : value === '1' ? 'TRUE' : 'FALSE';
    case 'n':
      return numberText(value, workbook.dateStyles[style] === true, workbook.epoch1904);
    // An error stands as it is shown, #REF!; a date of type d is ISO text already.
    case 'e':
    case 'd':
      return value;
    default:
      throw new Error(`cell ${at} has the unknown type ${JSON.stringify(type.slice(0, 20))}`);
  }
}

/** A number of more than 15 digits stays as the file has it: it was none when it was typed. */
function numberText(value: string, asDate: boolean, epoch1904: boolean): string {
  const number = Number(value);
  if (value === '' || !Number.isFinite(number)) return value;
  if (asDate) return isoDate(number, epoch1904) ?? value;
  return Number.isInteger(number) && Math.abs(number) < 1e15 ? String(number) : value;
}

/** `AB12` in row 12 -> 28. */
function columnOf(reference: string, line: number): number | undefined {
  const match = /^([A-Z]{1,3})([1-9]\d{0,6})$/.exec(reference);
  if (match?.[1] === undefined || Number(match[2]) !== line) return undefined;
  return Buffer.from(match[1], 'latin1').reduce((sum, letter) => sum * 26 + letter - 64, 0);
}

const wholeNumber = (text: string, most: number) =>
  /^\d{1,9}$/.test(text) && Number(text) <= most ? Number(text) : undefined;
const isTrue = (text: string | undefined) => text === '1' || text === 'true';

const ROW = 'worksheet/sheetData/row';
const CELL = `${ROW}/c`;
const VALUE = `${CELL}/v`;
const FORMULA = `${CELL}/f`;
const NO_CELL: Cell = { type: 'n', style: 0 };
const SHOW = 'Show it, or remove it; a filter hides rows too.';
const MOST_ROWS = 1_048_576;
const MOST_FAULTS = 200;
