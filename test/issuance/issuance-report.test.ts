import request from 'supertest';
import { workOnce } from '../../src/batches/engine/worker.ts';
import { issueCertificates } from '../../src/issuance/issue-certificates.ts';
import { issueApproved } from '../../src/issuance/settle-referral.ts';
import { submitApplication, submitDraft } from '../../src/issuance/submit-application.ts';
import { findIssuanceReport } from '../../src/registrar/reports.ts';
import { applicationWorld, deviceCsrs, deviceRequest } from '../support/applications.ts';
import { batchWorld, deviceLines, PURPOSE } from '../support/batch-world.ts';
import { deviceCsr, organisationCsr } from '../support/csr-builder.ts';

const MINUTE = 60_000;
const all = (now: Date) => ({
  from: new Date(now.getTime() - 86_400_000),
  to: new Date(now.getTime() + 86_400_000),
});
const alike = (milliseconds: number) => ({ p50: milliseconds, p95: milliseconds, p99: milliseconds });

describe('the issuance report', () => {
  test('tells by category how long it took from when a batch was handed in; a single request is answered at once', async () => {
    const here = await batchWorld();
    const report = () => findIssuanceReport(all(here.clock.now()), here.database.pool);
    expect(await report()).toMatchObject({ issued: {}, turnaround: {}, decidedByRule: null });
    expect((await here.submit(deviceLines(3))).status).toBe(202);
    here.clock.advance(10 * MINUTE);
    while (await workOnce(here.batches));
    const single = await request(here.http)
      .post('/v1/certificates')
      .set('Authorization', await here.bearer('NORTHGATE'))
      .send({ category: 'ORGANISATION', purpose: PURPOSE, csr: organisationCsr('90b3d51f30010000').pem });
    expect(single.status).toBe(201);
    expect(await report()).toMatchObject({
      issued: { DEVICE: 3, ORGANISATION: 1 },
      turnaround: { DEVICE: alike(10 * MINUTE), ORGANISATION: alike(0) },
      decidedByRule: 1,
    });
    // One of four at once: the middle is still that of the batch, and what lies outside the period does not count.
    await request(here.http)
      .post('/v1/certificates')
      .set('Authorization', await here.bearer('METERWORKS'))
      .send({ category: 'DEVICE', purpose: PURPOSE, csr: deviceCsr('00db1234200000f1').pem })
      .expect(201);
    expect((await report()).turnaround['DEVICE']).toEqual(alike(10 * MINUTE));
    const before = { from: new Date(0), to: here.clock.now() };
    expect((await findIssuanceReport(before, here.database.pool)).turnaround).toEqual({});
    await here.close();
  });

  test('counts the wait of an application for its approver from its submission, not from when its draft was begun', async () => {
    const here = await applicationWorld();
    await here.state('METERWORKS', 'HOLD', 'hold-1', 'PLACED', { cause: 'BREACH', because: 'looked into' });
    const aro = await here.caller('METERWORKS');
    const csrs = deviceCsrs('20', 3);
    const draft = await submitApplication(deviceRequest(), csrs.slice(2), aro, here.needs, { draft: true });
    here.clock.advance(60 * MINUTE);
    const referred = await submitApplication(deviceRequest(), csrs.slice(0, 2), aro, here.needs);
    const submitted = await submitDraft(draft.id, aro, here.needs);
    here.clock.advance(90 * MINUTE);
    const approver = await here.caller('DCC', 'DCC_TEST_APPROVER');
    for (const { id, reviewId } of [referred, submitted]) {
      await here.decideAs(approver, reviewId);
      await issueApproved(id, approver, here.needs);
    }
    const report = await findIssuanceReport(all(here.clock.now()), here.needs.db);
    expect(report).toMatchObject({ issued: { DEVICE: 3 }, turnaround: { DEVICE: alike(90 * MINUTE) } });
    expect(Object.keys(report.turnaround)).toEqual(['DEVICE']);
    // An approver decided each of the three, however often they were asked; a rule decides the fourth.
    const decidedByRule = async () =>
      (await findIssuanceReport(all(here.clock.now()), here.needs.db)).decidedByRule;
    expect(await decidedByRule()).toBe(0);
    await here.state('METERWORKS', 'HOLD', 'hold-1', 'RELEASED');
    await submitApplication(deviceRequest(), deviceCsrs('20', 1, 3), aro, here.needs);
    expect(await decidedByRule()).toBe(0.25);
    // Two that the same asker has issued at once, without an application, were not asked again.
    const asked = deviceCsrs('20', 2, 4).map((csr) => ({
      request: { ...deviceRequest(), csr },
      caller: aro,
    }));
    await issueCertificates(asked, here.needs);
    expect(await decidedByRule()).toBe(0.5);
    await here.close();
  });
});
