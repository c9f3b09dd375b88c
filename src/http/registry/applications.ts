import {
  APPLICATION_ITEMS,
  APPLICATION_STATES,
  receiptOf,
  type Application,
} from '../../domain/application.ts';
import { OUTCOMES } from '../../domain/decision.ts';
import { formatInstant } from '../../domain/instant.ts';
import { isUuid, NIL_UUID } from '../../domain/uuid.ts';
import { findApplication, findHistory, listApplications } from '../../issuance/find-applications.ts';
import { listDependentBatches } from '../../batches/engine/dependent-batches.ts';
import { previewDependents } from '../../issuance/preview-dependents.ts';
import { submitApplication, submitDraft, withdrawApplication } from '../../issuance/submit-application.ts';
import { present } from '../present.ts';
import { requireSmallCsr } from '../csr-size.ts';
import { instant, reason } from '../answer-schemas.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import { pageSchema } from '../list-route.ts';
import { EVERYBODY, READERS, route } from '../route.ts';
import * as requests from '../request-schemas.ts';
import { z } from '../zod.ts';
import * as fields from '../fields.ts';
import * as views from './views.ts';

const application = z
  .object({
    id: z.uuid(),
    participant: z.string(),
    state: z.enum(APPLICATION_STATES),
    stateSince: instant,
    createdAt: instant,
    request: z.record(z.string(), z.unknown()).openapi({ description: 'what was asked for, but the CSRs' }),
    review: z.uuid().optional().openapi({ description: 'of a referral: the one that decides' }),
    decideBefore: instant.optional(),
    waitingFor: z.array(z.string()).openapi({ description: 'reasons that have to go away' }),
    reasons: z.array(reason),
    items: z.array(
      z.object({
        position: z.int(),
        outcome: z.enum(OUTCOMES).nullable(),
        decision: z.uuid().nullable(),
        serialNumber: z.string().nullable(),
        reasons: z.array(reason),
      }),
    ),
    receipt: z.record(z.string(), z.unknown()),
    history: z
      .array(z.record(z.string(), z.unknown()))
      .optional()
      .openapi({ description: 'of a single one: its states, oldest first' }),
  })
  .openapi('Application', { description: 'One request for 1 to 100 certificates, and what became of it' });
const { csr, ...question } = requests.certificateRequest.shape;
const newApplication = z
  .strictObject({
    ...question,
    csrs: z
      .array(csr)
      .min(1)
      .max(APPLICATION_ITEMS)
      .describe(`1 to ${String(APPLICATION_ITEMS)} CSRs, each as PEM or Base64 of DER`),
    draft: z.boolean().default(false).describe('true: it is kept, and not decided before it is submitted'),
  })
  .refine(requests.replacementFits, requests.REPLACEMENT_MISFIT)
  .openapi('NewApplication');
const APPLICANTS = ['PARTICIPANT_SRO', 'PARTICIPANT_ARO', 'DCC_TEST_OPERATOR'] as const;

/** Applications: what is referred or waits for a fact is decided later, by itself, and the applicant is told. */
export const APPLICATION_ROUTES = [
  route({
    method: 'post',
    path: '/v1/applications',
    command: 'applications submit',
    summary: 'apply for 1 to 100 certificates; what must wait is decided later by itself',
    roles: APPLICANTS,
    body: newApplication,
    answer: application,
    status: 201,
    event: 'application.submitted',
    ownTransactions: true,
    handle: async ({ body, caller, idempotencyKey }, { issuance }) => {
      const { csrs, draft, ...wanted } = body;
      csrs.forEach(requireSmallCsr);
      const submission = { draft, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) };
      const made = await submitApplication(present(wanted), csrs, caller, issuance, submission);
      return { body: applicationView(made), location: `/v1/applications/${made.id}` };
    },
  }),
  route({
    method: 'get',
    path: '/v1/applications',
    command: 'applications list',
    summary: 'own applications, newest first',
    roles: [...EVERYBODY],
    query: z.strictObject({ ...fields.page, state: z.enum(APPLICATION_STATES).optional() }),
    answer: pageSchema(application),
    handle: async ({ caller, query, pool }) => {
      const { limit, cursor, state } = query;
      const place = cursor === undefined ? undefined : readCursor(cursor, isUuid);
      const page = await listApplications(
        state === undefined ? {} : { states: [state] },
        place === undefined ? { limit } : { limit, after: { createdAt: place.at, id: place.id } },
        caller,
        pool,
      );
      const nextCursor =
        page.next === undefined ? null : writeCursor({ at: page.next.createdAt, id: page.next.id });
      return { body: { items: page.items.map(applicationView), nextCursor } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/applications/{id}',
    command: 'applications show',
    summary: 'one application: its state, since when, what it waits for, and what became of each CSR',
    roles: [...EVERYBODY],
    answer: application,
    handle: async ({ params, caller, pool }) => {
      const found = await findApplication(idOf(params), caller, pool);
      return {
        body: {
          ...applicationView(found),
          history: views.plainList(await findHistory(found.id, caller, pool)),
        },
      };
    },
  }),
  route({
    method: 'post',
    path: '/v1/applications/{id}/submission',
    command: 'applications submit-draft',
    summary: 'submit an own draft',
    roles: APPLICANTS,
    answer: application,
    event: 'application.draft-submitted',
    ownTransactions: true,
    handle: async ({ params, caller }, { issuance }) => ({
      body: applicationView(await submitDraft(idOf(params), caller, issuance)),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/applications/{id}/withdrawal',
    command: 'applications withdraw',
    summary: 'withdraw an own application that is not being issued yet',
    roles: APPLICANTS,
    answer: application,
    event: 'application.withdrawn',
    ownTransactions: true,
    handle: async ({ params, caller }, { issuance }) => ({
      body: applicationView(await withdrawApplication(idOf(params), caller, issuance)),
    }),
  }),
  route({
    method: 'get',
    path: '/v1/participants/{signifier}/dependents',
    command: 'participants dependents',
    summary:
      'what hangs on the membership, or on an agreement: certificates, batches, applications, credentials, RDPs',
    roles: READERS,
    query: z.strictObject({
      agreement: fields.text(64).optional().describe('reference of an agreement; absent: the membership'),
    }),
    answer: z.unknown(),
    handle: async ({ participant, query, pool }, { issuance }) => {
      const found = await previewDependents(participant.id, present(query), issuance);
      const on = { participantId: participant.id, ...present(query) };
      const batches = await listDependentBatches(on, found.carries, MOST_BATCHES, pool);
      return {
        body: views.plain({ ...found, batches, applications: found.applications.map(applicationView) }),
      };
    },
  }),
];

function applicationView(one: Application) {
  const {
    id,
    participant,
    state,
    stateSince,
    request,
    createdAt,
    reviewId,
    expiresAt,
    waitingFor,
    reasons,
    items,
  } = one;
  return views.plain({
    id,
    participant,
    state,
    stateSince: formatInstant(stateSince),
    createdAt: formatInstant(createdAt),
    request,
    review: reviewId ?? undefined,
    decideBefore: expiresAt ?? undefined,
    waitingFor,
    reasons,
    items: items.map(({ position, outcome, decisionId, serialNumber, reasons: why }) => ({
      position,
      outcome,
      decision: decisionId,
      serialNumber,
      reasons: why,
    })),
    receipt: receiptOf(one),
  });
}

/** As many as of everything else in a preview. */
const MOST_BATCHES = 50;
/** What is no id is nobody's application. */
const idOf = ({ id = '' }: Readonly<Record<string, string>>) => (isUuid(id) ? id : NIL_UUID);
