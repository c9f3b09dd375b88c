import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { Fault } from '../domain/fault.ts';
import { openResult, resultLines } from '../batches/results/batch-result.ts';
import type { Batch } from '../batches/batch-store.ts';
import {
  beginDownload,
  endDownload,
  holdDownload,
  keyPieces,
  recordDelivery,
  type KeyDownload,
} from '../batches/laboratory/deliver-keys.ts';
import { requireKeys } from '../batches/laboratory/laboratory-keys.ts';
import { recordFetched, type Fetched } from '../batches/require-fetchable.ts';
import { callerOf } from './auth.ts';
import { hasLeft, openPieces, sendPieces } from './pieces.ts';
import type { HttpNeeds } from './server.ts';

// How the result and the keys of a batch go out; who may have them is asked before (`batches.ts`).

/** The file with its Range: the same octets from every node, told by their ETag. */
export async function sendZip(
  batch: Batch,
  fetched: Fetched,
  response: Response,
  { batches }: HttpNeeds,
): Promise<void> {
  const { file, name, tag } = await openResult(batch, batches);
  response.attachment(name).type('application/zip').set('ETag', `"${tag}"`);
  const { size } = await stat(file);
  keepToRange(response.req, `"${tag}"`, size);
  if (givesOctets(response.req, `"${tag}"`, size))
    await recordFetched(batch, callerOf(response), fetched, batches.issuance);
  await new Promise<void>((resolve, reject) => {
    response.sendFile(
      file,
      { dotfiles: 'allow', lastModified: false, cacheControl: false },
      (error: (Error & { readonly code?: string; readonly status?: number }) | undefined) => {
        if (error === undefined || error.code === 'ECONNABORTED') resolve();
        else reject(CONDITIONS.get(error.status) ?? error);
      },
    );
  });
}

/**
 * Leaves of Range what `send` should see, which reads it more loosely: it is for GET alone, and for the very octets that If-Range names,
 * which a weak tag does not; more of the last octets than there are is the whole.
 * @see RFC 9110, 13.1.5, 14.1.2 and 14.2
 */
function keepToRange(request: Request, tag: string, size: number): void {
  const range = request.get('Range');
  const { headers } = request;
  if (range === undefined) return;
  if (request.method !== 'GET' || (request.get('If-Range') ?? tag) !== tag) delete headers.range;
  else
    headers.range = range.replace(/([=,]\s*)-(\d+)/g, (suffix, before: string, last: string) =>
      Number(last) > size ? `${before}0-` : suffix,
    );
}

/**
 * Whether what is asked for gives octets away, as `send` decides after this: not to HEAD, nor where a condition or the Range fails. Where
 * it is not certain, it does: better a receipt too many.
 */
function givesOctets(request: Request, tag: string, size: number): boolean {
  const match = request.get('If-Match');
  const named = match === undefined || match === '*' || match.includes(tag);
  return request.method !== 'HEAD' && named && !request.fresh && request.range(size) !== -1;
}

/** What `send` says of a condition of the request that does not hold. */
const CONDITIONS = new Map<number | undefined, Fault>([
  [412, new Fault('precondition-failed', 'The result is not the one that If-Match names.')],
  [416, new Fault('range-not-satisfiable', 'The result has no octets where Range begins.')],
]);

/** The verdicts as lines. */
export async function sendLines(
  batch: Batch,
  fetched: Fetched,
  response: Response,
  { batches }: HttpNeeds,
): Promise<void> {
  const lines = await openPieces(resultLines(batch, batches));
  response.type('application/x-ndjson');
  if (response.req.method !== 'HEAD')
    await recordFetched(batch, callerOf(response), fetched, batches.issuance);
  await sendPieces(lines, response);
}

/** The whole message, once: who breaks off may begin again, and sent to its last octet it is removed. */
export async function sendKeys(
  batch: Batch,
  fetched: Fetched,
  response: Response,
  { issuance }: HttpNeeds,
): Promise<void> {
  const { db } = issuance;
  const form = 'application/pkcs7-mime';
  const describe = ({ sha256, octets }: Pick<KeyDownload, 'sha256' | 'octets'>) =>
    response
      .attachment(`${batch.name}-keys.p7m`)
      .type(form)
      .set({
        ETag: `"${sha256.toString('hex')}"`,
        'Content-Length': String(octets),
        'Cache-Control': 'no-store',
      });
  if (response.req.method === 'HEAD') {
    describe(await requireKeys(batch, db));
    response.end();
    return;
  }
  const download = await beginDownload(batch, db);
  const letGo = holdDownload(download, db);
  try {
    const pieces = await openPieces(keyPieces(download, batch, db));
    await recordFetched(batch, callerOf(response), { ...fetched, form }, issuance);
    describe(download);
    await pipeline(pieces, response);
  } catch (error) {
    // If this fails too, its lease ends by itself.
    await endDownload(download, db).catch(() => undefined);
    if (hasLeft(error)) return;
    throw error;
  } finally {
    letGo();
  }
  await recordDelivery(batch, callerOf(response), fetched, download, issuance).catch(
    async (error: unknown) => {
      response.req.log.error({ err: error, batch: batch.id }, 'keys were delivered, and it is not on record');
      await endDownload(download, db).catch(() => undefined);
    },
  );
}
