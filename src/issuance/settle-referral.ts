import type { Application } from '../domain/application.ts';
import { Fault, type Reason } from '../domain/fault.ts';
import { formatInstant } from '../domain/instant.ts';
import type { Caller } from '../domain/participant.ts';
import type { Review } from '../domain/review.ts';
import type { Transaction } from '../db/query.ts';
import { withTransaction } from '../db/transaction.ts';
import { recordScreened } from '../registry/application-steps.ts';
import { requireApplication } from '../registry/applications.ts';
import { endReview, requireReview } from '../registry/reviews.ts';
import { judgeItems } from './application-verdict.ts';
import { askApplication } from './ask-application.ts';
import { issueApplication } from './issue-application.ts';
import { moveApplication } from './move-application.ts';
import type { IssuanceNeeds } from './needs.ts';
import { approve, refer, refuse } from './screen-application.ts';

/**
 * Issues an application whose referral was approved. It is decided again: what refuses it now refuses it, exactly what
 * the approver covered no longer holds it back, and what would refer it for another reason is referred anew. A full quota
 * lets it wait.
 * @throws Fault `not-found`; `conflict` when it is not REFERRED, its review is not approved, or somebody was faster
 */
export async function issueApproved(
  applicationId: string,
  by: Pick<Caller, 'credentialId'> | undefined,
  needs: IssuanceNeeds,
): Promise<Application> {
  const settled = await withTransaction(needs.db, async (db) => {
    const { application, review } = await requireReferred(applicationId, db);
    if (review.state !== 'APPROVED')
      throw new Fault('conflict', `The referral of this application is ${review.state}, not approved.`, {
        fix: 'Only what a second person has approved is issued; ask anew with another application.',
      });
    return followApproval(application, review, by, needs, db);
  });
  return settled.state === 'ISSUING' ? issueApplication(settled, needs) : settled;
}

/**
 * Takes a referred application where its closed review leads: issued when approved, refused when refused or expired.
 * @throws Fault `not-found`; `conflict` when it is not REFERRED, its review is still open, or somebody was faster
 */
export async function settleReferral(applicationId: string, needs: IssuanceNeeds): Promise<Application> {
  const refused = await withTransaction(needs.db, async (db) => {
    const { application, review } = await requireReferred(applicationId, db);
    return review.state === 'APPROVED'
      ? undefined
      : endUnapproved(application, review, needs.clock.now(), db);
  });
  return refused ?? issueApproved(applicationId, undefined, needs);
}

/**
 * Looks at a referred application that nobody has decided yet: when nothing is left that wants an approver, because a hold was
 * released or a fact is another, its review ends and it is issued like one that was never referred (requirements, F12: an
 * approver is asked about exceptions only).
 * @throws Fault `not-found`; `conflict` when it is not REFERRED, or somebody was faster
 */
export async function reconsiderReferral(applicationId: string, needs: IssuanceNeeds): Promise<Application> {
  const considered = await withTransaction(needs.db, async (db) => {
    const at = needs.clock.now();
    const { application, review } = await requireReferred(applicationId, db);
    const items = await askApplication(application, undefined, needs, at, db);
    await recordScreened(applicationId, at, db);
    const decided = { ...application, items };
    if (judgeItems(items, needs.ruleSets.at(at)).to !== 'APPROVED') return decided;
    if (!(await endReview(review.id, undefined, at, db)))
      throw new Fault('conflict', 'The referral of this application was decided at the same time.', {
        fix: 'Read the application again: it follows that decision.',
      });
    const facts = { review: review.id, gone: review.reasons.map((one) => one.reason) };
    const tell = `Application ${applicationId} needs no approver any more: what was referred is gone.`;
    const screened = await moveApplication(decided, { to: 'SCREENED', facts, tell }, at, db);
    return approve(screened, {}, at, db);
  });
  return considered.state === 'ISSUING' ? issueApplication(considered, needs) : considered;
}

async function followApproval(
  application: Application,
  review: Review,
  by: Pick<Caller, 'credentialId'> | undefined,
  needs: IssuanceNeeds,
  db: Transaction,
): Promise<Application> {
  const at = needs.clock.now();
  const approvedReasons = review.reasons.map(({ reason, detail }) => ({ reason, detail }));
  const items = await askApplication(application, { review: review.id, approvedReasons }, needs, at, db);
  const decided = { ...application, items };
  const ruleSet = needs.ruleSets.at(at);
  const verdict = judgeItems(items, ruleSet, false);
  await recordScreened(application.id, at, db);
  switch (verdict.to) {
    case 'REFUSED':
      return refuse(decided, at, db);
    case 'REFERRED':
      return refer(decided, verdict, ruleSet, at, db);
    case 'WAITING': {
      const { waitingFor } = verdict;
      if (application.waitingFor.join() === waitingFor.join()) return application;
      const tell = `Application ${application.id} is approved and waits for: ${waitingFor.join(', ')}.`;
      return moveApplication(decided, { to: 'REFERRED', changes: { waitingFor }, tell }, at, db);
    }
    case 'APPROVED': {
      const facts = { review: review.id, person: review.decidedPerson, because: review.decidedBecause };
      return approve(decided, by === undefined ? { facts } : { facts, by }, at, db);
    }
  }
}

async function endUnapproved(
  application: Application,
  review: Review,
  at: Date,
  db: Transaction,
): Promise<Application> {
  if (review.state === 'OPEN')
    throw new Fault('conflict', 'The referral of this application is not decided yet.', {
      fix: 'Wait for the decision (GET /v1/applications/{id} tells until when), or withdraw the application.',
    });
  const reason = whyEnded(review);
  return moveApplication(
    application,
    {
      to: 'REFUSED',
      changes: { reasons: [reason] },
      facts: { review: review.id },
      tell: `Application ${application.id} is refused: ${reason.detail}`,
    },
    at,
    db,
  );
}

function whyEnded({ state, decidedBecause, expiresAt }: Review): Reason {
  const clause = 'DESIGN';
  switch (state) {
    case 'REFUSED':
      return {
        reason: 'REFERRAL_REFUSED',
        clause,
        detail: `An approver of the DCC refused it: ${decidedBecause ?? ''}`,
        fix: 'Mend what the approver names and apply again.',
      };
    case 'WITHDRAWN':
      return {
        reason: 'REFERRAL_WITHDRAWN',
        clause,
        detail: 'The referral was withdrawn by who prepared it.',
        fix: 'Apply again if the certificates are still wanted.',
      };
    case 'EXPIRED':
    case 'OPEN':
    case 'APPROVED':
      return {
        reason: 'REFERRAL_EXPIRED',
        clause,
        detail: `No approver decided before ${formatInstant(expiresAt)}.`,
        fix: "Apply again, and tell the DCC's testing team by when it is needed.",
      };
  }
}

async function requireReferred(
  id: string,
  db: Transaction,
): Promise<{ application: Application; review: Review }> {
  const application = await requireApplication(id, db);
  if (application.state !== 'REFERRED' || application.reviewId === null)
    throw new Fault('conflict', `This application is ${application.state}, not REFERRED.`, {
      fix: 'Nothing is left to decide: GET /v1/applications/{id} shows what became of it.',
    });
  return { application, review: await requireReview(application.reviewId, db) };
}
