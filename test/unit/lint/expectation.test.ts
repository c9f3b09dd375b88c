import type { CertificateSubject } from '../../../src/domain/certificate-request.ts';
import type { Eui64 } from '../../../src/domain/eui64.ts';
import { Fault } from '../../../src/domain/fault.ts';
import type { SerialNumber } from '../../../src/domain/serial-number.ts';
import { COMPARISONS, type Expectation } from '../../../src/lint/expectation.ts';
import { lint } from '../../../src/lint/lint.ts';
import { ECDSA_WITH_SHA256, SHA256_WITH_RSA } from '../../../src/x509/certificate.ts';
import { encodeName } from '../../../src/x509/name.ts';
import { dnsNamesValue } from '../../../src/x509/subject-alt-name.ts';
import { remade, withExtension } from '../../support/remake.ts';
import { makeSpecimens, seededKey, specimenOf } from '../../support/specimens.ts';

const SPECIMENS = makeSpecimens();
const OTHER_KEY = seededKey('another', { algorithm: 'EC', curve: 'P-256' });
const unnamed: CertificateSubject = {
  category: 'ORGANISATION',
  eui64: '90b3d51f30010000' as Eui64,
  role: 'supplier',
};
const organisation: CertificateSubject = { ...unnamed, commonName: 'Example Supplier' };
const device: CertificateSubject = {
  category: 'DEVICE',
  eui64: '00db1234567890a4' as Eui64,
  hwType: '1.2.826.0.1.8641679.1.2.2.1',
};
const dccki = {
  category: 'DCCKI',
  signifier: 'EXAMPLE-ENERGY',
  dnsNames: ['gateway.example.test', 'standby.example.test'],
} satisfies CertificateSubject;
const ORGANISATION = 'organisation-digital-signing';
const DEVICE = 'device-digital-signing';
const DCCKI = 'dccki-infrastructure';

/** What the caller asked for differs in one fact from what stands in the octets. */
const DIFFERENCES: readonly (readonly [
  rule: string,
  fact: string,
  of: string,
  expected: Partial<Expectation>,
])[] = [
  ['expected-serial-number', 'another number', DEVICE, { serialNumber: '11'.repeat(16) as SerialNumber }],
  ['expected-algorithm', 'RSA', DEVICE, { signatureAlgorithm: SHA256_WITH_RSA }],
  ['expected-algorithm', 'ECDSA', DCCKI, { signatureAlgorithm: ECDSA_WITH_SHA256 }],
  ['expected-issuer', 'another name', DEVICE, { issuer: encodeName([]) }],
  ['expected-not-before', 'a second later', DEVICE, { notBefore: new Date('2026-11-24T09:30:16Z') }],
  ['expected-not-before', 'a second earlier', DEVICE, { notBefore: new Date('2026-11-24T09:30:14.999Z') }],
  ['expected-not-after', '9 years', ORGANISATION, { validity: { years: 9 } }],
  [
    'expected-not-after',
    'another last second',
    DEVICE,
    { validity: { notAfter: new Date('9999-12-31T23:59:58Z') } },
  ],
  [
    'expected-not-after',
    'an issuer that ends earlier',
    ORGANISATION,
    { issuerNotAfter: new Date('2036-11-24T09:30:13Z') },
  ],
  [
    'expected-subject',
    'another EUI-64',
    ORGANISATION,
    { subject: { ...organisation, eui64: '90b3d51f30010001' as Eui64 } },
  ],
  [
    'expected-subject',
    'another role',
    ORGANISATION,
    { subject: { ...organisation, role: 'networkOperator' } },
  ],
  [
    'expected-subject',
    'another commonName',
    ORGANISATION,
    { subject: { ...organisation, commonName: 'Example supplier' } },
  ],
  ['expected-subject', 'no commonName', ORGANISATION, { subject: unnamed }],
  [
    'expected-subject',
    'another Device ID',
    DEVICE,
    { subject: { ...device, eui64: '00db1234567890a5' as Eui64 } },
  ],
  [
    'expected-subject',
    'another hwType',
    DEVICE,
    { subject: { ...device, hwType: '1.2.826.0.1.8641679.1.2.2.2' } },
  ],
  ['expected-subject', 'another Signifier', DCCKI, { subject: { ...dccki, signifier: 'EXAMPLE' } }],
  [
    'expected-subject',
    'one host name less',
    DCCKI,
    { subject: { ...dccki, dnsNames: ['gateway.example.test'] } },
  ],
  [
    'expected-subject',
    'one host name more',
    DCCKI,
    { subject: { ...dccki, dnsNames: [...dccki.dnsNames, 'third.example.test'] } },
  ],
  [
    'expected-subject',
    'other host names',
    DCCKI,
    { subject: { ...dccki, dnsNames: ['a.example.test', 'standby.example.test'] } },
  ],
  [
    'expected-subject',
    'another name of a CA',
    'root-oca',
    { subject: { category: 'AUTHORITY', name: encodeName([]) } },
  ],
  ['expected-key', 'another key', DEVICE, { spki: OTHER_KEY }],
  [
    'expected-extensions',
    'one less',
    DEVICE,
    { extensions: ['2.5.29.15', '2.5.29.14', '2.5.29.17', '2.5.29.32'] },
  ],
  [
    'expected-extensions',
    'one more',
    DEVICE,
    { extensions: ['2.5.29.15', '2.5.29.14', '2.5.29.17', '2.5.29.32', '2.5.29.35', '2.5.29.37'] },
  ],
  [
    'expected-extensions',
    'another order',
    DEVICE,
    { extensions: ['2.5.29.15', '2.5.29.14', '2.5.29.17', '2.5.29.35', '2.5.29.32'] },
  ],
  ['expected-key-usage', 'the other usage', DEVICE, { keyUsage: ['keyAgreement'] }],
  ['expected-key-usage', 'both usages', DEVICE, { keyUsage: ['digitalSignature', 'keyAgreement'] }],
  ['expected-key-usage', 'one usage less', DCCKI, { keyUsage: ['digitalSignature'] }],
  ['expected-key-usage', 'one of two others', DCCKI, { keyUsage: ['digitalSignature', 'keyAgreement'] }],
  ['expected-policies', 'another policy', DEVICE, { policies: ['1.2.826.0.1.8641679.1.2.1.2'] }],
  ['expected-authority-key', 'another authority', DEVICE, { authorityKeyIdentifier: Buffer.alloc(8, 0x41) }],
];

