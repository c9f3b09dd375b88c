import type { Category } from '../../../src/domain/category.ts';
import {
  encodeExtension,
  basicConstraintsValue,
  extendedKeyUsageValue,
} from '../../../src/x509/extensions.ts';
import { encodeName, type RelativeName } from '../../../src/x509/name.ts';
import * as oids from '../../../src/x509/oids.ts';
import { dnsNamesValue, hardwareModuleNameValue } from '../../../src/x509/subject-alt-name.ts';
import { TAG } from '../../../src/x509/der.ts';
import { oid, sequence, tlv } from '../../../src/x509/write-der.ts';
import {
  dcckiCsr,
  deviceCsr,
  deviceSan,
  ECDSA_WITH_SHA384,
  keyUsageExtension,
  newKey,
  newRsaKey,
  octets,
  organisationCsr,
} from '../../support/csr-builder.ts';

/** A CSR that breaks one rule, in the words of a fact, and the nearest one that keeps all. */
export interface CsrCase {
  readonly reason: string;
  readonly name: string;
  readonly category: Category;
  readonly broken: Buffer;
  readonly kept: Buffer;
}

const EUI64 = '90-B3-D5-1F-30-01-00-00';
const DEVICE = '00-DB-12-34-56-78-90-A4';
const key = newKey();
const rsa = newRsaKey();

const device = (change: Parameters<typeof deviceCsr>[2] = {}) =>
  deviceCsr(DEVICE, 'digitalSignature', { key, ...change }).der;
const organisation = (change: Parameters<typeof organisationCsr>[3] = {}, role = '02') =>
  organisationCsr(EUI64, role, 'digitalSignature', { key, ...change }).der;
const infrastructure = (change: Parameters<typeof dcckiCsr>[2] = {}, signifier = 'NORTHGATE') =>
  dcckiCsr(signifier, ['gateway.northgate.example'], { key, ...change }).der;
const named = (...names: readonly RelativeName[]) => organisation({ subject: encodeName(names) });

const commonName = (value: string): RelativeName => ({ type: oids.COMMON_NAME, as: 'utf8', value });
const unit: RelativeName = { type: oids.ORGANIZATIONAL_UNIT_NAME, as: 'utf8', value: '02' };
const uniqueIdentifier: RelativeName = {
  type: oids.UNIQUE_IDENTIFIER,
  as: 'bit-string',
  value: octets(EUI64),
};
/** Both attributes in one RelativeDistinguishedName, in DER order. */
const sharedRdn = tlv(
  TAG.SET,
  sequence(oid(oids.ORGANIZATIONAL_UNIT_NAME), tlv(TAG.UTF8_STRING, Buffer.from('02'))),
  sequence(oid(oids.UNIQUE_IDENTIFIER), tlv(TAG.BIT_STRING, Buffer.from([0]), octets(EUI64))),
);
const multiValued = sequence(sharedRdn);
/** Names of attributes that `encodeName` does not write: dotted type, tag and octets of the value. */
const rawName = (...names: readonly (readonly [type: string, tag: number, value: Buffer])[]) =>
  sequence(...names.map(([type, tag, value]) => tlv(TAG.SET, sequence(oid(type), tlv(tag, value)))));
const IA5_STRING = 0x16;
/** A commonName of its own before them. */
const commonNameBeside = sequence(
  tlv(TAG.SET, sequence(oid(oids.COMMON_NAME), tlv(TAG.UTF8_STRING, Buffer.from('A')))),
  sharedRdn,
);
const longOid = (arcs: number) => `1.2${'.3'.repeat(arcs)}`;
const signing = keyUsageExtension('digitalSignature');
const san = (value: Buffer) => encodeExtension(oids.SUBJECT_ALT_NAME, true, value);
const hosts = (...names: readonly string[]) => san(dnsNamesValue(names));
const serverAuth = encodeExtension(oids.EXTENDED_KEY_USAGE, false, extendedKeyUsageValue([oids.SERVER_AUTH]));

