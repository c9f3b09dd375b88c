import { DerError, DerReader, TAG } from '../../../src/x509/der.ts';
import { oid, tlv, unsignedInteger } from '../../../src/x509/write-der.ts';

const read = (content: Buffer) => new DerReader(tlv(TAG.OID, content)).oid('the type');
const octets = (hex: string) => Buffer.from(hex, 'hex');
/** A reader of one universal value with this content. */
const over = (tag: number, content: string) => new DerReader(tlv(tag, octets(content)));

describe('a TLV', () => {
  test.each([
    [0, '0400'],
    [0x7f, '047f'],
    [0x80, '048180'],
    [0xff, '0481ff'],
    [0x100, '04820100'],
    [0xffff, '0482ffff'],
    [0x10000, '0483010000'],
  ])(
    'of %i octets is written and read with its length in the fewest octets (X.690, 10.1)',
    (length, header) => {
      const written = tlv(TAG.OCTET_STRING, Buffer.alloc(length, 7));
      expect(written.subarray(0, -length || undefined).toString('hex')).toBe(header);
      const reader = new DerReader(written);
      expect(reader.take(TAG.OCTET_STRING, 'it').equals(Buffer.alloc(length, 7))).toBe(true);
      expect(reader.done).toBe(true);
    },
  );

  test.each([
    ['that is not there', '', 'octet 0: it is missing'],
    ['of another tag', '0500', 'octet 0: it has tag 05 instead of 04'],
    ['without a length', '04', 'octet 0: it is cut off'],
    ['that is cut off', '04020a', 'octet 0: it is cut off'],
    ['whose length is cut off', '0481', 'octet 0: it is cut off'],
    ['whose length of two octets is cut off', '048201', 'octet 0: it is cut off'],
    ['of indefinite length (X.690, 10.1)', '04800000', 'octet 0: it has an indefinite length'],
    ['with a length of four octets', '04840000000107', 'octet 0: it has a length of 4 octets'],
    ['with a length of 127 octets', `04ff${'01'.repeat(127)}`, 'octet 0: it has a length of 127 octets'],
    ['of 127 octets in the long form', `04817f${'00'.repeat(127)}`, 'in the fewest octets'],
    ['of 255 octets whose length has two', `048200ff${'00'.repeat(255)}`, 'in the fewest octets'],
    ['of 65,535 octets whose length has three', `048300ffff${'00'.repeat(65_535)}`, 'in the fewest octets'],
  ])('%s is refused', (_what, hex, why) => {
    const reader = new DerReader(octets(hex));
    expect(() => reader.take(TAG.OCTET_STRING, 'it')).toThrow(DerError);
    expect(() => reader.take(TAG.OCTET_STRING, 'it')).toThrow(why);
  });

  test.each([
    ['its content', '04020a', '0b', 3],
    ['its length', '0481', `80${'00'.repeat(128)}`, 2],
    ['its tag', '', '0400', 0],
  ])('does not take %s from what follows its parent', (_what, within, beyond, end) => {
    const reader = new DerReader(octets(within + beyond), 0, end);
    expect(() => reader.take(TAG.OCTET_STRING, 'it')).toThrow(DerError);
  });

  test.each(['0000', '1f0100', '3f0100', '9f0100', 'bf0100', 'ff0100'])(
    'with the tag of %s is not read, whatever is wanted',
    (hex) => {
      expect(() => new DerReader(octets(hex)).takeTlv('it')).toThrow('a tag that is not used here');
    },
  );

  test('that is the last has no tag after it, whatever follows its parent', () => {
    const reader = new DerReader(octets('05000401'), 0, 2);
    expect(reader.peek()).toBe(TAG.NULL);
    reader.takeTlv('it');
    expect(reader.peek()).toBe(0);
  });

  test('too many is told by its place and by its octets', () => {
    const reader = new DerReader(octets('0500040107'));
    reader.takeTlv('it');
    const refusal = { name: 'DerError', offset: 2, message: 'octet 2: 3 octets too many after it' };
    expect(() => reader.finish('it')).toThrow(expect.objectContaining(refusal));
  });
});

