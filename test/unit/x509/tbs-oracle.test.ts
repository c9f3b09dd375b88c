import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import type { CertificateSubject } from '../../../src/domain/certificate-request.ts';
import type { Eui64 } from '../../../src/domain/eui64.ts';
import type { SerialNumber } from '../../../src/domain/serial-number.ts';
import {
  compileProfile,
  fillAuthority,
  fillProfile,
  type AuthorityFacts,
} from '../../../src/profiles/fill-profile.ts';
import { ECDSA_WITH_SHA256, encodeTbs, SHA256_WITH_RSA } from '../../../src/x509/certificate.ts';
import { keyIdentifier } from '../../../src/x509/key-identifier.ts';
import { encodeName } from '../../../src/x509/name.ts';
import * as oracle from '../../support/asn1-oracle.ts';
import { POLICY, seededKey, TEMPLATES } from '../../support/specimens.ts';

/** Any key of a kind; RSA keys are numbers of the right size and nobody's. */
const p256Key = fc.integer().map((seed) => seededKey(String(seed), { algorithm: 'EC', curve: 'P-256' }));
const rsaKey = fc
  .tuple(fc.integer(), fc.constantFrom(2048, 3072, 4096))
  .map(([seed, bits]) => seededKey(String(seed), { algorithm: 'RSA', bits }));
const serialNumber = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .filter((octets) => octets[0]! > 0 && octets[0]! < 0x80)
  .map((octets) => Buffer.from(octets).toString('hex').toUpperCase() as SerialNumber);
/** On both sides of 2050, where UTCTime ends. */
const instant = fc.date({
  min: new Date('2024-01-01T00:00:00Z'),
  max: new Date('2079-12-31T23:59:59.999Z'),
  noInvalidDate: true,
});
const eui64 = fc
  .uint8Array({ minLength: 8, maxLength: 8 })
  .map((octets) => Buffer.from(octets).toString('hex') as Eui64);
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);

const organisation = (...roles: readonly ('supplier' | 'networkOperator' | 'xmlSign' | 'dspXmlSign')[]) =>
  fc.record({
    category: fc.constant('ORGANISATION' as const),
    eui64,
    role: fc.constantFrom(...roles),
    commonName: fc.option(text, { nil: undefined }),
  }) as fc.Arbitrary<CertificateSubject>;
const device: fc.Arbitrary<CertificateSubject> = fc.record({
  category: fc.constant('DEVICE' as const),
  eui64,
  hwType: fc.array(fc.nat(), { maxLength: 8 }).map((arcs) => ['1.2', ...arcs].join('.')),
});
const infrastructure: fc.Arbitrary<CertificateSubject> = fc.record({
  category: fc.constant('DCCKI' as const),
  signifier: fc.stringMatching(/^[A-Z0-9_-]{3,32}$/),
  dnsNames: fc.array(
    fc.tuple(label, label).map((labels) => labels.join('.')),
    { maxLength: 20 },
  ),
});

/** An authority as its certificates know it, and the same in the oracle's words. */
function authority(signedWith: 'ecdsa' | 'rsa', name: readonly oracle.OracleName[]) {
  const spki = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
    type: 'spki',
    format: 'der',
  });
  const facts: AuthorityFacts = {
    name: 'above',
    subject: encodeName(name.map(([type, , value]) => ({ type, as: 'printable', value }))),
    keyIdentifier: keyIdentifier(spki),
    signatureAlgorithm: signedWith === 'rsa' ? SHA256_WITH_RSA : ECDSA_WITH_SHA256,
    notAfter: INDEFINITE,
  };
  return { facts, name, spki, signedWith };
}

const INDEFINITE = new Date('9999-12-31T23:59:59Z');
const common = (value: string) => ['2.5.4.3', 'printable', value] as const;
const unit = (value: string) => ['2.5.4.11', 'printable', value] as const;
const [OCA, DCA, DCCKICA] = [
  authority('ecdsa', [unit('07'), common('TIO1')]),
  authority('ecdsa', [common('TID1')]),
  authority('rsa', [common('TIK1')]),
];
const ofOrganisation = { above: OCA, years: 10, keys: p256Key, subjects: organisation('supplier') };
const ofDevice = { above: DCA, keys: p256Key, subjects: device };
const ofInfrastructure = { above: DCCKICA, years: 2, subjects: infrastructure };
const PROFILES = [
  {
    profile: 'organisation-digital-signing',
    usages: ['digitalSignature'],
    ...ofOrganisation,
    subjects: organisation('supplier', 'networkOperator'),
  },
  { profile: 'organisation-key-agreement-top-up', usages: ['keyAgreement'], ...ofOrganisation },
  { profile: 'organisation-key-agreement', usages: ['keyAgreement'], ...ofOrganisation },
  {
    profile: 'organisation-xml-signing',
    usages: ['digitalSignature'],
    ...ofOrganisation,
    subjects: organisation('xmlSign', 'dspXmlSign'),
  },
  { profile: 'device-digital-signing', usages: ['digitalSignature'], ...ofDevice },
  { profile: 'device-key-agreement', usages: ['keyAgreement'], ...ofDevice },
  { profile: 'dccki-infrastructure-ec', usages: ['digitalSignature'], ...ofInfrastructure, keys: p256Key },
  {
    profile: 'dccki-infrastructure',
    usages: ['digitalSignature', 'keyEncipherment'],
    ...ofInfrastructure,
    keys: rsaKey,
  },
] as const;
const CAS = [
  { name: 'root-oca', subject: [unit('00'), common('TRO1')], years: 50 },
  { name: 'issuing-oca', subject: [unit('07'), common('TIO1')], years: 25, above: OCA },
  { name: 'root-dca', subject: [common('TRD1')] },
  { name: 'issuing-dca', subject: [common('TID1')], above: DCA },
  { name: 'root-dccki', subject: [common('TRK1')], years: 25 },
  { name: 'eii-dccki', subject: [common('TIK1')], years: 15, above: DCCKICA },
] as const;