/** The GeneralName of a Device ID, out of its list. */
const moduleName = hardwareModuleNameValue('1.2.3', octets(DEVICE)).subarray(2);
const manyHosts = Array.from({ length: 21 }, (_, number) => `host-${number}.northgate.example`);
/** An identifier of 60 bits in 8 octets. */
const shortened = sequence(
  tlv(TAG.SET, sequence(oid(oids.ORGANIZATIONAL_UNIT_NAME), tlv(TAG.UTF8_STRING, Buffer.from('02')))),
  tlv(TAG.SET, sequence(oid(oids.UNIQUE_IDENTIFIER), tlv(TAG.BIT_STRING, Buffer.from([4]), octets(EUI64)))),
);

type Row = readonly [reason: string, name: string, broken: Buffer, kept?: Buffer];

const DEVICE_ROWS: readonly Row[] = [
  [
    'CSR_UNPARSEABLE',
    'an octet too many',
    device({ octets: (der) => Buffer.concat([der, Buffer.alloc(1)]) }),
  ],
  ['CSR_UNPARSEABLE', 'a text', Buffer.from('not a CSR')],
  ['CSR_VERSION', 'version 1', device({ version: 1 })],
  ['CSR_SIGNATURE_INVALID', 'a signature of another key', device({ signWith: newKey() })],
  ['CSR_SIGNATURE_ALGORITHM', 'ecdsa-with-SHA384', device({ algorithm: ECDSA_WITH_SHA384, hash: 'sha384' })],
  [
    'CSR_SIGNATURE_ALGORITHM',
    'ecdsa-with-SHA256 with parameters',
    device({ algorithm: sequence(oid(oids.ECDSA_WITH_SHA256_OID), tlv(TAG.NULL)) }),
  ],
  ['CSR_KEY_TYPE', 'a key on P-384', device({ key: newKey('P-384') })],
  ['CSR_KEY_TYPE', 'an RSA key', device({ key: rsa })],
  ['CSR_KEY_USAGE', 'two key usages', deviceCsr(DEVICE, ['digitalSignature', 'keyAgreement'], { key }).der],
  ['CSR_KEY_USAGE', 'a key usage of CAs', deviceCsr(DEVICE, 'keyCertSign', { key }).der],
  ['CSR_KEY_USAGE', 'no key usage', device({ extensions: [deviceSan(DEVICE)] })],
  [
    'CSR_KEY_USAGE',
    'a keyUsage that is no bit string',
    device({
      extensions: [
        encodeExtension(oids.KEY_USAGE, true, tlv(TAG.OCTET_STRING, Buffer.from([7]))),
        deviceSan(DEVICE),
      ],
    }),
  ],
  ['CSR_SUBJECT', 'a subject', device({ subject: encodeName([commonName('meter')]) })],
  ['CSR_SAN', 'no subjectAltName', device({ extensions: [signing] })],
  ['CSR_SAN', 'two Device IDs', device({ extensions: [signing, san(sequence(moduleName, moduleName))] })],
  ['CSR_SAN', 'a host name', device({ extensions: [signing, hosts('meter.example')] })],
  [
    'CSR_SAN',
    'a Device ID of seven octets',
    device({ extensions: [signing, san(hardwareModuleNameValue('1.2.3', Buffer.alloc(7, 1)))] }),
  ],
  ['CSR_SAN', 'an hwType of 64 arcs', device({ extensions: [signing, deviceSan(DEVICE, longOid(64))] })],
  ['CSR_SAN', 'an hwType of 2^63', device({ extensions: [signing, deviceSan(DEVICE, `1.2.${2n ** 63n}`)] })],
  ['CSR_SAN', 'a subjectAltName that is no list', device({ extensions: [signing, san(tlv(TAG.NULL))] })],
  [
    'CSR_EXTENSION',
    'a subjectAltName twice',
    device({ extensions: [signing, deviceSan(DEVICE), deviceSan(DEVICE)] }),
  ],
  [
    'CSR_EXTENSION',
    'basicConstraints',
    device({
      extensions: [
        signing,
        deviceSan(DEVICE),
        encodeExtension(oids.BASIC_CONSTRAINTS, true, basicConstraintsValue({ cA: true })),
      ],
    }),
  ],
];

