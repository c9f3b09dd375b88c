import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type pg from 'pg';
import request from 'supertest';
import { ApiClient } from '../../../src/cli/api-client.ts';
import { query } from '../../../src/db/query.ts';
import { withTransaction } from '../../../src/db/transaction.ts';
import type { CallerRole } from '../../../src/domain/participant.ts';
import { createCredential } from '../../../src/registry/create-credential.ts';
import { lockFeed } from '../../../src/registry/feed-lock.ts';
import { world, type World } from '../../support/world.ts';

const AGREEMENT = {
  ref: 'BA-2026-077',
  state: 'EXECUTED',
  executedAt: '2026-11-01',
  effectiveFrom: '2026-11-02',
  effectiveTo: '2027-11-02',
  permittedCategories: ['DEVICE'],
  permittedPurposes: ['DEVICE_AND_USER_SYSTEM_TESTS'],
  deviceRanges: [{ from: '00-DB-12-34-70-00-00-00', to: '00-DB-12-34-7F-FF-FF-FF' }],
};

const HOLD = { cause: 'BREACH', because: 'keys found on a train' };

describe('what needs a second person', () => {
  let here: World;
  beforeAll(async () => {
    here = await world();
  });
  afterAll(() => here.close());

  const send = async (path: string, body: object, role: CallerRole, signifier = 'DCC', key?: string) =>
    request(here.http)
      .post(path)
      .set('Authorization', `Bearer ${await here.token(signifier, role)}`)
      .set(key === undefined ? {} : { 'Idempotency-Key': key })
      .send(body);
  const get = async (path: string, role: CallerRole, signifier = 'DCC') =>
    request(here.http)
      .get(path)
      .set('Authorization', `Bearer ${await here.token(signifier, role)}`);
  const events = async (event: string) =>
    (
      await query<{ facts: object }>(here.database.pool, 'select facts from audit_event where event = $1', [
        event,
      ])
    ).rows;

  test('an agreement holds once another person approved it, and its standing is computed', async () => {
    const prepared = await send('/v1/participants/STRANGER/agreements', AGREEMENT, 'DCC_REGISTRAR');
    expect(prepared.status).toBe(202);
    expect(prepared.headers['location']).toBe(`/v1/reviews/${String(prepared.body.id)}`);
    expect(prepared.body).toMatchObject({ state: 'OPEN', kind: 'AGREEMENT', participant: 'STRANGER' });
    expect(prepared.body.act.value.deviceRanges).toEqual(AGREEMENT.deviceRanges);
    expect((await get('/v1/participants/STRANGER/agreements', 'DCC_REGISTRAR')).body.items).toEqual([]);

    const decision = `/v1/reviews/${String(prepared.body.id)}/decision`;
    const own = await send(decision, { approve: true, because: 'I say so' }, 'DCC_REGISTRAR');
    expect(own.status).toBe(403);
    expect(own.body.errors).toMatchObject([{ reason: 'SECOND_PERSON_NEEDED' }]);

    const approved = await send(decision, { approve: true, because: 'seen the paper' }, 'DCC_TEST_APPROVER');
    expect(approved.body).toMatchObject({ state: 'APPROVED', because: 'seen the paper' });
    const { body } = await get('/v1/participants/STRANGER/agreements', 'PARTICIPANT_VIEWER', 'STRANGER');
    expect(body.items).toMatchObject([{ ref: 'BA-2026-077', state: 'EXECUTED', standing: 'IN_FORCE' }]);
    const lapsed = await get(
      '/v1/participants/STRANGER/agreements?at=2027-12-01',
      'PARTICIPANT_VIEWER',
      'STRANGER',
    );
    expect(lapsed.body.items).toMatchObject([{ standing: 'AGREEMENT_EXPIRED' }]);

    const again = await send(decision, { approve: false, because: 'no' }, 'DCC_TEST_APPROVER');
    expect(again.status).toBe(409);
    const told = await get('/v1/participants/STRANGER/notifications', 'PARTICIPANT_ARO', 'STRANGER');
    expect(told.body.items).toMatchObject([{ event: 'review.approved', object: prepared.body.id }]);
    expect(await events('agreement.proposed')).toHaveLength(1);
    expect(await events('review.decided.refused')).toHaveLength(2);
  });

  test('what was prepared on a version that is no longer the last one is not approved: nothing is overwritten unseen', async () => {
    const state = '/v1/participants/METERWORKS/agreements/BA-2026-001/state';
    const capped = await send(state, { state: 'EXECUTED', volumeCap: 77 }, 'DCC_REGISTRAR');
    const longer = await send(state, { state: 'EXECUTED', effectiveTo: '2029-01-01' }, 'DCC_REGISTRAR');
    const decide = (id: unknown, approve = true) =>
      send(`/v1/reviews/${String(id)}/decision`, { approve, because: 'as agreed' }, 'DCC_TEST_APPROVER');
    expect((await decide(capped.body.id)).status).toBe(200);
    const stale = await decide(longer.body.id);
    expect([stale.status, stale.body.errors]).toMatchObject([
      409,
      [{ reason: 'CONFLICT', detail: expect.stringContaining('has changed since') as string }],
    ]);
    const { body } = await get('/v1/participants/METERWORKS/agreements', 'DCC_REGISTRAR');
    expect(body.items).toMatchObject([{ ref: 'BA-2026-001', volumeCap: 77 }]);
    expect((await decide(longer.body.id, false)).body).toMatchObject({ state: 'REFUSED' });
    const anew = await send(state, { state: 'EXECUTED', effectiveTo: '2029-01-01' }, 'DCC_REGISTRAR');
    expect((await decide(anew.body.id)).status).toBe(200);
    const after = await get('/v1/participants/METERWORKS/agreements', 'DCC_REGISTRAR');
    expect(after.body.items).toMatchObject([{ volumeCap: 77, effectiveTo: '2029-01-01T00:00:00Z' }]);
  });

  test('one person with two credentials is one person, however the name is written', async () => {
    const prepared = await send('/v1/participants/HALTED/holds', HOLD, 'DCC_REGISTRAR');
    const { token } = await createCredential(
      {
        signifier: 'DCC',
        role: 'DCC_TEST_APPROVER',
        label: 'the same person',
        expiresAt: new Date(here.clock.now().getTime() + 86_400_000),
        person: '  TEST  dcc_registrar ',
      },
      here.clock.now(),
      here.database.pool,
    );
    const own = await request(here.http)
      .post(`/v1/reviews/${String(prepared.body.id)}/decision`)
      .set('Authorization', `Bearer ${token}`)
      .send({ approve: true, because: 'I am another' });
    expect([own.status, own.body.errors]).toMatchObject([403, [{ reason: 'SECOND_PERSON_NEEDED' }]]);
    // The database does not take it from anybody else either.
    await expect(
      query(
        here.database.pool,
        `update review set state = 'APPROVED', decided_person = '  TEST  dcc_registrar ', decided_at = now(), decided_because = 'x'
          where id = $1`,
        [prepared.body.id],
      ),
    ).rejects.toMatchObject({ constraint: 'review_by_other_name' });
    const withdrawn = await send(`/v1/reviews/${String(prepared.body.id)}/withdrawal`, {}, 'DCC_REGISTRAR');
    expect(withdrawn.body).toMatchObject({ state: 'WITHDRAWN' });
  });

  test('the same Idempotency-Key prepares one review, and another body is refused', async () => {
    const path = '/v1/participants/HALTED/holds';
    const hold = { cause: 'BREACH', because: 'keys found on a bus' };
    await here.token('DCC', 'DCC_TEST_OPERATOR');
    const [first, second] = await Promise.all([
      send(path, hold, 'DCC_TEST_OPERATOR', 'DCC', 'hold-1'),
      send(path, hold, 'DCC_TEST_OPERATOR', 'DCC', 'hold-1'),
    ]);
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.body).toEqual(first.body);
    const other = await send(path, { ...hold, because: 'other' }, 'DCC_TEST_OPERATOR', 'DCC', 'hold-1');
    expect(other.status).toBe(409);
    const listed = await get('/v1/reviews?kind=HOLD', 'DCC_TEST_APPROVER');
    expect(
      (listed.body.items as { because: string | null; state: string }[]).filter(
        (one) => one.state === 'OPEN',
      ),
    ).toHaveLength(1);
  });

  test('what belongs to its owner is refused to anybody else, and the attempt is on record', async () => {
    const allocation = await send('/v1/participants/NORTHGATE/allocations', {}, 'DCC_REGISTRAR');
    expect(allocation.status).toBe(403);
    expect(await events('allocation.stated.refused')).toHaveLength(1);
    for (const [name, event] of [
      ['memberships', 'membership.stated.refused'],
      ['market-participants', 'market-participant.stated.refused'],
    ] as const) {
      const stated = await send(`/v1/participants/NORTHGATE/${name}`, {}, 'DCC_REGISTRAR');
      expect([stated.status, stated.body.errors]).toMatchObject([
        403,
        [{ reason: 'ROLE_NOT_PERMITTED_HERE', fix: expect.stringContaining('SECAS feed') as string }],
      ]);
      expect(await events(event)).toMatchObject([{ facts: { role: 'DCC_REGISTRAR' } }]);
    }
    const role = { eui64: '90-B3-D5-1F-30-01-00-05', userRole: 'GAS_SUPPLIER' };
    expect((await send('/v1/participants/NORTHGATE/role-assignments', role, 'DCC_REGISTRAR')).status).toBe(
      403,
    );
    const own = await send(
      '/v1/participants/NORTHGATE/role-assignments',
      role,
      'PARTICIPANT_SRO',
      'NORTHGATE',
    );
    expect(own.status).toBe(201);
    const foreign = await send(
      '/v1/participants/NORTHGATE/role-assignments',
      { ...role, eui64: '90-B3-D5-1F-30-02-00-05' },
      'PARTICIPANT_SRO',
      'NORTHGATE',
    );
    expect(foreign.status).toBe(403);
    expect(foreign.body.errors).toMatchObject([{ reason: 'IDENTIFIER_OWNED_BY_OTHER' }]);
    expect(await events('user-role.assigned.refused')).toHaveLength(2);
  });

  test('another participant does not exist', async () => {
    for (const signifier of ['TRENTNET', 'NOBODY'])
      expect((await get(`/v1/participants/${signifier}`, 'PARTICIPANT_ARO', 'NORTHGATE')).status).toBe(404);
    expect((await get('/v1/participants/TRENTNET', 'DCC_REGISTRAR')).status).toBe(200);
  });

  test('the identity map is one document, and a table', async () => {
    const map = await get('/v1/participants/NORTHGATE/identity-map', 'PARTICIPANT_VIEWER', 'NORTHGATE');
    expect(map.body).toMatchObject({ signifier: 'NORTHGATE', userIds: expect.any(Array) });
    const csv = await get(
      '/v1/participants/NORTHGATE/identity-map?format=csv',
      'PARTICIPANT_VIEWER',
      'NORTHGATE',
    );
    expect(csv.text.split('\r\n')[0]).toBe('signifier,userId,userRole,scheme,marketParticipantId,roleCode');
    expect(csv.text).toContain('NORTHGATE,90-B3-D5-1F-30-01-00-01,EXPORT_SUPPLIER,,,');
  });

  describe('the identity maps of all', () => {
    const all = (asked = '') => get(`/v1/identity-maps${asked}`, 'AUDITOR', 'ASSESS');
    /** Counts the statements that look for maps, and lets one of them fail. */
    const statementsOfMaps = (failing?: number) => {
      const pool = here.database.pool as { connect(): Promise<pg.PoolClient> };
      const connect = pool.connect.bind(pool);
      let count = 0;
      const spy = jest.spyOn(pool, 'connect').mockImplementation(async () => {
        const client = await connect();
        const send = (statement: { readonly text: string }): unknown => {
          if (statement.text.includes('market_participant_identity') && (count += 1) === failing)
            throw new Error('this one fails');
          return client.query(statement);
        };
        return new Proxy(client, {
          get: (target, name) => (name === 'query' ? send : (Reflect.get(target, name) as unknown)),
        });
      });
      return { count: () => count, mockRestore: () => spy.mockRestore() };
    };
    beforeAll(async () => {
      await query(
        here.database.pool,
        `with made as (insert into participant (signifier, type, created_at)
           select 'MANY-' || lpad(n::text, 3, '0'), 'SEC_PARTY', $1 from generate_series(1, 230) as n returning id, signifier)
         insert into user_id_role_assignment (participant_id, eui64, user_role)
           select id, '90b3d51f30' || lpad(substr(signifier, 6), 6, '0'), 'OTHER_USER' from made`,
        [here.clock.now()],
      );
      await query(
        here.database.pool,
        `insert into market_participant_identity (participant_id, scheme, market_participant_id, role_code, user_id, valid_from, source)
         select id, scheme, scheme || 'N', 'X', user_id, $1, 'SECAS_FEED' from participant,
           (values ('MRA', '90b3d51f30010001'), ('UNC', null)) as told (scheme, user_id) where signifier = 'NORTHGATE'`,
        [here.clock.now()],
      );
    });

    test('are those of each, in one document and in one table, by a few statements', async () => {
      const statements = statementsOfMaps();
      const { body } = (await all()) as { body: { at: string; identityMaps: { signifier: string }[] } };
      expect(statements.count()).toBe(3);
      statements.mockRestore();
      expect(body.at).toBe('2026-11-24T12:00:00Z');
      const signifiers = body.identityMaps.map((one) => one.signifier);
      expect(signifiers).toEqual([...signifiers].sort());
      expect(signifiers).toHaveLength(239);
      const isSingled = (signifier = '') => !signifier.startsWith('MANY-') || signifier === 'MANY-230';
      const rows: string[] = [];
      for (const map of body.identityMaps.filter((one) => isSingled(one.signifier))) {
        const own = `/v1/participants/${map.signifier}/identity-map`;
        expect((await get(own, 'AUDITOR', 'ASSESS')).body).toEqual(map);
        rows.push(...(await get(`${own}?format=csv`, 'AUDITOR', 'ASSESS')).text.split('\r\n').slice(1, -1));
      }
      const [head, ...lines] = (await all('?format=csv')).text.split('\r\n').slice(0, -1);
      expect(head).toBe('signifier,userId,userRole,scheme,marketParticipantId,roleCode');
      expect(lines.filter((one) => isSingled(one.split(',')[0]))).toEqual(rows);
      expect(rows).toEqual(
        expect.arrayContaining([
          'NORTHGATE,90-B3-D5-1F-30-01-00-01,EXPORT_SUPPLIER,MRA,MRAN,X',
          'NORTHGATE,,,UNC,UNCN,X',
          'MANY-230,90-B3-D5-1F-30-00-02-30,OTHER_USER,,,',
        ]),
      );
    });

    test('are as at an instant those of who was there then', async () => {
      const at = '2015-01-01T00:00:00Z';
      expect((await all(`?at=${at}`)).body).toEqual({ at, identityMaps: [] });
      expect((await all(`?at=${at}&format=csv`)).text).toBe(
        'signifier,userId,userRole,scheme,marketParticipantId,roleCode\r\n',
      );
    });

    test('are a problem when they cannot be begun, and break off when they cannot be ended', async () => {
      const failing = statementsOfMaps(1);
      const begun = await all();
      failing.mockRestore();
      expect([begun.status, begun.body.errors]).toMatchObject([500, [{ reason: 'SERVICE_FAILED' }]]);
      const breaking = statementsOfMaps(2);
      await expect(all()).rejects.toMatchObject({ code: 'ECONNRESET' });
      breaking.mockRestore();
      expect((await all()).status).toBe(200);
    });

    test('wait for a feed that is being taken, and have all of it', async () => {
      const { pool } = here.database;
      const token = await here.token('ASSESS', 'AUDITOR');
      const asked = await withTransaction(pool, async (db) => {
        await lockFeed(db);
        const since = here.clock.now();
        const answer = new Promise<request.Response>((resolve, reject) => {
          const sent = request(here.http).get('/v1/identity-maps').set('Authorization', `Bearer ${token}`);
          sent.then(resolve, reject);
        });
        await setTimeout(200);
        await query(
          db,
          `insert into market_participant_identity (participant_id, scheme, market_participant_id, role_code, valid_from, source)
           select id, 'MRA', signifier, 'X', $1, 'SECAS_FEED' from participant where signifier in ('MANY-001', 'MANY-230')`,
          [since],
        );
        here.clock.advance(1000);
        return { answer };
      });
      const { body } = await asked.answer;
      expect(body.at).toBe('2026-11-24T12:00:01Z');
      const maps = body.identityMaps as { signifier: string; unmapped: { marketParticipantId: string }[] }[];
      const told = maps.flatMap(({ unmapped }) => unmapped.map((one) => one.marketParticipantId));
      expect(told.filter((id) => id.startsWith('MANY-'))).toEqual(['MANY-001', 'MANY-230']);
    });
  });

  test('the command line prints that table as the service sent it', async () => {
    const server = http.createServer(here.http).listen(0);
    try {
      const { port } = server.address() as AddressInfo;
      const token = await here.token('NORTHGATE', 'PARTICIPANT_VIEWER');
      const client = new ApiClient(`http://127.0.0.1:${String(port)}`, token);
      const table = await client.get('/v1/participants/NORTHGATE/identity-map?format=csv');
      expect(table).toContain('signifier,userId,userRole,scheme,marketParticipantId,roleCode\r\nNORTHGATE,');
    } finally {
      server.close();
    }
  });
});
