import { DerError, DerReader, TAG } from '../../../src/x509/der.ts';
import {
  basicConstraintsValue,
  encodeExtension,
  keyUsageValue,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readCertificatePolicies,
  readExtendedKeyUsage,
  readExtensions,
  readKeyUsage,
  readSubjectKeyIdentifier,
} from '../../../src/x509/extensions.ts';
import { KEY_USAGE } from '../../../src/x509/oids.ts';
import { oid, sequence, tlv } from '../../../src/x509/write-der.ts';

const octets = (hex: string) => Buffer.from(hex, 'hex');
const keyUsageOf = (content: string) => readKeyUsage(tlv(TAG.BIT_STRING, octets(content)));

describe('extensions', () => {
  const value = octets('03020780');
  const list = (...extensions: readonly Buffer[]) => readExtensions(new DerReader(sequence(...extensions)));

  test('are critical where TRUE is written, and not where nothing is (X.690, 11.5)', () => {
    expect(encodeExtension(KEY_USAGE, true, value).toString('hex')).toBe('300e0603551d0f0101ff040403020780');
    expect(encodeExtension(KEY_USAGE, false, value).toString('hex')).toBe('300b0603551d0f040403020780');
    expect(list(encodeExtension(KEY_USAGE, true, value), encodeExtension('1.2.3', false, value))).toEqual([
      { oid: KEY_USAGE, critical: true, value },
      { oid: '1.2.3', critical: false, value },
    ]);
  });

  test.each([
    ['that say FALSE', '300e0603551d0f010100040403020780', 'FALSE is the default'],
    ['that say TRUE by another octet', '300e0603551d0f010101040403020780', 'not a DER BOOLEAN'],
    [
      'with octets after their value',
      '300d0603551d0f0404030207800500',
      '2 octets too many after an extension',
    ],
    ['without a value', '30050603551d0f', 'an extension value is missing'],
  ])('%s are refused', (_what, hex, why) => {
    expect(() => list(octets(hex))).toThrow(DerError);
    expect(() => list(octets(hex))).toThrow(why);
  });
});

describe('keyUsage', () => {
  test.each([
    ['0780', ['digitalSignature']],
    ['0640', ['nonRepudiation']],
    ['0520', ['keyEncipherment']],
    ['0410', ['dataEncipherment']],
    ['0308', ['keyAgreement']],
    ['0204', ['keyCertSign']],
    ['0102', ['cRLSign']],
    ['0001', ['encipherOnly']],
    ['0106', ['keyCertSign', 'cRLSign']],
    ['05a0', ['digitalSignature', 'keyEncipherment']],
  ] as const)('%s says %j, and is written alike (RFC 5280, 4.2.1.3)', (content, usages) => {
    expect(keyUsageOf(content)).toEqual(usages);
    expect(keyUsageValue(usages)).toEqual(tlv(TAG.BIT_STRING, octets(content)));
  });

  test.each([
    ['without octets', '', 'not a minimal list of bits'],
    ['without bits', '00', 'not a minimal list of bits'],
    ['of one octet that might be a bit', '01', 'not a minimal list of bits'],
    ['of an octet of zeros', '0000', 'not a minimal list of bits'],
    ['of an octet of zeros, all unused but one', '0700', 'not a minimal list of bits'],
    ['with a bit of zero at its end', '0680', 'not a minimal list of bits'],
    ['with unused bits that are set', '07c0', 'not a minimal list of bits'],
    ['with eight unused bits', '0880', 'not a minimal list of bits'],
    ['with eight unused bits of two octets', '088001', 'not a minimal list of bits'],
    ['with 39 unused bits, by which JavaScript shifts as by 7', '2780', 'not a minimal list of bits'],
    ['with an octet of zeros at its end', '078000', 'not a minimal list of bits'],
    ['with decipherOnly', '070080', 'decipherOnly'],
  ])('%s is refused', (_what, content, why) => {
    expect(() => keyUsageOf(content)).toThrow(DerError);
    expect(() => keyUsageOf(content)).toThrow(why);
  });

  test('of nothing is written by nobody', () => {
    expect(() => keyUsageValue([])).toThrow(TypeError);
  });
});

test.each([
  [{ cA: true, pathLen: 0 }, '30060101ff020100'],
  [{ cA: true, pathLen: 3 }, '30060101ff020103'],
  [{ cA: true }, '30030101ff'],
  [{ cA: false }, '3000'],
])('basicConstraints %j are written and read (RFC 5280, 4.2.1.9)', (constraints, hex) => {
  expect(basicConstraintsValue(constraints).toString('hex')).toBe(hex);
  expect(readBasicConstraints(octets(hex))).toEqual(constraints);
});

test.each<[string, (value: Buffer) => unknown, string]>([
  ['subjectKeyIdentifier in an INTEGER', readSubjectKeyIdentifier, '020107'],
  ['subjectKeyIdentifier with octets after it', readSubjectKeyIdentifier, '0401070500'],
  ['authorityKeyIdentifier with an issuer', readAuthorityKeyIdentifier, '30058001078100'],
  ['authorityKeyIdentifier without keyIdentifier', readAuthorityKeyIdentifier, '3000'],
  ['certificatePolicies without one', readCertificatePolicies, '3000'],
  ['certificatePolicies with a qualifier', readCertificatePolicies, '3008300606022a033000'],
  ['extendedKeyUsage without a purpose', readExtendedKeyUsage, '3000'],
  ['basicConstraints that say FALSE', readBasicConstraints, '3003010100'],
  ['basicConstraints with a negative pathLen', readBasicConstraints, '30060101ff0201ff'],
  ['basicConstraints with octets after pathLen', readBasicConstraints, '30080101ff0201000500'],
])('%s is refused', (_what, read, hex) => {
  expect(() => read(octets(hex))).toThrow(DerError);
});

test('policies and purposes are read in their order', () => {
  const [one, other] = ['1.2.3', '1.2.826.0.1.8641679.1.2.1.4'];
  expect(readCertificatePolicies(sequence(sequence(oid(one)), sequence(oid(other))))).toEqual([one, other]);
  expect(readExtendedKeyUsage(sequence(oid(other), oid(one)))).toEqual([other, one]);
});
