import request from 'supertest';
import { query } from '../../../src/db/query.ts';
import type { CallerRole } from '../../../src/domain/participant.ts';
import { loadRegistry } from '../../../src/registry/load-registry.ts';
import { parseRegistryFile } from '../../../src/registry/registry-file.ts';
import { openSigningDesk } from '../../support/signed-files.ts';
import { DEMO_FEED, takeFeed } from '../../support/take-feed.ts';
import { world, type World } from '../../support/world.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('a feed and what is on record', () => {
  const desk = openSigningDesk();
  let here: World;
  beforeEach(async () => {
    here = await world();
    // The world is on record for two days.
    here.clock.advance(2 * 86_400_000);
  });
  afterEach(() => here.close());
  afterAll(() => desk.close());

  /** Takes a feed an hour later. */
  const take = async (version: number, text: string) => {
    here.clock.advance(HOUR);
    return takeFeed(here, desk, version, text);
  };
  const get = async (path: string) =>
    request(here.http)
      .get(path)
      .set('Authorization', `Bearer ${await here.token('DCC', 'DCC_REGISTRAR')}`);
  const send = async (path: string, body: object, role: CallerRole, signifier = 'DCC') =>
    request(here.http)
      .post(path)
      .set('Authorization', `Bearer ${await here.token(signifier, role)}`)
      .send(body);
  const day = (days: number) => new Date(here.clock.now().getTime() + days * DAY).toISOString().slice(0, 10);

  describe('of who comes with no feed', () => {
    const party = (signifier: string) =>
      `PARTY,,,,,,77,${signifier},SEC_PARTY,Meterworks,,,OTHER_SEC_PARTY,ACTIVE,2026-11-01${','.repeat(9)}\n`;

    test('a non-Party that accedes needs a Signifier of its own: a dry run and an import say so', async () => {
      const dry = await takeFeed(here, desk, 1, DEMO_FEED + party('METERWORKS'), { dryRun: true });
      expect(dry.diff.faults).toMatchObject([
        { detail: expect.stringContaining('METERWORKS is of type NON_PARTY on record') as string },
      ]);
      await expect(take(1, DEMO_FEED + party('METERWORKS'))).rejects.toMatchObject({
        code: 'feed-invalid',
        reasons: [
          { reason: 'FEED_NOT_APPLICABLE', fix: expect.stringContaining('Signifier of its own') as string },
        ],
      });
      expect(await take(1, DEMO_FEED + party('MWORKS'))).toMatchObject({ applied: true });
      expect((await get('/v1/participants/METERWORKS')).body).toMatchObject({ type: 'NON_PARTY' });
    });

    test('a Signifier that is given away meanwhile is told, not an error of the service', async () => {
      await query(
        here.database.pool,
        `create function raced() returns trigger language plpgsql as $$ begin
           raise exception 'raced' using errcode = 'unique_violation', constraint = tg_argv[0]; end $$`,
      );
      const race = (table: string, constraint: string) =>
        query(
          here.database.pool,
          `create trigger raced before insert on ${table} for each row execute function raced('${constraint}')`,
        );
      await race('participant', 'participant_signifier_key');
      const refused = { code: 'feed-invalid', reasons: [{ reason: 'FEED_NOT_APPLICABLE' }] };
      await expect(take(1, DEMO_FEED + party('MWORKS'))).rejects.toMatchObject(refused);
      await query(here.database.pool, `drop trigger raced on participant`);
      await race('registry_entry', 'registry_entry_once');
      const entry = `REGISTRY_ENTRY,,,Second,70-B3-D5-00-00-00-00-00,70-B3-D5-00-0F-FF-FF-FF${','.repeat(18)}\n`;
      await expect(take(1, DEMO_FEED + entry)).rejects.toMatchObject(refused);
      const load = async () =>
        loadRegistry(
          parseRegistryFile(
            'registryEntries: [{ name: Third, from: 70-B3-D5-10-00-00-00-00, to: 70-B3-D5-10-0F-FF-FF-FF }]\nparticipants: []\n',
            'entries.yaml',
          ),
          here.clock,
          here.database.pool,
          () => Promise.resolve(),
        );
      await expect(load()).rejects.toMatchObject({
        code: 'registry-invalid',
        message: expect.stringContaining('of the same name began at the same time') as string,
      });
      await query(here.database.pool, `drop trigger raced on registry_entry`);
      expect(await load()).toMatchObject({ registryEntries: 1 });
      expect(await take(1, DEMO_FEED + party('MWORKS') + entry)).toMatchObject({ applied: true });
    });

    test('their allocations and the other ones of the DCC do not end with a feed; a DCC_ID does', async () => {
      await query(
        here.database.pool,
        `insert into identifier_allocation (participant_id, kind, eui64_from, eui64_to, valid_from)
         select id, 'USER_ID', '90b3d51f3' || n || '000000', '90b3d51f3' || n || '00ffff', $1
           from participant join (values ('METERWORKS', '4'), ('DCC', '5')) as given (signifier, n) using (signifier)`,
        [here.clock.now()],
      );
      const held = async () =>
        (
          await query<{ one: string }>(
            here.database.pool,
            `select p.signifier || ' ' || i.kind as one from identifier_allocation i join participant p on p.id = i.participant_id
              where i.valid_to is null and p.type not in ('SEC_PARTY', 'RDP') order by 1`,
          )
        ).rows.map(({ one }) => one);
      const first = await take(1, DEMO_FEED);
      expect(first.diff.endings).toEqual([]);
      expect(await held()).toEqual(['DCC DCC_ID', 'DCC USER_ID', 'METERWORKS USER_ID']);
      await take(2, DEMO_FEED.replace(/^ALLOCATION,.*DCC_ID.*\n/m, ''));
      expect(await held()).toEqual(['DCC USER_ID', 'METERWORKS USER_ID']);
    });
  });

  describe('of memberships', () => {
    const halted = (membership: string) => DEMO_FEED.replace('SUSPENDED,2026-06-30', membership);
    const stateAt = async (at: string) =>
      ((await get(`/v1/participants/HALTED?at=${at}`)).body as { membership?: { state: string } }).membership
        ?.state;

    test('a suspension that is put off leaves the membership as it was until then', async () => {
      await take(1, halted('ACTIVE,2015-01-26'));
      await take(2, halted(`SUSPENDED,${day(5)}`));
      expect([await stateAt(day(4)), await stateAt(day(5))]).toEqual(['ACTIVE', 'SUSPENDED']);
      await take(3, halted(`SUSPENDED,${day(15)}`));
      expect(await Promise.all([1, 5, 14, 15].map((days) => stateAt(day(days))))).toEqual([
        'ACTIVE',
        'ACTIVE',
        'ACTIVE',
        'SUSPENDED',
      ]);
      await take(4, halted(`SUSPENDED,${day(10)}`));
      expect(await Promise.all([9, 10].map((days) => stateAt(day(days))))).toEqual(['ACTIVE', 'SUSPENDED']);
      const again = await takeFeed(here, desk, 5, halted(`SUSPENDED,${day(10)}`), { dryRun: true });
      expect(again.diff).toMatchObject({ changes: [], faults: [] });
    });

    test('an expulsion told in error, and one that is withdrawn before its day, never were', async () => {
      await take(1, halted('ACTIVE,2015-01-26'));
      for (const [version, expelled] of [
        [2, day(-1)],
        [4, day(30)],
      ] as const) {
        await take(version, halted(`EXPELLED,${expelled}`));
        expect(await stateAt(day(40))).toBe('EXPELLED');
        await take(version + 1, halted('ACTIVE,2015-01-26'));
        expect([await stateAt(expelled), await stateAt(day(40))]).toEqual(['ACTIVE', 'ACTIVE']);
      }
      await take(6, halted(`SUSPENDED,${day(0)}`));
      expect(await stateAt(day(1))).toBe('SUSPENDED');
    });

    test('who applies again from a day to come may not move it to one that is too early', async () => {
      await take(1, halted(`EXPELLED,${day(-30)}`));
      await take(2, halted(`APPLICANT,${day(400)}`));
      await expect(take(3, halted(`APPLICANT,${day(0)}`))).rejects.toMatchObject({
        code: 'feed-invalid',
        reasons: [{ clause: 'SEC Section B1.2(b)' }],
      });
      await take(4, halted(`APPLICANT,${day(410)}`));
      await expect(take(5, halted(`ACTIVE,${day(0)}`))).rejects.toMatchObject({ code: 'feed-invalid' });
      await take(6, halted(`ACTIVE,${day(420)}`));
      expect(await stateAt(day(415))).toBe('APPLICANT');
    });

    test('who has left with one feed is not counted with the next', async () => {
      const another = (number: number) =>
        `PARTY,,,,,,${String(500 + number)},EXTRA${String(number)},SEC_PARTY,Extra,,,OTHER_SEC_PARTY,ACTIVE,2015-01-26${','.repeat(9)}\n`;
      const extras = Array.from({ length: 16 }, (_none, number) => another(number)).join('');
      const without = (...signifiers: readonly string[]) =>
        signifiers.reduce(
          (text, one) =>
            text.replace(new RegExp(`^(PARTY|ALLOCATION|MARKET_PARTICIPANT),.*,${one},.*\\n`, 'gm'), ''),
          DEMO_FEED + extras,
        );
      await take(1, DEMO_FEED + extras);
      const first = await take(2, without('HALTED', 'REGDATA'));
      expect(first.diff.endings).toMatchObject([{ key: 'HALTED' }, { key: 'REGDATA' }, {}, {}]);
      const second = await take(3, without('HALTED', 'REGDATA', 'TRENTNET'));
      expect(second.diff.endings).toMatchObject([{ key: 'TRENTNET' }, {}, {}]);
      expect(await take(4, DEMO_FEED + extras)).toMatchObject({ applied: true });
      expect(await stateAt(day(1))).toBe('SUSPENDED');
    });
  });

  test('a feed by a clock that is behind ends what the one before it began, and does not undo it', async () => {
    const entry = `REGISTRY_ENTRY,,,Second,70-B3-D5-00-00-00-00-00,70-B3-D5-00-0F-FF-FF-FF${','.repeat(18)}\n`;
    const allocation = `ALLOCATION,,,,70-B3-D5-00-00-00-00-00,70-B3-D5-00-00-00-00-FF,,NORTHGATE,,,,,,,,,USER_ID,BOTH,,,,,,\n`;
    await take(1, DEMO_FEED + entry + allocation);
    const first = here.clock.now();
    const behind = { now: () => new Date(first.getTime() - 30_000) };
    await takeFeed(here, desk, 2, DEMO_FEED, { clock: behind });
    await takeFeed(here, desk, 3, DEMO_FEED + entry + allocation, { clock: behind });
    const periods = async (table: string) =>
      (
        await query<{ from: Date; to: Date | null }>(
          here.database.pool,
          `select valid_from as "from", valid_to as "to" from ${table} where eui64_from = '70b3d50000000000' order by 1`,
        )
      ).rows;
    const after = (milliseconds: number) => new Date(first.getTime() + milliseconds);
    for (const table of ['registry_entry', 'identifier_allocation'])
      expect(await periods(table)).toEqual([
        { from: first, to: after(1) },
        { from: after(2), to: null },
      ]);
    const { rows } = await query<{ at: Date }>(
      here.database.pool,
      `select imported_at as at from feed_import order by version`,
    );
    expect(rows.map(({ at }) => at)).toEqual([first, after(1), after(2)]);
    // A minute is let pass; beyond, what the feed says would not hold yet, and it is not taken for applied.
    const by = (milliseconds: number) => ({ clock: { now: () => after(2 + 1 - MINUTE - milliseconds) } });
    for (const dryRun of [true, false])
      await expect(takeFeed(here, desk, 4, DEMO_FEED, { ...by(1), dryRun })).rejects.toMatchObject({
        code: 'feed-invalid',
        reasons: [
          {
            reason: 'FEED_NOT_APPLICABLE',
            detail: expect.stringContaining(after(3).toISOString()) as string,
            fix: expect.stringContaining('docs/operations.md') as string,
          },
        ],
      });
    expect(await takeFeed(here, desk, 4, DEMO_FEED, by(0))).toMatchObject({ applied: true });
  });

  test('a limit that was prepared before a Registry Entry came over its Device ID is not raised', async () => {
    const eui64 = '00-DB-12-34-10-00-00-01';
    const prepare = async (certificates: number) => {
      const wanted = { eui64, certificates, because: 'a rig' };
      const asked = await send('/v1/participants/NORTHGATE/device-ceilings', wanted, 'DCC_TEST_OPERATOR');
      return String(asked.body.id);
    };
    const approve = async (review: string) =>
      send(`/v1/reviews/${review}/decision`, { approve: true, because: 'seen' }, 'DCC_TEST_APPROVER');
    const [kept, refused] = [await prepare(110), await prepare(120)];
    expect((await approve(kept)).status).toBe(200);
    here.clock.advance(HOUR);
    const at = [here.clock.now()];
    await query(here.database.pool, `update device_ceiling set valid_to = $1`, at);
    await query(here.database.pool, `delete from device_range where eui64_from = '00db123410000000'`);
    await query(
      here.database.pool,
      `insert into registry_entry (name, eui64_from, eui64_to, valid_from) values ('x', '00db123410000000', '00db12341fffffff', $1)`,
      at,
    );
    const answer = await approve(refused);
    expect([answer.status, answer.body.errors]).toMatchObject([
      409,
      [{ reason: 'DEVICE_ID_IN_USER_REGISTRY' }],
    ]);
    expect((await get('/v1/reviews?state=OPEN')).body.items).toMatchObject([{ id: refused }]);
  });
});
