import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import request from 'supertest';
import { issueCertificates } from '../../src/issuance/issue-certificates.ts';
import { findCallers } from '../../src/registry/callers.ts';
import { hashToken } from '../../src/registry/credentials.ts';
import { OPERATIONS } from '../../src/http/operations.ts';
import * as answers from '../../src/http/answer-schemas.ts';
import { z } from '../../src/http/zod.ts';
import { rawZip } from '../support/raw-zip.ts';
import { deviceCsr } from '../support/csr-builder.ts';
import { world, type World } from '../support/world.ts';

const purpose = 'DEVICE_AND_USER_SYSTEM_TESTS';

describe('the wire contract', () => {
  let here: World;
  let serialNumbers: string[];
  beforeAll(async () => {
    here = await world();
    const [caller] = await findCallers(
      [hashToken(await here.token('METERWORKS'))],
      here.clock.now(),
      here.database.pool,
    );
    const issue = async (first: number) => {
      const asked = Array.from({ length: 30 }, (_, index) => ({
        request: {
          category: 'DEVICE',
          purpose,
          channel: 'INTERNET',
          csr: deviceCsr(`00db123420${(first + index).toString(16).padStart(6, '0')}`).der,
        } as const,
        caller: caller!,
      }));
      const results = await issueCertificates(asked, here.needs, 'sampled');
      here.clock.advance(1000);
      return results.map((one) => ('serialNumber' in one ? one.serialNumber : JSON.stringify(one.reasons)));
    };
    serialNumbers = [...(await issue(1)), ...(await issue(101))];
  }, 60_000);
  afterAll(() => here.close());

  const get = async (path: string, signifier = 'METERWORKS', accept = 'application/json') =>
    request(here.http)
      .get(path)
      .set('Accept', accept)
      .set('Authorization', `Bearer ${await here.token(signifier)}`)
      .buffer(true)
      .parse((response, done) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => done(null, Buffer.concat(chunks)));
      });
  const json = (answer: { body: unknown }) => JSON.parse(String(answer.body)) as Record<string, unknown>;

  test('a list comes newest first, page by page, each certificate once', async () => {
    const seen: string[] = [];
    let path = '/v1/certificates?limit=25';
    for (;;) {
      const answer = await get(path);
      const page = answers.certificatePage.parse(json(answer));
      seen.push(...page.items.map((one) => one.serialNumber));
      if (page.nextCursor === null) break;
      path = `/v1/certificates?limit=25&cursor=${page.nextCursor}`;
    }
    expect(seen).toHaveLength(60);
    expect(new Set(seen)).toEqual(new Set(serialNumbers));
    expect(new Set(seen.slice(0, 30))).toEqual(new Set(serialNumbers.slice(30)));
  });

  test.each([
    ['eui64=00-DB-12-34-20-00-00-01', 1],
    ['eui64=00db123420000065', 1],
    ['category=ORGANISATION', 0],
    ['profile=device-digital-signing', 60],
    ['status=IN_USE', 60],
    ['status=EXPIRED', 0],
    ['status=REVOKED', 0],
    ['status=NOT_IN_USE', 0],
    ['issuedFrom=2026-11-24T12:00:01Z', 30],
    ['issuedTo=2026-11-24T12:00:01Z', 30],
    ['issuedFrom=2026-11-24', 60],
    ['issuedTo=2026-11-24', 0],
  ])('the filter %s finds %i', async (filter, count) => {
    expect((json(await get(`/v1/certificates?limit=500&${filter}`))['items'] as unknown[]).length).toBe(
      count,
    );
  });

  test('an instant before 1970 is 400', async () => {
    expect((await get('/v1/certificates?issuedFrom=1969-12-31T00:00:00Z')).status).toBe(400);
  });

  test('a certificate comes in every form that Accept asks for', async () => {
    const path = `/v1/certificates/${serialNumbers[0] ?? ''}`;
    const view = answers.certificate.strict().parse(json(await get(path)));
    const der = (await get(path, 'METERWORKS', 'application/pkix-cert')).body as Buffer;
    expect(new X509Certificate(der).serialNumber).toBe(view.serialNumber);
    expect(String((await get(path, 'METERWORKS', 'application/x-pem-file')).body)).toBe(view.certificate);
    expect(String((await get(path, 'METERWORKS', 'application/pem-certificate-chain')).body)).toBe(
      [view.certificate, ...(view.chain ?? [])].join(''),
    );
    const pkcs7 = (await get(path, 'METERWORKS', 'application/pkcs7-mime')).body as Buffer;
    const printed = execFileSync('openssl', ['pkcs7', '-inform', 'DER', '-print_certs'], {
      input: pkcs7,
      encoding: 'utf8',
    });
    expect(printed.match(/BEGIN CERTIFICATE/g)).toHaveLength(3);
    expect((await get(path, 'METERWORKS', 'image/png')).status).toBe(406);
  });

  test('a serial number is read in either case, with or without leading zeros', async () => {
    const serial = serialNumbers[0] ?? '';
    for (const written of [serial.toLowerCase(), `00${serial}`, `0${serial}`])
      expect(json(await get(`/v1/certificates/${written}`))['serialNumber']).toBe(serial);
  });

  test("another participant's certificate does not exist, exactly like one that nobody has", async () => {
    const other = await get(`/v1/certificates/${serialNumbers[0] ?? ''}`, 'NORTHGATE');
    const nobody = await get('/v1/certificates/0123456789ABCDEF', 'NORTHGATE');
    const anonymous = (answer: { body: unknown }) => ({ ...json(answer), instance: '', requestId: '' });
    expect([other.status, nobody.status]).toEqual([404, 404]);
    expect(anonymous(other)).toEqual(anonymous(nobody));
  });

  test('who I am, and on what my eligibility rests', async () => {
    expect(answers.me.strict().parse(json(await get('/v1/me')))).toMatchObject({
      signifier: 'METERWORKS',
      eligibility: { basis: 'BILATERAL_AGREEMENT', reasons: [] },
    });
    expect(json(await get('/v1/me', 'OLDMETER'))['eligibility']).toMatchObject({
      basis: null,
      reasons: [{ reason: 'AGREEMENT_EXPIRED' }],
    });
  });

  test('an eligibility check answers without issuing, with or without a CSR', async () => {
    const check = async (body: object) => {
      const answer = await request(here.http)
        .post('/v1/eligibility-checks')
        .set('Authorization', `Bearer ${await here.token('METERWORKS')}`)
        .send({ category: 'DEVICE', purpose, ...body });
      return answers.decision.strict().parse(answer.body);
    };
    expect(await check({})).toMatchObject({ outcome: 'PASS', basis: 'BILATERAL_AGREEMENT', reasons: [] });
    expect(await check({ csr: deviceCsr('00-DB-12-34-20-FF-00-01').pem })).toMatchObject({ outcome: 'PASS' });
    expect(await check({ csr: 'nonsense' })).toMatchObject({
      outcome: 'REFUSE',
      reasons: [{ reason: 'CSR_UNPARSEABLE' }],
    });
    expect(await check({ category: 'ORGANISATION' })).toMatchObject({ outcome: 'REFUSE' });
  });

  test('a certificate check takes JSON, PEM and DER, and says PASS of what the service issued', async () => {
    const path = `/v1/certificates/${serialNumbers[0] ?? ''}`;
    const der = (await get(path, 'METERWORKS', 'application/pkix-cert')).body as Buffer;
    const view = json(await get(path));
    const token = await here.token('METERWORKS');
    const post = (type: string) =>
      request(here.http)
        .post('/v1/certificate-checks')
        .set('Authorization', `Bearer ${token}`)
        .set('Content-Type', type);
    for (const answer of [
      await post('application/json').send({ certificate: view['certificate'] }),
      await post('application/x-pem-file').send(String(view['certificate'])),
      await post('application/pkix-cert').send(der),
    ])
      expect(answers.verdict.strict().parse(answer.body)).toEqual({
        verdict: 'PASS',
        profile: 'device-digital-signing',
        findings: [],
      });
    const wrong = await post('application/json').send({
      certificate: view['certificate'],
      profile: 'organisation-digital-signing',
    });
    expect(wrong.body).toMatchObject({ verdict: 'FAIL', profile: 'organisation-digital-signing' });
    expect((await post('application/pkix-cert').send(der.subarray(0, 50))).status).toBe(422);
    const zip = await post('application/zip').send(
      rawZip([
        { name: 'good.crt', content: der, deflate: true },
        { name: 'cut.crt', content: der.subarray(0, 50) },
        { name: 'good.pem', content: String(view['certificate']) },
      ]),
    );
    const { counts, items } = answers.verdictList.strict().parse(zip.body);
    expect(counts).toEqual({ PASS: 2, WARN: 0, FAIL: 0, NONE: 1 });
    expect(items.map((one) => [one.name, one.verdict])).toEqual([
      ['good.crt', 'PASS'],
      ['cut.crt', 'NONE'],
      ['good.pem', 'PASS'],
    ]);
    const refused = await post('application/zip').send(rawZip([{ name: '../a.crt', content: der }]));
    expect([refused.status, refused.body]).toMatchObject([
      400,
      { errors: [{ reason: 'CERTIFICATE_ZIP_REFUSED' }] },
    ]);
    expect((await post('application/zip').send(Buffer.alloc(4 * 1024 * 1024 + 1))).status).toBe(413);
  });

  test('the catalogue is open to all', async () => {
    const open = (path: string) => request(here.http).get(path);
    const categories = z
      .array(answers.categoryDescription.strict())
      .parse((await open('/v1/categories')).body);
    expect(categories.map((one) => one.category)).toEqual(['ORGANISATION', 'DEVICE', 'DCCKI']);
    expect(categories[0]).toMatchObject({
      governingDocument: 'SEC Appendix B (Organisation Certificate Policy)',
      governingVersion: null,
      sources: [
        { cite: 'SEC Appendix B' },
        { cite: 'ETAD', status: expect.stringContaining('not at hand') as string },
        { cite: 'DESIGN' },
      ],
    });
    const codes = z.array(answers.reasonCode.strict()).parse((await open('/v1/reason-codes')).body);
    expect(codes.map((one) => one.reason)).toContain('AGREEMENT_EXPIRED');
    const authorities = z.array(answers.authority.strict()).parse((await open('/v1/authorities')).body);
    expect(authorities).toHaveLength(6);
    const pem = await open('/v1/authorities/issuing-oca/certificate')
      .set('Accept', 'application/x-pem-file')
      .buffer(true);
    expect(new X509Certificate(pem.text).subject).toBe('OU=07\nCN=TIO1');
    expect((await open('/v1/trust-anchors?category=DEVICE')).text.match(/BEGIN CERTIFICATE/g)).toHaveLength(
      2,
    );
    expect((await open('/v1/authorities/nobody/certificate')).status).toBe(404);
    expect((await open('/v1/trust-anchors?category=LIVE')).status).toBe(400);
  });

  test('every documented operation exists, and the document says 3.1', async () => {
    const document = (await request(here.http).get('/openapi.json')).body as {
      openapi: string;
      paths: Record<string, object>;
    };
    expect(document.openapi).toBe('3.1.0');
    for (const { method, path, open } of OPERATIONS) {
      expect(Object.keys(document.paths[path] ?? {})).toContain(method);
      const real = path.replace('{name}', 'root-oca').replace('{serialNumber}', serialNumbers[0] ?? '');
      const asked = method === 'get' ? request(here.http).get(real) : request(here.http).post(real);
      // Without a credential: open ones answer, the others ask for it; neither is "not found".
      const answer = await asked;
      expect({
        path,
        status: open ? answer.status < 400 || answer.status === 503 : answer.status === 401,
      }).toEqual({ path, status: true });
    }
    const { text } = await request(here.http).get('/docs/');
    expect(text).toContain('swagger-ui');
    expect(/<style>[^]*?<\/style>/.exec(text)?.[0]).not.toContain('undefined');
  });
});