describe('an INTEGER', () => {
  test.each(['00', '7f', '80', 'ff', '0080', '00ff', '0100', 'ff7f', 'fe80', '017f'])(
    '%s is minimal',
    (content) => {
      expect(over(TAG.INTEGER, content).integer('it').toString('hex')).toBe(content);
    },
  );

  test.each([
    ['', 'without octets'],
    ['0000', 'fewest'],
    ['007f', 'fewest'],
    ['ff80', 'fewest'],
    ['ffff', 'fewest'],
  ])('%j is refused (X.690, 8.3)', (content, why) => {
    expect(() => over(TAG.INTEGER, content).integer('it')).toThrow(why);
  });

  test.each([
    ['00', 0],
    ['7f', 127],
    ['0080', 128],
    ['7fffffff', 0x7fffffff],
  ])('%s is the small number %i', (content, value) => {
    expect(over(TAG.INTEGER, content).smallInteger('it')).toBe(value);
  });

  test.each(['80', 'ff', '80000000', '0080000000'])('%s is no small number', (content) => {
    expect(() => over(TAG.INTEGER, content).smallInteger('it')).toThrow('out of range');
  });

  test.each([
    ['00', '020100'],
    ['7f', '02017f'],
    ['80', '02020080'],
    ['0000', '020100'],
    ['00007f', '02017f'],
    ['0100', '02020100'],
    ['ff00', '020300ff00'],
    ['0080', '02020080'],
  ])('of the octets %s is written as %s', (content, der) => {
    expect(unsignedInteger(octets(content)).toString('hex')).toBe(der);
  });
});

test('a BOOLEAN is 00 or ff and nothing else (X.690, 11.1)', () => {
  expect(over(TAG.BOOLEAN, '00').boolean('it')).toBe(false);
  expect(over(TAG.BOOLEAN, 'ff').boolean('it')).toBe(true);
  for (const content of ['', '01', 'fe', '0000', 'ffff', '00ff'])
    expect(() => over(TAG.BOOLEAN, content).boolean('it')).toThrow('not a DER BOOLEAN');
});

test('a BIT STRING of whole octets has no unused bits', () => {
  expect(over(TAG.BIT_STRING, '00').wholeBits('it')).toEqual(Buffer.alloc(0));
  expect(over(TAG.BIT_STRING, '0001').wholeBits('it')).toEqual(octets('01'));
  for (const content of ['', '0102', '0480'])
    expect(() => over(TAG.BIT_STRING, content).wholeBits('it')).toThrow('whole octet');
});

describe('an OBJECT IDENTIFIER', () => {
  test.each([
    ['00', '0.0'],
    ['27', '0.39'],
    ['28', '1.0'],
    ['4f', '1.39'],
    ['50', '2.0'],
    ['51', '2.1'],
    ['7f', '2.47'],
    ['8100', '2.48'],
    ['883703', '2.999.3'],
    ['2a8648ce3d030107', '1.2.840.10045.3.1.7'],
  ])('%s is %s, and written alike (X.690, 8.19)', (content, dotted) => {
    // The second time it is known.
    expect([read(octets(content)), read(octets(content))]).toEqual([dotted, dotted]);
    expect(oid(dotted)).toEqual(tlv(TAG.OID, octets(content)));
  });

  test.each([
    ['of no octets', '', 'not a whole OBJECT IDENTIFIER'],
    ['that ends within an arc', '2a86', 'not a whole OBJECT IDENTIFIER'],
    ['of one octet that ends nothing', '80', 'not a whole OBJECT IDENTIFIER'],
    ['whose first arc begins with zeros', '8027', 'fewest octets'],
    ['with an arc that begins with zeros', '2a8001', 'fewest octets'],
  ])('%s is refused', (_what, content, why) => {
    expect(() => read(octets(content))).toThrow(DerError);
    expect(() => read(octets(content))).toThrow(why);
  });

  test.each(['', '1', '3.1', '0.40', '1.40', '1.02', '1.2.', '1..2', '.1', '1.2.a', '-1.2', '1.2 '])(
    '%j is written by nobody',
    (dotted) => {
      expect(() => oid(dotted)).toThrow(TypeError);
    },
  );

  test('is read as it is after hundreds of others', () => {
    for (let arc = 0; arc < 600; arc += 1)
      expect(read(oid(`1.3.9.${String(arc)}`).subarray(2))).toBe(`1.3.9.${String(arc)}`);
  });

  test('is read up to 64 octets and arcs up to 2^63 - 1', () => {
    const longest = `1.2${'.3'.repeat(63)}`;
    expect(new DerReader(oid(longest)).oid('the type')).toBe(longest);
    const largest = `1.2.${String(2n ** 63n - 1n)}`;
    expect(new DerReader(oid(largest)).oid('the type')).toBe(largest);
  });

  test.each([
    ['65 octets', Buffer.alloc(65, 3), '65 octets'],
    ['an arc of 2^63', oid(`1.2.${String(2n ** 63n)}`).subarray(2), '2^63'],
    ['one arc of 60 octets', Buffer.concat([Buffer.alloc(59, 0xff), Buffer.from([0x7f])]), '2^63'],
  ])('of %s is refused', (_what, content, why) => {
    expect(() => read(content)).toThrow(DerError);
    expect(() => read(content)).toThrow(why);
  });

  test('of 16,000 octets is refused at once', () => {
    const content = Buffer.concat([Buffer.alloc(16_000, 0xff), Buffer.from([0x7f])]);
    const started = performance.now();
    for (let time = 0; time < 50; time += 1) expect(() => read(content)).toThrow(DerError);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
