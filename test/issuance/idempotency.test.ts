import { createHash } from 'node:crypto';
import { Fault } from '../../src/domain/fault.ts';
import { query } from '../../src/db/query.ts';
import type { Hierarchy } from '../../src/ca/hierarchy.ts';
import {
  claimIdempotencyKey,
  recordRefusal,
  releaseClaim,
  type HeldKey,
} from '../../src/issuance/idempotency-store.ts';
import { applyInstead } from '../../src/issuance/apply-instead.ts';
import { issueCertificates } from '../../src/issuance/issue-certificates.ts';
import { issuesOneByOne } from '../../src/issuance/issue-certificate.ts';
import type { AskedRequest } from '../../src/issuance/needs.ts';
import { deviceCsr, organisationCsr } from '../support/csr-builder.ts';
import { fixedClock } from '../support/dates.ts';
import { callerOf, statusesOf } from '../support/device-requests.ts';
import { world, type World } from '../support/world.ts';

describe('a request under an Idempotency-Key', () => {
  let here: World;
  beforeAll(async () => {
    here = await world();
  });
  afterAll(() => here.close());

  const ask = async (signifier: string, eui64: string): Promise<AskedRequest> => {
    const caller = await callerOf(signifier, here);
    const csr = deviceCsr(eui64).der;
    const purpose = 'DEVICE_AND_USER_SYSTEM_TESTS';
    return { request: { category: 'DEVICE', purpose, channel: 'INTERNET', csr }, caller };
  };
  const statuses = (eui64: string) => statusesOf(eui64, here.database);

  test('is tried again after a signature that failed: that was no answer', async () => {
    const asked = await ask('METERWORKS', '00-DB-12-34-20-00-02-01');
    const broken = issuesOneByOne({ ...here.needs, hierarchy: withoutSigner(here.needs.hierarchy) });
    await expect(broken(asked, 'hsm')).rejects.toMatchObject({ code: 'signing-failed' });
    expect(await statuses('00db123420000201')).toEqual(['prepared']);

    const issued = await issuesOneByOne(here.needs)(asked, 'hsm');
    expect(await issuesOneByOne(here.needs)(asked, 'hsm')).toEqual(issued);
    expect((await statuses('00db123420000201')).sort()).toEqual(['abandoned', 'issued']);
  });

  test('that is refused has one answer, also ten times at once', async () => {
    const asked = await ask('OLDMETER', '00-DB-12-34-30-00-02-02');
    const issue = issuesOneByOne(here.needs);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => issue(asked, 'no').catch((error: unknown) => error)),
    );
    const [first] = answers;
    expect(first).toMatchObject({ code: 'not-eligible' });
    const { reasons } = first as Fault;
    for (const answer of answers) expect(answer).toMatchObject({ code: 'not-eligible', reasons });
    const { rows } = await query<{ n: number }>(
      here.database.pool,
      `select count(*)::int as n from decision where subject = 'DEVICE:00db123430000202'`,
    );
    expect(rows).toEqual([{ n: 1 }]);
  });

  test.each([
    ['a CSR that cannot be read', { csr: Buffer.from('no CSR') }, 'csr-refused'],
    ['a profile that does not fit', { profile: 'device-key-agreement' }, 'malformed-request'],
  ])('that is refused for %s is decided once', async (name, change, code) => {
    const { request, caller } = await ask('METERWORKS', '00-DB-12-34-20-00-02-0B');
    const asked = { request: { ...request, ...change }, caller };
    const issue = issuesOneByOne(here.needs);
    const decisions = async () =>
      (
        await query(here.database.pool, 'select id from decision where participant_id = $1', [
          caller.participantId,
        ])
      ).rowCount ?? 0;
    const before = await decisions();
    await expect(issue(asked, name.replaceAll(' ', '-'))).rejects.toMatchObject({ code });
    await expect(issue(asked, name.replaceAll(' ', '-'))).rejects.toMatchObject({ code });
    expect(await decisions()).toBe(before + 1);
  });

  test('gives one certificate on nodes whose clocks are an hour apart', async () => {
    const asked = await ask('METERWORKS', '00-DB-12-34-20-00-02-03');
    const fast = fixedClock(new Date(here.clock.now().getTime() + 3_600_000));
    const nodes = [here.needs, { ...here.needs, clock: fast }].map(issuesOneByOne);
    const answers = await Promise.all(nodes.map((issue) => issue(asked, 'clocks')));
    expect(answers[1]?.serialNumber).toBe(answers[0]?.serialNumber);
    expect(await statuses('00db123420000203')).toEqual(['issued']);
  });

  test("is its holder's for two minutes of the clock of the database; then whoever comes takes it over", async () => {
    const { credentialId } = (await ask('METERWORKS', '00-DB-12-34-20-00-02-09')).caller;
    const claim = () =>
      claimIdempotencyKey(credentialId, 'held', Buffer.alloc(32), here.clock.now(), here.needs.db);
    const held = await claim();
    expect(held).toMatchObject({ state: 'ours', fence: 1, interrupted: false });
    const { rows } = await query<{ seconds: number }>(
      here.needs.db,
      `select extract(epoch from lease_until - clock_timestamp())::float as seconds from idempotency_key where id = $1`,
      [held.id],
    );
    expect(rows[0]?.seconds).toBeLessThanOrEqual(120);
    expect(rows[0]?.seconds).toBeGreaterThan(90);

    expect(await claim()).toEqual({ state: 'taken', id: held.id });
    await query(here.needs.db, 'update idempotency_key set lease_until = now() where id = $1', [held.id]);
    expect(await claim()).toEqual({ state: 'ours', id: held.id, fence: 2, interrupted: true });
    expect(await claim()).toEqual({ state: 'taken', id: held.id });

    // Who lost it can no longer answer, nor give it back.
    const refusal = new Fault('not-eligible', 'too late');
    expect(await recordRefusal({ id: held.id, fence: 1 }, refusal, here.needs.db)).toBe(false);
    await releaseClaim({ id: held.id, fence: 1 }, here.needs.db);
    expect(await claim()).toEqual({ state: 'taken', id: held.id });
    await releaseClaim({ id: held.id, fence: 2 }, here.needs.db);
    expect(await claim()).toMatchObject({ state: 'ours', fence: 3 });
  });

  test('that has its answer has no certificate besides', async () => {
    const asked = await ask('METERWORKS', '00-DB-12-34-20-00-02-0A');
    const { credentialId } = asked.caller;
    const claim = await claimIdempotencyKey(
      credentialId,
      'answered',
      Buffer.alloc(32),
      here.clock.now(),
      here.needs.db,
    );
    const held: HeldKey = { fence: 0, ...claim };
    expect(await recordRefusal(held, new Fault('not-eligible', 'no'), here.needs.db)).toBe(true);
    const late = await issueCertificates(
      [{ ...asked, idempotencyId: held.id, fence: held.fence }],
      here.needs,
    );
    expect(late).toMatchObject([{ code: 'request-in-progress' }]);
    expect(await statuses('00db12342000020a')).toEqual([]);
    expect(await recordRefusal(held, new Fault('referred', 'another'), here.needs.db)).toBe(false);
  });

  describe('that somebody took over from a holder who stalled', () => {
    const hashOf = ({ request: { csr, ...rest } }: AskedRequest) =>
      createHash('sha256')
        .update(JSON.stringify(Object.entries(rest).sort()))
        .update(csr)
        .digest();
    const stalled = async (asked: AskedRequest, key: string): Promise<HeldKey> => {
      const claim = await claimIdempotencyKey(
        asked.caller.credentialId,
        key,
        hashOf(asked),
        here.clock.now(),
        here.needs.db,
      );
      await query(here.needs.db, 'update idempotency_key set lease_until = now() where id = $1', [claim.id]);
      return { fence: 0, ...claim };
    };

    test('the holder issues nothing more, and its neighbours in the set are not harmed', async () => {
      const asked = await ask('METERWORKS', '00-DB-12-34-20-00-02-04');
      const { id, fence } = await stalled(asked, 'late');
      await issuesOneByOne(here.needs)(asked, 'late');
      const neighbour = await ask('METERWORKS', '00-DB-12-34-20-00-02-05');
      const late = await issueCertificates([{ ...asked, idempotencyId: id, fence }, neighbour], here.needs);
      expect(late[0]).toMatchObject({ code: 'request-in-progress' });
      expect(late[1]).toMatchObject({ eui64: '00db123420000205' });
      expect(await statuses('00db123420000204')).toEqual(['issued']);
    });

    test('the refusal of the holder does not override the certificate', async () => {
      const asked = await ask('METERWORKS', '00-DB-12-34-20-00-02-06');
      const held = await stalled(asked, 'refused');
      const issued = await issuesOneByOne(here.needs)(asked, 'refused');
      const refusal = new Fault('not-eligible', 'too late');
      expect(await recordRefusal(held, refusal, here.needs.db)).toBe(false);
      expect(await recordRefusal({ ...held, fence: held.fence + 1 }, refusal, here.needs.db)).toBe(false);
      expect(await issuesOneByOne(here.needs)(asked, 'refused')).toEqual(issued);
    });

    test('the holder opens no application either', async () => {
      const asked = await ask('NORTHGATE', '00-DB-12-34-20-00-02-08');
      const csr = organisationCsr('90-B3-D5-1F-30-01-00-00', '08').der;
      const request = { ...asked, request: { ...asked.request, category: 'ORGANISATION' as const, csr } };
      const held = await stalled(request, 'applied');
      await query(here.needs.db, 'update idempotency_key set fence = fence + 1 where id = $1', [held.id]);
      const [referred] = await issueCertificates([request], here.needs);
      const late = applyInstead(
        { ...request, idempotencyId: held.id, fence: held.fence },
        referred as Fault,
        here.needs,
      );
      await expect(late).rejects.toMatchObject({ code: 'request-in-progress' });
      const { rows } = await query(here.needs.db, 'select 1 from application where idempotency_id = $1', [
        held.id,
      ]);
      expect(rows).toEqual([]);
    });

    test('the database itself refuses a second certificate', async () => {
      const asked = await ask('METERWORKS', '00-DB-12-34-20-00-02-07');
      await issuesOneByOne(here.needs)(asked, 'twice');
      const { rows } = await query<HeldKey>(
        here.needs.db,
        `select id, fence from idempotency_key where key = 'twice'`,
      );
      const { id = '', fence } = rows[0] ?? {};
      const again = await issueCertificates([{ ...asked, idempotencyId: id, fence: fence ?? 0 }], here.needs);
      expect(again).toMatchObject([{ code: 'request-in-progress' }]);
      // The signature that was made in vain stays on record.
      expect((await statuses('00db123420000207')).sort()).toEqual(['abandoned', 'issued']);
    });
  });
});

/** Authorities whose token of keys has been pulled. */
function withoutSigner(hierarchy: Hierarchy): Hierarchy {
  const sign = () => {
    throw new Error('the token is gone');
  };
  return { ...hierarchy, issuing: (name) => ({ ...hierarchy.issuing(name), sign }) };
}