/**
 * What the facts are is told here and not read from the templates: a template, our encoder and the library must agree.
 */
describe('our own TBS is octet for octet the one that asn1-x509 builds', () => {
  test.each(PROFILES)('$profile, for any subject, key, serial number and time', (told) => {
    const { above, usages } = told;
    const compiled = compileProfile(TEMPLATES.profiles.get(told.profile)!, above.facts);
    fc.assert(
      fc.property(serialNumber, instant, told.subjects, told.keys, (serial, notBefore, subject, spki) => {
        const own = encodeTbs(fillProfile(compiled, { serialNumber: serial, notBefore, subject, spki }));
        const other = oracle.tbs({
          serialNumber: serial,
          signedWith: above.signedWith,
          issuer: above.name,
          ...validity(notBefore, 'years' in told ? told.years : undefined),
          subject: subjectName(subject),
          spki,
          extensions: [
            oracle.keyUsage(...usages),
            ...(subject.category === 'DCCKI' ? [oracle.tlsAtBothEnds()] : []),
            oracle.subjectKey(spki),
            ...oracle.alternativeName(subject),
            oracle.policy(POLICY),
            oracle.authorityKey(above.spki),
          ],
        });
        expect(own.toString('hex')).toBe(other.toString('hex'));
      }),
      { numRuns: 300 },
    );
  });

  test.each(CAS)('$name, for any key, serial number and time', ({ name, subject, ...told }) => {
    const template = TEMPLATES.authorities.get(name)!;
    const above = 'above' in told ? told.above : undefined;
    const isRsa = template.category === 'DCCKI';
    fc.assert(
      fc.property(serialNumber, instant, isRsa ? rsaKey : p256Key, (serial, notBefore, spki) => {
        const algorithm = isRsa ? SHA256_WITH_RSA : ECDSA_WITH_SHA256;
        const facts = { serialNumber: serial, notBefore, spki };
        const own = encodeTbs(fillAuthority(template, facts, algorithm, above?.facts));
        const other = oracle.tbs({
          serialNumber: serial,
          signedWith: isRsa ? 'rsa' : 'ecdsa',
          issuer: above?.name ?? subject,
          ...validity(notBefore, 'years' in told ? told.years : undefined),
          subject,
          spki,
          extensions: [
            oracle.keyUsage('keyCertSign', 'cRLSign'),
            oracle.basicConstraints(above === undefined ? undefined : 0),
            oracle.policy(POLICY),
            oracle.subjectKey(spki),
            ...(above === undefined ? [] : [oracle.authorityKey(above.spki)]),
          ],
        });
        expect(own.toString('hex')).toBe(other.toString('hex'));
      }),
      { numRuns: 100 },
    );
  });

  test('no template is left out', () => {
    expect(PROFILES.map((one) => one.profile).sort()).toEqual([...TEMPLATES.profiles.keys()].sort());
    expect(CAS.map((one) => one.name).sort()).toEqual([...TEMPLATES.authorities.keys()].sort());
  });
});

function subjectName(subject: CertificateSubject): oracle.OracleName[] {
  switch (subject.category) {
    case 'DEVICE':
      return [];
    case 'DCCKI':
      return [['2.5.4.3', 'utf8', subject.signifier]];
    case 'ORGANISATION':
      return [
        ...(subject.commonName === undefined ? [] : [['2.5.4.3', 'utf8', subject.commonName] as const]),
        ['2.5.4.11', 'utf8', ROLE_CODES[subject.role]!],
        ['2.5.4.45', 'bits', Buffer.from(subject.eui64, 'hex')],
      ];
  }
}

/** Whole seconds; whole years less the last second, or without end. */
function validity(start: Date, years: number | undefined) {
  const notBefore = new Date(start.toISOString().replace(/\.\d+Z$/, 'Z'));
  const notAfter = new Date(notBefore);
  notAfter.setUTCFullYear(notBefore.getUTCFullYear() + (years ?? 0));
  notAfter.setUTCSeconds(notAfter.getUTCSeconds() - 1);
  return { notBefore, notAfter: years === undefined ? INDEFINITE : notAfter };
}

const ROLE_CODES: Partial<Record<string, string>> = {
  supplier: '02',
  networkOperator: '03',
  xmlSign: '87',
  dspXmlSign: '89',
};
