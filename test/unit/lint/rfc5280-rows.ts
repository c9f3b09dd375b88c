import type { SerialNumber } from '../../../src/domain/serial-number.ts';
import { TAG } from '../../../src/x509/der.ts';
import { sequence, tlv } from '../../../src/x509/write-der.ts';
import * as values from '../../../src/x509/extensions.ts';
import * as oids from '../../../src/x509/oids.ts';
import { doubled, unchanged, withContent, withExtension, without, withNodes } from '../../support/remake.ts';
import type { RuleRow } from './rule-table.ts';

const DEVICE = 'device-digital-signing';
const CA = 'issuing-dca';
const serial = (hex: string) => withContent({ serialNumber: hex as SerialNumber });
const identifier = Buffer.alloc(8, 0x41);
const generalised = { tag: TAG.GENERALIZED_TIME, content: Buffer.from('20261124093015Z') };
const keyCertSign = values.keyUsageValue(['keyCertSign', 'cRLSign']);

/** RFC 5280: one row or more for each rule. */
export const RFC_5280_ROWS: readonly RuleRow[] = [
  {
    rule: 'version-3',
    of: DEVICE,
    broken: withNodes([0, 0], [{ tag: TAG.INTEGER, content: Buffer.from([1]) }]),
    says: 'the version is 2',
    kept: unchanged,
  },
  { rule: 'version-3', of: DEVICE, broken: withNodes([0], []), says: 'the version is 1', kept: unchanged },
  {
    rule: 'serial-number-positive',
    of: DEVICE,
    broken: withNodes([1], [{ tag: TAG.INTEGER, content: Buffer.from([0]) }]),
    says: 'the serial number is not positive',
    kept: serial('01'),
  },
  {
    rule: 'serial-number-positive',
    of: DEVICE,
    broken: withNodes([1], [{ tag: TAG.INTEGER, content: Buffer.alloc(16, 0x80) }]),
    says: 'the serial number is not positive',
    kept: serial('80'),
  },
  {
    rule: 'serial-number-positive',
    of: DEVICE,
    broken: serial('11'.repeat(21)),
    says: 'the serial number has 21 octets',
    kept: serial('11'.repeat(20)),
  },
  {
    rule: 'issuer-not-empty',
    of: DEVICE,
    broken: withContent({ issuer: sequence() }),
    says: 'the issuer is empty',
    kept: unchanged,
  },
  {
    rule: 'time-form',
    of: DEVICE,
    broken: withNodes([4, 0], [generalised]),
    says: 'a time through 2049 is UTCTime, a later one GeneralizedTime',
    kept: withContent({ notBefore: new Date('2049-12-31T23:59:59Z') }),
  },
  {
    rule: 'time-form',
    of: 'organisation-digital-signing',
    broken: withNodes([4, 1], [generalised]),
    says: 'a time through 2049 is UTCTime, a later one GeneralizedTime',
    kept: withContent({ notAfter: new Date('2050-01-01T00:00:00Z') }),
  },
  {
    rule: 'validity-in-order',
    of: DEVICE,
    broken: withContent({ notAfter: new Date('2026-11-24T09:30:14Z') }),
    says: 'notAfter lies before notBefore',
    kept: withContent({ notAfter: new Date('2026-11-24T09:30:15Z') }),
  },
  {
    rule: 'no-unique-identifiers',
    of: DEVICE,
    broken: (specimen) => {
      const spki = { tag: 0x30, content: specimen.content.spki.subarray(2) };
      return withNodes([6], [spki, { tag: 0x82, content: Buffer.from([0, 1]) }])(specimen);
    },
    says: 'issuerUniqueID or subjectUniqueID is there',
    kept: unchanged,
  },
  {
    rule: 'extensions-once',
    of: DEVICE,
    broken: doubled(oids.CERTIFICATE_POLICIES),
    says: 'the extension 2.5.29.32 is there twice',
    kept: unchanged,
  },
  {
    rule: 'empty-subject-needs-critical-san',
    of: DEVICE,
    broken: without(oids.SUBJECT_ALT_NAME),
    says: 'the subject is empty and there is no critical subjectAltName',
    kept: unchanged,
  },
  {
    rule: 'empty-subject-needs-critical-san',
    of: 'dccki-infrastructure',
    broken: withContent({ subject: sequence() }),
    says: 'the subject is empty and there is no critical subjectAltName',
    kept: without(oids.SUBJECT_ALT_NAME),
  },
  {
    rule: 'subject-key-identifier-not-critical',
    of: DEVICE,
    broken: withExtension(oids.SUBJECT_KEY_IDENTIFIER, true, values.subjectKeyIdentifierValue(identifier)),
    says: 'subjectKeyIdentifier is critical',
    kept: unchanged,
  },
  {
    rule: 'subject-key-identifier-not-critical',
    of: DEVICE,
    broken: withExtension(
      oids.SUBJECT_KEY_IDENTIFIER,
      false,
      values.subjectKeyIdentifierValue(Buffer.alloc(0)),
    ),
    says: 'subjectKeyIdentifier is empty',
    kept: without(oids.SUBJECT_KEY_IDENTIFIER),
  },
  {
    rule: 'authority-key-identifier-not-critical',
    of: DEVICE,
    broken: withExtension(
      oids.AUTHORITY_KEY_IDENTIFIER,
      true,
      values.authorityKeyIdentifierValue(identifier),
    ),
    says: 'authorityKeyIdentifier is critical',
    kept: withExtension(oids.AUTHORITY_KEY_IDENTIFIER, false, values.authorityKeyIdentifierValue(identifier)),
  },
  {
    rule: 'key-usage-readable',
    of: DEVICE,
    broken: withExtension(oids.KEY_USAGE, true, tlv(TAG.BIT_STRING, Buffer.from([0, 0x80]))),
    says: 'octet 0: keyUsage is not a minimal list of bits',
    kept: withExtension(oids.KEY_USAGE, true, values.keyUsageValue(['nonRepudiation'])),
  },
  {
    rule: 'key-usage-readable',
    of: DEVICE,
    broken: withExtension(oids.KEY_USAGE, true, tlv(TAG.BIT_STRING, Buffer.from([0]))),
    says: 'octet 0: keyUsage is not a minimal list of bits',
    kept: without(oids.KEY_USAGE),
  },
  {
    rule: 'ca-basic-constraints',
    of: CA,
    broken: without(oids.BASIC_CONSTRAINTS),
    says: 'basicConstraints is missing',
    kept: unchanged,
  },
  {
    rule: 'ca-basic-constraints',
    of: CA,
    broken: withExtension(
      oids.BASIC_CONSTRAINTS,
      false,
      values.basicConstraintsValue({ cA: true, pathLen: 0 }),
    ),
    says: 'basicConstraints is not critical',
    kept: withExtension(oids.BASIC_CONSTRAINTS, true, values.basicConstraintsValue({ cA: true })),
  },
  {
    rule: 'ca-basic-constraints',
    of: CA,
    broken: withExtension(oids.BASIC_CONSTRAINTS, true, sequence()),
    says: 'cA is not TRUE',
    kept: unchanged,
  },
  {
    rule: 'key-cert-sign-needs-ca',
    of: DEVICE,
    broken: withExtension(oids.KEY_USAGE, true, keyCertSign),
    says: 'keyCertSign without cA TRUE',
    kept: withExtension(oids.KEY_USAGE, true, values.keyUsageValue(['cRLSign'])),
  },
  {
    rule: 'key-cert-sign-needs-ca',
    of: CA,
    broken: withExtension(oids.BASIC_CONSTRAINTS, true, sequence()),
    says: 'keyCertSign without cA TRUE',
    kept: unchanged,
  },
];
