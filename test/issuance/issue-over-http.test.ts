import { X509Certificate } from 'node:crypto';
import request from 'supertest';
import { dcckiCsr, deviceCsr, newRsaKey, organisationCsr } from '../support/csr-builder.ts';
import { world, type World } from '../support/world.ts';

describe('a certificate of each category, end to end', () => {
  let here: World;
  beforeAll(async () => {
    here = await world();
  });
  afterAll(() => here.close());

  const post = async (signifier: string, body: object) =>
    request(here.http)
      .post('/v1/certificates')
      .set('Authorization', `Bearer ${await here.token(signifier)}`)
      .send(body);
  const purpose = 'DEVICE_AND_USER_SYSTEM_TESTS';

  test.each([
    [
      'ORGANISATION',
      'NORTHGATE',
      () => organisationCsr('90-B3-D5-1F-30-01-00-00').pem,
      'organisation-digital-signing',
    ],
    [
      'DEVICE',
      'METERWORKS',
      () => deviceCsr('00-DB-12-34-20-00-00-01', 'keyAgreement').pem,
      'device-key-agreement',
    ],
    ['DCCKI', 'NORTHGATE', () => dcckiCsr('NORTHGATE', [], { key: newRsaKey() }).pem, 'dccki-infrastructure'],
  ])('%s to %s', async (category, signifier, csr, profile) => {
    const answer = await post(signifier, { category, purpose, csr: csr() });
    expect(answer.body).toMatchObject({ category, participant: signifier, profile, status: 'IN_USE' });
    expect(answer.status).toBe(201);
    expect(answer.headers['location']).toBe(`/v1/certificates/${String(answer.body.serialNumber)}`);
    expect(new X509Certificate(answer.body.certificate).serialNumber).toBe(answer.body.serialNumber);
    const again = await request(here.http)
      .get(answer.headers['location'] as string)
      .set('Authorization', `Bearer ${await here.token(signifier)}`);
    expect(again.body).toEqual(answer.body);
  });

  test.each([
    ['OLDMETER', 'AGREEMENT_EXPIRED'],
    ['STRANGER', 'NO_MEMBERSHIP_OR_AGREEMENT'],
    ['HALTED', 'MEMBERSHIP_SUSPENDED'],
  ])('%s is refused with %s, its clause and its fix', async (signifier, reason) => {
    const answer = await post(signifier, {
      category: 'DEVICE',
      purpose,
      csr: deviceCsr('00-DB-12-34-30-00-00-01').pem,
    });
    expect(answer.status).toBe(403);
    expect(answer.type).toBe('application/problem+json');
    expect(answer.body.errors).toContainEqual(
      expect.objectContaining({
        reason,
        clause: expect.stringMatching(/./),
        fix: expect.stringMatching(/./),
      }),
    );
  });

  test('is downloaded over the channel that is named, which its receipt tells', async () => {
    const issued = await post('METERWORKS', {
      category: 'DEVICE',
      purpose,
      csr: deviceCsr('00-DB-12-34-20-00-00-09', 'keyAgreement').pem,
    });
    const { serialNumber } = issued.body as { serialNumber: string };
    const download = async (
      query: string,
      accept = 'application/pkix-cert',
      method: 'get' | 'head' = 'get',
      headers: object = {},
    ) => {
      const asked = request(here.http)[method](`/v1/certificates/${serialNumber}${query}`);
      const token = await here.token('METERWORKS');
      return asked.set({ Accept: accept, Authorization: `Bearer ${token}`, ...headers });
    };
    expect((await download('?channel=IN_PERSON_MEDIA')).status).toBe(200);
    // These give no octets, and leave no receipt.
    expect((await download('?channel=POST')).status).toBe(400);
    expect((await download('', 'image/png')).status).toBe(406);
    expect((await download('', 'application/json', 'head')).status).toBe(200);
    expect((await download('?by=POST')).status).toBe(400);
    const known = { 'If-None-Match': '*' };
    expect((await download('', 'application/pkix-cert', 'get', known)).status).toBe(304);
    const receipts = async (signifier: string) =>
      request(here.http)
        .get(`/v1/certificates/${serialNumber}/receipts`)
        .set('Authorization', `Bearer ${await here.token(signifier)}`);
    const list = (method: 'get' | 'head', headers: Record<string, string>) =>
      request(here.http)[method](`/v1/certificates?serialNumber=${serialNumber}`).set(headers);
    const authorization = { Authorization: `Bearer ${await here.token('METERWORKS')}` };
    expect((await list('get', { ...authorization, ...known })).status).toBe(304);
    expect((await list('head', authorization)).status).toBe(200);
    expect((await receipts('METERWORKS')).body).toEqual({
      items: [
        {
          at: '2026-11-24T12:00:00Z',
          channel: 'IN_PERSON_MEDIA',
          form: 'application/pkix-cert',
          by: 'METERWORKS',
        },
      ],
      nextCursor: null,
    });
    expect((await receipts('NORTHGATE')).status).toBe(404);
  });
});
