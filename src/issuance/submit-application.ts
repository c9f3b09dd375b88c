import { createHash, randomUUID } from 'node:crypto';
import { APPLICATION_ITEMS, type Application, type ApplicationRequest } from '../domain/application.ts';
import type { CertificateRequest } from '../domain/certificate-request.ts';
import { Fault } from '../domain/fault.ts';
import type { Caller } from '../domain/participant.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { recordDecisions } from '../audit/decisions.ts';
import { violatedConstraint } from '../db/database-errors.ts';
import type { Transaction } from '../db/query.ts';
import { withTransaction } from '../db/transaction.ts';
import { mayAskFor } from '../eligibility/asker-rules.ts';
import { testPhaseOf } from '../eligibility/purpose-rules.ts';
import {
  findApplicationByIdempotency,
  insertApplication,
  requireApplication,
} from '../registry/applications.ts';
import { endReview } from '../registry/reviews.ts';
import { findLatestTerms } from '../registry/terms.ts';
import { askRequests } from './decide-requests.ts';
import { claimIdempotencyKey, recordRefusal, releaseClaim } from './idempotency-store.ts';
import { moveApplication } from './move-application.ts';
import type { IssuanceNeeds } from './needs.ts';
import { refusal } from './refusal.ts';
import { screenApplication } from './screen-application.ts';

/** How an application comes. */
export interface Submission {
  /** Makes a repetition give the same application. */
  readonly idempotencyKey?: string;
  /** Kept as a DRAFT until `submitDraft`. */
  readonly draft?: boolean;
}

/**
 * Takes an application for 1 to 100 certificates of one category and purpose, and screens it at once unless it is a
 * draft. What it leads to is in the application that is returned: a refusal is no fault here.
 * @throws Fault `malformed-request` for no CSR or too many; `not-eligible` when the caller may not ask for the
 *         participant, or there is none (requirements 3.3, A1 and A2); `idempotency-key-reused`, `request-in-progress`
 */
export async function submitApplication(
  request: ApplicationRequest,
  csrs: readonly CertificateRequest['csr'][],
  caller: Caller,
  needs: IssuanceNeeds,
  { idempotencyKey, draft = false }: Submission = {},
): Promise<Application> {
  requireCount(csrs.length);
  const application = { request, csrs, caller, draft };
  const { id, state } =
    idempotencyKey === undefined
      ? await takeIn(application, undefined, needs)
      : await takeInOnce(application, idempotencyKey, needs);
  return state === 'SUBMITTED' ? screenSubmitted(id, needs) : requireApplication(id, needs.db);
}

/** Submits a draft of the caller's participant, and screens it. @throws Fault `not-found`, `conflict` */
export async function submitDraft(id: string, caller: Caller, needs: IssuanceNeeds): Promise<Application> {
  await withTransaction(needs.db, async (db) => {
    const draft = await requireApplication(id, db, caller.participantId);
    await moveApplication(draft, { to: 'SUBMITTED', by: caller }, needs.clock.now(), db);
  });
  return screenApplication(id, needs);
}

/**
 * Withdraws an application that is not being issued yet, and the referral with it.
 * @throws Fault `not-found`; `conflict` when it is being issued or has ended, or somebody else was faster
 */
export async function withdrawApplication(
  id: string,
  caller: Caller,
  needs: Pick<IssuanceNeeds, 'db' | 'clock'>,
): Promise<Application> {
  const at = needs.clock.now();
  return withTransaction(needs.db, async (db) => {
    const application = await requireApplication(id, db, caller.participantId);
    if (application.reviewId !== null && application.state === 'REFERRED')
      await endReview(application.reviewId, caller, at, db);
    const tell = `Application ${id} is withdrawn.`;
    return moveApplication(application, { to: 'WITHDRAWN', by: caller, tell }, at, db);
  });
}

/** Writes down that an application came. */
export async function recordSubmitted(
  { id, participantId, state, request, items }: Application,
  caller: Caller,
  at: Date,
  db: Transaction,
): Promise<void> {
  const { category, purpose, channel, testPhase } = request;
  const event = `application.${state.toLowerCase()}`;
  const facts = { category, purpose, channel, testPhase, items: items.length };
  await recordEvents(
    [{ at, event, participantId, credentialId: caller.credentialId, object: id, facts }],
    db,
  );
}

