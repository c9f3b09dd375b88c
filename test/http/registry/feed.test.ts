import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { tmpdir } from 'node:os';
import { gzipSync } from 'node:zlib';
import request from 'supertest';
import { query } from '../../../src/db/query.ts';
import { LARGEST_FEED } from '../../../src/http/feeds.ts';
import { findFeedTrouble } from '../../../src/registrar/feeds.ts';
import { openSigningDesk } from '../../support/signed-files.ts';
import { world, type World } from '../../support/world.ts';

const FEED = readFileSync(path.join(__dirname, '../../../src/cli/demo/secas-feed.csv'), 'utf8');

describe('the SECAS feed over HTTP', () => {
  let here: World;
  const desk = openSigningDesk();
  beforeAll(async () => {
    const certificate = path.join(mkdtempSync(path.join(tmpdir(), 'tcs-feed-')), 'signer.der');
    writeFileSync(certificate, desk.certificate);
    here = await world({
      environment: { TCS_FEED_CERTIFICATE: certificate, TCS_FEED_VANISHING_PERCENT: '20' },
    });
    // The world is on record for two days.
    here.clock.advance(2 * 86_400_000);
  });
  afterAll(async () => {
    await here.close();
    desk.close();
  });

  const send = async (
    text: string,
    options: { dryRun?: boolean; signature?: string | undefined; role?: 'SECAS_FEED' | 'AUDITOR' } = {},
  ) => {
    const { signature = desk.raw(Buffer.from(text)).toString('base64') } = options;
    const post = request(here.http)
      .post(`/v1/feeds?dryRun=${String(options.dryRun ?? false)}&fileName=secas-feed.csv`)
      .set('Authorization', `Bearer ${await here.token('ASSESS', options.role ?? 'SECAS_FEED')}`)
      .set('Content-Type', 'text/csv');
    return (
      'signature' in options && options.signature === undefined ? post : post.set('Feed-Signature', signature)
    ).send(text);
  };
  const get = async (
    where: string,
    signifier = 'DCC',
    role: 'DCC_REGISTRAR' | 'PARTICIPANT_SRO' = 'DCC_REGISTRAR',
  ) =>
    request(here.http)
      .get(where)
      .set('Authorization', `Bearer ${await here.token(signifier, role)}`);
  const facts = async () =>
    (await query<{ n: number }>(here.database.pool, 'select count(*)::int as n from fact')).rows[0]?.n;

  test('a dry run shows the diff and changes nothing', async () => {
    const before = await facts();
    const answer = await send(FEED, { dryRun: true });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ applied: false, diff: { toVersion: 1 } });
    expect(answer.body.text).toContain('~ PARTY NORTHGATE:');
    expect(await facts()).toBe(before);
  });

  test.each([
    ['unsigned', undefined],
    ['signed over something else', 'c29tZXRoaW5nIGVsc2U='],
  ])('a feed that is %s is refused, and that is on record', async (_what, signature) => {
    const answer = await send(FEED, { signature });
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toMatchObject([{ reason: 'FEED_SIGNATURE_INVALID' }]);
    const { rows } = await query(
      here.database.pool,
      `select 1 from audit_event where event = 'feed.refused'`,
    );
    expect(rows.length).toBeGreaterThan(0);
  });

  test('nobody but SECAS sends one', async () => {
    const attempts = async () =>
      (
        await query(
          here.database.pool,
          `select facts from audit_event where event = 'feed.refused' and object = '/v1/feeds'`,
        )
      ).rows;
    expect((await send(FEED, { dryRun: true })).status).toBe(200);
    expect(await attempts()).toEqual([]);
    expect((await send(FEED, { role: 'AUDITOR' })).status).toBe(403);
    expect(await attempts()).toMatchObject([{ facts: { role: 'AUDITOR', code: 'role-not-permitted' } }]);
  });

  test('what is refused before it is read is on record as well; what is only shown leaves nothing', async () => {
    const upload = async (query: string, headers: Record<string, string>, body: string | Buffer) =>
      request(here.http)
        .post(`/v1/feeds?fileName=f.csv${query}`)
        .set('Authorization', `Bearer ${await here.token('ASSESS', 'SECAS_FEED')}`)
        .set({ 'Content-Type': 'text/csv', ...headers })
        .send(body);
    const gzip = { 'Content-Encoding': 'gzip' };
    const answers = [
      await upload('', { 'Content-Type': 'text/plain' }, FEED),
      await upload('', { 'Content-Type': 'application/json' }, '{"no": '),
      await upload('', gzip, FEED),
      await upload('', gzip, gzipSync(Buffer.alloc(LARGEST_FEED + 1))),
      await upload('&dryRun=perhaps', {}, FEED),
      await send(FEED, { dryRun: true }),
    ];
    expect(answers.map((one) => one.status)).toEqual([415, 415, 400, 413, 400, 200]);
    const { rows } = await query(
      here.database.pool,
      `select object, facts ->> 'code' as code from audit_event where event = 'feed.refused' and facts ->> 'role' = 'SECAS_FEED'
          and object <> 'secas-feed.csv' order by id`,
    );
    expect(rows).toEqual([
      { object: 'f.csv', code: 'unsupported-media-type' },
      { object: 'f.csv', code: 'unsupported-media-type' },
      { object: 'f.csv', code: 'malformed-request' },
      { object: 'f.csv', code: 'too-large' },
      { object: '/v1/feeds', code: 'malformed-request' },
    ]);
  });

  test.each([
    ['a%07', 400],
    ['a?%00', 400],
    ['a?b', 200],
  ])('a feed named %s is %d', async (name, status) => {
    const answer = await request(here.http)
      .post(`/v1/feeds?dryRun=true&fileName=${name}`)
      .set('Authorization', `Bearer ${await here.token('ASSESS', 'SECAS_FEED')}`)
      .set({ 'Content-Type': 'text/csv', 'Feed-Signature': desk.raw(Buffer.from(FEED)).toString('base64') })
      .send(FEED);
    expect(answer.status).toBe(status);
  });

  test('a feed is taken whole, confirms what an SRO proposed, and is the owner from then on', async () => {
    const proposed = await request(here.http)
      .post('/v1/participants/NORTHGATE/details-changes')
      .set('Authorization', `Bearer ${await here.token('NORTHGATE', 'PARTICIPANT_SRO')}`)
      .send({ tradingName: 'Northgate Energy' });
    expect(proposed.status).toBe(201);
    const taken = await send(FEED);
    expect(taken.body).toMatchObject({ applied: true });
    expect(taken.status).toBe(201);
    const changes = await get('/v1/participants/NORTHGATE/details-changes', 'NORTHGATE', 'PARTICIPANT_SRO');
    expect(changes.body.items).toMatchObject([{ id: proposed.body.id, state: 'APPLIED' }]);
    const map = await get('/v1/participants/NORTHGATE/identity-map');
    expect(map.body.userIds).toContainEqual(
      expect.objectContaining({
        eui64: '90-B3-D5-1F-30-01-00-00',
        marketParticipants: expect.arrayContaining([
          { scheme: 'MRA', marketParticipantId: 'NGAT', roleCode: 'X' },
        ]),
      }),
    );
    expect((await get('/v1/feeds')).body).toMatchObject({ items: [{ version: 1, acknowledgedAt: null }] });
  });

  test('what a feed confirmed is told to the DCC when it acknowledges that feed, and no other', async () => {
    const acknowledged = async (version: number) =>
      request(here.http)
        .post(`/v1/feeds/${String(version)}/acknowledgement`)
        .set('Authorization', `Bearer ${await here.token('DCC', 'DCC_REGISTRAR')}`);
    const states = async () => {
      const { body } = await get(
        '/v1/participants/NORTHGATE/history?limit=500',
        'NORTHGATE',
        'PARTICIPANT_SRO',
      );
      return (body as { items: { kind: string; state: string }[] }).items
        .filter(({ kind }) => kind === 'DETAILS_CHANGE')
        .map(({ state }) => state);
    };
    expect((await acknowledged(7)).status).toBe(404);
    expect(await states()).toEqual(['PROPOSED', 'CONFIRMED_BY_PANEL', 'APPLIED']);
    expect((await acknowledged(1)).status).toBe(200);
    expect(await states()).toEqual(['PROPOSED', 'CONFIRMED_BY_PANEL', 'APPLIED', 'DCC_NOTIFIED']);
    expect((await acknowledged(1)).status).toBe(409);
  });

  test('the same version again is refused; a newer one changes a membership', async () => {
    expect((await send(FEED)).body.errors).toMatchObject([{ reason: 'FEED_NOT_APPLICABLE' }]);
    const newer = FEED.replace('FEED,1,', 'FEED,2,').replace('SUSPENDED,2026-06-30', 'ACTIVE,2026-11-25');
    const taken = await send(newer);
    expect(taken.body).toMatchObject({
      applied: true,
      diff: { changes: [{ record: 'PARTY', key: 'HALTED' }] },
    });
    expect((await get('/v1/participants/HALTED')).body).toMatchObject({
      membership: { state: 'ACTIVE', feedVersion: 2 },
    });
    // It was taken on before the first feed, which said the same.
    expect((await get('/v1/participants/HALTED?at=2026-11-24T18:00:00Z')).body.membership).toEqual({
      state: 'SUSPENDED',
      since: '2026-06-30T00:00:00Z',
    });
    const history = (await get('/v1/participants/HALTED/history?limit=500')).body as {
      items: { kind: string; feedVersion?: number }[];
    };
    const told = (wanted: string) =>
      history.items.filter(({ kind }) => kind === wanted).map(({ feedVersion }) => feedVersion);
    expect([told('MEMBERSHIP'), told('DETAILS')]).toEqual([
      [undefined, 2],
      [undefined, 1],
    ]);
  });

  test('User IDs that the feed gives to another Party lose their roles with it, and the new owner says which they have', async () => {
    const eui64 = '90-B3-D5-1F-30-03-00-01';
    const assigned = async (signifier: string) =>
      request(here.http)
        .post(`/v1/participants/${signifier}/role-assignments`)
        .set('Authorization', `Bearer ${await here.token(signifier, 'PARTICIPANT_SRO')}`)
        .send({ eui64, userRole: 'IMPORT_SUPPLIER' });
    expect((await assigned('HALTED')).status).toBe(201);
    here.clock.advance(1000);
    const moved = FEED.replace('FEED,1,', 'FEED,3,').replace(
      '90-B3-D5-1F-30-03-FF-FF,,HALTED,',
      '90-B3-D5-1F-30-03-FF-FF,,NORTHGATE,',
    );
    expect((await send(moved)).body).toMatchObject({ applied: true });
    expect((await get('/v1/participants/HALTED/role-assignments')).body.items).toEqual([]);
    expect((await assigned('NORTHGATE')).status).toBe(201);
    const { rows } = await query(
      here.database.pool,
      `select facts from audit_event where event = 'user-role.ended' and object = $1`,
      [eui64],
    );
    expect(rows).toMatchObject([{ facts: { userRole: 'IMPORT_SUPPLIER', because: 'its allocation ended' } }]);
  });

  test('feeds are listed in pages, newest first', async () => {
    const first = (await get('/v1/feeds?limit=2')).body as {
      items: { version: number }[];
      nextCursor: string;
    };
    expect(first.items.map(({ version }) => version)).toEqual([3, 2]);
    const second = (await get(`/v1/feeds?limit=2&cursor=${first.nextCursor}`)).body as typeof first;
    expect([second.items.map(({ version }) => version), second.nextCursor]).toEqual([[1], null]);
  });

  test('a feed that claims to be made in the future is refused: no other would be taken before that', async () => {
    const later = (days: number) =>
      new Date(here.clock.now().getTime() + days * 86_400_000).toISOString().slice(0, 10);
    const dated = (day: string) => FEED.replace(/FEED,\d+,[^,]+,/, `FEED,90,${day},`);
    const shown = await send(dated(later(2)), { dryRun: true });
    expect(shown.body.text).toContain('lies in the future');
    const refused = await send(dated(later(2)));
    expect([refused.status, refused.body.errors]).toMatchObject([
      422,
      [{ reason: 'FEED_NOT_APPLICABLE', detail: expect.stringContaining('lies in the future') as string }],
    ]);
    expect((await send(dated(later(0)), { dryRun: true })).body.text).not.toContain('future');
  });

  test('a stale feed is told at the start, at /health/ready and in the list, and blocks nothing', async () => {
    const ready = () => request(here.http).get('/health/ready');
    await query(here.database.pool, `update feed_import set issued_at = $1`, [
      new Date(here.clock.now().getTime() - 6 * 86_400_000),
    ]);
    expect((await ready()).body).not.toHaveProperty('warnings');
    expect(await findFeedTrouble(here.clock.now(), 7, here.database.pool)).toBeUndefined();
    await query(here.database.pool, `update feed_import set issued_at = $1`, [
      new Date(here.clock.now().getTime() - 8 * 86_400_000),
    ]);
    const answer = await ready();
    expect([answer.status, answer.body.status, answer.body.warnings]).toEqual([
      200,
      'ok',
      ['SECAS_FEED_STALE'],
    ]);
    expect(await findFeedTrouble(here.clock.now(), 7, here.database.pool)).toContain('more than 7 days old');
    expect(await findFeedTrouble(here.clock.now(), 8, here.database.pool)).toBeUndefined();
    expect((await get('/v1/feeds')).body.stale).toBe(true);
  });

  test('a feed that breaks one row changes nothing and names row and column', async () => {
    const before = await facts();
    const broken = FEED.replace('FEED,1,', 'FEED,3,').replace('LARGE_SUPPLIER', 'LARGE_SUPLIER');
    const answer = await send(broken);
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toMatchObject([{ detail: expect.stringMatching(/row 4.*LARGE_SUPPLIER/) }]);
    expect(await facts()).toBe(before);
  });

  const issued = (version: number) =>
    FEED.replace(/FEED,1,[^,]+,/, `FEED,${String(version)},${here.clock.now().toISOString().slice(0, 19)}Z,`);

  test('who was expelled applies again after 12 months, or from the date of the Panel, which stays on record', async () => {
    const halted = (version: number, membership: string, reapplicationFrom?: string) => {
      const feed = issued(version).replace('SUSPENDED,2026-06-30', membership);
      if (reapplicationFrom === undefined) return feed;
      return feed.replace(/^(\w+),.*$/gm, (line, record: string) => {
        const cell = line.includes(',HALTED,SEC_PARTY,') ? reapplicationFrom : '';
        return `${line},${record === 'record' ? 'reapplicationFrom' : cell}`;
      });
    };
    here.clock.advance(1000);
    expect((await send(halted(4, 'EXPELLED,2026-11-01'))).status).toBe(201);
    const early = halted(5, 'APPLICANT,2026-11-20');
    const shown = await send(early, { dryRun: true });
    expect(shown.body.text).toContain(
      '! row 6: HALTED was expelled on 2026-11-01 and is APPLICANT from 2026-11-20',
    );
    const refused = await send(early);
    expect([refused.status, refused.body.errors]).toMatchObject([
      422,
      [{ reason: 'FEED_NOT_APPLICABLE', clause: 'SEC Section B1.2(b)' }],
    ]);
    const set = halted(6, 'APPLICANT,2026-11-20', '2026-11-15');
    expect((await send(set)).body).toMatchObject({ applied: true });
    const history = await get('/v1/participants/HALTED/history?limit=500');
    expect((history.body as { items: object[] }).items.at(-1)).toMatchObject({
      kind: 'MEMBERSHIP',
      state: 'APPLICANT',
      value: { reapplicationFrom: '2026-11-15T00:00:00Z' },
    });
    const again = await send(set.replace('FEED,6,', 'FEED,7,'), { dryRun: true });
    expect(again.body.diff).toMatchObject({ additions: [], changes: [], endings: [] });
    expect((await send(halted(8, 'ACTIVE,2026-11-24'))).body).toMatchObject({ applied: true });
  });

  const active = (version: number) => issued(version).replace('SUSPENDED,2026-06-30', 'ACTIVE,2026-11-24');
  // One in five Parties may leave with one feed.
  const another = (number: number) =>
    `PARTY,,,,,,${String(500 + number)},EXTRA${String(number)},SEC_PARTY,Extra,,,OTHER_SEC_PARTY,ACTIVE,2015-01-26${','.repeat(9)}\n`;
  const many = Array.from({ length: 10 }, (_none, number) => another(number)).join('');

  test('a Party without a row confirms nothing, and a row that says less than was proposed neither', async () => {
    const propose = async (signifier: string, changes: object) =>
      request(here.http)
        .post(`/v1/participants/${signifier}/details-changes`)
        .set('Authorization', `Bearer ${await here.token(signifier, 'PARTICIPANT_SRO')}`)
        .send(changes);
    here.clock.advance(1000);
    const first = await send(active(9) + many);
    expect([first.status, first.body.errors]).toEqual([201, undefined]);
    const less = (...signifiers: string[]) =>
      (active(10) + many).replace(new RegExp(`^.*,(${signifiers.join('|')}),.*\n`, 'gm'), '');
    const two = await send(less('TRENTNET', 'HALTED'), { dryRun: true });
    expect(two.body.text).not.toContain('are not in the feed');
    expect((await send(less('TRENTNET', 'HALTED', 'REGDATA'))).body.errors).toMatchObject([
      { reason: 'FEED_NOT_APPLICABLE', fix: expect.stringContaining('At most 20 % may go') as string },
    ]);
    const ofRegdata = await propose('REGDATA', { legalName: 'Registration Data Services Limited' });
    const ofTrentnet = await propose('TRENTNET', {
      legalName: 'Trent Electricity Networks plc',
      tradingName: 'Trentnet plc',
    });
    expect([ofRegdata.status, ofTrentnet.status]).toEqual([201, 201]);
    const state = async (signifier: string) => {
      const { body } = await get(`/v1/participants/${signifier}/details-changes`);
      return (body as { items: { state: string }[] }).items.map((one) => one.state);
    };
    here.clock.advance(1000);
    const without = active(10).replace(/^(PARTY|ALLOCATION),.*REGDATA.*\n/gm, '') + many;
    const taken = await send(without);
    expect([taken.status, taken.body.errors]).toEqual([201, undefined]);
    expect([await state('REGDATA'), await state('TRENTNET')]).toEqual([['PROPOSED'], ['PROPOSED']]);
    here.clock.advance(1000);
    const told = active(11).replace(
      'Trent Electricity Networks plc,,',
      'Trent Electricity Networks plc,Trentnet plc,',
    );
    expect((await send(told + many)).status).toBe(201);
    expect([await state('REGDATA'), await state('TRENTNET')]).toEqual([['APPLIED'], ['APPLIED']]);
  });

  test('an allocation for another environment begins anew: what it was before stays on record', async () => {
    const environment = async (at: string) => {
      const { body } = await get(`/v1/participants/TRENTNET/allocations?at=${at}`);
      return (body as { items: { environment: string }[] }).items.map((one) => one.environment);
    };
    const instant = () => `${here.clock.now().toISOString().slice(0, 19)}Z`;
    const before = instant();
    here.clock.advance(1000);
    const feed = (await send(active(12) + many)).body as object;
    expect(feed).toMatchObject({ applied: true });
    here.clock.advance(1000);
    const live = (active(13) + many).replace(/(TRENTNET,+USER_ID),BOTH/, '$1,LIVE');
    expect((await send(live)).body).toMatchObject({ diff: { changes: [{ record: 'ALLOCATION' }] } });
    here.clock.advance(1000);
    expect([await environment(before), await environment(instant())]).toEqual([['BOTH'], ['LIVE']]);
  });

  test('a legal entity that a feed tells of a Party and its RDP stays where a later feed has no such column', async () => {
    const told = (feed: string) =>
      feed.replace(/^(\w+),.*$/gm, (line, record: string) => {
        const cell = /,(TRENTNET,SEC_PARTY|REGDATA,RDP),/.test(line) ? 'LE-7' : '';
        return `${line},${record === 'record' ? 'legalEntityId' : cell}`;
      });
    const entities = async () => {
      const [party, rdp, other] = await Promise.all(
        ['TRENTNET', 'REGDATA', 'NORTHGATE'].map((signifier) => get(`/v1/participants/${signifier}`)),
      );
      return [party, rdp, other].map((one) => (one?.body as { legalEntityId?: string }).legalEntityId);
    };
    here.clock.advance(1000);
    expect((await send(told(active(14) + many))).status).toBe(201);
    expect(await entities()).toEqual(['LE-7', 'LE-7', undefined]);
    here.clock.advance(1000);
    expect((await send(active(15) + many)).body).toMatchObject({ applied: true, diff: { changes: [] } });
    expect(await entities()).toEqual(['LE-7', 'LE-7', undefined]);
  });
});
