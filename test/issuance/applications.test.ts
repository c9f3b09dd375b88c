import { APPLICATION_STEPS } from '../../src/domain/application.ts';
import type { Caller } from '../../src/domain/participant.ts';
import { findCertificate } from '../../src/ca/find-certificates.ts';
import { query } from '../../src/db/query.ts';
import { findApplication, findHistory, listApplications } from '../../src/issuance/find-applications.ts';
import { issuesOneByOne } from '../../src/issuance/issue-certificate.ts';
import { screenAgain, startSweep, sweep } from '../../src/issuance/screen-again.ts';
import { screenApplication } from '../../src/issuance/screen-application.ts';
import {
  submitApplication,
  submitDraft,
  withdrawApplication,
} from '../../src/issuance/submit-application.ts';
import { findMovable } from '../../src/registry/applications.ts';
import { policiesOf } from '../../src/profiles/profile.ts';
import {
  applicationWorld,
  codesOf,
  deviceCsrs,
  deviceRequest,
  faultOf,
  type ApplicationWorld,
} from '../support/applications.ts';
import { deviceCsr, organisationCsr } from '../support/csr-builder.ts';
import { opensslVerify } from '../support/openssl.ts';

let here: ApplicationWorld;
const open = async () => {
  here = await applicationWorld();
};
const close = () => here.close();

/** Lets OpenSSL judge a certificate with its whole chain. */
async function judge(participantId: string, serialNumber: string | null) {
  const { needs, clock } = here;
  const certificate = await findCertificate({ participantId, reach: 'OWN' }, serialNumber as never, needs.db);
  if (certificate === undefined) throw new Error(`no certificate ${String(serialNumber)}`);
  const chain = needs.hierarchy.find(certificate.authority)!.chain;
  const [policy = ''] = policiesOf(needs.profiles.profiles.get(certificate.profile)!);
  expect(opensslVerify(certificate.der, chain, { policy, at: clock.now() })).toMatchObject({ ok: true });
}

const execute = () =>
  here.state('NEWMETER', 'AGREEMENT', 'BA-2026-050', 'EXECUTED', {
    executedAt: here.clock.now(),
    effectiveFrom: here.clock.now(),
  });

