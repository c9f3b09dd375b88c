import { randomUUID } from 'node:crypto';
import type { Application } from '../domain/application.ts';
import { Fault } from '../domain/fault.ts';
import { formatInstant } from '../domain/instant.ts';
import { violatedConstraint } from '../db/database-errors.ts';
import type { Transaction } from '../db/query.ts';
import { withTransaction } from '../db/transaction.ts';
import { testPhaseOf } from '../eligibility/purpose-rules.ts';
import { recordItems } from '../registry/application-steps.ts';
import { insertApplication, requireApplication } from '../registry/applications.ts';
import { findParticipantRef } from '../registry/participants.ts';
import { findLatestTerms } from '../registry/terms.ts';
import { recordSubmitted } from './submit-application.ts';
import { canBeCured, judgeItems, outcomeOf } from './application-verdict.ts';
import { findRefusal, keepHeld, recordRefusal } from './idempotency-store.ts';
import type { AskedRequest, IssuanceNeeds } from './needs.ts';
import { followVerdict } from './screen-application.ts';

/**
 * Makes an application of one item of a request for one certificate that an approver must decide (REFER), or that waits for a
 * free quota (QUEUE). The decision was made and recorded; it is not asked again. The same Idempotency-Key gives the same
 * application. What is refused stays refused, and is told how to be kept when only a fact that may change stands against it.
 * @returns Fault `referred`, about the application and the decision; or the refusal
 */
export async function applyInstead(
  asked: AskedRequest,
  refused: Fault,
  needs: IssuanceNeeds,
): Promise<Fault> {
  const { decision } = refused.about;
  if (decision === undefined) return refused;
  if (refused.code === 'not-eligible' && canBeCured(refused.reasons, needs.ruleSets.at(needs.clock.now())))
    return new Fault('not-eligible', `${refused.message} ${KEEP_IT}`, refused);
  if (refused.code !== 'referred' && refused.code !== 'too-many-requests') return refused;
  const { idempotencyId, fence = 1 } = asked;
  try {
    return await withTransaction(needs.db, async (db) => {
      if (idempotencyId !== undefined) await keepHeld([{ id: idempotencyId, fence }], db);
      const application = await apply(asked, refused, decision, needs, db);
      const answer = waiting(application, refused, decision);
      if (idempotencyId !== undefined) await recordRefusal({ id: idempotencyId, fence }, answer, db);
      return answer;
    });
  } catch (error) {
    if (violatedConstraint(error) !== 'application_idempotency_id_key' || idempotencyId === undefined)
      throw error;
    // Whoever had the key before was slow, not dead: the application is there, and so is the answer.
    return (await findRefusal(idempotencyId, needs.db)) ?? refused;
  }
}

async function apply(
  { request, caller, idempotencyId }: AskedRequest,
  { reasons }: Fault,
  decisionId: string,
  needs: IssuanceNeeds,
  db: Transaction,
): Promise<Application> {
  const at = needs.clock.now();
  const ruleSet = needs.ruleSets.at(at);
  const { csr, ...wanted } = request;
  const participant = await findParticipantRef(request.onBehalfOf ?? caller.signifier, db);
  if (participant === undefined) throw new TypeError('a request waits for nobody');
  const termsVersion = await findLatestTerms(participant.id, at, db);
  const [id, itemId] = [randomUUID(), randomUUID()];
  await insertApplication(
    {
      id,
      participantId: participant.id,
      credentialId: caller.credentialId,
      state: 'SUBMITTED',
      request: { ...wanted, ...testPhaseOf(request.purpose, at, ruleSet) },
      items: [{ id: itemId, csr: Buffer.from(csr) }],
      ...(termsVersion === undefined ? {} : { termsVersion }),
      ...(idempotencyId === undefined ? {} : { idempotencyId }),
    },
    at,
    db,
  );
  const outcome = outcomeOf(reasons, ruleSet);
  await recordItems([{ id: itemId, decisionId, outcome, reasons }], db);
  const application = await requireApplication(id, db);
  await recordSubmitted(application, caller, at, db);
  return followVerdict(application, judgeItems(application.items, ruleSet), ruleSet, at, db);
}

function waiting({ id, expiresAt, waitingFor }: Application, { reasons }: Fault, decision: string): Fault {
  const detail =
    expiresAt === null
      ? `The request waits for: ${waitingFor.join(', ')}. It is screened again by itself; nothing was issued.`
      : `The request is with an approver of the DCC, who decides until ${formatInstant(expiresAt)}; nothing was issued.`;
  return new Fault('referred', detail, { reasons, about: { decision, application: id } });
}

const KEEP_IT =
  'Sent to POST /v1/applications it is kept, and issued by itself once what stands against it has changed.';
