import { ECDSA_WITH_SHA256 } from '../x509/certificate.ts';
import {
  readAuthorityKeyIdentifier,
  readCertificatePolicies,
  readSubjectKeyIdentifier,
} from '../x509/extensions.ts';
import { keyIdentifier } from '../x509/key-identifier.ts';
import {
  AUTHORITY_KEY_IDENTIFIER,
  CERTIFICATE_POLICIES,
  KEY_USAGE,
  SUBJECT_KEY_IDENTIFIER,
} from '../x509/oids.ts';
import {
  authoritySource,
  bySource,
  designOf,
  everyCertificate,
  PUBLIC_CERTIFICATES,
  requirePresent,
  smki,
  whenPresent,
  type CertificateKind,
  type Rule,
} from './rule.ts';

const belowRoot = ({ kind }: CertificateKind) => kind !== 'ROOT';
const roots = ({ kind }: CertificateKind) => kind === 'ROOT';
const CLAUSE = 'GBCS version 1 (28 November 2014), page 141';

/** GBCS wants exactly one policy of Device Certificates, of all others at least one. */
function policySource(one: CertificateKind): string {
  const { category, kind } = one;
  if (category === 'DCCKI') return designOf(one);
  if (kind !== 'END_ENTITY') return `${CLAUSE} (at least one); ${authoritySource(one)}`;
  return category === 'DEVICE'
    ? `GBCS version 1 (28 November 2014), page 145; ${PUBLIC_CERTIFICATES}`
    : `${CLAUSE} (at least one); ${PUBLIC_CERTIFICATES}`;
}

/**
 * What GBCS asks of every certificate of the SMKI. The DCCKI has no public profile: by our own template it keeps the
 * same rules except those on the kind of key and signature.
 */
export const GBCS: readonly Rule[] = [
  {
    rule: 'p-256-key',
    clause: CLAUSE,
    appliesTo: smki,
    check: ({ publicKey }) =>
      publicKey.kind === 'EC_P256' ? undefined : 'the key is not an uncompressed P-256 point',
  },
  {
    rule: 'ecdsa-with-sha256',
    clause: CLAUSE,
    appliesTo: smki,
    check: ({ signatureAlgorithm }) =>
      signatureAlgorithm.equals(ECDSA_WITH_SHA256)
        ? undefined
        : 'the signature algorithm is not ecdsa-with-SHA256 without parameters',
  },
  {
    rule: 'serial-number-at-most-16-octets',
    clause: bySource(`${PUBLIC_CERTIFICATES}: all have 16 octets`),
    appliesTo: everyCertificate,
    check: ({ serialNumber }) =>
      serialNumber.length <= 16 ? undefined : `the serial number has ${String(serialNumber.length)} octets`,
  },
  {
    rule: 'key-usage-critical',
    clause: bySource(CLAUSE),
    appliesTo: everyCertificate,
    check: requirePresent(KEY_USAGE, 'keyUsage', true),
  },
  {
    rule: 'subject-key-identifier-method-2',
    clause: bySource(`${CLAUSE}; RFC 5280, 4.2.1.2 (2)`, 'RFC 5280, 4.2.1.2 (2)'),
    appliesTo: everyCertificate,
    check: (facts) => {
      const missing = requirePresent(SUBJECT_KEY_IDENTIFIER, 'subjectKeyIdentifier', false)(facts);
      if (missing !== undefined) return missing;
      return whenPresent(SUBJECT_KEY_IDENTIFIER, ({ value }, { spki }) =>
        readSubjectKeyIdentifier(value).equals(keyIdentifier(spki))
          ? undefined
          : 'subjectKeyIdentifier is not that of the public key by method (2)',
      )(facts);
    },
  },
  {
    rule: 'authority-key-identifier-form',
    clause: bySource(CLAUSE),
    appliesTo: belowRoot,
    check: (facts) => {
      const missing = requirePresent(AUTHORITY_KEY_IDENTIFIER, 'authorityKeyIdentifier', false)(facts);
      if (missing !== undefined) return missing;
      return whenPresent(AUTHORITY_KEY_IDENTIFIER, ({ value }) =>
        readAuthorityKeyIdentifier(value).length === 8
          ? undefined
          : 'authorityKeyIdentifier does not have 8 octets',
      )(facts);
    },
  },
  {
    rule: 'root-without-authority-key-identifier',
    clause: bySource(CLAUSE),
    appliesTo: roots,
    check: whenPresent(AUTHORITY_KEY_IDENTIFIER, () => 'a root has no authorityKeyIdentifier'),
  },
  {
    rule: 'certificate-policies-critical',
    clause: bySource(CLAUSE),
    appliesTo: everyCertificate,
    check: requirePresent(CERTIFICATE_POLICIES, 'certificatePolicies', true),
  },
  {
    rule: 'one-policy-without-qualifiers',
    clause: policySource,
    appliesTo: everyCertificate,
    check: whenPresent(CERTIFICATE_POLICIES, ({ value }) => {
      const policies = readCertificatePolicies(value);
      return policies.length === 1
        ? undefined
        : `certificatePolicies holds ${String(policies.length)} policies`;
    }),
  },
];
