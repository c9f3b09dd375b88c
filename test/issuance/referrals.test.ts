import { findDecision } from '../../src/audit/decisions.ts';
import { withTransaction } from '../../src/db/transaction.ts';
import { decide } from '../../src/eligibility/decide.ts';
import { findApplication, findHistory } from '../../src/issuance/find-applications.ts';
import { issuesOneByOne } from '../../src/issuance/issue-certificate.ts';
import { screenAgain, sweep } from '../../src/issuance/screen-again.ts';
import { issueApproved, settleReferral } from '../../src/issuance/settle-referral.ts';
import { submitApplication, withdrawApplication } from '../../src/issuance/submit-application.ts';
import { closeReview, requireReview } from '../../src/registry/reviews.ts';
import {
  applicationWorld,
  codesOf,
  deviceCsrs,
  deviceRequest,
  faultOf,
  type ApplicationWorld,
} from '../support/applications.ts';

/** A Communications Hub of METERWORKS is a matter for an approver (requirements 3.4). */
const request = deviceRequest({ deviceType: 'CHF' });
const DAY = 86_400_000;

let here: ApplicationWorld;
beforeEach(async () => {
  here = await applicationWorld();
});
afterEach(() => here.close());

const refer = async () =>
  submitApplication(request, deviceCsrs('20', 2), await here.caller('METERWORKS'), here.needs);
const approver = () => here.caller('DCC', 'DCC_TEST_APPROVER');
const now = async (id: string) => findApplication(id, await here.caller('METERWORKS'), here.needs.db);

