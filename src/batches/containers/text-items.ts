import { z } from 'zod';
import { DEVICE_TYPES } from '../../domain/category.ts';
import { Fault } from '../../domain/fault.ts';
import { repeatedMember } from '../../domain/json-members.ts';
import { readCsv } from '../../tables/read-csv.ts';
import { TABLE_LIMITS, type TableLimits, type TableRow } from '../../tables/table.ts';
import type { ContainerFinding, FoundItem, ItemContent } from '../batch-item.ts';
import type { BatchLimits } from '../batch-limits.ts';
import { ContainerError, linePosition, quoteName } from '../container-error.ts';
import { readLines, requireUtf8 } from './text-lines.ts';

/** Items of NDJSON: a line `{ "id", "csr", "deviceType"? }` each, no member twice. @throws ContainerError */
export async function* readNdjsonItems(
  stream: AsyncIterable<Uint8Array>,
  limits: BatchLimits,
): AsyncGenerator<FoundItem, void, undefined> {
  for await (const { line, octets } of readLines(requireUtf8(stream), limits.lineOctets)) {
    const place = linePosition(line);
    const text = octets.toString('utf8');
    const fields = parseJson(text);
    const twice = fields === undefined ? undefined : repeatedMember(text);
    if (fields === undefined) yield malformedLine('the line is not JSON', place);
    else if (twice !== undefined) yield malformedLine(`the member ${quoteName(twice)} is there twice`, place);
    else yield itemOf(fields, place);
  }
}

/** Items of CSV: the header names the columns id, csr and, if it is there, deviceType. @throws ContainerError */
export async function* readCsvItems(
  stream: AsyncIterable<Uint8Array>,
  limits: BatchLimits,
): AsyncGenerator<FoundItem, void, undefined> {
  let columns: readonly string[] | undefined;
  try {
    for await (const row of readCsv(requireUtf8(stream), csvLimits(limits)))
      if (columns === undefined) columns = requireColumns(row);
      else yield csvItem(row, columns);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'table-unreadable') throw error;
    throw new ContainerError(csvFinding(error), { cause: error });
  }
}

/** The upload as a whole and its items are counted elsewhere, with their own codes. */
const csvLimits = ({ lineOctets }: BatchLimits): TableLimits => ({
  ...TABLE_LIMITS,
  octets: Infinity,
  rows: Infinity,
  recordOctets: lineOctets,
});

/** What the reader of tables says, with its line apart. */
function csvFinding({ reasons: [first], message }: Fault): ContainerFinding {
  const [, line, detail = first?.detail ?? message] = /^line (\d+): (.*)$/s.exec(first?.detail ?? '') ?? [];
  const reason = detail.startsWith('the row is longer') ? 'BATCH_LINE_TOO_LONG' : 'BATCH_LINE_MALFORMED';
  return { reason, detail, ...(line === undefined ? {} : { position: linePosition(Number(line)) }) };
}

function requireColumns({ line, record }: TableRow): readonly string[] {
  const columns = record.map((column) => column.trim());
  const unknown = columns.filter((column) => !COLUMNS.includes(column));
  const missing = REQUIRED_COLUMNS.filter((column) => !columns.includes(column));
  if (unknown.length === 0 && missing.length === 0 && new Set(columns).size === columns.length)
    return columns;
  const detail =
    missing.length > 0
      ? `the header lacks ${missing.join(' and ')}`
      : unknown.length > 0
        ? `the header names ${quoteName(unknown[0] ?? '')}, which is no column of a batch`
        : 'the header names a column twice';
  throw new ContainerError({ reason: 'BATCH_COLUMNS', position: linePosition(line), detail });
}

function csvItem({ line, record }: TableRow, columns: readonly string[]): FoundItem {
  const place = linePosition(line);
  if (record.length !== columns.length) {
    const detail = `the record has ${String(record.length)} fields; the header has ${String(columns.length)}`;
    return malformedLine(detail, place);
  }
  const fields = Object.fromEntries(
    columns
      .map((column, field) => [column, record[field] ?? ''] as const)
      .filter(([column, value]) => column !== 'deviceType' || value !== ''),
  );
  return itemOf(fields, place);
}

function itemOf(fields: unknown, place: string): FoundItem {
  const parsed = itemSchema.safeParse(fields);
  if (!parsed.success) return { finding: fieldFinding(parsed.error, place) };
  const { id, csr, deviceType } = parsed.data;
  const item: ItemContent = deviceType === undefined ? { id, csr } : { id, csr, deviceType: deviceType };
  return { item, place };
}

function fieldFinding(error: z.ZodError, place: string): ContainerFinding {
  const field = String(error.issues[0]?.path[0] ?? '');
  const detail =
    field === ''
      ? 'the line is not an object of id, csr and deviceType only'
      : field === 'deviceType'
        ? `deviceType is none of ${DEVICE_TYPES.join(', ')}`
        : `${field} is missing or no text`;
  const reason = field === 'deviceType' ? 'BATCH_DEVICE_TYPE' : 'BATCH_LINE_MALFORMED';
  return { reason, position: place, detail };
}

function malformedLine(detail: string, position: string): FoundItem {
  return { finding: { reason: 'BATCH_LINE_MALFORMED', position, detail } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const itemSchema = z.strictObject({
  id: z.string(),
  csr: z.string(),
  deviceType: z.enum(DEVICE_TYPES).optional(),
});
const REQUIRED_COLUMNS = ['id', 'csr'];
const COLUMNS = [...REQUIRED_COLUMNS, 'deviceType'];
