import { APPLICATION_STATES, APPLICATION_STEPS } from '../../src/domain/application.ts';
import { Fault } from '../../src/domain/fault.ts';
import { query } from '../../src/db/query.ts';
import { withTransaction } from '../../src/db/transaction.ts';
import { findApplication } from '../../src/issuance/find-applications.ts';
import { ISSUING_LEASE, resumeApplication } from '../../src/issuance/issue-application.ts';
import { sweep } from '../../src/issuance/screen-again.ts';
import { screenApplication } from '../../src/issuance/screen-application.ts';
import { issueApproved } from '../../src/issuance/settle-referral.ts';
import {
  submitApplication,
  submitDraft,
  withdrawApplication,
} from '../../src/issuance/submit-application.ts';
import { stepApplication } from '../../src/registry/application-steps.ts';
import { requireApplication } from '../../src/registry/applications.ts';
import {
  applicationWorld,
  deviceCsrs,
  deviceRequest,
  type ApplicationWorld,
} from '../support/applications.ts';
import { onPostgres } from '../support/test-database.ts';

const AT_ONCE = 6;

let here: ApplicationWorld;
beforeAll(async () => {
  here = await applicationWorld();
});
afterAll(() => here.close());

/** How many of these did what they were about; the others were told that somebody was faster. */
async function winners(works: readonly Promise<unknown>[]): Promise<number> {
  const ends = await Promise.allSettled(works);
  const lost = ends.filter((one) => one.status === 'rejected').map((one) => one.reason as unknown);
  for (const reason of lost) expect(reason instanceof Fault ? reason.code : reason).toBe('conflict');
  return ends.length - lost.length;
}

/** The certificates of an application's items, from the certificates themselves. */
async function certificatesOf(id: string): Promise<{ issued: number; items: number }> {
  const { rows } = await query<{ issued: number; items: number }>(
    here.needs.db,
    `select count(c.serial_number)::int as issued, count(distinct i.id)::int as items
       from application_item i left join certificate c on c.idempotency_id = i.id and c.status <> 'abandoned'
      where i.application_id = $1`,
    [id],
  );
  return rows[0]!;
}

const waiting = async () =>
  submitApplication(deviceRequest(), deviceCsrs('50', 2), await here.caller('NEWMETER'), here.needs);
const agreement = (state: string) =>
  here.state('NEWMETER', 'AGREEMENT', 'BA-2026-050', state, {
    executedAt: here.clock.now(),
    effectiveFrom: here.clock.now(),
  });