describe('a referral', () => {
  test('shows the applicant state and clock, and is issued when a second person approves it', async () => {
    const referred = await refer();
    expect(referred).toMatchObject({ state: 'REFERRED' });
    expect((await now(referred.id)).expiresAt).toEqual(new Date(here.clock.now().getTime() + 14 * DAY));
    const review = await requireReview(referred.reviewId!, here.needs.db);
    expect(review).toMatchObject({
      kind: 'REFERRAL',
      preparedPerson: 'METERWORKS/aro',
      act: { do: 'ISSUE_APPLICATION', application: referred.id },
    });
    expect(codesOf(review.reasons)).toEqual(['CATEGORY_REVIEW']);

    const by = await approver();
    await here.decideAs(by, referred.reviewId);
    const issued = await issueApproved(referred.id, by, here.needs);
    expect([issued.state, issued.items.every((item) => item.serialNumber !== null)]).toEqual([
      'ISSUED',
      true,
    ]);
    expect(await here.told('METERWORKS')).toEqual([
      'application.issued',
      'review.approved',
      'application.referred',
    ]);

    // The decision says who covered what, and its replay gives the same answer.
    const decision = (await findDecision(issued.items[0]!.decisionId!, here.needs.db))!;
    expect(decision).toMatchObject({ outcome: 'PASS', reasons: [] });
    expect(decision.question!.referral).toMatchObject({
      review: referred.reviewId,
      approvedReasons: [{ reason: 'CATEGORY_REVIEW' }],
    });
    expect(decide(decision.question!, here.needs.ruleSets.at(here.clock.now())).outcome).toBe('PASS');
  });

  test('that was approved is issued by whoever looks next, once', async () => {
    const { id, reviewId, participantId } = await refer();
    await here.decideAs(await approver(), reviewId);
    await screenAgain([participantId], here.needs);
    expect((await now(id)).state).toBe('ISSUED');
    expect((await faultOf(issueApproved(id, await approver(), here.needs))).code).toBe('conflict');
  });

  test('is not issued before it is approved', async () => {
    const { id } = await refer();
    for (const act of [() => issueApproved(id, undefined, here.needs), () => settleReferral(id, here.needs)])
      expect((await faultOf(act())).code).toBe('conflict');
    await sweep(here.needs);
    expect((await now(id)).state).toBe('REFERRED');
  });

  test('that only a hold caused is issued by itself when that is released, and its review ends', async () => {
    await here.state('METERWORKS', 'HOLD', 'hold-1', 'PLACED', { cause: 'BREACH', because: 'looked into' });
    const aro = await here.caller('METERWORKS');
    const held = await submitApplication(deviceRequest(), deviceCsrs('20', 1), aro, here.needs);
    expect(held.state).toBe('REFERRED');
    await sweep(here.needs);
    expect((await now(held.id)).state).toBe('REFERRED');
    await here.state('METERWORKS', 'HOLD', 'hold-1', 'RELEASED');
    await screenAgain([held.participantId], here.needs);
    expect((await now(held.id)).state).toBe('ISSUED');
    expect((await requireReview(held.reviewId!, here.needs.db)).state).toBe('WITHDRAWN');
    expect(await here.told('METERWORKS')).toEqual([
      'application.issued',
      'application.screened',
      'application.referred',
    ]);
  });

  test('stays one while anything else stands against it, and is decided by people only', async () => {
    await here.state('METERWORKS', 'HOLD', 'hold-1', 'PLACED', { cause: 'BREACH', because: 'looked into' });
    const referred = await refer();
    await here.state('METERWORKS', 'HOLD', 'hold-1', 'RELEASED');
    await sweep(here.needs);
    expect(codesOf((await now(referred.id)).items[0]!.reasons)).toEqual(['CATEGORY_REVIEW']);
    await here.state('METERWORKS', 'AGREEMENT', 'BA-2026-001', 'SUSPENDED');
    await sweep(here.needs);
    expect((await now(referred.id)).state).toBe('REFERRED');
    expect((await requireReview(referred.reviewId!, here.needs.db)).state).toBe('OPEN');
  });

  test('that was approved is decided again: what refuses it now refuses it', async () => {
    const { id, reviewId } = await refer();
    await here.decideAs(await approver(), reviewId);
    await here.state('METERWORKS', 'AGREEMENT', 'BA-2026-001', 'TERMINATED');
    const refused = await issueApproved(id, await approver(), here.needs);
    expect(refused.state).toBe('REFUSED');
    expect(codesOf(refused.items[0]!.reasons)).toEqual(['AGREEMENT_TERMINATED']);
    expect((await here.told('METERWORKS'))[0]).toBe('application.refused');
  });

  test('that was approved is referred anew for what the approver has not seen', async () => {
    const { id, reviewId } = await refer();
    await here.decideAs(await approver(), reviewId);
    await here.state('METERWORKS', 'HOLD', 'hold-1', 'PLACED', { cause: 'BREACH', because: 'found since' });
    const again = await issueApproved(id, await approver(), here.needs);
    expect(again.state).toBe('REFERRED');
    expect(again.reviewId).not.toBe(reviewId);
    const review = await requireReview(again.reviewId!, here.needs.db);
    expect(codesOf(review.reasons)).toEqual(['PARTICIPANT_ON_HOLD']);
  });

  test('that is refused, or that nobody decides in time, ends the application with the reason', async () => {
    const [first, second] = [await refer(), await refer()];
    await here.decideAs(await approver(), first.reviewId, false);
    await screenAgain([first.participantId], here.needs);
    expect(await now(first.id)).toMatchObject({
      state: 'REFUSED',
      reasons: [{ reason: 'REFERRAL_REFUSED', detail: expect.stringContaining('as agreed') as string }],
    });
    here.clock.advance(14 * DAY);
    const late = await faultOf(here.decideAs(await approver(), second.reviewId));
    expect([late.code, late.message]).toEqual(['conflict', expect.stringContaining('expired')]);
    await sweep(here.needs);
    expect(await now(second.id)).toMatchObject({
      state: 'REFUSED',
      reasons: [{ reason: 'REFERRAL_EXPIRED' }],
    });
    expect((await requireReview(second.reviewId!, here.needs.db)).state).toBe('EXPIRED');
  });

  test('ends with its application when the applicant withdraws', async () => {
    const { id, reviewId } = await refer();
    await withdrawApplication(id, await here.caller('METERWORKS', 'PARTICIPANT_SRO'), here.needs);
    expect((await requireReview(reviewId!, here.needs.db)).state).toBe('WITHDRAWN');
    expect((await faultOf(here.decideAs(await approver(), reviewId))).code).toBe('conflict');
    expect((await now(id)).state).toBe('WITHDRAWN');
  });

  test('is not approved by who prepared it, nor by the own people of the participant', async () => {
    const operator = await here.caller('DCC', 'DCC_TEST_OPERATOR');
    const onBehalf = { ...request, onBehalfOf: 'METERWORKS' };
    const { reviewId } = await submitApplication(onBehalf, deviceCsrs('20', 1), operator, here.needs);
    const review = await requireReview(reviewId!, here.needs.db);
    const by = await approver();
    const refused = [
      operator,
      { ...by, person: operator.person },
      { ...by, person: '' },
      await here.caller('METERWORKS', 'PARTICIPANT_SRO'),
    ];
    for (const person of refused) {
      const close = withTransaction(here.needs.db, (db) =>
        closeReview(review, { state: 'APPROVED', because: 'why not', by: person }, here.clock.now(), db),
      );
      const fault = await faultOf(close);
      expect([fault.code, codesOf(fault.reasons)]).toEqual(['role-not-permitted', ['SECOND_PERSON_NEEDED']]);
    }
    expect((await requireReview(reviewId!, here.needs.db)).state).toBe('OPEN');
  });

  test('of one certificate is an application of its own; the history does not name the approver', async () => {
    const caller = await here.caller('METERWORKS');
    const asked = { request: { ...request, csr: deviceCsrs('20', 1)[0]! }, caller };
    const fault = await faultOf(issuesOneByOne(here.needs)(asked));
    expect([fault.code, codesOf(fault.reasons)]).toEqual(['referred', ['CATEGORY_REVIEW']]);
    const { id, reviewId } = await now(fault.about.application!);
    await here.decideAs(await approver(), reviewId);
    expect((await issueApproved(id, await approver(), here.needs)).state).toBe('ISSUED');
    const history = await findHistory(id, caller, here.needs.db);
    expect(history.find((one) => one.event === 'application.approved')?.facts).toMatchObject({
      from: 'REFERRED',
      because: 'as agreed',
    });
    expect(JSON.stringify(history)).not.toContain('test DCC_TEST_APPROVER');
  });
});
