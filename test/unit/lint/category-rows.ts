import { TAG } from '../../../src/x509/der.ts';
import { sequence } from '../../../src/x509/write-der.ts';
import * as values from '../../../src/x509/extensions.ts';
import { encodeName, type RelativeName } from '../../../src/x509/name.ts';
import * as oids from '../../../src/x509/oids.ts';
import { dnsNamesValue, hardwareModuleNameValue } from '../../../src/x509/subject-alt-name.ts';
import { nameOfSets, withContent, withExtension, withNodes, without } from '../../support/remake.ts';
import { row, type RuleRow } from './rule-table.ts';

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
/** The uniqueIdentifier of the subject after commonName and role, its last four bits unused. */
const EUI_64_OF_60_BITS = withNodes(
  [5, 2, 0, 1],
  [{ tag: TAG.BIT_STRING, content: Buffer.from('049090909090909090', 'hex') }],
);
const noCa = withExtension(oids.BASIC_CONSTRAINTS, true, sequence());

const SUBJECT_ORDER =
  'the subject is not [commonName,] organizationalUnitName, uniqueIdentifier in this order';
const ROLE_FORM =
  'organizationalUnitName is not a RemotePartyRole of two upper-case hex digits in UTF8String';
const EUI_64_FORM = 'uniqueIdentifier is not a BIT STRING of 64 bits';
const ISSUER_OCA = 'the issuer is not OU=07 and a commonName of at most four characters, in PrintableString';
const ONE_USAGE = 'keyUsage is not exactly one of digitalSignature and keyAgreement';
const moduleName = hardwareModuleNameValue('1.2.3', Buffer.alloc(8));
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
    withContent({ subject: nameOfSets([role, eui64]) }),
    'attributes of the subject share a relative distinguished name',
  ),
  row(
    'organisation-subject',
    ORGANISATION,
    withContent({ subject: nameOfSets([commonName], [role, eui64]) }),
    'attributes of the subject share a relative distinguished name',
  ),
  row('organisation-subject', ORGANISATION, subject({ ...role, value: '7f' }, eui64), ROLE_FORM),
  row('organisation-subject', ORGANISATION, subject({ ...role, value: 'EE' }, eui64), ROLE_FORM),
  row('organisation-subject', ORGANISATION, subject({ ...role, as: 'printable' }, eui64), ROLE_FORM),
  row('organisation-subject', ORGANISATION, subject(role, { ...eui64, value: Buffer.alloc(7) }), EUI_64_FORM),
  row(
    'organisation-subject',
    ORGANISATION,
    subject(role, { ...eui64, as: 'utf8', value: '\0EIGHT...' }),
    EUI_64_FORM,
  ),
  row('organisation-subject', ORGANISATION, EUI_64_OF_60_BITS, EUI_64_FORM),
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
  ...[
    issuer({ ...printable('OU', '07'), type: oids.ORGANIZATION_NAME }, printable('CN', 'TIO1')),
    issuer(printable('OU', '07'), printable('OU', 'TIO1')),
    issuer(printable('OU', '07'), printable('CN', 'TIO1'), printable('CN', 'TIO1')),
    issuer({ ...printable('OU', '07'), as: 'utf8' }, printable('CN', 'TIO1')),
    issuer(printable('OU', '07'), { ...printable('CN', 'TIO1'), as: 'utf8' }),
  ].map((broken) => row('organisation-issuer', ORGANISATION, broken, ISSUER_OCA)),
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
  row('device-issuer', DEVICE, issuer(printable('CN', 'TID1'), printable('OU', '07')), ISSUER_DCA),
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
    withExtension(oids.SUBJECT_ALT_NAME, false, moduleName),
    'subjectAltName is not critical',
    alternative(moduleName),
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
  row(
    'device-hardware-module-name',
    DEVICE,
    alternative(sequence(moduleName.subarray(2), moduleName.subarray(2))),
    'subjectAltName is not exactly one hardwareModuleName',
  ),
  row('device-extensions', DEVICE, extendedUsage, 'the extension 2.5.29.37 does not belong here'),
  row('device-extensions', DEVICE, without(oids.SUBJECT_ALT_NAME), 'the extension 2.5.29.17 is missing'),
];

function printable(type: 'CN' | 'OU', value: string): RelativeName {
  return { type: type === 'CN' ? oids.COMMON_NAME : oids.ORGANIZATIONAL_UNIT_NAME, as: 'printable', value };
}
