import type { Application, ApplicationItem, ApplicationPhase } from '../domain/application.ts';
import type { CertificateRequest } from '../domain/certificate-request.ts';
import type { ApprovedReferral } from '../domain/eligibility-question.ts';
import type { Fault, Reason } from '../domain/fault.ts';
import { recordDecisions } from '../audit/decisions.ts';
import type { Db, Transaction } from '../db/query.ts';
import { recordItems } from '../registry/application-steps.ts';
import { findCsrs } from '../registry/applications.ts';
import { findApplicant } from '../registry/callers.ts';
import { requireReview } from '../registry/reviews.ts';
import { askRequests, type DecidedRequest } from './decide-requests.ts';
import type { AskedRequest, IssuanceNeeds } from './needs.ts';
import { readRequests } from './read-requests.ts';
import { decisionRecord } from './refusal.ts';

/**
 * Decides every item of an application as it stands now. A decision is written down when it is another than the last:
 * what waits is asked often, and mostly gets the same answer.
 */
export async function askApplication(
  application: Application,
  referral: ApprovedReferral | undefined,
  needs: IssuanceNeeds,
  at: Date,
  db: Transaction,
): Promise<ApplicationItem[]> {
  const { items } = application;
  const { caller, revoked } = await findApplicant(application.credentialId, at, db);
  const answers = revoked
    ? items.map((item) => ({ ...item, outcome: 'REFUSE' as const, reasons: [CREDENTIAL_REVOKED] }))
    : await decideItems(application, await requestsOf(application, caller, referral, db), needs, at, db);
  const changed = answers.filter((one, place) => !isSameAnswer(one, items[place]));
  await recordItems(changed, db);
  return answers;
}

/** The items as requests for certificates, each under its own id. */
export async function requestsOf(
  { id, request, items }: Application,
  caller: AskedRequest['caller'],
  referral: ApprovedReferral | undefined,
  db: Db,
): Promise<AskedRequest[]> {
  const csrs = await findCsrs(id, db);
  return items.map((item, place) => ({
    request: { ...wanted(request), csr: asItCame(csrs[place]) },
    caller,
    idempotencyId: item.id,
    ...(referral === undefined ? {} : { referral }),
  }));
}

/** What an approver took upon the DCC for an application; `undefined` while nobody did. */
export async function findReferral({ reviewId }: Application, db: Db): Promise<ApprovedReferral | undefined> {
  if (reviewId === null) return undefined;
  const { state, reasons } = await requireReview(reviewId, db);
  if (state !== 'APPROVED') return undefined;
  return { review: reviewId, approvedReasons: reasons.map(({ reason, detail }) => ({ reason, detail })) };
}

/** The reasons of a fault, which are none where the service itself failed. */
export function reasonsOf(fault: Fault): readonly Reason[] {
  if (fault.reasons.length > 0) return fault.reasons;
  const ours = fault.code === 'lint-failed' || fault.code === 'signing-failed';
  return [
    {
      reason: 'CERTIFICATE_NOT_MADE',
      clause: 'DESIGN',
      detail: ours ? 'The service could not make the certificate.' : fault.message,
      fix: ours ? 'Report it with the id of the application.' : 'Correct the request and apply again.',
    },
  ];
}

async function decideItems(
  { items }: Application,
  requests: readonly AskedRequest[],
  needs: IssuanceNeeds,
  at: Date,
  db: Transaction,
): Promise<ApplicationItem[]> {
  const reads = await readRequests(requests, needs);
  const decided = await askRequests(reads, needs, at, db);
  const answers = decided.map((one, place) => answerOf(one, items[place]));
  await recordDecisions(
    decided
      .filter((one, place) => answers[place]?.decisionId === one.id)
      .map((one) => decisionRecord(one, at)),
    db,
  );
  return answers;
}

function answerOf(
  { id, decision: { outcome, reasons } }: DecidedRequest,
  item: ApplicationItem | undefined,
): ApplicationItem {
  if (item === undefined) throw new TypeError('an answer without an item');
  const answer = { outcome, reasons };
  return isSameAnswer(answer, item) ? item : { ...item, ...answer, decisionId: id };
}

type Answer = Pick<ApplicationItem, 'outcome' | 'reasons'>;
const isSameAnswer = (one: Answer, other: Answer | undefined) =>
  one.outcome === other?.outcome && told(one.reasons) === told(other.reasons);
const told = (reasons: readonly Reason[]) =>
  JSON.stringify(reasons.map(({ reason, detail }) => [reason, detail]));

function wanted(request: Application['request']): Omit<CertificateRequest, 'csr'> {
  const members = Object.entries(request).filter(([name]) => !PHASE.has(name));
  return Object.fromEntries(members) as unknown as Omit<CertificateRequest, 'csr'>;
}

/** DER begins with a SEQUENCE; anything else was text. */
function asItCame(csr: Buffer | undefined): CertificateRequest['csr'] {
  if (csr === undefined) throw new TypeError('an item without a CSR');
  return csr[0] === 0x30 ? csr : csr.toString('utf8');
}

const PHASE: ReadonlySet<string> = new Set<keyof ApplicationPhase>(['testPhase', 'governingDocument']);
const CREDENTIAL_REVOKED: Reason = {
  reason: 'CREDENTIAL_REVOKED',
  clause: 'DESIGN',
  detail: 'The credential with which the application was made has been revoked.',
  fix: 'Apply again with a credential that is valid.',
};
