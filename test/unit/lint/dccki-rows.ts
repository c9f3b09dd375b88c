import { ECDSA_WITH_SHA256 } from '../../../src/x509/certificate.ts';
import { TAG } from '../../../src/x509/der.ts';
import { sequence, tlv } from '../../../src/x509/write-der.ts';
import * as values from '../../../src/x509/extensions.ts';
import { encodeName, type RelativeName } from '../../../src/x509/name.ts';
import * as oids from '../../../src/x509/oids.ts';
import { dnsNamesValue, hardwareModuleNameValue } from '../../../src/x509/subject-alt-name.ts';
import { withContent, withExtension, withNodes, without } from '../../support/remake.ts';
import { seededKey } from '../../support/specimens.ts';
import { row, type RuleRow } from './rule-table.ts';

const commonName: RelativeName = { type: oids.COMMON_NAME, as: 'utf8', value: 'Another' };
const role: RelativeName = { type: oids.ORGANIZATIONAL_UNIT_NAME, as: 'utf8', value: '7F' };
const subject = (...names: RelativeName[]) => withContent({ subject: encodeName(names) });
const usage = (...bits: Parameters<typeof values.keyUsageValue>[0]) =>
  withExtension(oids.KEY_USAGE, true, values.keyUsageValue(bits));
const noCa = withExtension(oids.BASIC_CONSTRAINTS, true, sequence());
const TLS = 'dccki-infrastructure';
const TLS_EC = 'dccki-infrastructure-ec';
const rsa = (bits: number) => withContent({ spki: seededKey('another', { algorithm: 'RSA', bits }) });
const purposes = (...list: string[]) =>
  withExtension(oids.EXTENDED_KEY_USAGE, false, values.extendedKeyUsageValue(list));
/** An RSA key of 2048 bits whose exponent is these octets. */
const exponent = (...octets: number[]) =>
  withNodes([6, 1, 0, 1], [{ tag: TAG.INTEGER, content: Buffer.from(octets) }]);
const KEY_FORM = 'the key is neither RSA of at least 2048 bits nor P-256';
const SIGNIFIER_ONLY = 'the subject is not one commonName, the Signifier, in UTF8String';
const BOTH_ENDS = 'extendedKeyUsage is not serverAuth and clientAuth, in this order';
const HOSTS_ONLY = 'subjectAltName holds something else than host names';
const hosts = (...names: string[]) => withExtension(oids.SUBJECT_ALT_NAME, false, dnsNamesValue(names));

/** The DCCKI: rules of our own templates. */
export const DCCKI_ROWS: readonly RuleRow[] = [
  row('dccki-key', TLS, rsa(1024), KEY_FORM, rsa(3072)),
  row('dccki-key', TLS, exponent(1), KEY_FORM, exponent(3)),
  row('dccki-key', TLS, exponent(1, 0, 0), KEY_FORM),
  row(
    'dccki-signature-algorithm',
    TLS,
    withContent({
      signatureAlgorithm: sequence(tlv(TAG.OID, Buffer.from('2a864886f70d010105', 'hex')), tlv(TAG.NULL)),
    }),
    'the signature algorithm is neither sha256WithRSAEncryption nor ecdsa-with-SHA256',
    withContent({ signatureAlgorithm: ECDSA_WITH_SHA256 }),
  ),
  row('dccki-subject', TLS, subject(commonName, role), SIGNIFIER_ONLY, subject(commonName)),
  row('dccki-subject', TLS, subject({ ...commonName, as: 'printable' }), SIGNIFIER_ONLY),
  row(
    'dccki-subject',
    TLS,
    subject({ ...commonName, value: '' }),
    SIGNIFIER_ONLY,
    subject({ ...commonName, value: 'A' }),
  ),
  row('dccki-key-usage', TLS, usage('digitalSignature'), 'keyUsage is not digitalSignature keyEncipherment'),
  row(
    'dccki-key-usage',
    TLS_EC,
    usage('digitalSignature', 'keyEncipherment'),
    'keyUsage is not digitalSignature',
  ),
  row(
    'dccki-tls-both-ends',
    TLS,
    purposes(oids.CLIENT_AUTH),
    BOTH_ENDS,
    purposes(oids.SERVER_AUTH, oids.CLIENT_AUTH),
  ),
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
  row('dccki-host-names', TLS, hosts('a.example.test', 'not a host'), HOSTS_ONLY),
  row(
    'dccki-host-names',
    TLS,
    withExtension(oids.SUBJECT_ALT_NAME, false, hardwareModuleNameValue('1.2.3', Buffer.alloc(8))),
    HOSTS_ONLY,
  ),
  row(
    'dccki-host-names',
    TLS,
    withExtension(oids.SUBJECT_ALT_NAME, true, dnsNamesValue(['a.example.test'])),
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