describe('an application', () => {
  beforeAll(open);
  afterAll(close);

  test('that passes is issued at once, item by item, each certificate judged by OpenSSL', async () => {
    const { needs } = here;
    const aro = await here.caller('METERWORKS');
    const application = await submitApplication(deviceRequest(), deviceCsrs('20', 3), aro, needs);
    expect(application).toMatchObject({
      state: 'ISSUED',
      participant: 'METERWORKS',
      termsVersion: '2026-11-24',
      request: { testPhase: 'ENDURING', governingDocument: 'ETAD', channel: 'INTERNET' },
    });
    expect(new Set(application.items.map((item) => item.serialNumber)).size).toBe(3);
    for (const item of application.items) await judge(aro.participantId, item.serialNumber);
    expect(await findApplication(application.id, aro, needs.db)).toEqual(application);
    const history = await findHistory(application.id, aro, needs.db);
    expect(history.map((one) => one.event)).toEqual([
      'application.submitted',
      'application.screened',
      'application.approved',
      'application.issuing',
      'application.issued',
    ]);
    expect(await here.told('METERWORKS')).toEqual(['application.issued']);
  });

  test('with a CSR that is refused for good is issued in part, with every reason', async () => {
    const aro = await here.caller('METERWORKS');
    const csrs = [...deviceCsrs('20', 1), deviceCsr('00-AA-00-00-00-00-00-01').der, Buffer.from('no CSR')];
    const application = await submitApplication(deviceRequest(), csrs, aro, here.needs);
    expect(application.state).toBe('PARTLY_ISSUED');
    expect(application.items.map((item) => [item.outcome, item.serialNumber !== null])).toEqual([
      ['PASS', true],
      ['REFUSE', false],
      ['REFUSE', false],
    ]);
    expect(codesOf(application.items[1]!.reasons)).toContain('DEVICE_ID_NOT_IN_RANGE');
    expect(codesOf(application.items[2]!.reasons)).toContain('CSR_UNPARSEABLE');
    expect(application.items.every((item) => item.decisionId !== null)).toBe(true);
  });

  test('that is refused for good ends so, and the participant is told', async () => {
    const aro = await here.caller('OLDMETER');
    const application = await submitApplication(deviceRequest(), deviceCsrs('20', 1), aro, here.needs);
    expect(application).toMatchObject({ state: 'REFUSED', waitingFor: [] });
    expect(codesOf(application.items[0]!.reasons)).toContain('AGREEMENT_EXPIRED');
    expect(await here.told('OLDMETER')).toEqual(['application.refused']);
  });

  test('has 1 to 100 CSRs', async () => {
    const aro = await here.caller('METERWORKS');
    for (const count of [0, 101]) {
      const csrs = Array.from({ length: count }, () => Buffer.from('x'));
      const fault = await faultOf(submitApplication(deviceRequest(), csrs, aro, here.needs));
      expect(fault).toMatchObject({
        code: 'malformed-request',
        message: expect.stringContaining(String(count)),
      });
    }
  });

  test('for another participant is turned away, and a decision says so', async () => {
    const aro = await here.caller('METERWORKS');
    const request = deviceRequest({ onBehalfOf: 'NEWMETER' });
    const fault = await faultOf(submitApplication(request, deviceCsrs('50', 1), aro, here.needs));
    expect(fault.code).toBe('not-eligible');
    expect(codesOf(fault.reasons)).toEqual(['ACTOR_NOT_OF_PARTICIPANT']);
    const { rows } = await query(here.needs.db, `select id from decision where id = $1`, [
      fault.about.decision,
    ]);
    expect(rows).toHaveLength(1);
  });

  test('under one Idempotency-Key is one; the key with another request is refused', async () => {
    const aro = await here.caller('METERWORKS');
    const csrs = deviceCsrs('20', 2);
    const submit = (count: number) =>
      submitApplication(deviceRequest(), csrs.slice(0, count), aro, here.needs, {
        idempotencyKey: 'the-key',
      });
    const first = await submit(2);
    expect(await submit(2)).toEqual(first);
    expect((await faultOf(submit(1))).code).toBe('idempotency-key-reused');
  });

  test('is kept as a draft until it is submitted, and can be withdrawn before', async () => {
    const aro = await here.caller('METERWORKS');
    const draft = () =>
      submitApplication(deviceRequest(), deviceCsrs('20', 1), aro, here.needs, { draft: true });
    const [first, second] = [await draft(), await draft()];
    expect([first.state, second.state]).toEqual(['DRAFT', 'DRAFT']);
    expect((await sweep(here.needs)).moved).toBe(0);
    expect((await submitDraft(first.id, aro, here.needs)).state).toBe('ISSUED');
    expect((await withdrawApplication(second.id, aro, here.needs)).state).toBe('WITHDRAWN');
    expect((await faultOf(submitDraft(second.id, aro, here.needs))).code).toBe('conflict');
    expect((await faultOf(withdrawApplication(first.id, aro, here.needs))).code).toBe('conflict');
  });

  test('is seen by its participant and by who made it, by nobody else', async () => {
    const operator = await here.caller('DCC', 'DCC_TEST_OPERATOR');
    const request = deviceRequest({ onBehalfOf: 'METERWORKS' });
    const { id } = await submitApplication(request, deviceCsrs('20', 1), operator, here.needs);
    for (const reader of [operator, await here.caller('METERWORKS')]) {
      expect((await findApplication(id, reader, here.needs.db)).state).toBe('ISSUED');
      const page = await listApplications({}, { limit: 10 }, reader, here.needs.db);
      expect(page.items.map((one) => one.id)).toContain(id);
    }
    const stranger = await here.caller('NORTHGATE');
    for (const look of [findApplication, findHistory])
      expect((await faultOf(look(id, stranger, here.needs.db))).code).toBe('not-found');
    expect((await faultOf(withdrawApplication(id, stranger, here.needs))).code).toBe('not-found');
    expect((await listApplications({}, { limit: 10 }, stranger, here.needs.db)).items).toEqual([]);
  });
});