interface Incoming {
  readonly request: ApplicationRequest;
  readonly csrs: readonly CertificateRequest['csr'][];
  readonly caller: Caller;
  readonly draft: boolean;
}

async function takeIn(
  { request, csrs, caller, draft }: Incoming,
  idempotencyId: string | undefined,
  needs: IssuanceNeeds,
): Promise<Application> {
  const at = needs.clock.now();
  const participantId = await requireParticipant(request, caller, needs);
  const id = randomUUID();
  return withTransaction(needs.db, async (db) => {
    const termsVersion = await findLatestTerms(participantId, at, db);
    await insertApplication(
      {
        id,
        participantId,
        credentialId: caller.credentialId,
        state: draft ? 'DRAFT' : 'SUBMITTED',
        request: { ...request, ...testPhaseOf(request.purpose, at, needs.ruleSets.at(at)) },
        items: csrs.map((csr) => ({ id: randomUUID(), csr: Buffer.from(csr) })),
        ...(termsVersion === undefined ? {} : { termsVersion }),
        ...(idempotencyId === undefined ? {} : { idempotencyId }),
      },
      at,
      db,
    );
    const application = await requireApplication(id, db);
    await recordSubmitted(application, caller, at, db);
    return application;
  });
}

async function takeInOnce(incoming: Incoming, key: string, needs: IssuanceNeeds): Promise<Application> {
  const { db, clock } = needs;
  const { credentialId } = incoming.caller;
  const claim = await claimIdempotencyKey(credentialId, key, hashOf(incoming), clock.now(), db);
  if (claim.state === 'answered') throw claim.fault;
  const earlier = await findApplicationByIdempotency(claim.id, db);
  if (earlier !== undefined) return earlier;
  if (claim.state === 'ours')
    try {
      return await takeIn(incoming, claim.id, needs);
    } catch (error) {
      if (error instanceof Fault && error.code === 'not-eligible') await recordRefusal(claim, error, db);
      else await releaseClaim(claim, db).catch(() => undefined);
      if (violatedConstraint(error) !== 'application_idempotency_id_key') throw error;
    }
  throw new Fault(
    'request-in-progress',
    'A request with this Idempotency-Key is still being worked on; send it again shortly.',
  );
}

/** Somebody faster may screen it too: a repetition under its key, or the sweep. Then it is answered as that one left it. */
async function screenSubmitted(id: string, needs: IssuanceNeeds): Promise<Application> {
  try {
    return await screenApplication(id, needs);
  } catch (error) {
    if (error instanceof Fault && error.code === 'conflict') return requireApplication(id, needs.db);
    throw error;
  }
}

/** Who is to have the certificates. A refusal at this door is a decision like any other, and no application. */
async function requireParticipant(
  request: ApplicationRequest,
  caller: Caller,
  needs: IssuanceNeeds,
): Promise<string> {
  const { db: pool, clock } = needs;
  const at = clock.now();
  const [decided] = await askRequests([{ asked: { request, caller } }], needs, at, pool);
  if (decided === undefined) throw new TypeError('a question without an answer');
  const { id, question, participant, decision } = decided;
  if (participant !== undefined && mayAskFor({ question, ruleSet: needs.ruleSets.at(at) }))
    return participant.id;
  const reasons = decision.reasons.map((one) => one.reason);
  await withTransaction(pool, async (db) => {
    await recordDecisions([{ id, decidedAt: at, question, decision }], db);
    await recordEvents(
      [
        {
          at,
          event: 'application.turned-away',
          credentialId: caller.credentialId,
          object: id,
          facts: { reasons },
        },
      ],
      db,
    );
  });
  throw refusal(decided);
}

function requireCount(csrs: number): void {
  if (csrs < 1 || csrs > APPLICATION_ITEMS)
    throw new Fault(
      'malformed-request',
      `An application has 1 to ${String(APPLICATION_ITEMS)} CSRs, this one has ${String(csrs)}; more are sent as a batch.`,
    );
}

/** SHA-256 over everything that makes the application what it is. */
function hashOf({ request, csrs, draft }: Incoming): Buffer {
  const members = Object.entries(request).sort(([left], [right]) => (left < right ? -1 : 1));
  const hash = createHash('sha256').update(JSON.stringify([members, draft, csrs.length]));
  for (const csr of csrs) hash.update(createHash('sha256').update(csr).digest());
  return hash.digest();
}
