import { pino } from 'pino';
import request from 'supertest';
import { findDecision } from '../../src/audit/decisions.ts';
import { query } from '../../src/db/query.ts';
import { revokeCredential } from '../../src/registry/credentials.ts';
import { deviceCsr, organisationCsr } from '../support/csr-builder.ts';
import { world, type World } from '../support/world.ts';

const purpose = 'DEVICE_AND_USER_SYSTEM_TESTS';
const body = (eui64 = '00-DB-12-34-20-00-00-01') => ({
  category: 'DEVICE',
  purpose,
  csr: deviceCsr(eui64).pem,
});

describe('callers', () => {
  let here: World;
  let log: string;
  beforeAll(async () => {
    log = '';
    here = await world({ logger: pino({ level: 'info' }, { write: (line: string) => (log += line) }) });
  });
  afterAll(() => here.close());
  const post = (token: string, sent: object, headers: Record<string, string> = {}) =>
    request(here.http)
      .post('/v1/certificates')
      .set('Authorization', `Bearer ${token}`)
      .set(headers)
      .send(sent);

  test.each([
    ['no Authorization', {}],
    ['another scheme', { Authorization: 'Basic dXNlcjpwYXNz' }],
    ['an unknown token', { Authorization: `Bearer tcs_00000000_${'x'.repeat(43)}` }],
    ['an empty token', { Authorization: 'Bearer ' }],
  ])('%s is 401 with WWW-Authenticate', async (_what, headers) => {
    const answer = await request(here.http).get('/v1/me').set(headers);
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('Bearer');
    expect(answer.body.type).toBe('urn:problem:tcs:not-authenticated');
  });

  test('a revoked token ends with the next request', async () => {
    const token = await here.token('TRENTNET', 'PARTICIPANT_VIEWER');
    const me = () => request(here.http).get('/v1/me').set('Authorization', `Bearer ${token}`);
    expect((await me()).status).toBe(200);
    await revokeCredential(token.split('_')[1] ?? '', here.clock.now(), here.database.pool);
    expect((await me()).status).toBe(401);
  });

  test.each([
    ['METERWORKS', 'PARTICIPANT_VIEWER'],
    ['METERWORKS', 'PARTICIPANT_SRO'],
    ['ASSESS', 'ASSESSOR'],
    ['DCC', 'DCC_REGISTRAR'],
    ['DCC', 'DCC_TEST_APPROVER'],
  ] as const)('%s as %s may not issue, and the refusal is a decision on record', async (signifier, role) => {
    const answer = await post(await here.token(signifier, role), body());
    expect([answer.status, answer.body.type]).toEqual([403, 'urn:problem:tcs:not-eligible']);
    expect(answer.body.errors).toContainEqual({
      reason: 'OFFICER_NOT_AUTHORISED',
      clause: 'SEC Appendix M',
      detail: `The role ${role} may not ask for certificates.`,
      fix: expect.stringContaining('ARO'),
    });
    const decision = await findDecision(String(answer.body.decision), here.database.pool);
    expect(decision).toMatchObject({ participant: signifier, outcome: 'REFUSE' });
    expect(decision?.reasons).toEqual(answer.body.errors);
  });

  test('an operator of the DCC issues on behalf of a participant, who then owns the certificate', async () => {
    const operator = await here.token('DCC', 'DCC_TEST_OPERATOR');
    const issued = await post(operator, { ...body('00-DB-12-34-20-00-00-02'), onBehalfOf: 'METERWORKS' });
    expect(issued.body).toMatchObject({ participant: 'METERWORKS' });
    const path = `/v1/certificates/${String(issued.body.serialNumber)}`;
    const get = (token: string) => request(here.http).get(path).set('Authorization', `Bearer ${token}`);
    expect((await get(await here.token('METERWORKS'))).status).toBe(200);
    // Who had it issued reads it again; other participants, and other roles of the DCC, know of nothing.
    expect((await get(operator)).body).toMatchObject({ serialNumber: issued.body.serialNumber });
    expect((await get(await here.token('DCC', 'DCC_REGISTRAR'))).status).toBe(404);
    expect((await get(await here.token('NORTHGATE'))).status).toBe(404);
    const list = async (token: string, query = '') =>
      request(here.http).get(`/v1/certificates${query}`).set('Authorization', `Bearer ${token}`);
    expect((await list(operator)).body.items).toEqual([]);
    expect((await list(operator, '?onBehalfOf=METERWORKS')).body.items).toHaveLength(1);
    expect((await list(operator, '?onBehalfOf=NORTHGATE')).body.items).toEqual([]);
    const own = await here.token('METERWORKS');
    expect((await list(own, '?onBehalfOf=METERWORKS')).body.items).toHaveLength(1);
    for (const other of ['NORTHGATE', 'NOBODY']) {
      const refused = await list(own, `?onBehalfOf=${other}`);
      expect([refused.status, refused.body.errors]).toEqual([
        403,
        [expect.objectContaining({ reason: 'ACTOR_NOT_OF_PARTICIPANT' })],
      ]);
    }
  });

  test.each(['ASSESSOR', 'AUDITOR'] as const)(
    'an %s reads the certificates of all, and issues none',
    async (role) => {
      const issued = await post(await here.token('METERWORKS'), body('00-DB-12-34-20-00-00-03'));
      const eyes = await here.token('ASSESS', role);
      const get = (path: string) => request(here.http).get(path).set('Authorization', `Bearer ${eyes}`);
      expect((await get(`/v1/certificates/${String(issued.body.serialNumber)}`)).status).toBe(200);
      const all = (await get('/v1/certificates')).body.items as { participant: string }[];
      expect(all.length).toBeGreaterThan(0);
      expect((await get('/v1/certificates?onBehalfOf=NORTHGATE')).body.items).toEqual([]);
      expect((await post(eyes, body())).status).toBe(403);
    },
  );

  test('anybody else learns nothing of the participant they name', async () => {
    const token = await here.token('METERWORKS');
    const answers = await Promise.all(
      ['NORTHGATE', 'NOBODY'].map((onBehalfOf) => post(token, { ...body(), onBehalfOf })),
    );
    const [known, unknown] = answers.map((one) => ({
      status: one.status,
      errors: one.body.errors as unknown,
    }));
    expect(known).toEqual(unknown);
    expect(known).toMatchObject({ status: 403, errors: [{ reason: 'ACTOR_NOT_OF_PARTICIPANT' }] });
  });

  test('a simulated role is referred with 202 and nothing is issued', async () => {
    const answer = await request(here.http)
      .post('/v1/certificates')
      .set('Authorization', `Bearer ${await here.token('NORTHGATE')}`)
      .send({ category: 'ORGANISATION', purpose, csr: organisationCsr('90-B3-D5-1F-30-01-00-00', '08').pem });
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ outcome: 'REFER', reasons: [{ reason: 'ROLE_REVIEW' }] });
    expect(answer.body).toMatchObject({
      detail: expect.stringMatching(/ until 2026-12-\d\dT\d\d:\d\d:\d\dZ;/),
    });
  });

  test.each<[string, string, number, string[]]>([
    ['NORTHGATE', '08', 400, ['ROLE_REVIEW', 'PROFILE_NOT_APPLICABLE']],
    ['NORTHGATE', '02', 400, ['PROFILE_NOT_APPLICABLE']],
    ['OLDMETER', '02', 403, ['AGREEMENT_EXPIRED', 'PROFILE_NOT_APPLICABLE']],
    // Without a role there is no telling which profile fits.
    ['NORTHGATE', 'FE', 422, ['CSR_SUBJECT']],
  ])(
    '%s, role %s: with a profile that does not fit it is %d and %j',
    async (signifier, role, status, told) => {
      const csr = organisationCsr('90-B3-D5-1F-30-01-00-00', role).pem;
      const sent = { category: 'ORGANISATION', purpose, csr, profile: 'device-key-agreement' };
      const token = await here.token(signifier);
      const pending = () =>
        query(
          here.database.pool,
          'select (select count(*) from review) + (select count(*) from application) as n',
        );
      const before = await pending();
      const answer = await post(token, sent);
      expect(answer.status).toBe(status);
      expect((answer.body.errors as { reason: string }[]).map((one) => one.reason)).toEqual(
        expect.arrayContaining(told),
      );
      const { rows } = await query(
        here.database.pool,
        'select outcome, reasons from decision where id = $1',
        [answer.body.decision],
      );
      expect(rows).toEqual([{ outcome: 'REFUSE', reasons: answer.body.errors }]);
      expect((await pending()).rows).toEqual(before.rows);

      const checked = await request(here.http)
        .post('/v1/eligibility-checks')
        .set('Authorization', `Bearer ${token}`)
        .send(sent);
      expect(checked.body.errors ?? checked.body.reasons).toEqual(answer.body.errors);
      expect([checked.status, checked.body.outcome]).toEqual(
        status === 400 ? [400, undefined] : [200, 'REFUSE'],
      );
    },
  );

  describe('Idempotency-Key', () => {
    test('the same request gives the same certificate, also ten times at once', async () => {
      const token = await here.token('METERWORKS');
      const sent = body('00-DB-12-34-20-00-01-01');
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => post(token, sent, { 'Idempotency-Key': 'ten' })),
      );
      expect(new Set(answers.map((one) => String(one.body.serialNumber))).size).toBe(1);
      expect(new Set(answers.map((one) => one.status))).toEqual(new Set([201]));
      const { rows } = await query<{ n: number }>(
        here.database.pool,
        `select count(*)::int as n from certificate where eui64 = '00db123420000101'`,
      );
      expect(rows[0]?.n).toBe(1);
    });

    test('another request under the same key is 409, a key of another caller is another key', async () => {
      const token = await here.token('METERWORKS');
      expect((await post(token, body('00-DB-12-34-20-00-01-02'), { 'Idempotency-Key': 'one' })).status).toBe(
        201,
      );
      const other = await post(token, body('00-DB-12-34-20-00-01-03'), { 'Idempotency-Key': 'one' });
      expect([other.status, other.body.type]).toEqual([409, 'urn:problem:tcs:idempotency-key-reused']);
      const stranger = await post(await here.token('STRANGER'), body(), { 'Idempotency-Key': 'one' });
      expect(stranger.status).toBe(403);
    });

    test('a refusal is repeated word for word', async () => {
      const token = await here.token('OLDMETER');
      const sent = body('00-DB-12-34-30-00-00-01');
      const [first, second] = [
        await post(token, sent, { 'Idempotency-Key': 'no' }),
        await post(token, sent, { 'Idempotency-Key': 'no' }),
      ];
      expect(second.status).toBe(403);
      expect(second.body.errors).toEqual(first.body.errors);
    });

    test('a key that no header may carry is 400', async () => {
      expect((await post(await here.token('METERWORKS'), body(), { 'Idempotency-Key': 'a b' })).status).toBe(
        400,
      );
    });

    test('the work of a process that died is taken over after its lease, and its intent abandoned', async () => {
      const token = await here.token('METERWORKS');
      const sent = body('00-DB-12-34-20-00-01-09');
      const first = await post(token, sent, { 'Idempotency-Key': 'dead' });
      // As a process leaves it that dies after the first transaction: prepared, never issued.
      await query(here.database.pool, 'alter table certificate disable trigger certificate_append_only');
      await query(
        here.database.pool,
        `with gone as (delete from certificate where serial_number = $1 returning *)
         insert into intent_set select gen_random_uuid(), authority, profile, category, participant_id, credential_id,
           idempotency_id, batch_id, purpose, environment, not_before, not_after, prepared_at, array[serial_number],
           array[decision_id], array[batch_position], array[subject], array[eui64], array[public_key_sha256], array[der] from gone`,
        [first.body.serialNumber],
      );
      await query(here.database.pool, 'alter table certificate enable trigger certificate_append_only');
      await query(here.database.pool, `update idempotency_key set lease_until = now() where key = 'dead'`);
      const second = await post(token, sent, { 'Idempotency-Key': 'dead' });
      expect(second.status).toBe(201);
      expect(second.body.serialNumber).not.toBe(first.body.serialNumber);
      const { rows } = await query<{ status: string }>(
        here.database.pool,
        'select status from certificate where serial_number = $1',
        [first.body.serialNumber],
      );
      expect(rows[0]?.status).toBe('abandoned');
    });
  });

  test('an expired token is no token', async () => {
    const token = await here.token('TRENTNET');
    here.clock.advance(91 * 86_400_000);
    expect((await request(here.http).get('/v1/me').set('Authorization', `Bearer ${token}`)).status).toBe(401);
  });

  test('the log names requests and never a token or a CSR', () => {
    expect(log).toContain('/v1/certificates');
    expect(log).not.toMatch(/tcs_[0-9a-f]{8}_/);
    expect(log).not.toContain('BEGIN');
  });
});