test.each(DIFFERENCES)('%s: %s was expected (%s)', (rule, _fact, of, difference) => {
  const { tbs, kind, expected } = specimenOf(SPECIMENS, of);
  expect(faultOf(() => lint(tbs, kind, { ...expected, ...difference }))).toEqual([
    expect.stringMatching(`^${rule}: `),
  ]);
});

test.each([...SPECIMENS.values()])('what was expected passes: $name', ({ tbs, kind, expected }) => {
  expect(lint(tbs, kind, expected)).toBe(tbs);
});

test('what was expected is refused when it breaks a rule', () => {
  const dnsNames = ['not a host'];
  const { specimen, tbs } = remade(DCCKI, withExtension('2.5.29.17', false, dnsNamesValue(dnsNames)));
  const expected = { ...specimen.expected, subject: { ...dccki, dnsNames } };
  expect(faultOf(() => lint(tbs, specimen.kind, expected))).toEqual([
    'dccki-host-names: subjectAltName holds something else than host names',
  ]);
});

test('every comparison has a case that breaks it', () => {
  const tried = new Set(DIFFERENCES.map(([rule]) => rule));
  expect([...tried].sort()).toEqual(COMPARISONS.map(([rule]) => rule).sort());
});

test('the octets of one certificate are refused in the place of any other', () => {
  const all = [...SPECIMENS.values()];
  for (const one of all)
    for (const other of all.filter(({ name }) => name !== one.name))
      expect(() => lint(other.tbs, one.kind, one.expected)).toThrow(Fault);
});

test('octets that are not DER are refused, with the place', () => {
  const { tbs, kind, expected } = specimenOf(SPECIMENS, DEVICE);
  expect(faultOf(() => lint(tbs.subarray(0, -1), kind, expected))).toEqual([
    'der: octet 0: the TBSCertificate is cut off',
  ]);
});

/** The texts of the reasons of the Fault `lint-failed`. */
function faultOf(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof Fault && error.code === 'lint-failed') return error.reasons.map((one) => one.detail);
    throw error;
  }
  return [];
}