const ORGANISATION_ROWS: readonly Row[] = [
  ['CSR_SUBJECT', 'an empty subject', named()],
  ['CSR_SUBJECT', 'no role', named(uniqueIdentifier)],
  ['CSR_SUBJECT', 'no identifier', named(unit)],
  ['CSR_SUBJECT', 'another order', named(uniqueIdentifier, unit), named(unit, uniqueIdentifier)],
  [
    'CSR_SUBJECT',
    'an attribute more',
    named({ type: oids.ORGANIZATION_NAME, as: 'utf8', value: 'X' }, unit, uniqueIdentifier),
  ],
  ['CSR_SUBJECT', 'two attributes in one RDN', organisation({ subject: multiValued })],
  [
    'CSR_SUBJECT',
    'a commonName before two attributes in one RDN',
    organisation({ subject: commonNameBeside }),
  ],
  [
    'CSR_SUBJECT',
    'a commonName in an IA5String',
    organisation({
      subject: rawName(
        [oids.COMMON_NAME, IA5_STRING, Buffer.from('A')],
        [oids.ORGANIZATIONAL_UNIT_NAME, TAG.UTF8_STRING, Buffer.from('02')],
        [oids.UNIQUE_IDENTIFIER, TAG.BIT_STRING, Buffer.concat([Buffer.alloc(1), octets(EUI64)])],
      ),
    }),
  ],
  [
    'IDENTIFIER_TYPE_WRONG_FOR_CATEGORY',
    'text that begins as the octets of an identifier do',
    organisation({
      subject: rawName(
        [oids.ORGANIZATIONAL_UNIT_NAME, TAG.UTF8_STRING, Buffer.from('02')],
        [oids.UNIQUE_IDENTIFIER, TAG.UTF8_STRING, Buffer.from('\u0000NORTHGAT')],
      ),
    }),
  ],
  ['CSR_SUBJECT', 'a role in lower case', organisation({}, '7f'), organisation({}, '7F')],
  ['CSR_SUBJECT', 'a role in decimal', organisation({}, '2'), organisation({}, '02')],
  ['CSR_SUBJECT', 'a role that does not exist', organisation({}, 'FE')],
  [
    'CSR_SUBJECT',
    'an identifier of seven octets',
    named(unit, { ...uniqueIdentifier, value: Buffer.alloc(7, 1) }),
  ],
  ['CSR_SUBJECT', 'an identifier of 60 bits', organisation({ subject: shortened })],
  ['CSR_SUBJECT', 'a commonName with a control character', organisation({ commonName: 'A\u0000B' })],
  ['CSR_SUBJECT', 'an empty commonName', organisation({ commonName: '' }), organisation({ commonName: 'A' })],
  [
    'CSR_SUBJECT',
    'a commonName of 65 characters',
    organisation({ commonName: 'é'.repeat(65) }),
    organisation({ commonName: 'é'.repeat(64) }),
  ],
  [
    'IDENTIFIER_TYPE_WRONG_FOR_CATEGORY',
    'a Signifier for the identifier',
    named(unit, { type: oids.UNIQUE_IDENTIFIER, as: 'utf8', value: 'NORTHGATE' }),
  ],
  [
    'IDENTIFIER_TYPE_WRONG_FOR_CATEGORY',
    'a Signifier in the octets of the identifier',
    named(unit, { ...uniqueIdentifier, value: Buffer.from('NORTHGATE') }),
  ],
  [
    'IDENTIFIER_TYPE_WRONG_FOR_CATEGORY',
    'the subject of a DCCKI Certificate',
    named(commonName('NORTHGATE')),
  ],
  ['CSR_EXTENSION', 'a subjectAltName', organisation({ extensions: [signing, deviceSan(DEVICE)] })],
  ['CSR_EXTENSION', 'a keyUsage twice', organisation({ extensions: [signing, signing] })],
  ...['01', '05', '06', '87', '89'].map((role): Row => [
    'CSR_ROLE_MISMATCH',
    `the role ${role} with keyAgreement`,
    organisationCsr(EUI64, role, 'keyAgreement', { key }).der,
    organisationCsr(EUI64, role, 'digitalSignature', { key }).der,
  ]),
];

