import type { SerialNumber } from '../../../src/domain/serial-number.ts';
import { ECDSA_WITH_SHA256, SHA256_WITH_RSA } from '../../../src/x509/certificate.ts';
import { TAG } from '../../../src/x509/der.ts';
import { oid, sequence, tlv } from '../../../src/x509/write-der.ts';
import * as values from '../../../src/x509/extensions.ts';
import * as oids from '../../../src/x509/oids.ts';
import { unchanged, withContent, withExtension, without } from '../../support/remake.ts';
import { POLICY, seededKey } from '../../support/specimens.ts';
import type { RuleRow } from './rule-table.ts';

const DEVICE = 'device-digital-signing';
const serial = (hex: string) => withContent({ serialNumber: hex as SerialNumber });
const identifier = Buffer.alloc(8, 0x41);

/** GBCS: the rules of every certificate of the SMKI. */
export const GBCS_ROWS: readonly RuleRow[] = [
  {
    rule: 'p-256-key',
    of: DEVICE,
    broken: withContent({ spki: seededKey('another', { algorithm: 'RSA', bits: 2048 }) }),
    says: 'the key is not an uncompressed P-256 point',
    kept: withContent({ spki: seededKey('another', { algorithm: 'EC', curve: 'P-256' }) }),
  },
  {
    rule: 'ecdsa-with-sha256',
    of: DEVICE,
    broken: withContent({ signatureAlgorithm: SHA256_WITH_RSA }),
    says: 'the signature algorithm is not ecdsa-with-SHA256 without parameters',
    kept: withContent({ signatureAlgorithm: ECDSA_WITH_SHA256 }),
  },
  {
    rule: 'ecdsa-with-sha256',
    of: DEVICE,
    broken: withContent({ signatureAlgorithm: sequence(oid(oids.ECDSA_WITH_SHA256_OID), tlv(TAG.NULL)) }),
    says: 'the signature algorithm is not ecdsa-with-SHA256 without parameters',
    kept: unchanged,
  },
  {
    rule: 'serial-number-at-most-16-octets',
    of: DEVICE,
    broken: serial('11'.repeat(17)),
    says: 'the serial number has 17 octets',
    kept: serial('11'.repeat(16)),
  },
  {
    rule: 'key-usage-critical',
    of: DEVICE,
    broken: withExtension(oids.KEY_USAGE, false, values.keyUsageValue(['digitalSignature'])),
    says: 'keyUsage is not critical',
    kept: withExtension(oids.KEY_USAGE, true, values.keyUsageValue(['keyAgreement'])),
  },
  {
    rule: 'key-usage-critical',
    of: DEVICE,
    broken: without(oids.KEY_USAGE),
    says: 'keyUsage is missing',
    kept: unchanged,
  },
  {
    rule: 'subject-key-identifier-method-2',
    of: DEVICE,
    broken: withExtension(oids.SUBJECT_KEY_IDENTIFIER, false, values.subjectKeyIdentifierValue(identifier)),
    says: 'subjectKeyIdentifier is not that of the public key by method (2)',
    kept: unchanged,
  },
  {
    rule: 'subject-key-identifier-method-2',
    of: DEVICE,
    broken: without(oids.SUBJECT_KEY_IDENTIFIER),
    says: 'subjectKeyIdentifier is missing',
    kept: unchanged,
  },
  {
    rule: 'authority-key-identifier-form',
    of: DEVICE,
    broken: without(oids.AUTHORITY_KEY_IDENTIFIER),
    says: 'authorityKeyIdentifier is missing',
    kept: unchanged,
  },
  {
    rule: 'authority-key-identifier-form',
    of: DEVICE,
    broken: withExtension(
      oids.AUTHORITY_KEY_IDENTIFIER,
      false,
      values.authorityKeyIdentifierValue(Buffer.alloc(20, 0x41)),
    ),
    says: 'authorityKeyIdentifier does not have 8 octets',
    kept: withExtension(oids.AUTHORITY_KEY_IDENTIFIER, false, values.authorityKeyIdentifierValue(identifier)),
  },
  {
    rule: 'authority-key-identifier-form',
    of: DEVICE,
    broken: withExtension(
      oids.AUTHORITY_KEY_IDENTIFIER,
      false,
      sequence(tlv(0x80, identifier), tlv(0x82, Buffer.from([1]))),
    ),
    says: 'octet 12: 3 octets too many after keyIdentifier',
    kept: unchanged,
  },
  {
    rule: 'root-without-authority-key-identifier',
    of: 'root-dca',
    broken: withExtension(
      oids.AUTHORITY_KEY_IDENTIFIER,
      false,
      values.authorityKeyIdentifierValue(identifier),
    ),
    says: 'a root has no authorityKeyIdentifier',
    kept: unchanged,
  },
  {
    rule: 'certificate-policies-critical',
    of: DEVICE,
    broken: withExtension(oids.CERTIFICATE_POLICIES, false, values.certificatePoliciesValue([POLICY])),
    says: 'certificatePolicies is not critical',
    kept: withExtension(oids.CERTIFICATE_POLICIES, true, values.certificatePoliciesValue(['1.2.3'])),
  },
  {
    rule: 'certificate-policies-critical',
    of: DEVICE,
    broken: without(oids.CERTIFICATE_POLICIES),
    says: 'certificatePolicies is missing',
    kept: unchanged,
  },
  {
    rule: 'one-policy-without-qualifiers',
    of: DEVICE,
    broken: withExtension(
      oids.CERTIFICATE_POLICIES,
      true,
      values.certificatePoliciesValue([POLICY, '1.2.3']),
    ),
    says: 'certificatePolicies holds 2 policies',
    kept: withExtension(oids.CERTIFICATE_POLICIES, true, values.certificatePoliciesValue(['1.2.3'])),
  },
  {
    rule: 'one-policy-without-qualifiers',
    of: DEVICE,
    broken: withExtension(oids.CERTIFICATE_POLICIES, true, sequence(sequence(oid(POLICY), sequence()))),
    says: 'octet 19: 2 octets too many after a policy identifier: qualifiers are not used here',
    kept: unchanged,
  },
];