describe('an application that waits', () => {
  beforeEach(open);
  afterEach(close);

  const apply = async () =>
    submitApplication(deviceRequest(), deviceCsrs('50', 2), await here.caller('NEWMETER'), here.needs);

  test('for an agreement is issued by itself when that is executed, and the applicant is told', async () => {
    const waiting = await apply();
    expect(waiting).toMatchObject({ state: 'SCREENED', waitingFor: ['AGREEMENT_NOT_EXECUTED'] });
    const newmeter = await here.idOf('NEWMETER');
    expect(await screenAgain([newmeter], here.needs)).toEqual({ moved: 1, failed: [] });
    expect(await here.told('NEWMETER')).toEqual(['application.screened']);
    await execute();
    await screenAgain([await here.idOf('METERWORKS')], here.needs);
    const aro = await here.caller('NEWMETER');
    expect((await findApplication(waiting.id, aro, here.needs.db)).state).toBe('SCREENED');
    await screenAgain([newmeter], here.needs);
    const issued = await findApplication(waiting.id, aro, here.needs.db);
    expect(issued).toMatchObject({ state: 'ISSUED', waitingFor: [] });
    for (const item of issued.items) await judge(newmeter, item.serialNumber);
    expect(await here.told('NEWMETER')).toEqual(['application.issued', 'application.screened']);
  });

  test('for a later day is issued by the sweep of that day', async () => {
    const { id } = await apply();
    const tomorrow = new Date(here.clock.now().getTime() + 86_400_000);
    await here.state('NEWMETER', 'AGREEMENT', 'BA-2026-050', 'EXECUTED', {
      executedAt: here.clock.now(),
      effectiveFrom: tomorrow,
    });
    const aro = await here.caller('NEWMETER');
    await sweep(here.needs);
    expect(await findApplication(id, aro, here.needs.db)).toMatchObject({
      state: 'SCREENED',
      waitingFor: ['AGREEMENT_NOT_YET_EFFECTIVE'],
    });
    here.clock.advance(86_400_000);
    await sweep(here.needs);
    expect((await findApplication(id, aro, here.needs.db)).state).toBe('ISSUED');
  });

  test('for an obligation is issued by itself when that is attested', async () => {
    await execute();
    await here.state('NEWMETER', 'OBLIGATION', 'KEY_STORAGE', 'BREACHED');
    const waiting = await apply();
    expect(waiting).toMatchObject({ state: 'SCREENED', waitingFor: ['SECURITY_OBLIGATION_OUTSTANDING'] });
    await here.state('NEWMETER', 'OBLIGATION', 'KEY_STORAGE', 'ATTESTED');
    await screenAgain([waiting.participantId], here.needs);
    const aro = await here.caller('NEWMETER');
    expect((await findApplication(waiting.id, aro, here.needs.db)).state).toBe('ISSUED');
  });

  test('is refused when the agreement lapses instead', async () => {
    const { id } = await apply();
    await here.state('NEWMETER', 'AGREEMENT', 'BA-2026-050', 'LAPSED');
    await sweep(here.needs);
    const ended = await findApplication(id, await here.caller('NEWMETER'), here.needs.db);
    expect([ended.state, codesOf(ended.items[0]!.reasons)]).toEqual(['REFUSED', ['AGREEMENT_LAPSED']]);
  });

  test('is asked often and decided once: the same answer is not written down again', async () => {
    await apply();
    const decisions = async () =>
      (await query<{ count: number }>(here.needs.db, `select count(*)::int as count from decision`)).rows[0]!
        .count;
    const before = await decisions();
    for (let turn = 0; turn < 3; turn += 1) await sweep(here.needs);
    expect(await decisions()).toBe(before);
  });

  test('goes no further when its credential was revoked, but does when that only expired', async () => {
    const [first, second] = [await apply(), await apply()];
    await query(here.needs.db, `update application set credential_id = $2 where id = $1`, [
      second.id,
      await anotherCredential(),
    ]);
    await query(here.needs.db, `update credential set revoked_at = now() where id = $1`, [
      first.credentialId,
    ]);
    here.clock.advance(200 * 86_400_000);
    await execute();
    await sweep(here.needs);
    const { rows } = await query<{ id: string; state: string }>(
      here.needs.db,
      `select id, state from application`,
    );
    expect(new Map(rows.map((row) => [row.id, row.state]))).toEqual(
      new Map([
        [first.id, 'REFUSED'],
        [second.id, 'ISSUED'],
      ]),
    );
  });

  test('that cannot be looked at harms no other, and lets the others go first', async () => {
    const [first, second] = [await apply(), await apply()];
    await query(here.needs.db, `update application_item set csr = $2 where application_id = $1`, [
      first.id,
      Buffer.alloc(0),
    ]);
    await query(here.needs.db, `delete from application_item where application_id = $1 and position = 0`, [
      first.id,
    ]);
    await query(here.needs.db, `update application set request = '{}' where id = $1`, [first.id]);
    await execute();
    const { failed } = await sweep(here.needs);
    expect(failed.map((one) => one.application)).toEqual([first.id]);
    const aro = await here.caller('NEWMETER');
    expect((await findApplication(second.id, aro, here.needs.db)).state).toBe('ISSUED');
  });

  const anotherCredential = async () => {
    const sro = await here.caller('NEWMETER', 'PARTICIPANT_SRO');
    await query(
      here.needs.db,
      `update credential set role = 'PARTICIPANT_ARO', officer = 'aro' where id = $1`,
      [sro.credentialId],
    );
    return sro.credentialId;
  };
});

