import request from 'supertest';
import { query } from '../../src/db/query.ts';
import { encodeExtension } from '../../src/x509/extensions.ts';
import { encodeName } from '../../src/x509/name.ts';
import * as oids from '../../src/x509/oids.ts';
import { encodePem } from '../../src/x509/pem.ts';
import { dnsNamesValue, hardwareModuleNameValue } from '../../src/x509/subject-alt-name.ts';
import { sequence } from '../../src/x509/write-der.ts';
import {
  dcckiCsr,
  deviceCsr,
  deviceSan,
  ECDSA_WITH_SHA384,
  keyUsageExtension,
  newKey,
  newRsaKey,
  octets,
  organisationCsr,
  type CsrChange,
} from '../support/csr-builder.ts';
import { world, type World } from '../support/world.ts';

const DEVICE = '00-DB-12-34-20-00-00-01';
const USER = '90-B3-D5-1F-30-01-00-00';
const device = (change: CsrChange) => deviceCsr(DEVICE, 'digitalSignature', change).pem;
const extensions = (...list: Buffer[]) => device({ extensions: list });
const common = encodeName([{ type: oids.COMMON_NAME, as: 'utf8', value: 'meter' }]);
const twoSans = encodeExtension(
  oids.SUBJECT_ALT_NAME,
  true,
  sequence(
    hardwareModuleNameValue('1.2.3', octets(DEVICE)).subarray(2),
    hardwareModuleNameValue('1.2.3', octets(DEVICE)).subarray(2),
  ),
);
const basicConstraints = encodeExtension(oids.BASIC_CONSTRAINTS, true, sequence());
const indefinite = (der: Buffer) =>
  Buffer.concat([Buffer.from([0x30, 0x80]), der.subarray(4), Buffer.from([0, 0])]);