describe(`of many who act at once one wins, on ${onPostgres ? 'PostgreSQL' : 'the embedded database'}`, () => {
  test('for every step of the state machine', async () => {
    const { id } = await waiting();
    for (const state of APPLICATION_STATES)
      for (const to of APPLICATION_STEPS[state]) {
        await query(here.needs.db, `update application set state = $2 where id = $1`, [id, state]);
        const application = await requireApplication(id, here.needs.db);
        const step = () =>
          withTransaction(here.needs.db, (db) => stepApplication(application, to, {}, here.clock.now(), db));
        expect([state, to, await winners(Array.from({ length: AT_ONCE }, step))]).toEqual([state, to, 1]);
      }
    await query(here.needs.db, `update application set state = 'WITHDRAWN' where id = $1`, [id]);
  });

  test('an approved referral is issued once', async () => {
    const aro = await here.caller('METERWORKS');
    const { id, reviewId } = await submitApplication(
      deviceRequest({ deviceType: 'CHF' }),
      deviceCsrs('20', 3),
      aro,
      here.needs,
    );
    const approver = await here.caller('DCC', 'DCC_TEST_APPROVER');
    expect(await winners(Array.from({ length: AT_ONCE }, () => here.decideAs(approver, reviewId)))).toBe(1);
    const issue = () => issueApproved(id, approver, here.needs);
    expect(await winners(Array.from({ length: AT_ONCE }, issue))).toBe(1);
    expect(await certificatesOf(id)).toEqual({ issued: 3, items: 3 });
  });

  test('a referral is approved or its application withdrawn, and only the one is issued', async () => {
    const aro = await here.caller('METERWORKS');
    const approver = await here.caller('DCC', 'DCC_TEST_APPROVER');
    for (let turn = 0; turn < 4; turn += 1) {
      const csrs = deviceCsrs('20', 1, 0x10 + turn);
      const { id, reviewId } = await submitApplication(
        deviceRequest({ deviceType: 'CHF' }),
        csrs,
        aro,
        here.needs,
      );
      const approve = async () => {
        await here.decideAs(approver, reviewId);
        await issueApproved(id, approver, here.needs);
      };
      const acts = [approve(), withdrawApplication(id, aro, here.needs)];
      expect(await winners(turn % 2 === 0 ? acts : acts.reverse())).toBe(1);
      const { state } = await findApplication(id, aro, here.needs.db);
      expect((await certificatesOf(id)).issued).toBe(state === 'ISSUED' ? 1 : 0);
      expect(['ISSUED', 'WITHDRAWN']).toContain(state);
    }
  });

  test('an application that comes twice at once under one key is one, and nobody is told of a conflict', async () => {
    const aro = await here.caller('METERWORKS');
    for (let turn = 0; turn < 4; turn += 1) {
      const csrs = deviceCsrs('20', 2, 0x60 + 2 * turn);
      const idempotencyKey = `twice-${String(turn)}`;
      const submit = (draft: boolean) =>
        submitApplication(deviceRequest(), csrs, aro, here.needs, { idempotencyKey, draft });
      const ends = await Promise.allSettled([submit(false), submit(false)]);
      const ids = ends.flatMap((one) => (one.status === 'fulfilled' ? [one.value.id] : []));
      const faults = ends.flatMap((one) => (one.status === 'rejected' ? [one.reason as Fault] : []));
      expect(faults.map(({ code }) => code).filter((code) => code !== 'request-in-progress')).toEqual([]);
      expect(new Set(ids).size).toBe(1);
      expect((await findApplication(ids[0]!, aro, here.needs.db)).state).toBe('ISSUED');
      expect(await certificatesOf(ids[0]!)).toEqual({ issued: 2, items: 2 });
      await expect(submit(true)).rejects.toMatchObject({ code: 'idempotency-key-reused' });
    }
  });

  test('what waited is issued once, however many sweep', async () => {
    const applications = [await waiting(), await waiting(), await waiting()];
    await agreement('EXECUTED');
    await Promise.all(Array.from({ length: AT_ONCE }, () => sweep(here.needs)));
    const aro = await here.caller('NEWMETER');
    for (const { id } of applications) {
      expect((await findApplication(id, aro, here.needs.db)).state).toBe('ISSUED');
      expect(await certificatesOf(id)).toEqual({ issued: 2, items: 2 });
    }
  });

  test('a screening and a withdrawal: one of them', async () => {
    await agreement('SUSPENDED');
    await here.state('NEWMETER', 'AGREEMENT', 'BA-2026-050', 'EXECUTED');
    await here.state('NEWMETER', 'OBLIGATION', 'KEY_STORAGE', 'BREACHED');
    const { id } = await waiting();
    await here.state('NEWMETER', 'OBLIGATION', 'KEY_STORAGE', 'ATTESTED');
    const aro = await here.caller('NEWMETER');
    const acts = [screenApplication(id, here.needs), withdrawApplication(id, aro, here.needs)];
    expect(await winners(acts)).toBe(1);
    const { state } = await findApplication(id, aro, here.needs.db);
    expect(['ISSUED', 'WITHDRAWN']).toContain(state);
    expect((await certificatesOf(id)).issued).toBe(state === 'ISSUED' ? 2 : 0);
  });

  test('an issuer who was slow, not dead, gives nothing away once another has taken over', async () => {
    const { needs, clock } = here;
    const aro = await here.caller('METERWORKS');
    const csrs = deviceCsrs('20', 2, 0x40);
    const { id } = await submitApplication(deviceRequest(), csrs, aro, needs, { draft: true });
    const secondOpinions: typeof needs.verifier.secondOpinions = async (asked) => {
      clock.advance(ISSUING_LEASE);
      expect((await resumeApplication(id, needs))?.state).toBe('ISSUED');
      return needs.verifier.secondOpinions(asked);
    };
    const slow = { ...needs, verifier: { ...needs.verifier, secondOpinions } };
    expect(await winners([submitDraft(id, aro, slow)])).toBe(0);
    expect(await certificatesOf(id)).toEqual({ issued: 2, items: 2 });
    const { rows } = await query<{ status: string; count: number }>(
      needs.db,
      `select c.status, count(*)::int as count from certificate c join application_item i on i.id = c.idempotency_id
        where i.application_id = $1 group by 1 order by 1`,
      [id],
    );
    expect(rows).toEqual([
      { status: 'abandoned', count: 2 },
      { status: 'issued', count: 2 },
    ]);
  });

  test('whose issuer is gone is taken over by one, and keeps what was issued', async () => {
    const aro = await here.caller('METERWORKS');
    const { id } = await submitApplication(deviceRequest(), deviceCsrs('20', 2, 0x30), aro, here.needs);
    await query(here.needs.db, `update application set state = 'ISSUING', lease_until = $2 where id = $1`, [
      id,
      here.clock.now(),
    ]);
    await query(here.needs.db, `update application_item set serial_number = null where application_id = $1`, [
      id,
    ]);
    const before = await certificatesOf(id);
    const resumed = await Promise.all(
      Array.from({ length: AT_ONCE }, () => resumeApplication(id, here.needs)),
    );
    expect(resumed.filter((one) => one?.state === 'ISSUED')).toHaveLength(1);
    expect(await certificatesOf(id)).toEqual(before);
    expect((await findApplication(id, aro, here.needs.db)).items.every((item) => item.serialNumber)).toBe(
      true,
    );
  });
});
