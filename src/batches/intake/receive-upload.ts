import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { BATCH_CONTENT_TYPES, type BatchContentType } from '../batch-item.ts';
import { refusedBatch } from '../container-error.ts';
import { roomFault } from '../disk-room.ts';
import type { ItemCodes } from '../item-codes.ts';
import type { IntakeNeeds } from '../needs.ts';

/** An upload that rests in a file of ours. */
export interface ReceivedUpload {
  readonly file: string;
  readonly octets: number;
  /** Over every octet as it came; compared again when the batch is parsed. */
  readonly sha256: Buffer;
}

/**
 * Writes an upload to a new file, piece by piece and hashed on the way; durable before it returns. On any fault, also of
 * the sender, the file is gone.
 * @throws Fault `too-large` beyond the limit, `malformed-request` when nothing came, `storage-full`; what the stream throws
 */
export async function receiveUpload(
  stream: AsyncIterable<Uint8Array>,
  file: string,
  { limits, codes }: IntakeNeeds,
): Promise<ReceivedUpload> {
  const handle = await open(file, 'wx', 0o600);
  try {
    const sha256 = createHash('sha256');
    let octets = 0;
    for await (const piece of stream) {
      octets += piece.length;
      if (octets > limits.uploadOctets) {
        const detail = `the upload has more than ${String(limits.uploadOctets)} octets`;
        throw refusedBatch([{ reason: 'BATCH_TOO_LARGE', detail }], codes);
      }
      sha256.update(piece);
      await handle.writeFile(piece);
    }
    if (octets === 0) throw refusedBatch([{ reason: 'BATCH_EMPTY', detail: 'the upload is empty' }], codes);
    await handle.sync();
    await handle.close();
    return { file, octets, sha256: sha256.digest() };
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(file, { force: true });
    throw roomFault(error);
  }
}

/**
 * The form of a batch from a Content-Type header.
 * @throws Fault `unsupported-media-type` for another type, or a charset other than UTF-8
 */
export function parseBatchContentType(header: string | undefined, codes: ItemCodes): BatchContentType {
  const [type = '', ...parameters] = (header ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const known = ALIASES.get(type) ?? BATCH_CONTENT_TYPES.find((one) => one === type);
  const charset = parameters
    .find((one) => one.startsWith('charset='))
    ?.slice(8)
    .replaceAll('"', '');
  if (known !== undefined && (charset === undefined || CHARSETS.has(charset))) return known;
  const detail = known === undefined ? 'the Content-Type is none of a batch' : 'the charset is not UTF-8';
  throw refusedBatch([{ reason: 'BATCH_CONTENT_TYPE', detail }], codes);
}

const ALIASES = new Map<string, BatchContentType>([
  ['application/x-zip-compressed', 'application/zip'],
  ['application/ndjson', 'application/x-ndjson'],
]);
const CHARSETS = new Set(['utf-8', 'utf8', 'us-ascii']);
