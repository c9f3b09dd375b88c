import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import request from 'supertest';
import { listDecisions } from '../../../src/audit/decisions.ts';
import { query } from '../../../src/db/query.ts';
import { withTransaction } from '../../../src/db/transaction.ts';
import { parseEui64Range, type Eui64, type Eui64Range } from '../../../src/domain/eui64.ts';
import type { CallerRole } from '../../../src/domain/participant.ts';
import { replayDecision } from '../../../src/issuance/replay-decision.ts';
import { beginEntries } from '../../../src/registry/registry-entries.ts';
import { proposeAgreement } from '../../../src/registrar/agreements.ts';
import { registerDeviceRange } from '../../../src/registrar/device-ranges.ts';
import type { Acting } from '../../../src/registrar/acting.ts';
import { findCallers } from '../../../src/registry/callers.ts';
import { hashToken } from '../../../src/registry/credentials.ts';
import { findParticipantRef } from '../../../src/registry/participants.ts';
import { loadRegistry } from '../../../src/registry/load-registry.ts';
import { parseRegistryFile } from '../../../src/registry/registry-file.ts';
import { organisationCsr } from '../../support/csr-builder.ts';
import { openSigningDesk } from '../../support/signed-files.ts';
import { world, type World } from '../../support/world.ts';
import { WORLD_TEXT } from '../../support/world-text.ts';

const HOUR = 3_600_000;
const BLOCK = '90-B3-D5-1F-40-00-00-00 to 90-B3-D5-1F-40-00-00-3F';
const id = (last: string) => `90-B3-D5-1F-40-00-00-${last}`;
const FIRST = { from: id('00'), to: id('0F') };
const SECOND = { from: id('10'), to: id('1F') };
const FEED = readFileSync(path.join(__dirname, '../../../src/cli/demo/secas-feed.csv'), 'utf8');

