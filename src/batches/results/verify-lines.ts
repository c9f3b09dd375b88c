import { createHash, hash } from 'node:crypto';
import { z } from 'zod';
import type { SerialNumber } from '../../domain/serial-number.ts';
import { FAILED_STATUSES } from '../../domain/batch.ts';
import { readLines } from '../containers/text-lines.ts';
import {
  certificateFileName,
  itemLine,
  REPORT_CSV_HEADER,
  reportCsvLine,
  reportLine,
  type FinishedItem,
} from './finished-item.ts';
import type { Manifest } from './manifest.ts';

/** What certificates.ndjson says, held against all else. */
export interface ReadLines {
  readonly items: number;
  /** The first fault, with its line. */
  readonly fault: string | undefined;
  readonly countFault: string | undefined;
}

/**
 * Reads certificates.ndjson line by line: certificates must be those of the list, and both reports must be what these
 * items give. Memory stays flat.
 * @param serialNumbers  of the certificates in their files, in the order of the list
 * @throws ContainerError for a line of more than 1 MiB
 */
export async function verifyLines(
  stream: AsyncIterable<Buffer>,
  { statement, certificates }: Manifest,
  serialNumbers: readonly string[],
): Promise<ReadLines> {
  const report = createHash('sha256');
  const csv = createHash('sha256').update(REPORT_CSV_HEADER);
  const counts = Object.fromEntries(Object.keys(statement.counts).map((status) => [status, 0]));
  let items = 0;
  let issued = 0;
  let position = 0;
  let fault: string | undefined;
  for await (const { line, octets } of readLines(stream, LONGEST_LINE)) {
    items += 1;
    const parsed = parseLine(octets);
    if (parsed === undefined || parsed.item.position <= position) {
      fault ??= `line ${String(line)} is no item, or not in its place`;
      continue;
    }
    const { item, sha256 } = parsed;
    position = item.position;
    counts[item.status] = (counts[item.status] ?? 0) + 1;
    report.update(reportLine(item));
    csv.update(reportCsvLine(item));
    if (item.status !== 'SUCCESS') continue;
    const listed = certificates[issued];
    const agrees =
      listed?.file === certificateFileName(item.id) &&
      listed.sha256 === sha256 &&
      serialNumbers[issued] === item.serialNumber;
    if (!agrees) fault ??= `line ${String(line)} does not agree with the certificate of its name`;
    issued += 1;
  }
  if (issued !== certificates.length) fault ??= 'there are certificates without an item';
  if (report.digest('hex') !== statement.members['report.txt'].sha256)
    fault ??= 'report.txt does not tell the same';
  if (csv.digest('hex') !== statement.members['report.csv'].sha256)
    fault ??= 'report.csv does not tell the same';
  const wrong = Object.entries(statement.counts).find(([status, told]) => counts[status] !== told);
  const countFault = wrong && `${wrong[0]} is ${String(counts[wrong[0]])}, not ${String(wrong[1])}`;
  return { items, fault, countFault };
}

/** An item from its line, and the hash of its certificate; the line must be the very one that the service writes for it. */
function parseLine(
  octets: Buffer,
): { readonly item: FinishedItem; readonly sha256: string | undefined } | undefined {
  try {
    const { certificate, sha256, ...rest } = lineSchema.parse(JSON.parse(octets.toString('utf8')));
    const der = certificate === undefined ? undefined : Buffer.from(certificate, 'base64');
    const item = (der === undefined ? rest : { ...rest, certificate: der }) as FinishedItem;
    if (der !== undefined && hash('sha256', der) !== sha256) return undefined;
    return itemLine(item, sha256) === `${octets.toString('utf8')}\n` ? { item, sha256 } : undefined;
  } catch {
    return undefined;
  }
}

const about = {
  position: z.number().int().min(1),
  id: z.string(),
  fileName: z.string().optional(),
};
const lineSchema = z.union([
  z.strictObject({
    ...about,
    status: z.literal('SUCCESS'),
    serialNumber: z.string().transform((text) => text as SerialNumber),
    sha256: z.string(),
    certificate: z.string(),
  }),
  z.strictObject({
    ...about,
    status: z.enum(FAILED_STATUSES),
    errorCode: z.string(),
    reasons: z.array(
      z.strictObject({ reason: z.string(), clause: z.string(), detail: z.string(), fix: z.string() }),
    ),
    sha256: z.undefined().optional(),
    certificate: z.undefined().optional(),
  }),
]);
const LONGEST_LINE = 1024 * 1024;
