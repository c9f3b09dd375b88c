import { TAG } from '../../../src/x509/der.ts';
import { sequence, tlv } from '../../../src/x509/write-der.ts';
import * as values from '../../../src/x509/extensions.ts';
import { encodeName, type RelativeName } from '../../../src/x509/name.ts';
import * as oids from '../../../src/x509/oids.ts';
import { dnsNamesValue, hardwareModuleNameValue } from '../../../src/x509/subject-alt-name.ts';
import { unchanged, withContent, withExtension, without } from '../../support/remake.ts';
import { seededKey } from '../../support/specimens.ts';
import type { RuleRow } from './rule-table.ts';

const ORGANISATION = 'organisation-digital-signing';
const DEVICE = 'device-key-agreement';
const commonName: RelativeName = { type: oids.COMMON_NAME, as: 'utf8', value: 'Another' };
const role: RelativeName = { type: oids.ORGANIZATIONAL_UNIT_NAME, as: 'utf8', value: '7F' };
const eui64: RelativeName = { type: oids.UNIQUE_IDENTIFIER, as: 'bit-string', value: Buffer.alloc(8, 0x90) };
const subject = (...names: RelativeName[]) => withContent({ subject: encodeName(names) });
const issuer = (...names: RelativeName[]) => withContent({ issuer: encodeName(names) });
const usage = (...bits: Parameters<typeof values.keyUsageValue>[0]) =>
  withExtension(oids.KEY_USAGE, true, values.keyUsageValue(bits));
const alternative = (value: Buffer) => withExtension(oids.SUBJECT_ALT_NAME, true, value);
const extendedUsage = withExtension(
  oids.EXTENDED_KEY_USAGE,
  false,
  values.extendedKeyUsageValue([oids.CLIENT_AUTH]),
);
const noCa = withExtension(oids.BASIC_CONSTRAINTS, true, sequence());

const SUBJECT_ORDER =
  'the subject is not [commonName,] organizationalUnitName, uniqueIdentifier in this order';
const ROLE_FORM =
  'organizationalUnitName is not a RemotePartyRole of two upper-case hex digits in UTF8String';
const ISSUER_OCA = 'the issuer is not OU=07 and a commonName of at most four characters, in PrintableString';
const ONE_USAGE = 'keyUsage is not exactly one of digitalSignature and keyAgreement';
const ISSUER_DCA = 'the issuer is not one commonName of at most four characters';

/** SEC Appendix B. */
export const ORGANISATION_ROWS: readonly RuleRow[] = [
  row('organisation-subject', ORGANISATION, subject(role), SUBJECT_ORDER, subject(role, eui64)),
  row(
    'organisation-subject',
    ORGANISATION,
    subject(eui64, role),
    SUBJECT_ORDER,
    subject(commonName, role, eui64),
  ),
  row('organisation-subject', ORGANISATION, subject(commonName, commonName, role, eui64), SUBJECT_ORDER),
  row(
    'organisation-subject',
    ORGANISATION,
    withContent({ subject: inOneRdn(role, eui64) }),
    'attributes of the subject share a relative distinguished name',
  ),
  row('organisation-subject', ORGANISATION, subject({ ...role, value: '7f' }, eui64), ROLE_FORM),
  row('organisation-subject', ORGANISATION, subject({ ...role, value: 'EE' }, eui64), ROLE_FORM),
  row('organisation-subject', ORGANISATION, subject({ ...role, as: 'printable' }, eui64), ROLE_FORM),
  row(
    'organisation-subject',
    ORGANISATION,
    subject(role, { ...eui64, value: Buffer.alloc(7) }),
    'uniqueIdentifier is not a BIT STRING of 64 bits',
  ),
  row(
    'organisation-subject',
    ORGANISATION,
    subject({ ...commonName, as: 'printable' }, role, eui64),
    'commonName is not UTF8String',
  ),
  row('organisation-issuer', ORGANISATION, issuer(printable('CN', 'TIO1')), ISSUER_OCA),
  row(
    'organisation-issuer',
    ORGANISATION,
    issuer(printable('OU', '07'), printable('CN', 'TIO12')),
    ISSUER_OCA,
    issuer(printable('OU', '07'), printable('CN', 'Z1')),
  ),
  row(
    'organisation-issuer',
    ORGANISATION,
    issuer(printable('OU', '00'), printable('CN', 'TRO1')),
    ISSUER_OCA,
  ),
  row(
    'organisation-issuer',
    ORGANISATION,
    issuer(printable('CN', 'TIO1'), printable('OU', '07')),
    ISSUER_OCA,
  ),
  row(
    'organisation-one-key-usage',
    ORGANISATION,
    usage('digitalSignature', 'keyAgreement'),
    ONE_USAGE,
    usage('keyAgreement'),
  ),
  row('organisation-one-key-usage', ORGANISATION, usage('keyEncipherment'), ONE_USAGE),
  row('organisation-extensions', ORGANISATION, extendedUsage, 'the extension 2.5.29.37 does not belong here'),
  row('organisation-extensions', ORGANISATION, noCa, 'the extension 2.5.29.19 does not belong here'),
  row(
    'organisation-extensions',
    ORGANISATION,
    without(oids.CERTIFICATE_POLICIES),
    'the extension 2.5.29.32 is missing',
  ),
];

