import type { Category } from '../../../src/domain/category.ts';
import type { CsrFacts } from '../../../src/domain/certificate-request.ts';
import { checkCsr } from '../../../src/eligibility/csr-rules.ts';
import { readRequests } from '../../../src/issuance/read-requests.ts';
import { readCsr } from '../../../src/x509/csr.ts';
import { encodeExtension } from '../../../src/x509/extensions.ts';
import { encodeName } from '../../../src/x509/name.ts';
import * as oids from '../../../src/x509/oids.ts';
import { verifyingHere } from '../../../src/x509/verifier.ts';
import { dcckiCsr, deviceCsr, keyUsageExtension, organisationCsr } from '../../support/csr-builder.ts';
import { aroOf, supplier } from '../../support/participants.ts';
import { TEMPLATES } from '../../support/specimens.ts';
import { CSR_CASES } from './csr-cases.ts';

const EUI64 = '90-B3-D5-1F-30-01-00-00';
const DEVICE = '00-DB-12-34-56-78-90-A4';

/** As the service reads a CSR, proof of possession included. */
async function read(csr: Buffer, category: Category) {
  const request = { category, purpose: 'INTERFACE_TESTING', channel: 'INTERNET', csr } as const;
  const asked = { request, caller: aroOf(supplier()) };
  const [one] = await readRequests([asked], { profiles: TEMPLATES, verifier: verifyingHere });
  return one!.reading;
}
const facts = (der: Buffer, changes: Partial<CsrFacts> = {}) => ({ ...readCsr(der), ...changes });

describe('a CSR', () => {
  test.each(CSR_CASES)('$category with $name is refused: $reason', async ({ reason, category, broken }) => {
    const { findings } = await read(broken, category);
    expect(findings.map((one) => one.reason)).toContain(reason);
    for (const { detail } of findings) expect(detail).toMatch(/^.{10,}/);
  });

  test.each(CSR_CASES)('$category without $name is read', async ({ category, kept }) => {
    const reading = await read(kept, category);
    expect(reading.findings).toEqual([]);
    expect(reading.subject?.category).toBe(category);
    expect(reading.keyUsage).toBe('digitalSignature');
  });

  test('of an Organisation says who, in which role and for what', async () => {
    const { der } = organisationCsr(EUI64, '02', 'keyAgreement', { commonName: 'Northgate Energy' });
    expect(await read(der, 'ORGANISATION')).toEqual({
      subject: {
        category: 'ORGANISATION',
        eui64: '90b3d51f30010000',
        role: 'supplier',
        commonName: 'Northgate Energy',
      },
      keyUsage: 'keyAgreement',
      findings: [],
    });
  });

  test('of a Device keeps the hwType of its manufacturer', async () => {
    expect(await read(deviceCsr(DEVICE, 'keyAgreement').der, 'DEVICE')).toEqual({
      subject: { category: 'DEVICE', eui64: '00db1234567890a4', hwType: '1.2.826.0.1.8641679.1.2.2.1' },
      keyUsage: 'keyAgreement',
      findings: [],
    });
  });

  test('of the DCCKI signs, whether it says so or not', async () => {
    expect(await read(dcckiCsr('NORTHGATE', ['a.example', 'B2.example']).der, 'DCCKI')).toEqual({
      subject: { category: 'DCCKI', signifier: 'NORTHGATE', dnsNames: ['a.example', 'B2.example'] },
      keyUsage: 'digitalSignature',
      findings: [],
    });
  });

  test('may have its role in a PrintableString', async () => {
    const subject = encodeName([
      { type: oids.ORGANIZATIONAL_UNIT_NAME, as: 'printable', value: '7F' },
      { type: oids.UNIQUE_IDENTIFIER, as: 'bit-string', value: Buffer.alloc(8, 2) },
    ]);
    const { der } = organisationCsr(EUI64, '02', 'digitalSignature', { subject });
    expect(await read(der, 'ORGANISATION')).toMatchObject({ subject: { role: 'other' }, findings: [] });
  });

  test.each([
    ['7f', '7F'],
    ['2', '02'],
    ['135', '87'],
    ['8', '08'],
  ])('whose role is %s is asked whether %s was meant', async (written, meant) => {
    const { findings } = await read(organisationCsr(EUI64, written).der, 'ORGANISATION');
    expect(findings).toEqual([
      { reason: 'CSR_SUBJECT', detail: expect.stringContaining(`Did you mean ${meant}?`) },
    ]);
  });

  test('is not refused for the criticality of an extension', () => {
    const csr = facts(deviceCsr(DEVICE).der);
    const extensions = csr.extensions.map((one) => ({ ...one, critical: !one.critical }));
    expect(checkCsr({ ...csr, extensions }, 'DEVICE').findings).toEqual([]);
  });

  test.each([
    ['challengePassword', '1.2.840.113549.1.9.7', 0],
    ['the operating system of Windows', '1.3.6.1.4.1.311.13.2.3', 0],
    ['extendedCertificateAttributes', '1.2.840.113549.1.9.9', 1],
    ['extensions in the way of Windows', '1.3.6.1.4.1.311.2.1.14', 1],
  ])('with the attribute %s', (_, oid, findings) => {
    const csr = facts(deviceCsr(DEVICE).der, { attributes: [oids.EXTENSION_REQUEST, oid] });
    expect(checkCsr(csr, 'DEVICE').findings.map(({ reason }) => reason)).toEqual(
      Array.from({ length: findings }, () => 'CSR_EXTENSION'),
    );
  });

  test.each([
    ['2047 bits', 2047, 65537n, 1],
    ['2048 bits', 2048, 65537n, 0],
    ['8192 bits', 8192, 65537n, 0],
    ['8193 bits', 8193, 65537n, 1],
    ['exponent 3', 2048, 3n, 1],
    ['exponent 65538', 2048, 65538n, 1],
    ['exponent 65539', 2048, 65539n, 0],
    ['exponent 4 and 1024 bits', 1024, 4n, 2],
  ])('of the DCCKI with an RSA key of %s', (_, bits, exponent, findings) => {
    const csr = facts(dcckiCsr('NORTHGATE').der, {
      publicKey: { kind: 'RSA', bits, exponent },
      signatureAlgorithm: oids.SHA256_WITH_RSA_OID,
    });
    expect(checkCsr(csr, 'DCCKI').findings).toHaveLength(findings);
  });

  test('is told everything at once', async () => {
    const { der } = organisationCsr(EUI64, '7f', ['digitalSignature', 'keyAgreement'], {
      version: 1,
      commonName: '',
      extensions: [
        keyUsageExtension(['digitalSignature', 'keyAgreement']),
        encodeExtension('1.2.3.4', false, Buffer.alloc(2)),
      ],
    });
    const { findings, subject, keyUsage } = await read(der, 'ORGANISATION');
    expect(findings.map(({ reason }) => reason)).toEqual([
      'CSR_VERSION',
      'CSR_EXTENSION',
      'CSR_KEY_USAGE',
      'CSR_SUBJECT',
      'CSR_SUBJECT',
    ]);
    expect(subject).toBeUndefined();
    expect(keyUsage).toBeUndefined();
  });
});