const INFRASTRUCTURE_ROWS: readonly Row[] = [
  [
    'CSR_KEY_TYPE',
    'an RSA key of 1024 bits',
    infrastructure({ key: newRsaKey(1024) }),
    infrastructure({ key: rsa }),
  ],
  [
    'CSR_SIGNATURE_ALGORITHM',
    'sha384WithRSAEncryption',
    infrastructure({
      key: rsa,
      algorithm: sequence(oid('1.2.840.113549.1.1.12'), tlv(TAG.NULL)),
      hash: 'sha384',
    }),
  ],
  [
    'CSR_KEY_USAGE',
    'keyAgreement',
    infrastructure({ extensions: [keyUsageExtension('keyAgreement')] }),
    infrastructure({ extensions: [signing] }),
  ],
  [
    'CSR_KEY_USAGE',
    'keyEncipherment alone',
    infrastructure({ extensions: [keyUsageExtension('keyEncipherment')] }),
    infrastructure({ extensions: [keyUsageExtension(['digitalSignature', 'keyEncipherment'])] }),
  ],
  [
    'CSR_KEY_USAGE',
    'keyCertSign beside digitalSignature',
    infrastructure({ extensions: [keyUsageExtension(['digitalSignature', 'keyCertSign'])] }),
  ],
  [
    'CSR_EXTENSION',
    'an extended key usage that is not of TLS',
    infrastructure({
      extensions: [
        encodeExtension(oids.EXTENDED_KEY_USAGE, false, extendedKeyUsageValue(['1.3.6.1.5.5.7.3.3'])),
      ],
    }),
    infrastructure({ extensions: [serverAuth] }),
  ],
  ['CSR_SUBJECT', 'an empty subject', infrastructure({ subject: encodeName([]) })],
  ['CSR_SUBJECT', 'a name that is no commonName', infrastructure({ subject: encodeName([unit]) })],
  ['CSR_SUBJECT', 'a commonName with a control character', infrastructure({}, 'A\u0000B')],
  [
    'CSR_SUBJECT',
    'a commonName in an IA5String',
    infrastructure({ subject: rawName([oids.COMMON_NAME, IA5_STRING, Buffer.from('NORTHGATE')]) }),
  ],
  ['CSR_SUBJECT', 'two names', infrastructure({ subject: encodeName([commonName('A'), commonName('B')]) })],
  ...['*.northgate.example', 'north_gate.example', '-a.example', 'a..example', '10.0.0.1', 'a.'].map(
    (name): Row => ['CSR_SAN', `the host name ${name}`, infrastructure({ extensions: [hosts(name)] })],
  ),
  [
    'CSR_SAN',
    'twenty-one host names',
    infrastructure({ extensions: [hosts(...manyHosts)] }),
    infrastructure({ extensions: [hosts(...manyHosts.slice(1))] }),
  ],
  ['CSR_SAN', 'a hardwareModuleName', infrastructure({ extensions: [deviceSan(DEVICE)] })],
  ['IDENTIFIER_TYPE_WRONG_FOR_CATEGORY', 'an EUI-64 for the Signifier', infrastructure({}, EUI64)],
  [
    'IDENTIFIER_TYPE_WRONG_FOR_CATEGORY',
    'the subject of an Organisation Certificate',
    infrastructure({ subject: encodeName([unit, uniqueIdentifier]) }),
  ],
];

const cases = (category: Category, rows: readonly Row[], good: Buffer): CsrCase[] =>
  rows.map(([reason, name, broken, kept = good]) => ({ reason, name, category, broken, kept }));

export const CSR_CASES: readonly CsrCase[] = [
  ...cases('DEVICE', DEVICE_ROWS, device()),
  ...cases('ORGANISATION', ORGANISATION_ROWS, organisation({ commonName: 'Northgate Energy' })),
  ...cases('DCCKI', INFRASTRUCTURE_ROWS, infrastructure()),
];
