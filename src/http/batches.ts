import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { Router, type Request, type Response } from 'express';
import { ENDED_STATES } from '../domain/batch.ts';
import { Fault } from '../domain/fault.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { openResult, resultLines } from '../batches/batch-result.ts';
import { keyPieces, requireKeys } from '../batches/laboratory-keys.ts';
import { requireBatch, type Batch } from '../batches/batch-store.ts';
import { parseBatchContentType, receiveUpload, type ReceivedUpload } from '../batches/receive-upload.ts';
import { rehearseBatch } from '../batches/rehearse-batch.ts';
import { recordFetched, requireFetchable, type Fetched } from '../batches/require-fetchable.ts';
import { submitBatch, SUBMITTERS, type SubmittedBatch } from '../batches/submit-batch.ts';
import { withTransaction } from '../db/pool.ts';
import { answerOnce } from './answer-once.ts';
import { callerOf, requireActive, requireRole } from './auth.ts';
import { BATCH_READERS } from './batch-routes.ts';
import { batchView } from './batch-view.ts';
import { present } from './certificates.ts';
import { onlyMethods } from './negotiation.ts';
import { requestIdOf } from './request-id.ts';
import * as requests from './request-schemas.ts';
import type { HttpNeeds } from './server.ts';

/** What of batches is no JSON: the upload, the result, the keys, the events. The rest are rows (`batch-routes.ts`). */
export function batchRoutes(needs: HttpNeeds): Router {
  const { batches, issuance } = needs;
  const router = Router();
  router.post('/', requireRole(...SUBMITTERS), async (request, response) => {
    requireActive(callerOf(response));
    const { name, dryRun, ...asked } = requests.batchSubmission.parse(request.query);
    const contentType = parseBatchContentType(request.get('Content-Type'), batches.intake.codes);
    if ((request.get('Content-Encoding') ?? 'identity') !== 'identity')
      throw new Fault('unsupported-media-type', 'A batch is sent without a Content-Encoding.');
    const file = path.join(batches.folder, `upload-${randomUUID()}`);
    const upload = await receiveUpload(request, file, batches.intake);
    try {
      const submitted = { upload, contentType, name, request: present(asked) };
      if (dryRun) response.json(await rehearseBatch(submitted, callerOf(response), batches));
      else await submit(submitted, request, response, needs);
    } finally {
      await rm(file, { force: true });
    }
  });

  router.get('/:id/result', requireRole(...BATCH_READERS), async (request: ById, response) => {
    const caller = callerOf(response);
    const batch = await requireBatch(request.params.id, caller, issuance.db);
    const fetched = fetchedOf(request, 'RESULT');
    await requireFetchable(batch, caller, fetched, issuance);
    response.vary('Accept');
    const form = request.accepts(['application/zip', 'application/x-ndjson']);
    if (form === false)
      throw new Fault('not-acceptable', 'A result can be had as application/zip or application/x-ndjson.');
    const send = form === 'application/zip' ? sendZip : sendLines;
    await send(batch, { ...fetched, form }, response, needs);
  });

  router.get(
    '/:id/keys',
    requireRole('PARTICIPANT_ARO', 'PARTICIPANT_SRO'),
    async (request: ById, response) => {
      const caller = callerOf(response);
      requireActive(caller);
      const batch = await requireBatch(request.params.id, caller, issuance.db);
      const fetched = fetchedOf(request, 'KEYS');
      await requireFetchable(batch, caller, fetched, issuance);
      await sendKeys(batch, fetched, response, needs);
    },
  );

  router.get('/:id/events', requireRole(...BATCH_READERS), async (request: ById, response) => {
    const batch = await requireBatch(request.params.id, callerOf(response), issuance.db);
    await sendEvents(batch, response, needs);
  });
  router.all('/', (request, response, next) => {
    // Lists are rows.
    if (request.method === 'GET' || request.method === 'HEAD') next();
    else void onlyMethods('GET', 'POST')(request, response, next);
  });
  router.all(['/:id/result', '/:id/keys', '/:id/events'], onlyMethods('GET'));
  return router;
}

/** Batch, audit and the answer under its Idempotency-Key are one transaction. */
async function submit(
  submitted: SubmittedBatch,
  request: Request,
  response: Response,
  { issuance, batches, afterChange }: HttpNeeds,
): Promise<void> {
  const caller = callerOf(response);
  const at = issuance.clock.now();
  // What came is what its hash says: the same key with other octets is another request.
  request.body = { ...receiptOf(submitted.upload), contentType: submitted.contentType };
  const { answer } = await withTransaction(issuance.db, (db) =>
    answerOnce(request, caller, at, db, async () => {
      const batch = await submitBatch(submitted, caller, at, db);
      const facts = {
        by: caller.person,
        role: caller.role,
        receipt: request.body as object,
        state: batch.state,
      };
      const { credentialId } = caller;
      const event = { at, event: 'batch.submitted', participantId: batch.participantId, credentialId };
      await recordEvents([{ ...event, requestId: requestIdOf(request), object: batch.id, facts }], db);
      return { body: batchView(batch, at, batches), location: `/v1/batches/${batch.id}` };
    }),
  );
  await afterChange([]);
  response
    .status(202)
    .location(answer.location ?? '')
    .json(answer.body);
}