describe('limits', () => {
  test('each credential has its own; beyond it 429 with Retry-After', async () => {
    const here = await world({ rateLimit: 3 });
    const me = async (signifier: string) =>
      request(here.http)
        .get('/v1/me')
        .set('Authorization', `Bearer ${await here.token(signifier)}`);
    const answers = [
      await me('METERWORKS'),
      await me('METERWORKS'),
      await me('METERWORKS'),
      await me('METERWORKS'),
    ];
    expect(answers.map((one) => one.status)).toEqual([200, 200, 200, 429]);
    expect(Number(answers[3]?.headers['retry-after'])).toBeGreaterThan(0);
    expect(answers[3]?.body.type).toBe('urn:problem:tcs:too-many-requests');
    expect((await me('NORTHGATE')).status).toBe(200);
    await here.close();
  });

  test('without its database the service says 503 and Retry-After, and that it is not ready', async () => {
    const here = await world();
    const token = await here.token('METERWORKS');
    await here.close();
    const answer = await request(here.http).get('/v1/me').set('Authorization', `Bearer ${token}`);
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('5');
    const ready = await request(here.http).get('/health/ready');
    expect([ready.status, ready.body]).toEqual([
      503,
      { status: 'unavailable', parts: { database: 'down', authorities: 'ok' } },
    ]);
    expect((await request(here.http).get('/health/live')).status).toBe(200);
  });
});
