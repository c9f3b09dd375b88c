import { types } from 'node:util';
import { openPackage } from '../archive/package-parts.ts';
import { sheetReader } from './sheet.ts';
import { TABLE_LIMITS, unreadable, type TableFault, type TableLimits, type TableRow } from './table.ts';
import { readWorkbook } from './workbook.ts';

/**
 * Reads the first sheet of a workbook in the form that `readCsv` gives: cells as text, rows without any left out, `line`
 * as the spreadsheet counts rows. Dates are ISO text. A formula is its own text, `=SUM(A1:A9)`, so that whoever checks
 * the table refuses it where it stands; the value it once had is never used.
 * @param bytes  the whole file
 * @throws Fault `table-unreadable`, after the rows: macros, links to other files, hidden sheets, rows or columns, merged
 *         cells, all at once; or at the first place that cannot be read: no workbook, encrypted, damaged, over a limit
 * @see ECMA-376, Parts 1 and 2
 */
export async function* readXlsx(
  bytes: Uint8Array,
  limits: TableLimits = TABLE_LIMITS,
): AsyncGenerator<TableRow, void, undefined> {
  const other = otherFormat(bytes, limits);
  if (other !== undefined) throw refused([other]);
  const faults: TableFault[] = [];
  try {
    const parts = await openPackage(bytes, limits);
    const workbook = await readWorkbook(parts);
    const sheet = sheetReader(workbook, limits);
    for await (const text of parts.read(workbook.sheetPart)) {
      sheet.write(text);
      yield* sheet.takeRows();
    }
    sheet.close();
    yield* sheet.takeRows();
    faults.push(...workbook.faults, ...sheet.faults);
  } catch (error) {
    if (isOurMistake(error)) throw error;
    throw refused(
      [{ detail: `the workbook cannot be read: ${firstLine(error as Error)}`, fix: SAVE_AGAIN }],
      error,
    );
  }
  if (faults.length > 0) throw refused(faults);
}

/** Whether a file is a ZIP, as every workbook (XLSX) is. */
export function looksLikeXlsx(bytes: Uint8Array): boolean {
  return startsWith(bytes, [0x50, 0x4b, 0x03, 0x04]);
}

function otherFormat(bytes: Uint8Array, limits: TableLimits): TableFault | undefined {
  if (bytes.length > limits.octets)
    return {
      detail: `the file has more than ${String(limits.octets)} octets`,
      fix: 'Send a smaller file.',
    };
  if (startsWith(bytes, [0xd0, 0xcf, 0x11, 0xe0]))
    return {
      detail: 'the file is a workbook of the old form (XLS), or one with a password',
      fix: 'Save it as XLSX without a password.',
    };
  return looksLikeXlsx(bytes)
    ? undefined
    : { detail: 'the file is no workbook (XLSX)', fix: 'Send a workbook, or CSV as CSV.' };
}

const startsWith = (bytes: Uint8Array, wanted: readonly number[]) =>
  wanted.every((octet, place) => bytes[place] === octet);
/** What neither a file nor its readers throw. */
const isOurMistake = (error: unknown) =>
  !types.isNativeError(error) || ['TypeError', 'RangeError', 'ReferenceError'].includes(error.name);
const firstLine = (error: Error) => (error.message.split('\n')[0] ?? '').slice(0, 200);
const refused = (faults: readonly TableFault[], cause?: unknown) =>
  unreadable('ECMA-376, Part 1', faults, cause);
const SAVE_AGAIN = 'Open it in a spreadsheet program and save it again as XLSX.';
