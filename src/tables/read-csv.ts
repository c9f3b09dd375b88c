import { CsvError, parse } from 'csv-parse';
import {
  overLimits,
  TABLE_LIMITS,
  unreadable,
  type TableFault,
  type TableLimits,
  type TableRow,
} from './table.ts';

/**
 * Reads CSV row by row as it arrives: commas, `"` around a cell that needs it and doubled within, rows that end with
 * LF or CRLF, UTF-8 with or without a byte order mark. Rows without any text are left out.
 * @returns rows; `line` is where the row begins
 * @throws Fault `table-unreadable`, after the rows before the first place that cannot be read, naming its line: quotes
 *         out of place or never closed, octets that are not UTF-8, a row or a file over the limits
 * @see RFC 4180, 2
 */
export async function* readCsv(
  stream: AsyncIterable<Uint8Array>,
  limits: TableLimits = TABLE_LIMITS,
): AsyncGenerator<TableRow, void, undefined> {
  const { parser, rows, begun } = strictParser();
  let failure: unknown;
  parser.on('error', (error) => (failure ??= error)).resume();
  const write = (octets: Uint8Array) => new Promise<void>((done) => parser.write(octets, () => done()));
  const end = () => new Promise<void>((done) => parser.once('close', () => done()).end());

  let written = 0;
  let count = 0;
  const takeRows = function* () {
    for (const { octets, ...row } of rows.splice(0)) {
      count += 1;
      const over =
        octets > limits.recordOctets ? longRow(limits) : overLimits(count, row.record.length, limits);
      if (over !== undefined) throw refused(row.line, over);
      yield row;
    }
    if (failure !== undefined) throw explained(failure, begun.line);
    if (written - begun.at > limits.recordOctets + HELD_BACK) throw refused(begun.line, longRow(limits));
  };
  try {
    for await (const piece of checkedPieces(stream, limits)) {
      if (piece instanceof Error) failure = piece;
      else {
        await write(piece);
        written += piece.length;
      }
      yield* takeRows();
    }
    await end();
    yield* takeRows();
  } finally {
    parser.destroy();
  }
}

/**
 * csv-parse, which puts rows into an array as it finds them: from its stream an error would take those that have not
 * been delivered yet.
 */
function strictParser() {
  const rows: (TableRow & { readonly octets: number })[] = [];
  /** Where the row begins that is not ended yet: its line, and octets before it. */
  const begun = { line: 1, at: 0 };
  const parser = parse({
    bom: true,
    record_delimiter: ['\r\n', '\n'],
    // How many cells a row has is for the reader of the format to judge, with the names of its columns.
    relax_column_count: true,
    on_record: (record: string[], { lines, bytes }) => {
      if (record.some((cell) => cell !== ''))
        rows.push({ line: begun.line, record, octets: bytes - begun.at });
      Object.assign(begun, { line: lines + 1, at: bytes });
      return null;
    },
  });
  return { parser, rows, begun };
}

/** The octets in pieces of bounded size, while they are UTF-8 and not too many; then what is wrong with them. */
async function* checkedPieces(
  stream: AsyncIterable<Uint8Array>,
  limits: TableLimits,
): AsyncGenerator<Uint8Array | Error, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let octets = 0;
  let line = 1;
  for await (const chunk of stream) {
    octets += chunk.length;
    if (octets > limits.octets) {
      yield unreadable('RFC 4180', [
        { detail: `the file has more than ${String(limits.octets)} octets`, fix: 'Send a smaller file.' },
      ]);
      return;
    }
    for (let at = 0; at < chunk.length; at += PIECE) {
      const piece = chunk.subarray(at, at + PIECE);
      try {
        decoder.decode(piece, { stream: true });
      } catch (error) {
        yield refused(line + linesBeforeFault(piece), NOT_UTF8, error);
        return;
      }
      for (const octet of piece) if (octet === LINE_FEED) line += 1;
      yield piece;
    }
  }
  try {
    decoder.decode();
  } catch (error) {
    yield refused(line, NOT_UTF8, error);
  }
}

/** Line feeds before the first octet that is not UTF-8; a character that an earlier piece began is none of those. */
function linesBeforeFault(piece: Uint8Array): number {
  const text = new TextDecoder().decode(piece).replace(/^\ufffd{1,3}(?!$)/, '');
  return text.slice(0, Math.max(0, text.indexOf('\ufffd'))).split('\n').length - 1;
}

/** What csv-parse says, in our words; anything else is passed on. */
function explained(error: unknown, line: number): unknown {
  if (!(error instanceof CsvError)) return error;
  return refused(
    line,
    FAULTS.get(error.code) ?? { detail: error.message, fix: 'Write CSV as RFC 4180 does.' },
    error,
  );
}

const refused = (line: number, { detail, fix }: TableFault, cause?: unknown) =>
  unreadable('RFC 4180', [{ detail: `line ${String(line)}: ${detail}`, fix }], cause);

const longRow = ({ recordOctets }: TableLimits): TableFault => ({
  detail: `the row is longer than ${String(recordOctets)} octets`,
  fix: 'End each row with a line feed, and close every quotation mark.',
});
const NOT_UTF8 = {
  detail: 'the file is not UTF-8',
  fix: 'Save it as CSV UTF-8, or send the workbook (XLSX).',
};
const FAULTS = new Map<CsvError['code'], TableFault>([
  [
    'INVALID_OPENING_QUOTE',
    {
      detail: 'a quotation mark stands inside a cell that does not begin with one',
      fix: 'Put the whole cell between quotation marks and double those inside.',
    },
  ],
  [
    'CSV_INVALID_CLOSING_QUOTE',
    {
      detail: 'text follows the closing quotation mark of a cell',
      fix: 'Double the quotation marks that belong to the text.',
    },
  ],
  [
    'CSV_QUOTE_NOT_CLOSED',
    {
      detail: 'a quotation mark is opened in this row and never closed',
      fix: 'Close it, or double it when it belongs to the text.',
    },
  ],
]);
const PIECE = 16_384;
/** The byte order mark, and what the parser keeps until it has seen what follows. */
const HELD_BACK = 8;
const LINE_FEED = 0x0a;