describe('one certificate', () => {
  beforeEach(open);
  afterEach(close);

  const device = () => ({ ...deviceRequest(), csr: deviceCsrs('50', 1)[0]! });
  const applications = async (caller: Caller) =>
    (await listApplications({}, { limit: 10 }, caller, here.needs.db)).items;

  test('that is refused for now is refused, and told where it would be kept until that changes', async () => {
    const issue = issuesOneByOne(here.needs);
    const asked = { request: device(), caller: await here.caller('NEWMETER') };
    const first = await faultOf(issue(asked, 'the-key'));
    expect([first.code, codesOf(first.reasons), first.about.application]).toEqual([
      'not-eligible',
      ['AGREEMENT_NOT_EXECUTED'],
      undefined,
    ]);
    expect(first.message).toContain('POST /v1/applications');
    const again = await faultOf(issue(asked, 'the-key'));
    expect([again.code, again.about, again.message]).toEqual([first.code, first.about, first.message]);
    expect(await applications(asked.caller)).toEqual([]);
  });

  test('that is refused for good is not told so', async () => {
    const caller = await here.caller('OLDMETER');
    const fault = await faultOf(issuesOneByOne(here.needs)({ request: device(), caller }, 'the-key'));
    expect([fault.code, fault.about.application]).toEqual(['not-eligible', undefined]);
    expect(fault.message).not.toContain('POST /v1/applications');
    expect(await applications(caller)).toEqual([]);
  });

  describe('beyond a full quota', () => {
    const organisation = () => ({
      ...deviceRequest(),
      category: 'ORGANISATION' as const,
      csr: organisationCsr('90-B3-D5-1F-30-01-00-00', '02').der,
    });
    const fill = async () =>
      query(
        here.needs.db,
        `insert into issued_count (participant_id, category, hour, certificates) values ($1, 'ORGANISATION', $2, 100000)`,
        [
          await here.idOf('NORTHGATE'),
          new Date(Math.floor(here.clock.now().getTime() / 3_600_000) * 3_600_000),
        ],
      );

    test('waits as an application of one item; the same Idempotency-Key gives the same one', async () => {
      await fill();
      const issue = issuesOneByOne(here.needs);
      const asked = { request: organisation(), caller: await here.caller('NORTHGATE') };
      const first = await faultOf(issue(asked, 'the-key'));
      expect([first.code, codesOf(first.reasons)]).toEqual(['referred', ['QUOTA_EXCEEDED']]);
      const again = await faultOf(issue(asked, 'the-key'));
      expect([again.code, again.about, again.message]).toEqual([first.code, first.about, first.message]);
      const waiting = await findApplication(first.about.application!, asked.caller, here.needs.db);
      expect(waiting).toMatchObject({ state: 'SCREENED', waitingFor: ['QUOTA_EXCEEDED'] });
      expect(waiting.items.map((item) => item.decisionId)).toEqual([first.about.decision]);
      here.clock.advance(26 * 3_600_000);
      await sweep(here.needs);
      const issued = await findApplication(waiting.id, asked.caller, here.needs.db);
      expect(issued.state).toBe('ISSUED');
      await judge(asked.caller.participantId, issued.items[0]!.serialNumber);
      expect(await applications(asked.caller)).toHaveLength(1);
    });

    test('asked for ten times at once under one key, is one application', async () => {
      await fill();
      const issue = issuesOneByOne(here.needs);
      const asked = { request: organisation(), caller: await here.caller('NORTHGATE') };
      const faults = await Promise.all(Array.from({ length: 10 }, () => faultOf(issue(asked, 'the-key'))));
      expect(new Set(faults.map((one) => one.about.application)).size).toBe(1);
      expect(await applications(asked.caller)).toHaveLength(1);
    });
  });
});

