import { Readable, pipeline } from 'node:stream';
import { CsvError, parse, type InfoRecord } from 'csv-parse';

/** One record, and the line on which it begins; the first line of a file is 1. */
export interface CsvRecord {
  readonly line: number;
  readonly record: readonly string[];
}

export interface CsvLimits {
  /** Octets of one record. */
  readonly recordOctets: number;
}

/** What is wrong with a CSV as such, and on which line. */
export class TableError extends Error {
  readonly kind: 'RECORD_TOO_LONG' | 'MALFORMED';
  readonly line: number;

  constructor(kind: TableError['kind'], line: number, detail: string, options?: { cause?: unknown }) {
    super(detail, options);
    this.name = 'TableError';
    this.kind = kind;
    this.line = line;
  }
}

/**
 * Reads CSV record by record, with flat memory: commas, double quotes, lines that end with \n or \r\n. Empty lines are
 * left out; every record may have another number of fields. The octets must be UTF-8 without a byte order mark.
 * @throws TableError; and what the stream itself throws
 * @see RFC 4180, 2
 */
export async function* readCsv(
  stream: AsyncIterable<Uint8Array>,
  limits: CsvLimits,
): AsyncGenerator<CsvRecord, void, undefined> {
  // Counted as records are parsed, which is before they are given out: a fault tells where its own record began.
  let lines = 0;
  let emptyLines = 0;
  const numbered = (record: string[], info: InfoRecord): CsvRecord => {
    const line = lines + 1 + info.empty_lines - emptyLines;
    lines = info.lines;
    emptyLines = info.empty_lines;
    return { line, record };
  };
  const parser = parse({
    // The library's types know records of texts only; what this returns is given out as it is.
    on_record: numbered as unknown as (record: string[], info: InfoRecord) => string[],
    relax_column_count: true,
    skip_empty_lines: true,
    record_delimiter: ['\r\n', '\n'],
    max_record_size: limits.recordOctets,
  });
  // Its outcome is told by the iteration below.
  pipeline(Readable.from(stream, { objectMode: false, highWaterMark: PIECE }), parser, () => undefined);
  try {
    for await (const record of parser as AsyncIterable<CsvRecord>) yield record;
  } catch (error) {
    throw error instanceof CsvError ? tableError(error, lines + 1, limits) : error;
  } finally {
    parser.destroy();
  }
}

/** @param begun  line on which the record began that cannot be read */
function tableError(cause: CsvError, begun: number, limits: CsvLimits): TableError {
  if (cause.code === 'CSV_MAX_RECORD_SIZE')
    return new TableError(
      'RECORD_TOO_LONG',
      begun,
      `the record has more than ${limits.recordOctets} octets; is a quote not closed?`,
      { cause },
    );
  const found = typeof cause['lines'] === 'number' ? cause['lines'] : begun;
  const line = cause.code === 'CSV_QUOTE_NOT_CLOSED' ? begun : found;
  return new TableError('MALFORMED', line, WORDS[cause.code] ?? 'the record is not CSV', { cause });
}

const PIECE = 64 * 1024;
const WORDS: Readonly<Partial<Record<string, string>>> = {
  CSV_INVALID_CLOSING_QUOTE: 'something else than a comma follows a closing quote',
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened and not closed',
  INVALID_OPENING_QUOTE: 'a quote stands inside a field that does not begin with one',
};
