import type { Application, ApplicationItem } from '../domain/application.ts';
import { requireStep } from '../domain/application.ts';
import { formatInstant } from '../domain/instant.ts';
import type { Transaction } from '../db/query.ts';
import { withTransaction } from '../db/transaction.ts';
import type { RuleSet } from '../eligibility/rule-set.ts';
import { recordScreened } from '../registry/application-steps.ts';
import { requireApplication } from '../registry/applications.ts';
import { findApplicant } from '../registry/callers.ts';
import { findLatestTerms } from '../registry/terms.ts';
import { openReview } from '../registry/reviews.ts';
import { judgeItems, type Verdict } from './application-verdict.ts';
import { askApplication } from './ask-application.ts';
import { ISSUING_LEASE, issueApplication } from './issue-application.ts';
import { moveApplication, type Move } from './move-application.ts';
import type { IssuanceNeeds } from './needs.ts';

/**
 * Decides every item of a submitted or waiting application and takes it where that leads: it is issued at once, referred
 * to an approver, refused, or stays SCREENED while a fact that may change stands against it.
 * @throws Fault `not-found`; `conflict` when it is in another state, or somebody else was faster
 */
export async function screenApplication(id: string, needs: IssuanceNeeds): Promise<Application> {
  const screened = await withTransaction(needs.db, async (db) => {
    const at = needs.clock.now();
    const application = await requireApplication(id, db);
    if (application.state !== 'SUBMITTED') requireStep(application.state, 'SCREENED');
    const items = await askApplication(application, undefined, needs, at, db);
    const ruleSet = needs.ruleSets.at(at);
    return followVerdict({ ...application, items }, judgeItems(items, ruleSet), ruleSet, at, db);
  });
  return screened.state === 'ISSUING' ? issueApplication(screened, needs) : screened;
}

/** Takes an application, SUBMITTED or SCREENED and with its items decided, where their verdict leads. */
export async function followVerdict(
  decided: Application,
  verdict: Verdict,
  ruleSet: RuleSet,
  at: Date,
  db: Transaction,
): Promise<Application> {
  await recordScreened(decided.id, at, db);
  if (verdict.to === 'WAITING') return wait(decided, verdict, at, db);
  const application =
    decided.state === 'SUBMITTED' ? await moveApplication(decided, { to: 'SCREENED' }, at, db) : decided;
  switch (verdict.to) {
    case 'REFUSED':
      return refuse(application, at, db);
    case 'REFERRED':
      return refer(application, verdict, ruleSet, at, db);
    case 'APPROVED':
      return approve(application, {}, at, db);
  }
}

/** A fact that may change stands against it; the participant is told when that is another than before. */
async function wait(
  application: Application,
  { waitingFor }: Verdict,
  at: Date,
  db: Transaction,
): Promise<Application> {
  if (application.state === 'SCREENED' && application.waitingFor.join() === waitingFor.join())
    return application;
  const tell = `Application ${application.id} waits for: ${waitingFor.join(', ')}. It is screened again by itself when that changes.`;
  return moveApplication(application, { to: 'SCREENED', changes: { waitingFor }, tell }, at, db);
}

/** Ends an application of which no item may be issued. */
export async function refuse(application: Application, at: Date, db: Transaction): Promise<Application> {
  const codes = codesOf(application.items);
  const tell = `Application ${application.id} is refused: ${codes.join(', ')}.`;
  return moveApplication(application, { to: 'REFUSED', facts: { reasons: codes }, tell }, at, db);
}

/** Opens a review for what an approver must decide, and lets the application wait for it. */
export async function refer(
  application: Application,
  { referred }: Verdict,
  ruleSet: RuleSet,
  at: Date,
  db: Transaction,
): Promise<Application> {
  const { id, participant, participantId, request, items } = application;
  const { caller } = await findApplicant(application.credentialId, at, db);
  const wanted = items.filter((item) => item.outcome !== 'REFUSE').length;
  const review = await openReview(
    {
      kind: 'REFERRAL',
      participantId,
      act: { do: 'ISSUE_APPLICATION', application: id },
      summary: `Issue ${String(wanted)} ${request.category} certificate(s) to ${participant} for ${request.purpose}.`,
      reasons: referred,
      preparedBy: caller,
      days: ruleSet.settings.referralDays,
    },
    at,
    db,
  );
  const tell = `Application ${id} is with an approver of the DCC, who decides until ${formatInstant(review.expiresAt)}.`;
  const facts = { review: review.id, reasons: referred.map((one) => one.reason) };
  const moved = await moveApplication(
    application,
    { to: 'REFERRED', changes: { reviewId: review.id }, facts, tell },
    at,
    db,
  );
  return { ...moved, expiresAt: review.expiresAt };
}

/** Opens the way to the certificates, for whoever holds the lease. */
export async function approve(
  application: Application,
  approval: Pick<Move, 'facts' | 'by'>,
  at: Date,
  db: Transaction,
): Promise<Application> {
  const termsVersion = await findLatestTerms(application.participantId, at, db);
  const changes = termsVersion === undefined ? {} : { termsVersion };
  const approved = await moveApplication(application, { ...approval, to: 'APPROVED', changes }, at, db);
  const leaseUntil = new Date(at.getTime() + ISSUING_LEASE);
  return moveApplication(approved, { to: 'ISSUING', changes: { leaseUntil } }, at, db);
}

const codesOf = (items: readonly ApplicationItem[]) => [
  ...new Set(items.flatMap((item) => item.reasons.map((one) => one.reason))),
];