test('the sweep comes to every application, however many wait; a change of facts moves so many at once', async () => {
  await open();
  const aro = await here.caller('NEWMETER');
  const { id, participantId } = await submitApplication(
    deviceRequest(),
    deviceCsrs('50', 1),
    aro,
    here.needs,
  );
  await query(
    here.needs.db,
    `insert into application (id, participant_id, credential_id, state, version, request, created_at, state_since, screened_at)
     select gen_random_uuid(), participant_id, credential_id, state, version, request, created_at, state_since, screened_at
       from application, generate_series(1, 600) where id = $1`,
    [id],
  );
  const at = here.clock.now();
  expect((await findMovable({}, at, here.needs.db)).toScreen).toHaveLength(601);
  const some = await findMovable({ participantIds: [participantId], limit: 500 }, at, here.needs.db);
  expect(some.toScreen).toHaveLength(500);
  let asked = 0;
  await sweep(here.needs, () => ++asked > 3);
  // It stops where it is told to, and does not go through the other hundreds.
  expect(asked).toBeLessThan(10);
  await close();
});

test('the sweep runs by itself until it is stopped', async () => {
  await open();
  const aro = await here.caller('NEWMETER');
  const { id } = await submitApplication(deviceRequest(), deviceCsrs('50', 1), aro, here.needs);
  await execute();
  const stop = startSweep(here.needs, 0.05);
  const ended = async () =>
    APPLICATION_STEPS[(await findApplication(id, aro, here.needs.db)).state].length === 0;
  for (let turn = 0; turn < 200 && !(await ended()); turn += 1)
    await new Promise((resolve) => setTimeout(resolve, 50));
  await stop();
  expect((await findApplication(id, aro, here.needs.db)).state).toBe('ISSUED');
  expect((await faultOf(screenApplication(id, here.needs))).code).toBe('conflict');
  await close();
});