type Row = [
  what: string,
  participant: string,
  category: string,
  csr: () => string,
  status: number,
  reasons: string[],
];
const ROWS: Row[] = [
  [
    'a CSR that is cut off',
    'METERWORKS',
    'DEVICE',
    () => device({ octets: (der) => der.subarray(0, 100) }),
    422,
    ['CSR_UNPARSEABLE'],
  ],
  [
    'BER instead of DER',
    'METERWORKS',
    'DEVICE',
    () => device({ octets: indefinite }),
    422,
    ['CSR_UNPARSEABLE'],
  ],
  [
    'octets after the CSR',
    'METERWORKS',
    'DEVICE',
    () => device({ octets: (der) => Buffer.concat([der, Buffer.from([0])]) }),
    422,
    ['CSR_UNPARSEABLE'],
  ],
  ['text that is no Base64', 'METERWORKS', 'DEVICE', () => 'hello, world', 422, ['CSR_UNPARSEABLE']],
  [
    'a certificate',
    'METERWORKS',
    'DEVICE',
    () => encodePem('CERTIFICATE', Buffer.from('3000', 'hex')),
    422,
    ['CSR_UNPARSEABLE'],
  ],
  ['a key on P-384', 'METERWORKS', 'DEVICE', () => device({ key: newKey('P-384') }), 422, ['CSR_KEY_TYPE']],
  [
    'an RSA key for a device',
    'METERWORKS',
    'DEVICE',
    () => device({ key: newRsaKey() }),
    422,
    ['CSR_KEY_TYPE'],
  ],
  [
    'an RSA key of 1024 bits for DCCKI',
    'NORTHGATE',
    'DCCKI',
    () => dcckiCsr('NORTHGATE', [], { key: newRsaKey(1024) }).pem,
    422,
    ['CSR_KEY_TYPE'],
  ],
  [
    'ecdsa-with-SHA384',
    'METERWORKS',
    'DEVICE',
    () => device({ algorithm: ECDSA_WITH_SHA384, hash: 'sha384' }),
    422,
    ['CSR_SIGNATURE_ALGORITHM'],
  ],
  [
    'the signature of another key',
    'METERWORKS',
    'DEVICE',
    () => device({ signWith: newKey() }),
    422,
    ['CSR_SIGNATURE_INVALID'],
  ],
  ['version 1', 'METERWORKS', 'DEVICE', () => device({ version: 1 }), 422, ['CSR_VERSION']],
  [
    'both key usages',
    'METERWORKS',
    'DEVICE',
    () => deviceCsr(DEVICE, ['digitalSignature', 'keyAgreement']).pem,
    422,
    ['CSR_KEY_USAGE'],
  ],
  ['no key usage', 'METERWORKS', 'DEVICE', () => extensions(deviceSan(DEVICE)), 422, ['CSR_KEY_USAGE']],
  [
    'an extension too many',
    'METERWORKS',
    'DEVICE',
    () => extensions(keyUsageExtension('digitalSignature'), deviceSan(DEVICE), basicConstraints),
    422,
    ['CSR_EXTENSION'],
  ],
  [
    'a device with a subject',
    'METERWORKS',
    'DEVICE',
    () => device({ subject: common }),
    422,
    ['CSR_SUBJECT'],
  ],
  [
    'two names in subjectAltName',
    'METERWORKS',
    'DEVICE',
    () => extensions(keyUsageExtension('digitalSignature'), twoSans),
    422,
    ['CSR_SAN'],
  ],
  [
    'a host name for a device',
    'METERWORKS',
    'DEVICE',
    () =>
      extensions(
        keyUsageExtension('digitalSignature'),
        encodeExtension(oids.SUBJECT_ALT_NAME, true, dnsNamesValue(['a.example'])),
      ),
    422,
    ['CSR_SAN'],
  ],
  [
    'a Device ID in the range of another',
    'METERWORKS',
    'DEVICE',
    () => deviceCsr('00-DB-12-34-10-00-00-01').pem,
    403,
    ['DEVICE_ID_NOT_IN_RANGE', 'IDENTIFIER_OWNED_BY_OTHER'],
  ],
  [
    'a Device ID among the User IDs',
    'METERWORKS',
    'DEVICE',
    () => deviceCsr(USER).pem,
    403,
    ['DEVICE_ID_IN_USER_REGISTRY'],
  ],
  [
    'an EUI-64 of zeros',
    'METERWORKS',
    'DEVICE',
    () => deviceCsr('0000000000000000').pem,
    403,
    ['IDENTIFIER_MALFORMED'],
  ],
  [
    'a role in lower case',
    'NORTHGATE',
    'ORGANISATION',
    () => organisationCsr(USER, '7f').pem,
    422,
    ['CSR_SUBJECT'],
  ],
  [
    'a decimal role',
    'NORTHGATE',
    'ORGANISATION',
    () => organisationCsr(USER, '135').pem,
    422,
    ['CSR_SUBJECT'],
  ],
  [
    'an unknown role',
    'NORTHGATE',
    'ORGANISATION',
    () => organisationCsr(USER, 'FF').pem,
    422,
    ['CSR_SUBJECT'],
  ],
  [
    'NUL in the commonName',
    'NORTHGATE',
    'ORGANISATION',
    () => organisationCsr(USER, '02', 'digitalSignature', { commonName: 'a\0b' }).pem,
    422,
    ['CSR_SUBJECT'],
  ],
  [
    'a line feed in the commonName',
    'NORTHGATE',
    'ORGANISATION',
    () => organisationCsr(USER, '02', 'digitalSignature', { commonName: 'a\nb' }).pem,
    422,
    ['CSR_SUBJECT'],
  ],
  [
    'a commonName of 65 characters',
    'NORTHGATE',
    'ORGANISATION',
    () => organisationCsr(USER, '02', 'digitalSignature', { commonName: 'x'.repeat(65) }).pem,
    422,
    ['CSR_SUBJECT'],
  ],
  [
    'XML signing with keyAgreement',
    'NORTHGATE',
    'ORGANISATION',
    () => organisationCsr(USER, '87', 'keyAgreement').pem,
    422,
    ['CSR_ROLE_MISMATCH'],
  ],
  [
    'the User ID of another',
    'TRENTNET',
    'ORGANISATION',
    () => organisationCsr(USER, '03').pem,
    403,
    ['IDENTIFIER_NOT_IN_ALLOCATED_RANGE', 'IDENTIFIER_OWNED_BY_OTHER'],
  ],
  [
    'the Signifier of another',
    'NORTHGATE',
    'DCCKI',
    () => dcckiCsr('TRENTNET').pem,
    403,
    ['SIGNIFIER_MISMATCH'],
  ],
  [
    'an EUI-64 as Signifier',
    'NORTHGATE',
    'DCCKI',
    () => dcckiCsr(USER).pem,
    403,
    ['IDENTIFIER_TYPE_WRONG_FOR_CATEGORY'],
  ],
  [
    'an IP-like host name with a space',
    'NORTHGATE',
    'DCCKI',
    () => dcckiCsr('NORTHGATE', ['a b']).pem,
    422,
    ['CSR_SAN'],
  ],
  [
    'a CSR of another category',
    'NORTHGATE',
    'ORGANISATION',
    () => deviceCsr('00-DB-12-34-10-00-00-01').pem,
    422,
    ['CSR_SUBJECT', 'CSR_EXTENSION'],
  ],
  [
    'several faults at once',
    'METERWORKS',
    'DEVICE',
    () => device({ key: newKey('P-384'), version: 1, subject: common, extensions: [basicConstraints] }),
    422,
    ['CSR_VERSION', 'CSR_KEY_TYPE', 'CSR_SUBJECT', 'CSR_SAN', 'CSR_KEY_USAGE', 'CSR_EXTENSION'],
  ],
];

