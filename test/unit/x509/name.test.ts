import { DerError } from '../../../src/x509/der.ts';
import { oid, sequence, tlv } from '../../../src/x509/write-der.ts';
import { encodeName, formatName, readName } from '../../../src/x509/name.ts';

const [COMMON_NAME, UNIQUE_IDENTIFIER] = ['2.5.4.3', '2.5.4.45'];
const attribute = (type: string, tag: number, hex: string) =>
  sequence(oid(type), tlv(tag, Buffer.from(hex, 'hex')));
const nameOf = (...rdns: readonly (readonly Buffer[])[]) => sequence(...rdns.map((rdn) => tlv(0x31, ...rdn)));

describe('a name is read', () => {
  test.each([
    ['UTF8String', 0x0c, 'c389'],
    ['PrintableString', 0x13, '5449'],
    ['IA5String', 0x16, '5449'],
    ['a BIT STRING of whole octets', 0x03, '0090b3'],
    ['a BIT STRING whose unused bits are zero', 0x03, '0410'],
    ['a BIT STRING of one bit', 0x03, '0780'],
    ['an IA5String that ends the ASCII', 0x16, '7f'],
    ['an empty BIT STRING', 0x03, '00'],
  ])('with %s', (_, tag, hex) => {
    const [found] = readName(nameOf([attribute(UNIQUE_IDENTIFIER, tag, hex)]));
    expect(found).toEqual({ type: UNIQUE_IDENTIFIER, tag, value: Buffer.from(hex, 'hex'), single: true });
  });

  test('with two attributes in one RDN, which is told of both', () => {
    const rdn = [attribute(COMMON_NAME, 0x0c, '41'), attribute(UNIQUE_IDENTIFIER, 0x03, '0041')];
    expect(readName(nameOf(rdn)).map((one) => one.single)).toEqual([false, false]);
  });
});

describe('a name is refused', () => {
  const common = attribute(COMMON_NAME, 0x0c, '41');
  test.each([
    ['with a UTF8String that is none', nameOf([attribute(COMMON_NAME, 0x0c, 'c3')])],
    ['with an overlong UTF8String', nameOf([attribute(COMMON_NAME, 0x0c, 'c181')])],
    ['with half a character pair', nameOf([attribute(COMMON_NAME, 0x0c, 'eda080')])],
    ['with a PrintableString that has other characters', nameOf([attribute(COMMON_NAME, 0x13, '40')])],
    ['with an IA5String beyond ASCII', nameOf([attribute(COMMON_NAME, 0x16, '80')])],
    ['with a BIT STRING without octets', nameOf([attribute(UNIQUE_IDENTIFIER, 0x03, '')])],
    ['with eight unused bits', nameOf([attribute(UNIQUE_IDENTIFIER, 0x03, '0800')])],
    ['with unused bits of nothing', nameOf([attribute(UNIQUE_IDENTIFIER, 0x03, '01')])],
    ['with unused bits that are set (X.690, 11.2.1)', nameOf([attribute(UNIQUE_IDENTIFIER, 0x03, '0411')])],
    ['with a BMPString', nameOf([attribute(COMMON_NAME, 0x1e, '0041')])],
    ['with an empty RDN', nameOf([])],
    ['with the same attribute twice in an RDN', nameOf([common, common])],
    ['with an RDN out of DER order', nameOf([attribute(UNIQUE_IDENTIFIER, 0x03, '0041'), common])],
    [
      'with octets after the value of an attribute',
      nameOf([sequence(oid(COMMON_NAME), tlv(0x0c, Buffer.from('A')), tlv(0x05))]),
    ],
    ['with octets after it', Buffer.concat([nameOf([common]), Buffer.from([0])])],
  ])('%s', (_, der) => {
    expect(() => readName(der)).toThrow(DerError);
  });
});

test('a name that people read escapes what has a meaning there, and control characters', () => {
  const der = encodeName([
    { type: COMMON_NAME, as: 'utf8', value: 'A, B+C=D\u0007' },
    { type: UNIQUE_IDENTIFIER, as: 'bit-string', value: Buffer.from('90b3d51f30010000', 'hex') },
  ]);
  expect(formatName(der)).toBe('CN=A\\, B\\+C\\=D\\07, x500UniqueIdentifier=90-B3-D5-1F-30-01-00-00');
  expect(formatName(encodeName([]))).toBe('');
});

test('a name that people read has its letters of every form', () => {
  const der = nameOf(
    [attribute(COMMON_NAME, 0x0c, '5a6fc3ab1b1f7f')],
    [attribute('2.5.4.11', 0x13, '3037')],
    [attribute('2.5.4.10', 0x16, '41')],
    [attribute('1.2.3', 0x03, '000b')],
  );
  expect(formatName(der)).toBe('CN=Zoë\\1b\\1f\\7f, OU=07, O=A, 1.2.3=0B');
});

test('a text is not written as a BIT STRING', () => {
  const name = { type: UNIQUE_IDENTIFIER, as: 'bit-string', value: '90B3D51F30010000' } as const;
  expect(() => encodeName([name])).toThrow(TypeError);
});

test('text outside PrintableString is written by nobody as such', () => {
  expect(() => encodeName([{ type: COMMON_NAME, as: 'printable', value: 'a@b' }])).toThrow(TypeError);
});