/** SEC Appendix A. */
export const DEVICE_ROWS: readonly RuleRow[] = [
  row('device-subject-empty', DEVICE, subject(commonName), 'the subject is not empty'),
  row(
    'device-issuer',
    DEVICE,
    issuer(printable('OU', '07'), printable('CN', 'TID1')),
    ISSUER_DCA,
    issuer(printable('CN', 'T')),
  ),
  row('device-issuer', DEVICE, issuer(printable('CN', 'TID12')), ISSUER_DCA),
  row('device-issuer', DEVICE, issuer({ ...commonName, value: 'TID1' }), ISSUER_DCA),
  row(
    'device-indefinite-validity',
    DEVICE,
    withContent({ notAfter: new Date('9999-12-31T23:59:58Z') }),
    'notAfter is not 9999-12-31T23:59:59Z',
    withContent({ notAfter: new Date('9999-12-31T23:59:59.999Z') }),
  ),
  row(
    'device-one-key-usage',
    DEVICE,
    usage('digitalSignature', 'keyAgreement'),
    ONE_USAGE,
    usage('digitalSignature'),
  ),
  row(
    'device-hardware-module-name',
    DEVICE,
    withExtension(oids.SUBJECT_ALT_NAME, false, hardwareModuleNameValue('1.2.3', Buffer.alloc(8))),
    'subjectAltName is not critical',
    alternative(hardwareModuleNameValue('1.2.3', Buffer.alloc(8))),
  ),
  row(
    'device-hardware-module-name',
    DEVICE,
    alternative(hardwareModuleNameValue('1.2.3', Buffer.alloc(7))),
    'hwSerialNum is not an EUI-64 of 8 octets',
  ),
  row(
    'device-hardware-module-name',
    DEVICE,
    alternative(dnsNamesValue(['device.example.test'])),
    'subjectAltName is not exactly one hardwareModuleName',
  ),
  row('device-extensions', DEVICE, extendedUsage, 'the extension 2.5.29.37 does not belong here'),
  row('device-extensions', DEVICE, without(oids.SUBJECT_ALT_NAME), 'the extension 2.5.29.17 is missing'),
];

const TLS = 'dccki-infrastructure';
const TLS_EC = 'dccki-infrastructure-ec';
const rsa = (bits: number) => withContent({ spki: seededKey('another', { algorithm: 'RSA', bits }) });
const purposes = (...list: string[]) =>
  withExtension(oids.EXTENDED_KEY_USAGE, false, values.extendedKeyUsageValue(list));
const SIGNIFIER_ONLY = 'the subject is not one commonName, the Signifier, in UTF8String';
const BOTH_ENDS = 'extendedKeyUsage is not serverAuth and clientAuth, in this order';
const HOSTS_ONLY = 'subjectAltName holds something else than host names';
const hosts = (...names: string[]) => withExtension(oids.SUBJECT_ALT_NAME, false, dnsNamesValue(names));

/** The DCCKI: rules of our own templates. */
export const DCCKI_ROWS: readonly RuleRow[] = [
  row('dccki-key', TLS, rsa(1024), 'the key is neither RSA of at least 2048 bits nor P-256', rsa(3072)),
  row(
    'dccki-signature-algorithm',
    TLS,
    withContent({
      signatureAlgorithm: sequence(tlv(TAG.OID, Buffer.from('2a864886f70d010105', 'hex')), tlv(TAG.NULL)),
    }),
    'the signature algorithm is neither sha256WithRSAEncryption nor ecdsa-with-SHA256',
  ),
  row('dccki-subject', TLS, subject(commonName, role), SIGNIFIER_ONLY, subject(commonName)),
  row('dccki-subject', TLS, subject({ ...commonName, as: 'printable' }), SIGNIFIER_ONLY),
  row('dccki-key-usage', TLS, usage('digitalSignature'), 'keyUsage is not digitalSignature keyEncipherment'),
  row(
    'dccki-key-usage',
    TLS_EC,
    usage('digitalSignature', 'keyEncipherment'),
    'keyUsage is not digitalSignature',
  ),
  row('dccki-tls-both-ends', TLS, extendedUsage, BOTH_ENDS, purposes(oids.SERVER_AUTH, oids.CLIENT_AUTH)),
  row('dccki-tls-both-ends', TLS, purposes(oids.CLIENT_AUTH, oids.SERVER_AUTH), BOTH_ENDS),
  row(
    'dccki-tls-both-ends',
    TLS,
    withExtension(
      oids.EXTENDED_KEY_USAGE,
      true,
      values.extendedKeyUsageValue([oids.SERVER_AUTH, oids.CLIENT_AUTH]),
    ),
    'extendedKeyUsage is critical',
  ),
  row('dccki-host-names', TLS, hosts('not a host'), HOSTS_ONLY, hosts('a.example.test')),
  row('dccki-host-names', TLS, hosts('-a.example.test'), HOSTS_ONLY, without(oids.SUBJECT_ALT_NAME)),
  row(
    'dccki-host-names',
    TLS,
    alternative(dnsNamesValue(['a.example.test'])),
    'subjectAltName is critical although the subject is not empty',
  ),
  row(
    'dccki-extensions',
    TLS,
    noCa,
    'the extension 2.5.29.19 does not belong here',
    without(oids.SUBJECT_ALT_NAME),
  ),
  row('dccki-extensions', TLS, without(oids.EXTENDED_KEY_USAGE), 'the extension 2.5.29.37 is missing'),
];

function row(
  rule: string,
  of: string,
  broken: RuleRow['broken'],
  says: string,
  kept: RuleRow['kept'] = unchanged,
): RuleRow {
  return { rule, of, broken, says, kept };
}

function printable(type: 'CN' | 'OU', value: string): RelativeName {
  return { type: type === 'CN' ? oids.COMMON_NAME : oids.ORGANIZATIONAL_UNIT_NAME, as: 'printable', value };
}

/** A Name with both attributes in one RelativeDistinguishedName. */
function inOneRdn(...names: RelativeName[]): Buffer {
  const attributes = names.map((name) => encodeName([name]).subarray(4));
  return sequence(tlv(TAG.SET, ...attributes));
}
