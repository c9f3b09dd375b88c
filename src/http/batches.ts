import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Router, type Request, type Response } from 'express';
import { Fault } from '../domain/fault.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { requireBatch } from '../batches/batch-store.ts';
import {
  parseBatchContentType,
  receiveUpload,
  type ReceivedUpload,
} from '../batches/intake/receive-upload.ts';
import { requireFetchable, type Fetched } from '../batches/require-fetchable.ts';
import {
  requireNamed,
  submitBatch,
  SUBMITTERS,
  type SubmittedBatch,
} from '../batches/intake/submit-batch.ts';
import { withTransaction } from '../db/transaction.ts';
import { unknownProfile } from '../profiles/choose-profile.ts';
import { answerOnce } from './answer-once.ts';
import { callerOf, requireActive, requireRole } from './auth.ts';
import { arrivingBody, contentEncodingOf } from './body.ts';
import { BATCH_READERS } from './batch-routes.ts';
import { batchView } from './batch-view.ts';
import { sendReport, writeReport } from './dry-run.ts';
import { inTurn } from './in-turn.ts';
import { openPlaces, requirePlace } from './places.ts';
import { present } from './present.ts';
import { onlyMethods } from './negotiation.ts';
import { requestIdOf } from './request-id.ts';
import * as requests from './request-schemas.ts';
import { sendKeys, sendLines, sendZip } from './send-batch.ts';
import { openEvents } from './send-events.ts';
import type { HttpNeeds } from './server.ts';

/** What of batches is no JSON: the upload, the result, the keys, the events. The rest are rows (`batch-routes.ts`). */
export function batchRoutes(needs: HttpNeeds): Router {
  const { batches, issuance } = needs;
  const router = Router();
  const rehearseInTurn = inTurn();
  const takePlace = openPlaces(DRY_RUNS);
  const sendEvents = openEvents(needs);
  router.post('/', requireRole(...SUBMITTERS), async (request, response) => {
    requireActive(callerOf(response));
    const { name, dryRun, ...asked } = requests.batchSubmission.parse(request.query);
    // Before the upload is read: nobody sends 50,000 CSRs to hear that.
    requireNamed(asked, callerOf(response));
    const unknown = unknownProfile(issuance.profiles, asked.category, asked.profile);
    if (unknown !== undefined) throw unknown;
    const contentType = parseBatchContentType(request.get('Content-Type'), batches.intake.codes);
    if (contentEncodingOf(request) !== 'identity')
      throw new Fault('unsupported-media-type', 'A batch is sent without a Content-Encoding.');
    const leave = dryRun
      ? requirePlace(takePlace, 'TOO_MANY_DRY_RUNS', TOO_MANY_DRY_RUNS, response)
      : undefined;
    const file = path.join(batches.folder, `upload-${randomUUID()}`);
    let isWaiting = dryRun;
    response.once('close', () => {
      leave?.();
      if (isWaiting) void rm(file, { force: true }).catch(() => undefined);
    });
    try {
      const upload = await receiveUpload(arrivingBody(request), file, batches.intake);
      const submitted = { upload, contentType, name, request: present(asked) };
      if (dryRun) {
        // One at a time: each has its keys in memory, and others issue meanwhile. Who left before its turn is told nothing.
        const report = await rehearseInTurn(async () => {
          isWaiting = false;
          return response.destroyed ? undefined : writeReport(submitted, callerOf(response), batches);
        });
        if (report !== undefined) await sendReport(report, response);
      } else await submit(submitted, request, response, needs);
    } finally {
      leave?.();
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
    await sendEvents(batch, response);
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

type ById = Request<{ id: string }>;
/** Their uploads lie on the disk until it is their turn, their failures until they are answered. */
const DRY_RUNS = { each: 2, all: 20 };
const TOO_MANY_DRY_RUNS = `Too many dry runs are on their way: of a participant ${String(DRY_RUNS.each)} at most, of all ${String(DRY_RUNS.all)}.`;
