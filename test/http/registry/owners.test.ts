import request from 'supertest';
import type { Eui64 } from '../../../src/domain/eui64.ts';
import type { CallerRole } from '../../../src/domain/participant.ts';
import { query } from '../../../src/db/query.ts';
import { findDeviceCeilings, findIdentifierFacts } from '../../../src/registry/identifiers.ts';
import { world, type World } from '../../support/world.ts';

interface Page {
  readonly items: string[];
  readonly nextCursor: string | null;
}

describe('what its owner states, and nobody else', () => {
  let here: World;
  beforeAll(async () => {
    here = await world();
  });
  afterAll(() => here.close());

  const send = async (path: string, body: object, role: CallerRole, signifier = 'DCC') =>
    request(here.http)
      .post(`/v1/participants/${path}`)
      .set('Authorization', `Bearer ${await here.token(signifier, role)}`)
      .send(body);
  const decide = async (review: unknown) =>
    request(here.http)
      .post(`/v1/reviews/${String(review)}/decision`)
      .set('Authorization', `Bearer ${await here.token('DCC', 'DCC_TEST_APPROVER')}`)
      .send({ approve: true, because: 'as agreed' });

  test('an ARO is nominated by the SRO; the registrar, who verifies and activates, nominates none', async () => {
    const aro = { id: 'second', kind: 'ARO', name: 'Second ARO' };
    const refused = await send('NORTHGATE/officers', aro, 'DCC_REGISTRAR');
    expect([refused.status, refused.body.errors]).toMatchObject([403, [{ reason: 'FACT_OWNED_BY_PARTY' }]]);
    const { rows } = await query(
      here.database.pool,
      `select 1 from audit_event where event = 'officer.nominated.refused'`,
    );
    expect(rows).toHaveLength(1);
    const own = await send('NORTHGATE/officers', aro, 'PARTICIPANT_SRO', 'NORTHGATE');
    expect([own.status, own.body.officer]).toMatchObject([201, { id: 'second', state: 'NOMINATED' }]);
    const sro = { id: 'other-sro', kind: 'SRO', name: 'Other SRO' };
    expect((await send('NORTHGATE/officers', sro, 'PARTICIPANT_SRO', 'NORTHGATE')).status).toBe(403);
    expect((await send('NORTHGATE/officers', sro, 'DCC_REGISTRAR')).status).toBe(201);
  });

  test('details are proposed where a feed confirms them; the registrar changes those of all others', async () => {
    const other = { tradingName: 'Other' };
    const propose = (signifier: string, changes: object) =>
      send(`${signifier}/details-changes`, changes, 'PARTICIPANT_SRO', signifier);
    const refused = await propose('METERWORKS', other);
    expect([refused.status, refused.body.errors]).toMatchObject([
      403,
      [
        {
          reason: 'FACT_OWNED_BY_DCC',
          clause: 'DESIGN',
          detail: expect.stringContaining('METERWORKS is a NON_PARTY') as string,
          fix: expect.stringContaining('registrar') as string,
        },
      ],
    ]);
    const entity = { ...other, legalEntityId: 'LE-9' };
    const changed = await send('METERWORKS/details', entity, 'DCC_REGISTRAR');
    expect([changed.status, changed.body]).toMatchObject([200, entity]);
    const shown = await request(here.http)
      .get('/v1/participants/METERWORKS')
      .set('Authorization', `Bearer ${await here.token('METERWORKS', 'PARTICIPANT_VIEWER')}`);
    expect(shown.body).toMatchObject(entity);
    const fresh = { signifier: 'FRESH', type: 'NON_PARTY', companyNumber: 'F1', legalEntityId: 'LE-9' };
    const registered = await request(here.http)
      .post('/v1/participants')
      .set('Authorization', `Bearer ${await here.token('DCC', 'DCC_REGISTRAR')}`)
      .send({ ...fresh, legalName: 'Fresh Limited' });
    expect([registered.status, registered.body]).toMatchObject([201, fresh]);
    const unproposed = await propose('NORTHGATE', entity);
    expect([unproposed.status, unproposed.body.errors]).toMatchObject([
      400,
      [{ reason: 'REQUEST_MALFORMED' }],
    ]);
    expect((await propose('NORTHGATE', other)).status).toBe(201);
    expect((await propose('REGDATA', other)).status).toBe(201);
    const untold = await propose('NORTHGATE', { ...other, nonPartyKind: 'MANUFACTURER' });
    expect([untold.status, untold.body.errors]).toMatchObject([400, [{ reason: 'REQUEST_MALFORMED' }]]);
  });

  test('details are proposed as a feed would tell them: trimmed, and nothing that no cell of it may hold', async () => {
    const propose = (changes: object) =>
      send('NORTHGATE/details-changes', changes, 'PARTICIPANT_SRO', 'NORTHGATE');
    const kept = await propose({ legalName: ' Acme Ltd ', companyNumber: '1234 ' });
    expect(kept.status).toBe(201);
    const { rows } = await query<{ value: object }>(
      here.database.pool,
      `select value from fact where kind = 'DETAILS_CHANGE' and key = $1`,
      [String(kept.body.id)],
    );
    expect(rows).toEqual([{ value: { proposed: { legalName: 'Acme Ltd', companyNumber: '1234' } } }]);
    const refused = await propose({ legalName: '=Acme', tradingName: 'Ac\u200bme', companyNumber: '  ' });
    expect([refused.status, refused.body.errors]).toMatchObject([
      400,
      [
        {
          reason: 'REQUEST_MALFORMED',
          detail: expect.stringContaining('legalName: "=Acme" is a formula') as string,
        },
        { reason: 'REQUEST_MALFORMED', detail: expect.stringContaining('U+200B') as string },
        { reason: 'REQUEST_MALFORMED', detail: 'companyNumber: it holds nothing but spaces' },
      ],
    ]);
  });

  test.each([
    ['2020-01-01', 400],
    ['2099-01-01', 200],
  ])('an attestation until %s is answered with %i', async (expiresAt, status) => {
    const attested = { evidence: 'policy 7', expiresAt };
    const way = 'NORTHGATE/obligations/KEY_STORAGE/attestation';
    expect((await send(way, attested, 'PARTICIPANT_ARO', 'NORTHGATE')).status).toBe(status);
  });

  test.each([
    ['2020-01-01', 400],
    ['2099-01-01', 202],
  ])('a waiver until %s is answered with %i', async (expiresAt, status) => {
    const waiver = { because: 'a pilot', expiresAt };
    expect((await send('HALTED/obligations/KEY_STORAGE/waiver', waiver, 'DCC_REGISTRAR')).status).toBe(
      status,
    );
  });

  test.each([
    [{ state: 'LOCKED', lockedUntil: '2020-01-01' }, 400],
    [{ state: 'LOCKED', lockedUntil: '2099-01-01' }, 200],
    [{ state: 'ACTIVE', lockedUntil: '2099-01-01' }, 400],
    [{ state: 'ACTIVE' }, 200],
  ])('an officer that becomes %j is answered with %i', async (next, status) => {
    expect((await send('TRENTNET/officers/aro/state', next, 'DCC_REGISTRAR')).status).toBe(status);
  });

  test('a locked officer looks, and changes nothing: that is refused with its reason, and on record', async () => {
    const before = await here.token('TRENTNET', 'PARTICIPANT_SRO');
    const state = (next: object) => send('TRENTNET/officers/sro/state', next, 'DCC_REGISTRAR');
    expect((await state({ state: 'LOCKED', lockedUntil: '2099-01-01' })).status).toBe(200);
    const attested = async () =>
      request(here.http)
        .post('/v1/participants/TRENTNET/obligations/KEY_STORAGE/attestation')
        .set('Authorization', `Bearer ${before}`)
        .send({ evidence: 'policy 7' });
    const refused = await attested();
    expect([refused.status, refused.body.errors]).toMatchObject([403, [{ reason: 'OFFICER_NOT_ACTIVE' }]]);
    const batch = await request(here.http)
      .post('/v1/batches?category=DEVICE&purpose=DEVICE_AND_USER_SYSTEM_TESTS')
      .set('Authorization', `Bearer ${before}`)
      .set('Content-Type', 'text/csv')
      .send('id,csr\n');
    expect(batch.status).toBe(403);
    const looked = await request(here.http)
      .get('/v1/participants/TRENTNET/obligations')
      .set('Authorization', `Bearer ${before}`);
    expect(looked.status).toBe(200);
    const { rows } = await query<{ facts: { reasons: string[] } }>(
      here.database.pool,
      `select facts from audit_event where event = 'obligation.attested.refused' order by id desc limit 1`,
    );
    expect(rows).toMatchObject([{ facts: { reasons: ['OFFICER_NOT_ACTIVE'] } }]);
    expect((await state({ state: 'ACTIVE' })).status).toBe(200);
    expect((await attested()).status).toBe(200);
  });

  test('who gives a role to the User ID of another is refused, and a security officer hears of it', async () => {
    const foreign = { eui64: '90-B3-D5-1F-30-02-00-00', userRole: 'IMPORT_SUPPLIER' };
    const refused = await send('NORTHGATE/role-assignments', foreign, 'PARTICIPANT_SRO', 'NORTHGATE');
    expect([refused.status, refused.body.errors]).toMatchObject([
      403,
      [{ reason: 'IDENTIFIER_OWNED_BY_OTHER' }],
    ]);
    const { rows } = await query(
      here.database.pool,
      `select facts from audit_event where event = 'security.identifier-of-another' order by id desc limit 1`,
    );
    expect(rows).toMatchObject([{ facts: { reason: 'IDENTIFIER_OWNED_BY_OTHER', role: 'PARTICIPANT_SRO' } }]);
  });

  test('an act whose members are wrong is refused, and on record', async () => {
    const wrong = { eui64: '90-B3', userRole: 'IMPORT_SUPPLIER' };
    const refused = await send('NORTHGATE/role-assignments', wrong, 'PARTICIPANT_SRO', 'NORTHGATE');
    expect(refused.status).toBe(400);
    const { rows } = await query(
      here.database.pool,
      `select event, facts from audit_event where event like '%.refused' order by id desc limit 1`,
    );
    expect(rows).toMatchObject([
      {
        event: 'user-role.assigned.refused',
        facts: { code: 'malformed-request', reasons: ['REQUEST_MALFORMED'], role: 'PARTICIPANT_SRO' },
      },
    ]);
  });

  test('what SECAS may not state here, in whatever form, and a feed without a configured signer are refused, and on record', async () => {
    const upload = async (path: string, type: string, body: string) =>
      request(here.http)
        .post(`/v1/${path}`)
        .set('Authorization', `Bearer ${await here.token('ASSESS', 'SECAS_FEED')}`)
        .set('Content-Type', type)
        .send(body);
    const way = 'participants/NORTHGATE/memberships';
    const answers = [
      await upload(way, 'text/plain', 'ACTIVE'),
      await upload(way, 'application/json; charset=latin1', '{}'),
      await upload(way, 'application/json', '{"state":'),
      await upload(way, 'application/json', '{}'),
      await upload('feeds', 'text/csv', 'record,version'),
    ];
    expect(answers.map((one) => one.status)).toEqual([415, 415, 400, 403, 409]);
    const { rows } = await query(
      here.database.pool,
      `select event, facts ->> 'code' as code, participant_id is not null as "isOfOne" from audit_event
        where event in ('membership.stated.refused', 'feed.refused') order by id`,
    );
    const membership = { event: 'membership.stated.refused', isOfOne: true };
    expect(rows).toEqual([
      { ...membership, code: 'unsupported-media-type' },
      { ...membership, code: 'unsupported-media-type' },
      { ...membership, code: 'malformed-request' },
      { ...membership, code: 'role-not-permitted' },
      { event: 'feed.refused', isOfOne: false, code: 'conflict' },
    ]);
  });

  test('verifying an attestation does not make it last longer', async () => {
    const attested = { evidence: 'policy 7' };
    const way = 'TRENTNET/obligations/KEY_STORAGE';
    expect((await send(`${way}/attestation`, attested, 'PARTICIPANT_ARO', 'TRENTNET')).status).toBe(200);
    const until = async () => {
      const answer = await request(here.http)
        .get('/v1/participants/TRENTNET/obligations')
        .set('Authorization', `Bearer ${await here.token('DCC', 'DCC_REGISTRAR')}`);
      const { items } = answer.body as { items: { obligation: string; state: string; until: string }[] };
      return items.find((one) => one.obligation === 'KEY_STORAGE');
    };
    const before = await until();
    here.clock.advance(86_400_000);
    const verified = { state: 'VERIFIED', because: 'seen on site' };
    expect((await send(`${way}/judgement`, verified, 'DCC_REGISTRAR')).status).toBe(200);
    expect(await until()).toMatchObject({ state: 'VERIFIED', until: before?.until });
    here.clock.advance(-86_400_000);
  });

  test('what nobody attests, or no longer, is not verified; what is attested is', async () => {
    const verify = (signifier: string) =>
      send(
        `${signifier}/obligations/KEY_STORAGE/judgement`,
        { state: 'VERIFIED', because: 'seen on site' },
        'DCC_REGISTRAR',
      );
    const attest = () => {
      const expiresAt = new Date(here.clock.now().getTime() + 500).toISOString();
      const way = 'STRANGER/obligations/KEY_STORAGE/attestation';
      return send(way, { evidence: 'policy 7', expiresAt }, 'PARTICIPANT_ARO', 'STRANGER');
    };
    expect((await attest()).status).toBe(200);
    here.clock.advance(1000);
    for (const [signifier, state] of [
      ['ASSESS', 'REQUIRED'],
      ['STRANGER', 'LAPSED'],
    ] as const) {
      const refused = await verify(signifier);
      expect([refused.status, refused.body.errors]).toMatchObject([
        409,
        [
          {
            reason: 'TRANSITION_NOT_ALLOWED',
            detail: expect.stringContaining(`of ${signifier} is ${state}:`) as string,
            fix: expect.stringContaining(`tcs obligations attest ${signifier} KEY_STORAGE`) as string,
          },
        ],
      ]);
    }
    expect((await attest()).status).toBe(200);
    expect((await verify('STRANGER')).status).toBe(200);
  });

  test('what has ended goes no further, whatever it is: the answer says what may follow, and what to do', async () => {
    const registrar = (path: string, body: object) => send(path, body, 'DCC_REGISTRAR');
    /** Prepared by one, approved by another. */
    const approved = async (path: string, body: object) => {
      const prepared = await registrar(path, body);
      expect([path, (await decide(prepared.body.id)).status]).toEqual([path, 200]);
    };
    const terms = { permittedCategories: ['DEVICE'], permittedPurposes: ['DEVICE_AND_USER_SYSTEM_TESTS'] };
    const sro = (path: string, body: object) => send(path, body, 'PARTICIPANT_SRO', 'NORTHGATE');

    await approved('STRANGER/agreements', { ref: 'BA-END', state: 'OFFERED', ...terms });
    await approved('STRANGER/agreements/BA-END/state', { state: 'LAPSED' });
    await approved('REGDATA/nominations/TRENTNET/end', {});
    const because = { because: 'looked into' };
    await approved('HALTED/holds', { cause: 'BREACH', ...because });
    const { rows } = await query<{ key: string }>(
      here.database.pool,
      `select key from fact where kind = 'HOLD' order by recorded_at desc limit 1`,
    );
    const release = `HALTED/holds/${rows[0]?.key ?? ''}/release`;
    await approved(release, because);
    const { body: change } = await sro('NORTHGATE/details-changes', { tradingName: 'Ended' });
    const reject = () =>
      send(`NORTHGATE/details-changes/${String(change.id)}/rejection`, because, 'SECAS_FEED', 'ASSESS');
    expect((await reject()).status).toBe(200);
    const period = { from: '2027-01-01', to: '2027-01-02' };
    const { body: notice } = await sro('NORTHGATE/demand-notices', {
      category: 'DEVICE',
      perDay: 9,
      ...period,
    });
    const take = () => sro(`NORTHGATE/demand-notices/${String(notice.id)}/withdrawal`, {});
    expect((await take()).status).toBe(200);
    expect((await registrar('HALTED/officers/aro/state', { state: 'REVOKED' })).status).toBe(200);

    for (const [answer, follows] of [
      [
        await registrar('STRANGER/agreements/BA-END/state', { state: 'EXECUTED', ...EXECUTED }),
        'nothing else',
      ],
      [await registrar('REGDATA/nominations/TRENTNET/end', {}), 'NOMINATED'],
      [await registrar(release, because), 'nothing else'],
      [await reject(), 'nothing else'],
      [await take(), 'nothing else'],
      [await registrar('HALTED/officers/aro/state', { state: 'ACTIVE' }), 'nothing else'],
    ] as const)
      expect([answer.status, answer.body.errors]).toMatchObject([
        409,
        [
          {
            reason: 'TRANSITION_NOT_ALLOWED',
            detail: expect.stringContaining(`it may become ${follows};`) as string,
            fix: expect.stringContaining('Read its state again') as string,
          },
        ],
      ]);
  });

  test('Device IDs are delegated once, for device types that the owner has, and a delegation ends by its ends alone', async () => {
    const [from, to] = ['00-DB-12-34-A0-00-00-00', '00-DB-12-34-A0-00-00-FF'];
    const own = { from, to: '00-DB-12-34-A0-00-FF-FF', deviceTypes: ['ESME', 'GSME'] };
    expect((await send('METERWORKS/device-ranges', own, 'DCC_REGISTRAR')).status).toBe(201);
    const delegated = async (deviceTypes: string[]) => {
      const wanted = { from, to, deviceTypes, delegate: 'NORTHGATE', documentSha256: 'ab'.repeat(32) };
      return send('METERWORKS/device-ranges/delegations', wanted, 'PARTICIPANT_SRO', 'METERWORKS');
    };
    expect((await delegated([])).status).toBe(404);
    expect((await delegated(['PPMID'])).status).toBe(404);
    expect((await delegated(['ESME'])).status).toBe(201);
    expect((await delegated(['ESME'])).status).toBe(409);
    const end = async (range: object) => send('METERWORKS/device-ranges/end', range, 'DCC_REGISTRAR');
    expect((await end({ from, to: '00-DB-12-34-A0-00-0F-FF' })).status).toBe(404);
    expect((await end({ from, to })).status).toBe(200);
    expect((await delegated(['ESME'])).status).toBe(201);
    here.clock.advance(1000);
    expect((await end({ from, to: own.to })).status).toBe(200);
    expect((await delegated(['ESME'])).status).toBe(404);
  });

  test('the owner ends a delegation of its own and nobody of another; the delegate is told, and has the Device IDs no longer', async () => {
    const ends = { from: '00-DB-12-34-B0-00-00-00', to: '00-DB-12-34-B0-00-00-FF' };
    expect((await send('METERWORKS/device-ranges', ends, 'DCC_REGISTRAR')).status).toBe(201);
    const wanted = { ...ends, delegate: 'NORTHGATE', documentSha256: 'ab'.repeat(32) };
    const delegate = () =>
      send('METERWORKS/device-ranges/delegations', wanted, 'PARTICIPANT_SRO', 'METERWORKS');
    const way = 'METERWORKS/device-ranges/delegations/end';
    const own = { ...ends, delegate: 'NORTHGATE' };
    const end = (body: object, role: CallerRole = 'PARTICIPANT_SRO', signifier = 'METERWORKS') =>
      send(way, body, role, signifier);
    const delegated = async () => {
      const { body } = await request(here.http)
        .get('/v1/participants/NORTHGATE/device-ranges')
        .set('Authorization', `Bearer ${await here.token('NORTHGATE')}`);
      return (body as { items: { from: string }[] }).items.some(({ from }) => from === ends.from);
    };
    expect((await end(own)).status).toBe(404);
    expect((await delegate()).status).toBe(201);
    // Of another participant it does not exist, neither for a stranger nor for the delegate; the registrar has a way of its own.
    expect((await end(own, 'PARTICIPANT_SRO', 'TRENTNET')).status).toBe(404);
    expect((await end(own, 'PARTICIPANT_SRO', 'NORTHGATE')).status).toBe(404);
    expect((await end(own, 'DCC_REGISTRAR', 'DCC')).status).toBe(403);
    const ofDelegate = 'NORTHGATE/device-ranges/delegations/end';
    expect((await send(ofDelegate, own, 'PARTICIPANT_SRO', 'NORTHGATE')).status).toBe(404);
    expect((await end({ ...own, to: '00-DB-12-34-B0-00-00-0F' })).status).toBe(404);
    const [known, nobody] = [
      await end({ ...own, delegate: 'TRENTNET' }),
      await end({ ...own, delegate: 'NOBODY' }),
    ];
    expect([known.status, nobody.status]).toEqual([404, 404]);
    expect(await delegated()).toBe(true);
    here.clock.advance(1000);
    expect((await end(own, 'PARTICIPANT_ARO')).status).toBe(200);
    expect(await delegated()).toBe(false);
    expect((await end(own)).status).toBe(404);
    const told = await request(here.http)
      .get('/v1/participants/NORTHGATE/notifications')
      .set('Authorization', `Bearer ${await here.token('NORTHGATE')}`);
    expect((told.body as { items: object[] }).items[0]).toMatchObject({
      event: 'device-range.delegation-ended',
      object: `${ends.from} to ${ends.to}`,
      text: expect.stringContaining('METERWORKS ended') as string,
    });
    const { rows } = await query(
      here.database.pool,
      `select p.signifier as of, facts from audit_event e join participant p on p.id = e.participant_id
        where event = 'device-range.delegation-ended' and facts ->> 'role' = 'PARTICIPANT_ARO' order by e.id`,
    );
    expect(rows).toMatchObject([
      { of: 'NORTHGATE', facts: { of: 'METERWORKS' } },
      { of: 'METERWORKS', facts: { asked: { delegate: 'NORTHGATE' } } },
    ]);
    // The range stays its owner's, who may delegate it anew; the registrar ends that too.
    expect((await delegate()).status).toBe(201);
    expect((await send('METERWORKS/device-ranges/end', ends, 'DCC_REGISTRAR')).status).toBe(200);
  });

  test('the registrar ends a range with every delegation: whoever had it is told, and the owner lists what it delegates', async () => {
    const ends = { from: '00-DB-12-34-C0-00-00-00', to: '00-DB-12-34-C0-00-00-FF' };
    expect((await send('METERWORKS/device-ranges', ends, 'DCC_REGISTRAR')).status).toBe(201);
    const delegate = (signifier: string) =>
      send(
        'METERWORKS/device-ranges/delegations',
        { ...ends, delegate: signifier, documentSha256: 'ab'.repeat(32) },
        'PARTICIPANT_SRO',
        'METERWORKS',
      );
    const of = async (signifier: string, what: string) =>
      (
        await request(here.http)
          .get(`/v1/participants/${signifier}/${what}?limit=500`)
          .set('Authorization', `Bearer ${await here.token(signifier)}`)
      ).body.items as { from?: string; delegatedTo?: string; event?: string; object?: string }[];
    const given = async () =>
      (await of('METERWORKS', 'device-ranges')).flatMap((one) =>
        one.from === ends.from ? (one.delegatedTo ?? []) : [],
      );
    expect((await delegate('NORTHGATE')).status).toBe(201);
    expect(await given()).toEqual(['NORTHGATE']);
    // Nobody, the owner itself and who is closed are answered alike.
    await query(
      here.database.pool,
      `insert into fact (participant_id, kind, version, state, since, value, source, recorded_at)
       select id, 'STATUS', 1, 'CLOSED', $1, '{}', 'DCC', $1 from participant where signifier = 'STRANGER'`,
      [here.clock.now()],
    );
    const refused = await Promise.all(['NOBODY', 'METERWORKS', 'STRANGER'].map(delegate));
    expect(
      refused.map(({ status, body }) => [status, String(body.detail).replace(/[A-Z]+\.$/, 'X.')]),
    ).toEqual(Array(3).fill([404, 'Device IDs cannot be delegated to X.']));
    await query(
      here.database.pool,
      `insert into fact (participant_id, kind, version, state, since, value, source, recorded_at)
       select id, 'STATUS', 2, 'ACTIVE', $1, '{}', 'DCC', $1 from participant where signifier = 'STRANGER'`,
      [here.clock.now()],
    );
    here.clock.advance(1000);
    expect((await send('METERWORKS/device-ranges/end', ends, 'DCC_REGISTRAR')).status).toBe(200);
    expect(await given()).toEqual([]);
    const object = `${ends.from} to ${ends.to}`;
    const toldOf = async (signifier: string) =>
      (await of(signifier, 'notifications'))
        .filter((one) => one.object === object)
        .map((one) => one.event)
        .sort();
    expect(await toldOf('NORTHGATE')).toEqual(['device-range.delegation-ended']);
    expect(await toldOf('METERWORKS')).toEqual(['device-range.delegation-ended', 'device-range.ended']);
    expect(await toldOf('TRENTNET')).toEqual([]);
    const audited = async (signifier: string) => {
      const { body } = await request(here.http)
        .get(`/v1/audit-events?participant=${signifier}&event=device-range.delegation-ended&object=${object}`)
        .set('Authorization', `Bearer ${await here.token('ASSESS', 'AUDITOR')}`);
      return (body as { items: { facts: object }[] }).items.map((one) => one.facts);
    };
    const by = { by: 'test DCC_REGISTRAR', role: 'DCC_REGISTRAR', of: 'METERWORKS' };
    expect(await audited('NORTHGATE')).toEqual([by]);
    expect([await audited('METERWORKS'), await audited('TRENTNET')]).toEqual([[], []]);
  });

  const PANEL = { from: '90-B3-D5-1F-30-00-00-00', to: '90-B3-D5-1F-30-00-00-FF' };
  const FREE = { from: '00-DB-12-34-90-00-00-00', to: '00-DB-12-34-90-00-00-FF' };
  const agreement = (ref: string, range: object) => ({
    ref,
    state: 'OFFERED',
    permittedCategories: ['DEVICE'],
    permittedPurposes: ['DEVICE_AND_USER_SYSTEM_TESTS'],
    deviceRanges: [range],
  });

  test('Device IDs in a Registry Entry of the SEC Panel are refused with their reason, as a range and in an agreement', async () => {
    const range = await send('METERWORKS/device-ranges', PANEL, 'DCC_REGISTRAR');
    const proposed = await send('STRANGER/agreements', agreement('BA-PANEL', PANEL), 'DCC_REGISTRAR');
    for (const answer of [range, proposed])
      expect([answer.status, answer.body.errors]).toMatchObject([
        409,
        [{ reason: 'DEVICE_ID_IN_USER_REGISTRY', clause: expect.stringContaining('paragraph 33') as string }],
      ]);
    const good = await send('STRANGER/agreements', agreement('BA-FREE', FREE), 'DCC_REGISTRAR');
    expect((await decide(good.body.id)).body).toMatchObject({ state: 'APPROVED' });
  });

  test('Device IDs are by agreement of one participant only, of two approved at once too; they are its own in all that follows', async () => {
    const refusal = [{ clause: expect.stringContaining('paragraph 29') as string }];
    for (const refused of [
      await send('METERWORKS/device-ranges', FREE, 'DCC_REGISTRAR'),
      await send('METERWORKS/agreements', agreement('BA-TAKEN', FREE), 'DCC_REGISTRAR'),
    ])
      expect([refused.status, refused.body.errors]).toMatchObject([409, refusal]);
    const range = { from: '00-DB-12-34-A0-00-00-00', to: '00-DB-12-34-A0-00-00-FF' };
    const prepare = async (signifier: string) => {
      const terms = { ...agreement(`BA-${signifier}`, range), ...EXECUTED, state: 'EXECUTED' };
      return (await send(`${signifier}/agreements`, terms, 'DCC_REGISTRAR')).body.id as unknown;
    };
    const makers = ['METERWORKS', 'STRANGER'];
    const reviews = [await prepare('METERWORKS'), await prepare('STRANGER')];
    const answers = await Promise.all(reviews.map((id) => decide(id)));
    const won = answers.findIndex((one) => one.status === 200);
    expect([answers[won]?.status, answers[1 - won]?.status]).toEqual([200, 409]);
    expect(answers[1 - won]?.body.errors).toMatchObject(refusal);
    const order = [makers[won] ?? '', makers[1 - won] ?? ''];
    here.clock.advance(1000);
    const eui64 = '00db1234a0000001' as Eui64;
    const found = await findIdentifierFacts(
      order.map((signifier) => ({ signifier, eui64 })),
      here.clock.now(),
      here.database.pool,
    );
    expect(found.map((one) => one.ownedByOther)).toEqual([false, true]);
    const raised = order.map((signifier) =>
      send(
        `${signifier}/device-ceilings`,
        { eui64: '00-DB-12-34-A0-00-00-01', certificates: 200, because: 'a rig' },
        'DCC_TEST_OPERATOR',
      ),
    );
    expect((await Promise.all(raised)).map((one) => one.status)).toEqual([202, 404]);
  });

  test('a range of an agreement that ends before it begins is malformed', async () => {
    const reversed = { from: FREE.to, to: FREE.from };
    const answer = await send('STRANGER/agreements', agreement('BA-REV', reversed), 'DCC_REGISTRAR');
    expect([answer.status, answer.body.errors]).toMatchObject([
      400,
      [{ detail: '/deviceRanges/0: the range ends before it begins' }],
    ]);
  });

  test('participants are listed page by page, each once', async () => {
    const token = await here.token('DCC', 'DCC_REGISTRAR');
    const page = async (query: string) =>
      (await request(here.http).get(`/v1/participants${query}`).set('Authorization', `Bearer ${token}`))
        .body as Page;
    const whole = await page('');
    expect(whole.nextCursor).toBeNull();
    const found: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { items, nextCursor }: Page = await page(`?limit=4${cursor === '' ? '' : `&cursor=${cursor}`}`);
      found.push(...items);
      cursor = nextCursor;
    }
    expect(found).toEqual(whole.items);
    expect(found).toEqual([...new Set(found)].sort());
    expect(found).toContain('NORTHGATE');
  });

  test('a limit is raised for a Device ID of the participant, and for no other', async () => {
    const wanted = (eui64: string) => ({ eui64, certificates: 200, because: 'a rig' });
    const foreign = await send(
      'METERWORKS/device-ceilings',
      wanted('00-DB-12-34-10-00-00-01'),
      'DCC_TEST_OPERATOR',
    );
    expect(foreign.status).toBe(404);
    const own = await send(
      'METERWORKS/device-ceilings',
      wanted('00-DB-12-34-20-00-00-01'),
      'DCC_TEST_OPERATOR',
    );
    expect((await decide(own.body.id)).body).toMatchObject({ state: 'APPROVED' });
  });

  test('of two limits that were prepared for one Device ID one is approved, of two approved at once too; the other is prepared again', async () => {
    const eui64 = '00-DB-12-34-20-00-00-02';
    const prepare = async (certificates: number) => {
      const wanted = { eui64, certificates, because: 'a rig' };
      const { body } = await send('METERWORKS/device-ceilings', wanted, 'DCC_TEST_OPERATOR');
      return body as { readonly id: string; readonly act: object };
    };
    const reviews = [await prepare(200), await prepare(300)];
    const answers = await Promise.all(reviews.map(({ id }) => decide(id)));
    const won = answers.findIndex((one) => one.status === 200);
    expect([answers[won]?.status, answers[1 - won]?.status]).toEqual([200, 409]);
    const stale = await decide(reviews[1 - won]?.id);
    expect([stale.status, stale.body.errors]).toMatchObject([
      409,
      [
        {
          reason: 'CONFLICT',
          detail: `Another limit was raised for the Device ID ${eui64} since this was prepared.`,
          fix: expect.stringContaining('prepare the change again') as string,
        },
      ],
    ]);
    here.clock.advance(1000);
    const anew = await prepare(300);
    expect(anew.act).toMatchObject({ after: reviews[won]?.id });
    expect((await decide(anew.id)).body).toMatchObject({ state: 'APPROVED' });
    const found = await findDeviceCeilings(here.clock.now(), here.database.pool);
    expect(found.filter((one) => one.eui64 === '00db123420000002')).toMatchObject([{ certificates: 300 }]);
  });
});

const EXECUTED = { executedAt: '2026-01-01', effectiveFrom: '2026-01-02' };
