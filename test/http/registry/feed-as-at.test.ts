import request from 'supertest';
import { listDecisions } from '../../../src/audit/decisions.ts';
import { query } from '../../../src/db/query.ts';
import type { Eui64 } from '../../../src/domain/eui64.ts';
import { replayDecision } from '../../../src/issuance/replay-decision.ts';
import { findOverdueAllocations } from '../../../src/registrar/reports.ts';
import { findIdentifierFacts } from '../../../src/registry/identifiers.ts';
import { deviceCsr } from '../../support/csr-builder.ts';
import { openSigningDesk } from '../../support/signed-files.ts';
import { DEMO_FEED, takeFeed } from '../../support/take-feed.ts';
import { world, type World } from '../../support/world.ts';

const HOUR = 3_600_000;
const FEED = DEMO_FEED;
const ENTRY = (from: string, to: string) => `REGISTRY_ENTRY,,,Second block,${from},${to}${','.repeat(18)}\n`;

describe('what a feed ended or changed, asked as at an instant', () => {
  const desk = openSigningDesk();
  let here: World;
  beforeEach(async () => {
    here = await world();
    // The world is on record for two days.
    here.clock.advance(2 * 86_400_000);
  });
  afterEach(() => here.close());
  afterAll(() => desk.close());

  /** Takes a feed an hour later. @returns when */
  const take = async (version: number, text: string): Promise<Date> => {
    here.clock.advance(HOUR);
    const at = here.clock.now();
    expect(await takeFeed(here, desk, version, text)).toMatchObject({
      applied: true,
    });
    return at;
  };

  describe('of Registry Entries', () => {
    const FIRST = ENTRY('70-B3-D5-00-00-00-00-00', '70-B3-D5-00-0F-FF-FF-FF');
    const OTHER = ENTRY('70-B3-D5-10-00-00-00-00', '70-B3-D5-10-0F-FF-FF-FF');
    const inRegistry = async (eui64: string, at: Date) =>
      (
        await findIdentifierFacts(
          [{ signifier: 'METERWORKS', eui64: eui64 as Eui64 }],
          at,
          here.database.pool,
        )
      )[0]!.inCentralRegistry;

    test('tells of the entry that was then, before, in between and after', async () => {
      const before = here.clock.now();
      const begun = await take(1, FEED + FIRST);
      const changed = await take(2, FEED + OTHER);
      const ended = await take(3, FEED);
      const [first, other] = ['70b3d50000000001', '70b3d51000000001'];
      const told = async (at: Date) => [await inRegistry(first, at), await inRegistry(other, at)];
      expect(await told(before)).toEqual([false, false]);
      expect(await told(begun)).toEqual([true, false]);
      expect(await told(new Date(changed.getTime() - 1))).toEqual([true, false]);
      expect(await told(changed)).toEqual([false, true]);
      expect(await told(ended)).toEqual([false, false]);

      const listed = async (asked: string) => {
        const { body } = await request(here.http)
          .get(`/v1/registry-entries?${asked}`)
          .set('Authorization', `Bearer ${await here.token('DCC', 'DCC_REGISTRAR')}`);
        return body as { items: { name: string }[]; nextCursor: string | null };
      };
      const since = `${changed.toISOString().slice(0, 19)}Z`;
      const page = await listed(`at=${changed.toISOString()}&limit=1`);
      expect(page.items).toEqual([
        { name: 'Second block', from: '70-B3-D5-10-00-00-00-00', to: '70-B3-D5-10-0F-FF-FF-FF', since },
      ]);
      const next = await listed(`at=${changed.toISOString()}&cursor=${String(page.nextCursor)}`);
      expect(next).toMatchObject({ items: [{ name: 'Test-only block of the SEC Panel' }], nextCursor: null });
      expect((await listed('')).items.map((one) => one.name)).toEqual(['Test-only block of the SEC Panel']);
    });

    test('lets a decision be asked again as at each instant', async () => {
      const before = here.clock.now();
      await take(1, FEED + FIRST);
      await request(here.http)
        .post('/v1/certificates')
        .set('Authorization', `Bearer ${await here.token('METERWORKS')}`)
        .send({
          category: 'DEVICE',
          purpose: 'DEVICE_AND_USER_SYSTEM_TESTS',
          csr: deviceCsr('70-B3-D5-00-00-00-00-01').pem,
        });
      const between = here.clock.now();
      const after = await take(2, FEED);
      const [stored] = await listDecisions({ signifier: 'METERWORKS' }, { limit: 1 }, here.database.pool);
      const reasons = async (asAt: Date) =>
        (
          await replayDecision(stored!, { asAt }, here.needs.ruleSets, here.database.pool)
        ).replayed.reasons.map((one) => one.reason);
      expect(stored!.reasons.map((one) => one.reason)).toContain('DEVICE_ID_IN_USER_REGISTRY');
      expect(await reasons(before)).not.toContain('DEVICE_ID_IN_USER_REGISTRY');
      expect(await reasons(between)).toContain('DEVICE_ID_IN_USER_REGISTRY');
      expect(await reasons(after)).not.toContain('DEVICE_ID_IN_USER_REGISTRY');
    });

    test('keeps Device IDs away until it has ended', async () => {
      const register = async () =>
        request(here.http)
          .post('/v1/participants/METERWORKS/device-ranges')
          .set('Authorization', `Bearer ${await here.token('DCC', 'DCC_REGISTRAR')}`)
          .send({ from: '70-B3-D5-00-00-00-00-00', to: '70-B3-D5-00-00-00-00-FF' });
      await take(1, FEED + FIRST);
      const refused = await register();
      expect([refused.status, refused.body.errors]).toMatchObject([
        409,
        [{ reason: 'DEVICE_ID_IN_USER_REGISTRY' }],
      ]);
      await take(2, FEED);
      expect((await register()).status).toBe(201);
      await expect(take(3, FEED + FIRST)).rejects.toMatchObject({ code: 'feed-invalid' });
    });
  });

  describe('of allocations', () => {
    const ROW = '90-B3-D5-1F-30-01-FF-FF,,NORTHGATE,,,,,,,,,USER_ID,BOTH,2015-01-26,2015-02-02';
    const corrected = (environment: string, requested: string, allocated: string) =>
      FEED.replace(
        ROW,
        ROW.replace('BOTH,2015-01-26,2015-02-02', `${environment},${requested},${allocated}`),
      );
    const onRecord = async (at: Date) =>
      (
        await query<{ told: string; since: Date }>(
          here.database.pool,
          `select concat_ws(' ', environment, requested_at at time zone 'UTC', allocated_at at time zone 'UTC') as told,
                  valid_from as since
             from identifier_allocation where eui64_from = '90b3d51f30010000' and valid_from <= $1
              and (valid_to is null or valid_to > $1)`,
          [at],
        )
      ).rows;

    test('tells what the feed said then, and a correction ends neither User Roles nor eligibility', async () => {
      const first = await take(1, FEED);
      const map = async (at: Date) =>
        (
          await request(here.http)
            .get(`/v1/participants/NORTHGATE/identity-map?at=${at.toISOString()}`)
            .set('Authorization', `Bearer ${await here.token('DCC', 'DCC_REGISTRAR')}`)
        ).body as { userIds: { userRoles: string[] }[] };
      const before = await map(first);
      expect(before.userIds[0]!.userRoles).not.toEqual([]);
      const second = await take(2, corrected('TEST', '2015-01-26', '2015-02-03'));
      const third = await take(3, corrected('LIVE', '2015-01-27', '2015-02-03'));
      const told = async (at: Date) => (await onRecord(at)).map((one) => one.told);
      expect(await told(first)).toEqual(['BOTH 2015-01-26 00:00:00 2015-02-02 00:00:00']);
      expect(await told(new Date(second.getTime() - 1))).toEqual(await told(first));
      expect(await told(second)).toEqual(['TEST 2015-01-26 00:00:00 2015-02-03 00:00:00']);
      expect(await onRecord(third)).toEqual([
        { told: 'LIVE 2015-01-27 00:00:00 2015-02-03 00:00:00', since: third },
      ]);
      for (const at of [second, third]) expect(await map(at)).toEqual(before);
      const ended = `select 1 from audit_event where event = 'user-role.ended'`;
      expect((await query(here.database.pool, ended)).rows).toEqual([]);
    });

    test('are overdue by their latest dates', async () => {
      const overdue = async () =>
        (await findOverdueAllocations(20, here.clock.now(), here.database.pool)).map((one) => one.days);
      await take(1, corrected('BOTH', '2015-01-26', ''));
      expect(await overdue()).toEqual([expect.any(Number)]);
      await take(2, corrected('BOTH', '2015-01-26', '2015-03-26'));
      expect(await overdue()).toEqual([59]);
      await take(3, FEED);
      expect(await overdue()).toEqual([]);
    });

    test('are not overdue for ever when they end before they were allocated; allocated too late they stay told', async () => {
      const overdue = async () =>
        (await findOverdueAllocations(20, here.clock.now(), here.database.pool)).map((one) => one.days);
      const [late, open] = ['90-B3-D5-1F-30-05-00-00', '90-B3-D5-1F-30-06-00-00'].map(
        (from) => `ALLOCATION,,,,${from},${from},,NORTHGATE,,,,,,,,,USER_ID,BOTH,2015-01-26,`,
      );
      await take(1, `${FEED}${String(late)}2015-03-26,,,,\n${String(open)},,,,\n`);
      expect(await overdue()).toEqual(expect.arrayContaining([59, expect.any(Number) as number]));
      await take(2, FEED);
      expect(await overdue()).toEqual([59]);
    });

    test('are overdue in pages, in the order of their requests', async () => {
      const rows = Array.from({ length: 5 }, (_none, number) => {
        const from = `90-B3-D5-1F-30-05-00-0${String(number)}`;
        return `ALLOCATION,,,,${from},${from},,NORTHGATE,,,,,,,,,USER_ID,BOTH,2015-01-${String(30 - number)},2015-03-26,,,,\n`;
      });
      await take(1, FEED + rows.join(''));
      const page = async (more: string) =>
        (
          await request(here.http)
            .get(`/v1/reports/overdue-allocations?days=20&limit=2${more}`)
            .set('Authorization', `Bearer ${await here.token('DCC', 'DCC_REGISTRAR')}`)
        ).body as { items: { days: number }[]; nextCursor: string | null };
      const days: number[][] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const next: { items: { days: number }[]; nextCursor: string | null } = await page(
          cursor === '' ? '' : `&cursor=${cursor}`,
        );
        days.push(next.items.map((one) => one.days));
        cursor = next.nextCursor;
      }
      expect(days).toEqual([[59, 58], [57, 56], [55]]);
    });
  });
});