describe('bad input ends in a clear refusal that names every broken rule', () => {
  let here: World;
  beforeAll(async () => {
    here = await world();
  });
  afterAll(() => here.close());

  test.each(ROWS)('%s', async (_what, participant, category, csr, status, reasons) => {
    const answer = await request(here.http)
      .post('/v1/certificates')
      .set('Authorization', `Bearer ${await here.token(participant)}`)
      .send({ category, purpose: 'DEVICE_AND_USER_SYSTEM_TESTS', csr: csr() });
    const errors = answer.body.errors as { reason: string; clause: string }[];
    expect(errors.map((one) => one.reason)).toEqual(expect.arrayContaining(reasons));
    // A good signature by a refused algorithm or key is not called a wrong one.
    if (!reasons.includes('CSR_SIGNATURE_INVALID'))
      expect(errors.map((one) => one.reason)).not.toContain('CSR_SIGNATURE_INVALID');
    expect(answer.status).toBe(status);
    expect(answer.type).toBe('application/problem+json');
    for (const error of errors)
      expect(error).toEqual({
        reason: expect.stringMatching(/^[A-Z0-9_]+$/),
        clause: expect.stringMatching(/.{3}/),
        detail: expect.stringMatching(/.{3}/),
        fix: expect.stringMatching(/.{3}/),
      });
    // What is refused of a DCCKI CSR rests on no text about Organisations and Devices.
    const citing = errors.filter(({ clause }) => clause.includes('SEC Appendix M'));
    if (category === 'DCCKI') expect(citing).toEqual([]);
  });

  test('no certificate, no intent and no claim on a key is left behind, and every refusal is on record', async () => {
    const count = async (table: string) =>
      (await query<{ n: number }>(here.database.pool, `select count(*)::int as n from ${table}`)).rows[0]?.n;
    expect(await count('certificate')).toBe(0);
    expect(await count('public_key')).toBe(0);
    expect(await count('decision')).toBe(ROWS.length);
  });

  test.each([
    ['a body of more than 64 KiB', { csr: 'x'.repeat(70_000) }, 413],
    ['no purpose', { category: 'DEVICE', csr: 'x' }, 400],
    ['a purpose that is none', { category: 'DEVICE', purpose: 'LIVE_USE', csr: 'x' }, 400],
    ['an unknown member', { category: 'DEVICE', purpose: 'INTERFACE_TESTING', csr: 'x', colour: 'red' }, 400],
    ['a CSR that is a number', { category: 'DEVICE', purpose: 'INTERFACE_TESTING', csr: 7 }, 400],
    ['an empty object', {}, 400],
    ['an array', [], 400],
  ])('%s', async (_what, body, status) => {
    const answer = await request(here.http)
      .post('/v1/certificates')
      .set('Authorization', `Bearer ${await here.token('METERWORKS')}`)
      .send(body);
    expect(answer.status).toBe(status);
    expect(answer.type).toBe('application/problem+json');
  });

  test.each([
    ['a method that is not there', 'DELETE', '/v1/certificates', 405],
    ['a path that is not there', 'GET', '/v1/nothing', 404],
    ['an escape that is none', 'GET', '/v1/certificates/%ff', 400],
    ['NUL in the path', 'GET', '/v1/certificates/%00', 404],
    ['a cursor that is none', 'GET', '/v1/certificates?cursor=xyz', 400],
    ['a limit beyond 500', 'GET', '/v1/certificates?limit=501', 400],
    ['a parameter twice', 'GET', '/v1/certificates?limit=1&limit=2', 400],
    ['a token in the address', 'GET', '/v1/certificates?access_token=x', 400],
    ['an unknown parameter', 'GET', '/v1/certificates?__proto__=x', 400],
  ])('%s', async (_what, method, path, status) => {
    const token = await here.token('METERWORKS');
    const agent = request(here.http);
    const asked = method === 'GET' ? agent.get(path) : agent.delete(path);
    const answer = await asked.set('Authorization', `Bearer ${token}`);
    expect(answer.status).toBe(status);
    expect(answer.type).toBe('application/problem+json');
  });

  test.each([
    ['text that is no JSON', '{"category":', 'application/json', 400],
    ['another type', 'a=b', 'application/x-www-form-urlencoded', 415],
    ['another charset', '{}', 'application/json; charset=latin1', 415],
    ['a body that is not gzip as it says', '{}', 'application/json', 400],
  ])('%s', async (what, body, type, status) => {
    const asked = request(here.http)
      .post('/v1/certificates')
      .set('Authorization', `Bearer ${await here.token('METERWORKS')}`)
      .set('Content-Type', type);
    const answer = await (what.includes('gzip') ? asked.set('Content-Encoding', 'gzip') : asked).send(body);
    expect(answer.status).toBe(status);
    expect(answer.type).toBe('application/problem+json');
  });

  test.each([
    ['gzip', 415, 'unsupported-media-type'],
    ['Identity', 202, undefined],
  ])('a batch with Content-Encoding: %s is answered with %i', async (encoding, status, problem) => {
    const answer = await request(here.http)
      .post('/v1/batches?category=DEVICE&purpose=DEVICE_AND_USER_SYSTEM_TESTS')
      .set('Authorization', `Bearer ${await here.token('METERWORKS')}`)
      .set('Content-Type', 'application/x-ndjson')
      .set('Content-Encoding', encoding)
      .send('{"id":"meter","csr":"none"}');
    expect(answer.status).toBe(status);
    expect((answer.body as { type?: string }).type).toBe(problem && `urn:problem:tcs:${problem}`);
  });
});
