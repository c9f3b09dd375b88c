import { subjectKey } from '../domain/certificate-request.ts';
import { Fault } from '../domain/fault.ts';
import type { AuditEvent } from '../audit/audit-log.ts';
import type { DecisionRecord } from '../audit/decisions.ts';
import type { DecidedRequest } from './decide-requests.ts';
import type { ReadRequest } from './read-requests.ts';

/** What the caller is told of a decision that is not PASS: every reason, under the fault that fits the worst. */
export function refusal({
  id,
  decision: { reasons, outcome },
  refusedBy,
}: Pick<DecidedRequest, 'id' | 'decision' | 'refusedBy'>): Fault {
  const why = { reasons, about: { decision: id } };
  if (refusedBy !== undefined) return new Fault(refusedBy.code, refusedBy.message, why);
  if (outcome === 'REFER')
    return new Fault(
      'referred',
      'The request needs the decision of a DCC approver; nothing was issued.',
      why,
    );
  if (outcome === 'QUEUE')
    return new Fault('too-many-requests', 'The quota is used up for now; nothing was issued.', why);
  return reasons.every(({ reason }) => reason.startsWith('CSR_') || reason === 'PROFILE_NOT_APPLICABLE')
    ? new Fault('csr-refused', 'The CSR breaks the rules of its category; nothing was issued.', why)
    : new Fault('not-eligible', 'The participant may not have this certificate; nothing was issued.', why);
}

/** The decision as it is kept: what was asked, by whom, and the answer. */
export function decisionRecord(
  { read, id, question, decision }: DecidedRequest,
  decidedAt: Date,
): DecisionRecord {
  const { asked, reading, key } = read;
  return {
    id,
    decidedAt,
    ...(asked.requestId === undefined ? {} : { requestId: asked.requestId }),
    ...(reading.subject === undefined ? {} : { subject: subjectKey(reading.subject) }),
    ...(key === undefined ? {} : { publicKeySha256: key.sha256 }),
    question,
    decision,
  };
}

/** A refusal is an event; that a request passed, the decision and the certificate say. */
export function refusalEvents(
  { read, id, participant, decision }: DecidedRequest,
  outcome: unknown,
  at: Date,
): AuditEvent[] {
  if (!(outcome instanceof Fault)) return [];
  const facts = {
    outcome: decision.outcome,
    reasons: decision.reasons.map((one) => one.reason),
    fault: outcome.code,
  };
  const about = { ...actor(read), ...(participant ? { participantId: participant.id } : {}), at };
  return [{ ...about, event: 'certificate.refused', object: id, facts }];
}

function actor({ asked }: ReadRequest): Pick<AuditEvent, 'credentialId' | 'requestId'> {
  return {
    credentialId: asked.caller.credentialId,
    ...(asked.requestId === undefined ? {} : { requestId: asked.requestId }),
  };
}
