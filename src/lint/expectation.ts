import { REMOTE_PARTY_ROLES } from '../domain/category.ts';
import type { CertificateSubject, KeyUsage, NameAttribute } from '../domain/certificate-request.ts';
import type { SerialNumber } from '../domain/serial-number.ts';
import { DerError, TAG } from '../x509/der.ts';
import { readAuthorityKeyIdentifier, readCertificatePolicies, readKeyUsage } from '../x509/extensions.ts';
import { readName } from '../x509/name.ts';
import * as oids from '../x509/oids.ts';
import type { TbsFacts } from '../x509/read-certificate.ts';
import { readSubjectAltName } from '../x509/subject-alt-name.ts';
import { extensionOf, type LintFinding } from './rule.ts';

/** What this one certificate must say: the request, the profile and the authority, not the octets made of them. */
export interface Expectation {
  readonly serialNumber: SerialNumber;
  /** AlgorithmIdentifier DER of the issuer's signatures. */
  readonly signatureAlgorithm: Buffer;
  /** Name DER of the issuer. */
  readonly issuer: Buffer;
  /** Absent in a root. */
  readonly authorityKeyIdentifier?: Buffer;
  /** Instant of issue. */
  readonly notBefore: Date;
  /** Whole years less one second, or a fixed last second. */
  readonly validity: { readonly years: number } | { readonly notAfter: Date };
  /** The last second of the issuer, which nothing outlives. */
  readonly issuerNotAfter: Date;
  readonly spki: Buffer;
  readonly keyUsage: readonly KeyUsage[];
  readonly policies: readonly string[];
  /** OIDs of the extensions in the order of the template; optional ones only when they have a value. */
  readonly extensions: readonly string[];
  /** What was asked for; the Name DER of a test CA. */
  readonly subject: CertificateSubject | { readonly category: 'AUTHORITY'; readonly name: Buffer };
}

/** Every difference between the octets and what they must say. */
export function compareWithExpectation(facts: TbsFacts, expected: Expectation): LintFinding[] {
  const findings: LintFinding[] = [];
  for (const [rule, detail, holds] of COMPARISONS) {
    if (!holdsStrictly(holds, facts, expected))
      findings.push({ rule, severity: 'ERROR', clause: 'the request and its profile', detail });
  }
  return findings;
}

type Comparison = readonly [
  rule: string,
  detail: string,
  holds: (facts: TbsFacts, expected: Expectation) => boolean,
];

/** Every comparison by its name. */
export const COMPARISONS: readonly Comparison[] = [
  [
    'expected-serial-number',
    'the serial number is not the one that was drawn',
    (facts, expected) =>
      facts.serialNumber.equals(Buffer.from(expected.serialNumber, 'hex')) &&
      facts.serialNumber.length === 16,
  ],
  [
    'expected-algorithm',
    "the signature algorithm is not the issuer's",
    (facts, expected) => facts.signatureAlgorithm.equals(expected.signatureAlgorithm),
  ],
  [
    'expected-issuer',
    "the issuer is not the authority's subject, octet for octet",
    (facts, expected) => facts.issuer.equals(expected.issuer),
  ],
  [
    'expected-not-before',
    'notBefore is not the instant of issue',
    (facts, expected) => facts.validity.notBefore.getTime() === wholeSeconds(expected.notBefore) * 1000,
  ],
  [
    'expected-not-after',
    "notAfter is not what the profile says, or lies after the issuer's",
    (facts, expected) =>
      facts.validity.notAfter.getTime() === lastSecond(expected) &&
      facts.validity.notAfter <= expected.issuerNotAfter,
  ],
  [
    'expected-subject',
    'the subject is not what was asked for',
    (facts, { subject }) => sameSubject(facts, subject),
  ],
  [
    'expected-key',
    'the public key is not that of the CSR',
    (facts, expected) => facts.spki.equals(expected.spki),
  ],
  [
    'expected-extensions',
    'the extensions are not those of the profile, in its order',
    (facts, expected) =>
      facts.extensions.length === expected.extensions.length &&
      facts.extensions.every((one, place) => one.oid === expected.extensions[place]),
  ],
  [
    'expected-key-usage',
    'keyUsage is not that of the profile',
    (facts, expected) => {
      const usages = readKeyUsage(valueOf(facts, oids.KEY_USAGE));
      return (
        usages.length === expected.keyUsage.length && expected.keyUsage.every((one) => usages.includes(one))
      );
    },
  ],
  [
    'expected-policies',
    'certificatePolicies are not those of the profile',
    (facts, expected) =>
      readCertificatePolicies(valueOf(facts, oids.CERTIFICATE_POLICIES)).join() === expected.policies.join(),
  ],
  [
    'expected-authority-key',
    "authorityKeyIdentifier is not the issuer's key",
    (facts, { authorityKeyIdentifier }) =>
      authorityKeyIdentifier === undefined ||
      readAuthorityKeyIdentifier(valueOf(facts, oids.AUTHORITY_KEY_IDENTIFIER)).equals(
        authorityKeyIdentifier,
      ),
  ],
];