describe('test-only identifiers', () => {
  const desk = openSigningDesk();
  const certificate = path.join(mkdtempSync(path.join(tmpdir(), 'tcs-feed-')), 'signer.der');
  writeFileSync(certificate, desk.certificate);
  let here: World;
  const open = async (environment: Record<string, string>) => {
    here = await world({ environment: { TCS_FEED_CERTIFICATE: certificate, ...environment } });
    // The world is on record for two days.
    here.clock.advance(2 * 86_400_000);
  };
  beforeEach(() => open({ TCS_TEST_BLOCK: BLOCK }));
  afterEach(() => here.close());
  afterAll(() => desk.close());

  const post = async (where: string, body: object, role: CallerRole = 'DCC_REGISTRAR', signifier = 'DCC') =>
    request(here.http)
      .post(`/v1/${where}`)
      .set('Authorization', `Bearer ${await here.token(signifier, role)}`)
      .send(body);
  const items = async (where: string) => {
    const { body } = await request(here.http)
      .get(`/v1/participants/${where}`)
      .set('Authorization', `Bearer ${await here.token('DCC', 'DCC_REGISTRAR')}`);
    return (body as { items: { [name: string]: unknown }[] }).items;
  };
  const give = (signifier: string, body: object = {}) =>
    post(`participants/${signifier}/test-allocations`, body);
  const end = (signifier: string, range: object) =>
    post(`participants/${signifier}/test-allocations/end`, range);
  const assign = (eui64: string, signifier = 'NORTHGATE') =>
    post(
      `participants/${signifier}/role-assignments`,
      { eui64, userRole: 'IMPORT_SUPPLIER' },
      'PARTICIPANT_SRO',
      signifier,
    );
  const certify = (eui64: string) =>
    post(
      'certificates',
      {
        category: 'ORGANISATION',
        purpose: 'DEVICE_AND_USER_SYSTEM_TESTS',
        csr: organisationCsr(eui64).pem,
      },
      'PARTICIPANT_ARO',
      'NORTHGATE',
    );
  const reasonsOf = ({ body }: { body: { errors: { reason: string }[] } }) =>
    body.errors.map((one) => one.reason);
  const detailsOf = ({ body }: { body: { errors: { detail: string }[] } }) =>
    body.errors.map((one) => one.detail);
  const feed = async (version: number, text: string) => {
    const octets = Buffer.from(text.replace('FEED,1,', `FEED,${String(version)},`));
    return request(here.http)
      .post('/v1/feeds?fileName=feed.csv')
      .set('Authorization', `Bearer ${await here.token('ASSESS', 'SECAS_FEED')}`)
      .set('Content-Type', 'text/csv')
      .set('Feed-Signature', desk.cms(octets).toString('base64'))
      .send(octets.toString());
  };
  const load = (text: string, block?: Eui64Range) =>
    loadRegistry(
      parseRegistryFile(text, 'file.yaml'),
      here.clock,
      here.database.pool,
      () => Promise.resolve(),
      block,
    );
  const testOnly = async (signifier: string, at?: Date) =>
    (await items(`${signifier}/allocations${at === undefined ? '' : `?at=${at.toISOString()}`}`)).filter(
      (one) => one['environment'] === 'TEST',
    );

  describe('are given', () => {
    test('one range behind the other, User IDs to a Party and RDP IDs to an RDP; both are told, and it is on record', async () => {
      const first = await give('NORTHGATE');
      expect([first.status, first.body]).toEqual([201, { kind: 'USER_ID', ...FIRST, environment: 'TEST' }]);
      const second = await give('REGDATA', { count: 3 });
      const range = { from: id('10'), to: id('12') };
      expect([second.status, second.body]).toEqual([201, { kind: 'RDP_ID', ...range, environment: 'TEST' }]);
      expect(await testOnly('NORTHGATE')).toEqual([
        { kind: 'USER_ID', state: 'ACTIVE', ...FIRST, environment: 'TEST' },
      ]);
      const map = await request(here.http)
        .get('/v1/participants/REGDATA/identity-map')
        .set('Authorization', `Bearer ${await here.token('REGDATA')}`);
      expect((map.body as { allocations: object[] }).allocations).toContainEqual({
        kind: 'RDP_ID',
        ...range,
      });
      expect(await items('REGDATA/notifications')).toMatchObject([
        {
          event: 'test-allocation.given',
          object: `${range.from} to ${range.to}`,
          text: expect.stringContaining('RDP_ID') as string,
        },
      ]);
      const { rows } = await query(
        here.database.pool,
        `select object, facts from audit_event where event = 'test-allocation.given' order by id`,
      );
      expect(rows).toMatchObject([
        { object: `${FIRST.from} to ${FIRST.to}`, facts: { role: 'DCC_REGISTRAR', asked: { count: 16 } } },
        { object: `${range.from} to ${range.to}`, facts: { asked: { count: 3 } } },
      ]);
    });

    test('to nobody but Parties and RDPs', async () => {
      for (const [signifier, type] of [
        ['METERWORKS', 'NON_PARTY'],
        ['DCC', 'DCC'],
      ] as const) {
        const refused = await give(signifier);
        expect([refused.status, reasonsOf(refused)]).toEqual([409, ['CONFLICT']]);
        expect(detailsOf(refused)[0]).toContain(`${signifier} is a ${type}`);
      }
    });

    test('as many as are asked for, of a block of 64', async () => {
      const answers: [number, number][] = [];
      for (const count of [0, 4097, 65, 63, 1])
        answers.push([count, (await give('NORTHGATE', { count })).status]);
      expect(answers).toEqual([
        [0, 400],
        [4097, 400],
        [65, 409],
        [63, 201],
        [1, 201],
      ]);
    });

    test('until the block is full, also when what was given has ended', async () => {
      expect((await give('NORTHGATE', { count: 60 })).status).toBe(201);
      const refused = await give('TRENTNET', { count: 5 });
      expect([refused.status, detailsOf(refused)]).toEqual([
        409,
        [`The test block ${BLOCK} (TCS_TEST_BLOCK) has no room for 5 more identifiers.`],
      ]);
      expect((await end('NORTHGATE', { from: id('00'), to: id('3B') })).status).toBe(200);
      expect((await give('TRENTNET', { count: 5 })).status).toBe(409);
      expect((await give('TRENTNET', { count: 4 })).body).toMatchObject({ from: id('3C'), to: id('3F') });
    });

    test('never the same to two at once', async () => {
      const given = await Promise.all(
        ['NORTHGATE', 'TRENTNET', 'REGDATA', 'HALTED'].flatMap((signifier) => [
          give(signifier, { count: 8 }),
          give(signifier, { count: 8 }),
        ]),
      );
      expect(given.map((one) => one.status)).toEqual(Array.from({ length: 8 }, () => 201));
      const starts = given.map(({ body }) => (body as { from: string }).from).sort();
      expect(starts).toEqual(['00', '08', '10', '18', '20', '28', '30', '38'].map(id));
    });
  });

  describe('without a block of their own', () => {
    const reopen = async (environment: Record<string, string>) => {
      await here.close();
      await open(environment);
    };

    test('are not given, and the answer names the setting', async () => {
      await reopen({});
      const refused = await give('NORTHGATE');
      expect([refused.status, refused.body.errors]).toMatchObject([
        409,
        [
          {
            reason: 'CONFLICT',
            clause: 'DESIGN',
            detail: 'No test-only identifiers are given: TCS_TEST_BLOCK is not set.',
            fix: expect.stringContaining('TCS_TEST_BLOCK') as string,
          },
        ],
      ]);
    });

    test('are not given while the block reaches into a Registry Entry or an allocation of others, and are when it does no longer', async () => {
      await reopen({ TCS_TEST_BLOCK: '90-B3-D5-1F-30-01-FF-FF to 90-B3-D5-1F-30-02-00-FF' });
      const says = async () => detailsOf(await give('NORTHGATE'));
      expect(await says()).toEqual([
        expect.stringContaining('reaches into the Registry Entry Test-only block of the SEC Panel, 90-B3-'),
        expect.stringContaining('reaches into an allocation of NORTHGATE, 90-B3-D5-1F-30-01-00-00 to'),
        expect.stringContaining('reaches into an allocation of TRENTNET, 90-B3-D5-1F-30-02-00-00 to'),
      ]);
      const now = here.clock.now();
      await query(here.database.pool, 'update registry_entry set valid_to = $1', [now]);
      expect(await says()).toHaveLength(2);
      await query(here.database.pool, 'update identifier_allocation set valid_to = $1', [now]);
      here.clock.advance(1000);
      expect((await give('NORTHGATE')).status).toBe(201);
    });
  });

  describe('carry certificates', () => {
    test('once the Party said which User Role they have, until they end; decisions replay, also as at an instant', async () => {
      const before = here.clock.now();
      here.clock.advance(HOUR);
      await give('NORTHGATE');
      expect(reasonsOf(await certify(id('01')))).toContain('USER_ID_ROLE_NOT_ASSIGNED');
      expect(reasonsOf(await assign(id('01'), 'TRENTNET'))).toEqual(['IDENTIFIER_OWNED_BY_OTHER']);
      expect((await assign(id('01'))).status).toBe(201);
      const issued = await certify(id('01'));
      expect(issued.status).toBe(201);
      const between = here.clock.now();
      here.clock.advance(HOUR);
      expect((await end('NORTHGATE', FIRST)).status).toBe(200);
      expect(reasonsOf(await certify(id('01')))).toContain('IDENTIFIER_NOT_IN_ALLOCATED_RANGE');

      expect([await testOnly('NORTHGATE', before), await testOnly('NORTHGATE')]).toEqual([[], []]);
      expect(await testOnly('NORTHGATE', between)).toHaveLength(1);
      const { pool } = here.database;
      const stored = await listDecisions({ signifier: 'NORTHGATE' }, { limit: 9 }, pool);
      expect(stored).toHaveLength(3);
      for (const one of stored)
        expect((await replayDecision(one, {}, here.needs.ruleSets, pool)).same).toBe(true);
      const passed = stored.find((one) => one.outcome === 'PASS');
      const asAt = async (at: Date) =>
        (await replayDecision(passed!, { asAt: at }, here.needs.ruleSets, pool)).replayed.reasons.map(
          (one) => one.reason,
        );
      expect(await asAt(before)).toContain('IDENTIFIER_NOT_IN_ALLOCATED_RANGE');
      expect(await asAt(between)).toEqual([]);
      expect(await asAt(here.clock.now())).toContain('IDENTIFIER_NOT_IN_ALLOCATED_RANGE');
    });
  });

  describe('end', () => {
    test('with the User Roles that rest on them and no others, and the participant is told', async () => {
      await give('NORTHGATE');
      await give('NORTHGATE');
      await assign(id('0F'));
      await assign(id('10'));
      const before = await items('NORTHGATE/role-assignments');
      here.clock.advance(1000);
      expect((await end('NORTHGATE', FIRST)).status).toBe(200);
      expect(await items('NORTHGATE/role-assignments')).toEqual(
        before.filter((one) => one['eui64'] !== id('0F')),
      );
      expect((await items('NORTHGATE/notifications'))[0]).toMatchObject({
        event: 'test-allocation.ended',
        text: `The DCC ended the test-only allocation ${FIRST.from} to ${FIRST.to}.`,
      });
      const { rows } = await query(
        here.database.pool,
        `select event, object from audit_event where event in ('user-role.ended', 'test-allocation.ended') order by id`,
      );
      expect(rows).toEqual([
        { event: 'user-role.ended', object: id('0F') },
        { event: 'test-allocation.ended', object: `${FIRST.from} to ${FIRST.to}` },
      ]);
    });

    test('by their own ends, once, of the participant that has them; those of the Panel do not', async () => {
      await give('NORTHGATE');
      expect((await end('TRENTNET', FIRST)).status).toBe(404);
      expect((await end('NORTHGATE', { ...FIRST, to: id('0E') })).status).toBe(404);
      const panel = { from: '90-B3-D5-1F-30-01-00-00', to: '90-B3-D5-1F-30-01-FF-FF' };
      expect((await end('NORTHGATE', panel)).status).toBe(404);
      expect((await end('NORTHGATE', FIRST)).status).toBe(200);
      expect((await end('NORTHGATE', FIRST)).status).toBe(404);
    });

    test('and leave no User Role behind that is assigned at the same time', async () => {
      await give('NORTHGATE', { count: 64 });
      const eui64s = ['00', '01', '02', '03', '04', '05'].map(id);
      await Promise.all([
        ...eui64s.slice(0, 3).map((one) => assign(one)),
        end('NORTHGATE', { from: id('00'), to: id('3F') }),
        ...eui64s.slice(3).map((one) => assign(one)),
      ]);
      here.clock.advance(1000);
      const left = (await items('NORTHGATE/role-assignments')).map((one) => one['eui64']);
      expect(left.filter((one) => eui64s.includes(String(one)))).toEqual([]);
    });
  });

  describe('are no Device IDs', () => {
    const register = (range: object) => post('participants/METERWORKS/device-ranges', range);
    const decided = async (review: unknown) =>
      post(
        `reviews/${String(review)}/decision`,
        { approve: true, because: 'as agreed' },
        'DCC_TEST_APPROVER',
      );
    const terms = (range: object) => ({
      permittedCategories: ['DEVICE' as const],
      permittedPurposes: ['DEVICE_AND_USER_SYSTEM_TESTS' as const],
      deviceRanges: [range],
    });
    const propose = (ref: string, range: object) =>
      post('participants/METERWORKS/agreements', { ref, state: 'OFFERED', ...terms(range) });
    const agree = async (ref: string, range: object) => decided((await propose(ref, range)).body.id);
    /** What the registrar stated before the operator set the block. */
    const stated = async <Result>(act: (acting: Acting) => Promise<Result>) => {
      const { pool } = here.database;
      const [at, token] = [here.clock.now(), hashToken(await here.token('DCC', 'DCC_REGISTRAR'))];
      const [caller] = await findCallers([token], at, pool);
      const participant = await findParticipantRef('METERWORKS', pool);
      return withTransaction(pool, (db) => act({ caller: caller!, participant: participant!, at, db }));
    };
    const rangeOf = ({ from, to }: typeof FIRST) => parseEui64Range(`${from} to ${to}`)!;
    const registered = (range: typeof FIRST) =>
      stated((acting) => registerDeviceRange(acting, { ...rangeOf(range), deviceTypes: [] }));
    const proposed = (ref: string, range: typeof FIRST) => {
      const more = { permittedEnvironments: [], permittedRoles: [], gatewayPermitted: false };
      const whole = { ...terms(range), ...more, deviceRanges: [rangeOf(range)] };
      return stated((acting) => proposeAgreement(acting, { ref, state: 'OFFERED', terms: whole }));
    };
    /** The database asks its own clock whether a device range has ended. */
    const endedLongAgo = (from: string) =>
      query(
        here.database.pool,
        `update device_range set valid_from = '2020-01-01', valid_to = '2020-01-02' where eui64_from = $1`,
        [from],
      );

    test('neither of a device range nor of an agreement, until they end', async () => {
      const over = { from: id('0F'), to: id('1F') };
      const prepared = await proposed('BA-0', over);
      await give('NORTHGATE');
      for (const refused of [await register(over), await propose('BA-1', over), await decided(prepared.id)])
        expect([refused.status, refused.body.errors]).toMatchObject([
          409,
          [
            {
              reason: 'DEVICE_ID_IN_USER_REGISTRY',
              clause: expect.stringContaining('DESIGN') as string,
              detail: expect.stringContaining('reaches into a test-only allocation of the DCC') as string,
            },
          ],
        ]);
      expect((await end('NORTHGATE', FIRST)).status).toBe(200);
      expect((await register({ from: id('00'), to: id('0F') })).status).toBe(201);
      expect((await agree('BA-2', FIRST)).status).toBe(200);
    });

    test('nor are those that the DCC has yet to give, up to the end of the block', async () => {
      await give('NORTHGATE');
      const inside = { from: id('3F'), to: id('4F') };
      const behind = { ...inside, from: id('40') };
      const vary = (range: object) =>
        post('participants/METERWORKS/agreements/BA-2026-001/state', {
          state: 'EXECUTED',
          deviceRanges: [range],
        });
      for (const refused of [await register(inside), await propose('BA-1', inside), await vary(inside)])
        expect([refused.status, refused.body.errors]).toMatchObject([
          409,
          [
            {
              reason: 'DEVICE_ID_IN_USER_REGISTRY',
              clause: expect.stringContaining('DESIGN') as string,
              detail: expect.stringContaining(
                `reaches into ${id('10')} to ${id('3F')}, what the DCC has yet to give of its test block (TCS_TEST_BLOCK)`,
              ) as string,
            },
          ],
        ]);
      expect([(await register(behind)).status, (await propose('BA-1', behind)).status]).toEqual([201, 202]);
      expect((await vary(behind)).status).toBe(202);
      // Of a block of which all was given nothing is left to be kept.
      expect((await give('NORTHGATE', { count: 48 })).status).toBe(201);
      expect((await end('NORTHGATE', { from: id('10'), to: id('3F') })).status).toBe(200);
      expect((await register({ from: id('3F'), to: id('3F') })).status).toBe(201);
    });

    test('nor are Device IDs given as test-only ones, until their range has ended', async () => {
      await registered(SECOND);
      expect((await give('NORTHGATE')).body).toMatchObject(FIRST);
      const refused = await give('NORTHGATE');
      expect([refused.status, detailsOf(refused)]).toEqual([
        409,
        [
          `${SECOND.from} to ${SECOND.to} of the test block (TCS_TEST_BLOCK) reaches into a range of Device IDs.`,
        ],
      ]);
      expect((await decided((await proposed('BA-3', { from: id('20'), to: id('20') })).id)).status).toBe(200);
      await endedLongAgo('90b3d51f40000010');
      expect((await give('NORTHGATE')).body).toMatchObject(SECOND);
      expect(detailsOf(await give('NORTHGATE'))[0]).toContain('device range of an agreement');
    });

    test('and none has a limit raised that was prepared while it was one, until they end', async () => {
      await registered(FIRST);
      const wanted = { eui64: id('05'), certificates: 200, because: 'a rig' };
      const { body: prepared } = await post('participants/METERWORKS/device-ceilings', wanted);
      await endedLongAgo('90b3d51f40000000');
      expect((await give('NORTHGATE')).body).toMatchObject(FIRST);
      const refused = await decided(prepared.id);
      expect([refused.status, reasonsOf(refused), detailsOf(refused)]).toEqual([
        409,
        ['DEVICE_ID_IN_USER_REGISTRY'],
        [expect.stringContaining(`${id('05')} reaches into a test-only allocation`)],
      ]);
      expect((await end('NORTHGATE', FIRST)).status).toBe(200);
      expect((await decided(prepared.id)).status).toBe(200);
    });
  });

  describe('are none of a feed', () => {
    const ENTRY = `REGISTRY_ENTRY,,,Other block,90-B3-D5-1F-40-00-00-00,90-B3-D5-1F-4F-FF-FF-FF${','.repeat(18)}\n`;
    const allocation = (from: string, to: string) =>
      `ALLOCATION,,,,${from},${to},,TRENTNET,,,,,,,,,USER_ID,BOTH,2015-01-26,2015-02-02,,,,\n`;
    const rowsOf = (refused: { body: { errors: { detail: string }[] } }) =>
      detailsOf(refused).map((one) => /^row (\d+): /.exec(one)?.[1]);
    const LINES = FEED.trimEnd().split('\n').length;

    test('which neither ends nor changes them, nor the User Roles that rest on them', async () => {
      await give('NORTHGATE');
      await assign(id('00'));
      const before = [await testOnly('NORTHGATE'), await items('NORTHGATE/role-assignments')];
      for (const [version, text] of [
        [1, FEED],
        [2, FEED.replace('90-B3-D5-1F-30-01-FF-FF', '90-B3-D5-1F-30-01-FF-FE')],
      ] as const) {
        here.clock.advance(HOUR);
        const taken = await feed(version, text);
        expect([taken.status, JSON.stringify(taken.body)]).toEqual([
          201,
          expect.not.stringContaining('90-B3-D5-1F-40') as string,
        ]);
        expect([await testOnly('NORTHGATE'), await items('NORTHGATE/role-assignments')]).toEqual(before);
      }
    });

    test('which begins nothing in the test block: each row is told, and nothing is applied', async () => {
      const refused = await feed(1, FEED + ENTRY + allocation(id('3F'), '90-B3-D5-1F-40-00-01-FF'));
      expect([refused.status, reasonsOf(refused)]).toEqual([
        422,
        ['FEED_NOT_APPLICABLE', 'FEED_NOT_APPLICABLE'],
      ]);
      expect(rowsOf(refused)).toEqual([String(LINES + 1), String(LINES + 2)]);
      expect(detailsOf(refused)[1]).toContain(`reaches into the test block (TCS_TEST_BLOCK), ${BLOCK}`);
      expect((await feed(1, FEED + ENTRY.replaceAll('-1F-4', '-1F-5'))).status).toBe(201);
    });

    test('nor among what was given of an earlier block, until it ends', async () => {
      await query(
        here.database.pool,
        `insert into identifier_allocation (participant_id, kind, eui64_from, eui64_to, environment, source, valid_from)
         select id, 'USER_ID', '90b3d51f50000000', '90b3d51f5000000f', 'TEST', 'DCC', $1 from participant where signifier = 'NORTHGATE'`,
        [here.clock.now()],
      );
      const text = FEED + ENTRY.replaceAll('-1F-4', '-1F-5');
      const refused = await feed(1, text);
      expect(rowsOf(refused)).toEqual([String(LINES + 1)]);
      expect(detailsOf(refused)[0]).toContain('reaches into a test-only allocation of NORTHGATE');
      here.clock.advance(HOUR);
      const earlier = { from: '90-B3-D5-1F-50-00-00-00', to: '90-B3-D5-1F-50-00-00-0F' };
      expect((await end('NORTHGATE', earlier)).status).toBe(200);
      expect((await feed(1, text)).status).toBe(201);
    });
  });

  describe('are none of a registry file', () => {
    test('which neither ends nor changes them, nor the User Roles that rest on them', async () => {
      await give('NORTHGATE');
      await assign(id('00'));
      const before = [await testOnly('NORTHGATE'), await items('NORTHGATE/role-assignments')];
      here.clock.advance(HOUR);
      await load(WORLD_TEXT);
      expect([await testOnly('NORTHGATE'), await items('NORTHGATE/role-assignments')]).toEqual(before);
    });

    const stated = (signifier: string, { from, to }: { from: string; to: string }) =>
      WORLD_TEXT.replace(
        new RegExp(`(signifier: ${signifier}\\b[^]*?allocations:\\n)`),
        `$1      - { kind: USER_ID, from: ${from}, to: ${to} }\n`,
      );
    test.each([
      ['the owner', 'NORTHGATE', /NORTHGATE comes from the DCC, over the API/],
      ['another', 'TRENTNET', /overlaps one of another participant/],
    ])('which states none of them, for %s', async (_what, signifier, says) => {
      await give('NORTHGATE');
      here.clock.advance(HOUR);
      await expect(load(stated(signifier, FIRST))).rejects.toThrow(says);
      await expect(load(stated(signifier, SECOND))).resolves.toBeDefined();
    });

    test('nor anything in the rest of the block: each is told, and what is on record as it was stays', async () => {
      const block = parseEui64Range(BLOCK)!;
      const entry = '{ name: Other, from: 90-B3-D5-1F-40-00-00-00, to: 90-B3-D5-1F-4F-FF-FF-FF }';
      const text = (from: string, entries = '') => `registryEntries: [${entries}]
participants:
  - signifier: MAKER
    type: NON_PARTY
    legalName: Maker
    allocations: [{ kind: USER_ID, from: ${id('20')}, to: ${id('2F')} }]
    deviceRanges: [{ from: ${id(from)}, to: ${id('3F')} }]
    agreements:
      - ref: BA-9
        state: OFFERED
        permittedCategories: [DEVICE]
        permittedPurposes: [DEVICE_AND_USER_SYSTEM_TESTS]
        deviceRanges: [{ from: ${id('38')}, to: ${id('3F')} }]
`;
      const told = (...whats: string[]) => ({
        code: 'registry-invalid',
        reasons: whats.map((what) => ({
          reason: 'CONFLICT',
          detail: expect.stringMatching(`^The ${what}, .* reaches into the test block ${BLOCK}`) as string,
          fix: expect.stringContaining('TCS_TEST_BLOCK') as string,
        })),
      });
      const ofMaker = ['USER_ID allocation of MAKER', 'device range of MAKER'];
      await expect(load(text('30', entry), block)).rejects.toMatchObject(
        told('Registry Entry Other', ...ofMaker, 'device range of the agreement BA-9'),
      );
      await load(text('30'));
      await expect(load(text('30'), block)).resolves.toBeDefined();
      await expect(load(text('31'), block)).rejects.toMatchObject(told('device range of MAKER'));
      await expect(load(WORLD_TEXT, block)).resolves.toBeDefined();
    });

    test('nor a Registry Entry or a device range over them', async () => {
      await give('NORTHGATE');
      const entry = (block: string) =>
        `  - { name: Other, from: 90-B3-D5-1F-${block}0-00-00-00, to: 90-B3-D5-1F-${block}F-FF-FF-FF }\n`;
      const withEntry = (block: string) =>
        WORLD_TEXT.replace('registryEntries:\n', `registryEntries:\n${entry(block)}`);
      await expect(load(withEntry('4'))).rejects.toThrow(/reaches into a test-only allocation of the DCC/);
      await expect(load(withEntry('5'))).resolves.toBeDefined();
      const text = `participants: [{ signifier: MAKER, type: NON_PARTY, nonPartyKind: MANUFACTURER, legalName: Maker, deviceRanges: [{ from: ${id('0F')}, to: ${id('1F')} }] }]\n`;
      await expect(load(text)).rejects.toThrow(/reaches into a test-only allocation of the DCC/);
      await expect(load(text.replace(id('0F'), id('10')))).resolves.toBeDefined();
    });
  });

  describe('are kept by the database', () => {
    const insert = (environment: string, kind: string) =>
      query(
        here.database.pool,
        `insert into identifier_allocation (participant_id, kind, eui64_from, eui64_to, environment, source, valid_from)
         select id, $1, '90b3d51f40000000', '90b3d51f40000000', $2, 'DCC', now() from participant where signifier = 'NORTHGATE'`,
        [kind, environment],
      );

    test('for nothing but tests of Parties and RDPs', async () => {
      for (const [environment, kind] of [
        ['BOTH', 'USER_ID'],
        ['LIVE', 'USER_ID'],
        ['TEST', 'DCC_ID'],
      ] as const)
        await expect(insert(environment, kind)).rejects.toMatchObject({
          constraint: 'identifier_allocation_of_dcc',
        });
      await expect(insert('TEST', 'RDP_ID')).resolves.toBeDefined();
    });

    test('apart from Registry Entries that begin at the same time: one of the two is refused', async () => {
      const range = { from: '90b3d51f40000000' as Eui64, to: '90b3d51f4fffffff' as Eui64 };
      const [given, begun] = await Promise.allSettled([
        give('NORTHGATE'),
        withTransaction(here.database.pool, (db) =>
          beginEntries([{ name: 'Other', ...range }], here.clock.now(), db),
        ),
      ]);
      const wasGiven = given.status === 'fulfilled' && given.value.status === 201;
      expect(begun.status).toBe(wasGiven ? 'rejected' : 'fulfilled');
      expect(await testOnly('NORTHGATE')).toHaveLength(wasGiven ? 1 : 0);
    });
  });
});