const receiptOf = ({ sha256, octets }: ReceivedUpload) => ({ sha256: sha256.toString('hex'), octets });

/** @throws ZodError for a channel that there is not */
const fetchedOf = (request: ById, what: Fetched['what']): Fetched => ({
  what,
  ...requests.certificateDownload.parse(request.query),
  form: request.get('Accept') ?? '*/*',
  requestId: requestIdOf(request),
});

/** The file with its Range: the same octets from every node, told by their ETag. */
async function sendZip(
  batch: Batch,
  fetched: Fetched,
  response: Response,
  { batches }: HttpNeeds,
): Promise<void> {
  const { file, name, tag } = await openResult(batch, batches);
  response.attachment(name).type('application/zip').set('ETag', `"${tag}"`);
  const { size } = await stat(file);
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
 * Whether what is asked for gives octets away, as `send` decides after this: not to HEAD, nor where a condition or the Range fails. Where
 * it is not certain, it does: better a receipt too many.
 */
function givesOctets(request: Request, tag: string, size: number): boolean {
  const match = request.get('If-Match');
  const named = match === undefined || match === '*' || match.includes(tag);
  // Another result than the one that If-Range names is sent whole.
  const asked = request.get('If-Range')?.includes(tag) === false ? undefined : request.range(size);
  return request.method !== 'HEAD' && named && !request.fresh && asked !== -1;
}

/** What `send` says of a condition of the request that does not hold. */
const CONDITIONS = new Map<number | undefined, Fault>([
  [412, new Fault('precondition-failed', 'The result is not the one that If-Match names.')],
  [416, new Fault('range-not-satisfiable', 'The result has no octets where Range begins.')],
]);

async function sendLines(
  batch: Batch,
  fetched: Fetched,
  response: Response,
  { batches }: HttpNeeds,
): Promise<void> {
  const lines = Readable.from(resultLines(batch, batches), { objectMode: false });
  // The first line, or what is wrong, before anything is answered.
  await once(lines, 'readable');
  response.type('application/x-ndjson');
  if (response.req.method === 'HEAD') {
    lines.destroy();
    response.end();
    return;
  }
  await recordFetched(batch, callerOf(response), fetched, batches.issuance);
  await pipeline(lines, response).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  });
}

/** The whole message each time: it is no secret, and is removed only when it is acknowledged by its SHA-256, the ETag. */
async function sendKeys(
  batch: Batch,
  fetched: Fetched,
  response: Response,
  { issuance }: HttpNeeds,
): Promise<void> {
  const { sha256, octets } = await requireKeys(batch, issuance.db);
  const form = 'application/pkcs7-mime';
  response
    .attachment(`${batch.name}-keys.p7m`)
    .type(form)
    .set({
      ETag: `"${sha256.toString('hex')}"`,
      'Content-Length': String(octets),
      'Cache-Control': 'no-store',
    });
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  await recordFetched(batch, callerOf(response), { ...fetched, form }, issuance);
  const pieces = Readable.from(keyPieces(batch, issuance.db), { objectMode: false });
  await pipeline(pieces, response).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  });
}

/** The batch object as an event whenever it has changed; the last one is that of its end. @see WHATWG HTML, 9.2 */
async function sendEvents(first: Batch, response: Response, { issuance, batches }: HttpNeeds): Promise<void> {
  const caller = callerOf(response);
  response.set({ 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
  response.flushHeaders();
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  const { db, clock } = issuance;
  let told = '';
  for (let batch = first, silent = 0; !response.destroyed; silent += 1) {
    const data = JSON.stringify(batchView(batch, clock.now(), batches));
    const fact = JSON.stringify([batch.state, batch.counts]);
    if (fact !== told) response.write(`event: batch\ndata: ${data}\n\n`);
    else if (silent % KEEP_ALIVE === 0) response.write(': still here\n\n');
    told = fact;
    if (ENDED_STATES.includes(batch.state)) break;
    await pause(BETWEEN_LOOKS);
    batch = await requireBatch(batch.id, caller, db);
  }
  response.end();
}

type ById = Request<{ id: string }>;
/** Milliseconds. */
const BETWEEN_LOOKS = 500;
/** Looks. */
const KEEP_ALIVE = 30;