function sameSubject(facts: TbsFacts, subject: Expectation['subject']): boolean {
  if (subject.category === 'AUTHORITY') return facts.subject.equals(subject.name);
  const names = readName(facts.subject);
  switch (subject.category) {
    case 'DEVICE': {
      const [name, ...more] = readSubjectAltName(valueOf(facts, oids.SUBJECT_ALT_NAME));
      return (
        names.length === 0 &&
        more.length === 0 &&
        name?.kind === 'hardwareModuleName' &&
        name.hwType === subject.hwType &&
        name.hwSerialNum.toString('hex') === subject.eui64
      );
    }
    case 'ORGANISATION': {
      const role = REMOTE_PARTY_ROLES[subject.role].toString(16).toUpperCase().padStart(2, '0');
      const last = names.slice(-2);
      return (
        names.length === (subject.commonName === undefined ? 2 : 3) &&
        (subject.commonName === undefined || isText(names[0], oids.COMMON_NAME, subject.commonName)) &&
        isText(last[0], oids.ORGANIZATIONAL_UNIT_NAME, role) &&
        last[1]?.type === oids.UNIQUE_IDENTIFIER &&
        last[1].value.toString('hex') === `00${subject.eui64}`
      );
    }
    case 'DCCKI': {
      const san = extensionOf(facts, oids.SUBJECT_ALT_NAME);
      const hosts = san === undefined ? [] : readSubjectAltName(san.value);
      return (
        names.length === 1 &&
        isText(names[0], oids.COMMON_NAME, subject.signifier) &&
        hosts.length === subject.dnsNames.length &&
        hosts.every((host, place) => host.kind === 'dNSName' && host.value === subject.dnsNames[place])
      );
    }
  }
}

const isText = (name: NameAttribute | undefined, type: string, text: string) =>
  name?.type === type && name.tag === TAG.UTF8_STRING && name.single && name.value.toString('utf8') === text;

function lastSecond({ validity, notBefore }: Expectation): number {
  if ('notAfter' in validity) return validity.notAfter.getTime();
  const start = new Date(wholeSeconds(notBefore) * 1000);
  // Counted in calendar fields, not by the arithmetic that filled the profile.
  return Date.UTC(
    start.getUTCFullYear() + validity.years,
    start.getUTCMonth(),
    start.getUTCDate(),
    start.getUTCHours(),
    start.getUTCMinutes(),
    start.getUTCSeconds() - 1,
  );
}

const wholeSeconds = (instant: Date) => Math.floor(instant.getTime() / 1000);
const valueOf = (facts: TbsFacts, oid: string) => extensionOf(facts, oid)?.value ?? Buffer.alloc(0);

/** A value that cannot even be read is a difference. */
function holdsStrictly(holds: Comparison[2], facts: TbsFacts, expected: Expectation): boolean {
  try {
    return holds(facts, expected);
  } catch (error) {
    if (error instanceof DerError) return false;
    throw error;
  }
}
