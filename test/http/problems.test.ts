import request from 'supertest';
import { deviceCsr, organisationCsr } from '../support/csr-builder.ts';
import { world, type World } from '../support/world.ts';

const purpose = 'DEVICE_AND_USER_SYSTEM_TESTS';

describe('every problem carries what is wrong, its clause, and what to do', () => {
  let here: World;
  let codes: Map<string, { clause: string; fix: string }>;
  beforeAll(async () => {
    here = await world();
    const listed = (await request(here.http).get('/v1/reason-codes')).body as {
      reason: string;
      clause: string;
      fix: string;
    }[];
    codes = new Map(listed.map((one) => [one.reason, one]));
    expect(codes.size).toBe(listed.length);
  });
  afterAll(() => here.close());

  const ask = async (
    method: 'get' | 'post' | 'delete',
    path: string,
    sent: string | object = '',
    headers: Record<string, string> = {},
    signifier = 'METERWORKS',
  ) => {
    const agent = request(here.http);
    const asked = agent[method](path)
      .set('Authorization', `Bearer ${await here.token(signifier)}`)
      .set(headers);
    return sent === '' ? asked : asked.send(sent);
  };
  const json = { 'Content-Type': 'application/json' };
  const good = () => ({ category: 'DEVICE', purpose, csr: deviceCsr('00-DB-12-34-20-00-00-01').pem });

  type Row = [what: string, ask: () => ReturnType<typeof ask>, status: number, reason: string];
  test.each<Row>([
    ['no token', () => request(here.http).get('/v1/me'), 401, 'CREDENTIAL_INVALID'],
    ['nothing there', () => ask('get', '/v1/nothing'), 404, 'NOT_FOUND'],
    ['no such certificate', () => ask('get', '/v1/certificates/AB'), 404, 'NOT_FOUND'],
    ['another method', () => ask('delete', '/v1/certificates'), 405, 'METHOD_NOT_ALLOWED'],
    [
      'another form',
      () => ask('get', '/v1/authorities/root-oca/certificate', '', { Accept: 'image/png' }),
      406,
      'NOT_ACCEPTABLE',
    ],
    ['too large', () => ask('post', '/v1/certificates', { csr: 'x'.repeat(70_000) }), 413, 'TOO_LARGE'],
    [
      'another type',
      () => ask('post', '/v1/certificates', 'a=b', { 'Content-Type': 'text/plain' }),
      415,
      'MEDIA_TYPE_UNSUPPORTED',
    ],
    [
      'UTF-16',
      () => ask('post', '/v1/certificates', '{}', { 'Content-Type': 'application/json; charset=utf-16' }),
      415,
      'MEDIA_TYPE_UNSUPPORTED',
    ],
    ['no JSON', () => ask('post', '/v1/certificates', '{"a":', json), 400, 'REQUEST_MALFORMED'],
    ['a bad cursor', () => ask('get', '/v1/certificates?cursor=xyz'), 400, 'CURSOR_INVALID'],
    [
      'a bad cursor of a list in the order of numbers',
      () => ask('get', '/v1/participants/METERWORKS/notifications?cursor=xyz'),
      400,
      'CURSOR_INVALID',
    ],
    [
      'a bad key',
      () => ask('post', '/v1/certificates', good(), { 'Idempotency-Key': 'a b' }),
      400,
      'IDEMPOTENCY_KEY_INVALID',
    ],
    ['a token in the address', () => ask('get', '/v1/me?access_token=x'), 400, 'CREDENTIAL_IN_ADDRESS'],
    [
      'a purpose that is none',
      () => ask('post', '/v1/certificates', { ...good(), purpose: 'LIVE' }),
      400,
      'PURPOSE_NOT_PERMITTED',
    ],
    [
      'no purpose',
      () => ask('post', '/v1/eligibility-checks', { category: 'DEVICE' }),
      400,
      'PURPOSE_MISSING',
    ],
    ...['certificates', 'eligibility-checks', 'applications'].map((asked): Row => {
      const csrs = asked === 'applications' ? { csrs: ['x'] } : { csr: 'x' };
      const misfit = { category: 'DCCKI', purpose, replacement: true, ...csrs };
      return [
        `a replacement of no Device Certificate among ${asked}`,
        () => ask('post', `/v1/${asked}`, misfit),
        400,
        'REQUEST_MALFORMED',
      ];
    }),
    [
      'a profile that is none',
      () => ask('post', '/v1/certificates', { ...good(), profile: 'nothing' }),
      400,
      'PROFILE_NOT_APPLICABLE',
    ],
    [
      'the same, asked beforehand',
      () => ask('post', '/v1/eligibility-checks', { ...good(), profile: 'nothing' }),
      400,
      'PROFILE_NOT_APPLICABLE',
    ],
    [
      'the same, without a CSR',
      () =>
        ask('post', '/v1/eligibility-checks', {
          category: 'DEVICE',
          purpose,
          profile: 'organisation-digital-signing',
        }),
      400,
      'PROFILE_NOT_APPLICABLE',
    ],
    [
      'the same of a whole batch, before it is read',
      () =>
        ask('post', `/v1/batches?category=DEVICE&purpose=${purpose}&profile=nothing`, '{}', {
          'Content-Type': 'application/x-ndjson',
        }),
      400,
      'PROFILE_NOT_APPLICABLE',
    ],
    [
      'no certificate',
      () => ask('post', '/v1/certificate-checks', { certificate: 'x' }),
      422,
      'CERTIFICATE_UNPARSEABLE',
    ],
  ])('%s', async (_what, asked, status, reason) => {
    const answer = await asked();
    expect([answer.status, answer.type]).toEqual([status, 'application/problem+json']);
    const [error] = answer.body.errors as { reason: string; clause: string; detail: string; fix: string }[];
    expect(error).toEqual({
      reason,
      clause: expect.stringMatching(/.{3}/),
      detail: expect.stringMatching(/.{3}/),
      fix: expect.stringMatching(/.{3}/),
    });
    // What has a row in the catalogue says the same as the row.
    const row = codes.get(reason);
    expect(row).toBeDefined();
    expect(error?.clause).toBe(row?.clause);
    if (reason.startsWith('PURPOSE_')) expect(error?.fix).toBe(row?.fix);
  });

  const detailsOf = async (path: string, body: object) =>
    ((await ask('post', path, body)).body as { errors: { detail: string }[] }).errors.map(
      (one) => one.detail,
    );
  const subscription = { endpoint: 'https://hooks.example/tcs', events: ['batch.completed'] };
  test.each([
    [
      'a list that is missing',
      '/v1/webhooks',
      { ...subscription, events: undefined },
      '/events: is missing; expected a list',
    ],
    ['a list that is empty', '/v1/webhooks', { ...subscription, events: [] }, '/events: is empty'],
    [
      'a text that is a number',
      '/v1/webhooks',
      { ...subscription, endpoint: 5 },
      '/endpoint: is a number; expected a text',
    ],
    ['a name that is not known', '/v1/webhooks', { ...subscription, url: 5 }, '/url: no field has this name'],
    // A choice is told as missing, too, and as none of the choices only when it is there.
    [
      'a choice that is missing',
      '/v1/certificates',
      { ...good(), category: undefined },
      '/category: is missing; expected one of ORGANISATION, DEVICE, DCCKI',
    ],
    [
      'a choice that there is not',
      '/v1/certificates',
      { ...good(), category: 'LIVE' },
      '/category: is none of ORGANISATION, DEVICE, DCCKI',
    ],
    [
      'a list where a text belongs',
      '/v1/certificates',
      { ...good(), csr: [] },
      '/csr: is a list; expected a text',
    ],
    [
      'an object where a text belongs',
      '/v1/certificates',
      { ...good(), csr: {} },
      '/csr: is an object; expected a text',
    ],
    ['a text that is empty', '/v1/certificates', { ...good(), csr: '' }, '/csr: is empty'],
    ['a list as a body', '/v1/certificates', [], '/: is a list; expected an object'],
  ])('%s is told in plain words, and once', async (_what, path, body, detail) => {
    expect(await detailsOf(path, body)).toEqual([detail]);
  });

  test('of more than a hundred broken fields the rest is told by its number', async () => {
    const unknown = Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`field${String(n)}`, n]));
    const details = await detailsOf('/v1/certificates', { ...good(), ...unknown });
    expect(details).toHaveLength(101);
    expect(details[100]).toBe('broken fields that are not told: 50');
  });

  test('a role that may not send batches reads which roles may', async () => {
    const token = await here.token('ASSESS', 'ASSESSOR');
    const answer = await request(here.http)
      .post('/v1/batches?category=DEVICE')
      .set('Authorization', `Bearer ${token}`)
      .send(good());
    expect(answer.body.errors).toEqual([
      expect.objectContaining({
        reason: 'ROLE_NOT_PERMITTED_HERE',
        fix: expect.stringContaining('PARTICIPANT_ARO'),
      }),
    ]);
  });

  test.each([
    '/v1/me',
    '/v1/categories',
    '/v1/reason-codes',
    '/v1/authorities',
    '/v1/certificates/AB',
    '/v1/trust-anchors',
    '/v1/authorities/root-oca/certificate',
    '/v1/certificates',
  ])('an unknown query parameter is 400 at %s', async (path) => {
    const answer = await ask('get', `${path}?colour=red`);
    expect([answer.status, JSON.stringify(answer.body.errors)]).toEqual([
      400,
      expect.stringContaining('colour'),
    ]);
  });

  test('what is nowhere is 404 without a token; what is there asks for one', async () => {
    expect((await request(here.http).get('/v1/nothing')).status).toBe(404);
    expect((await request(here.http).get('/v1/certificates/AB')).status).toBe(401);
  });

  test('a referral names its decision, and its repetition is the same, member for member', async () => {
    const sent = {
      category: 'ORGANISATION',
      purpose,
      csr: organisationCsr('90-B3-D5-1F-30-01-00-00', '08').pem,
    };
    const post = () => ask('post', '/v1/certificates', sent, { 'Idempotency-Key': 'referred' }, 'NORTHGATE');
    const [first, second] = [await post(), await post()];
    expect(first.status).toBe(202);
    expect(first.body.decision).toMatch(/^[0-9a-f-]{36}$/);
    expect(second.text).toBe(first.text);
  });

  test('a repeated refusal is the same answer, member order included, but for the requestId', async () => {
    const sent = { ...good(), csr: deviceCsr('00-DB-12-34-30-00-00-01').pem };
    const post = async () =>
      (
        await ask(
          'post',
          '/v1/certificates',
          sent,
          { 'Idempotency-Key': 'refused', 'X-Request-Id': 'same' },
          'OLDMETER',
        )
      ).text;
    const first = await post();
    expect(first).toContain('AGREEMENT_EXPIRED');
    expect(await post()).toBe(first);
  });
});
