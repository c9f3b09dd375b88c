import { TAG } from '../x509/der.ts';
import { readBasicConstraints, readKeyUsage, readSubjectKeyIdentifier } from '../x509/extensions.ts';
import {
  AUTHORITY_KEY_IDENTIFIER,
  BASIC_CONSTRAINTS,
  KEY_USAGE,
  SUBJECT_ALT_NAME,
  SUBJECT_KEY_IDENTIFIER,
} from '../x509/oids.ts';
import { authorities, everyCertificate, extensionOf, whenPresent, type Rule } from './rule.ts';

/** RFC 5280: what every certificate of the Internet profile is. */
export const RFC_5280: readonly Rule[] = [
  {
    rule: 'version-3',
    clause: 'RFC 5280, 4.1.2.1',
    appliesTo: everyCertificate,
    check: ({ version }) => (version === 3 ? undefined : `the version is ${String(version)}`),
  },
  {
    rule: 'serial-number-positive',
    clause: 'RFC 5280, 4.1.2.2',
    appliesTo: everyCertificate,
    check: ({ serialNumber }) => {
      const first = serialNumber[0] ?? 0;
      if (first >= 0x80 || serialNumber.every((octet) => octet === 0))
        return 'the serial number is not positive';
      return serialNumber.length > 20
        ? `the serial number has ${String(serialNumber.length)} octets`
        : undefined;
    },
  },
  {
    rule: 'issuer-not-empty',
    clause: 'RFC 5280, 4.1.2.4',
    appliesTo: everyCertificate,
    check: ({ issuer }) => (isEmptyName(issuer) ? 'the issuer is empty' : undefined),
  },
  {
    rule: 'time-form',
    clause: 'RFC 5280, 4.1.2.5',
    appliesTo: everyCertificate,
    check: ({ validity }) => {
      const fits = (instant: Date, tag: number) => (tag === TAG.UTC_TIME) === instant.getTime() < YEAR_2050;
      const good =
        fits(validity.notBefore, validity.notBeforeTag) && fits(validity.notAfter, validity.notAfterTag);
      return good ? undefined : 'a time through 2049 is UTCTime, a later one GeneralizedTime';
    },
  },
  {
    rule: 'validity-in-order',
    clause: 'RFC 5280, 4.1.2.5',
    appliesTo: everyCertificate,
    check: ({ validity }) =>
      validity.notBefore <= validity.notAfter ? undefined : 'notAfter lies before notBefore',
  },
  {
    rule: 'no-unique-identifiers',
    clause: 'RFC 5280, 4.1.2.8',
    appliesTo: everyCertificate,
    check: ({ hasUniqueIds }) => (hasUniqueIds ? 'issuerUniqueID or subjectUniqueID is there' : undefined),
  },
  {
    rule: 'extensions-once',
    clause: 'RFC 5280, 4.2',
    appliesTo: everyCertificate,
    check: ({ extensions }) => {
      const seen = extensions.map((one) => one.oid);
      const twice = seen.find((oid, place) => seen.indexOf(oid) !== place);
      return twice === undefined ? undefined : `the extension ${twice} is there twice`;
    },
  },
  {
    rule: 'empty-subject-needs-critical-san',
    clause: 'RFC 5280, 4.1.2.6',
    appliesTo: everyCertificate,
    check: (facts) =>
      !isEmptyName(facts.subject) || extensionOf(facts, SUBJECT_ALT_NAME)?.critical === true
        ? undefined
        : 'the subject is empty and there is no critical subjectAltName',
  },
  {
    rule: 'subject-key-identifier-not-critical',
    clause: 'RFC 5280, 4.2.1.2',
    appliesTo: everyCertificate,
    check: whenPresent(SUBJECT_KEY_IDENTIFIER, ({ critical, value }) => {
      if (critical) return 'subjectKeyIdentifier is critical';
      return readSubjectKeyIdentifier(value).length === 0 ? 'subjectKeyIdentifier is empty' : undefined;
    }),
  },
  {
    rule: 'authority-key-identifier-not-critical',
    clause: 'RFC 5280, 4.2.1.1',
    appliesTo: everyCertificate,
    check: whenPresent(AUTHORITY_KEY_IDENTIFIER, ({ critical }) =>
      critical ? 'authorityKeyIdentifier is critical' : undefined,
    ),
  },
  {
    rule: 'key-usage-readable',
    clause: 'RFC 5280, 4.2.1.3',
    appliesTo: everyCertificate,
    check: whenPresent(KEY_USAGE, ({ value }) =>
      readKeyUsage(value).length === 0 ? 'keyUsage names no bit' : undefined,
    ),
  },
  {
    rule: 'ca-basic-constraints',
    clause: 'RFC 5280, 4.2.1.9',
    appliesTo: authorities,
    check: (facts) => {
      const extension = extensionOf(facts, BASIC_CONSTRAINTS);
      if (extension === undefined) return 'basicConstraints is missing';
      if (!extension.critical) return 'basicConstraints is not critical';
      return readBasicConstraints(extension.value).cA ? undefined : 'cA is not TRUE';
    },
  },
  {
    rule: 'key-cert-sign-needs-ca',
    clause: 'RFC 5280, 4.2.1.3',
    appliesTo: everyCertificate,
    check: (facts) => {
      const usage = extensionOf(facts, KEY_USAGE);
      if (!usage || !readKeyUsage(usage.value).includes('keyCertSign')) return undefined;
      const constraints = extensionOf(facts, BASIC_CONSTRAINTS);
      return constraints && readBasicConstraints(constraints.value).cA
        ? undefined
        : 'keyCertSign without cA TRUE';
    },
  },
];

/** The name has been read as DER already: without content it is an empty SEQUENCE. */
const isEmptyName = (name: Buffer) => name.length === 2;
const YEAR_2050 = Date.UTC(2050, 0);
