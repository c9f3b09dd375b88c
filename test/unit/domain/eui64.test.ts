import {
  eui64After,
  eui64FromOctets,
  eui64Octets,
  findNoBlock,
  formatEui64Range,
  isUsableEui64,
  masBlockOf,
  parseEui64,
  parseEui64Range,
  rangeContains,
  rangesOverlap,
  type Eui64,
} from '../../../src/domain/eui64.ts';

describe('an EUI-64', () => {
  test.each(['90B3D51F30010000', '90b3d51f30010000', '90-B3-D5-1F-30-01-00-00', '90:b3:d5:1F:30:01:00:00'])(
    '%s is read',
    (text) => {
      expect(parseEui64(text)).toBe('90b3d51f30010000');
    },
  );

  test.each([
    '',
    '90B3D51F3001000',
    '90B3D51F300100000',
    '90B3D51F3001000G',
    ' 90B3D51F30010000',
    '90B3D51F30010000\n',
    '0x90B3D51F300100',
    '90-B3-D5-1F-30-01-00',
    '90-B3-D5-1F-30-01-00-00-00',
    '90-B3-D5-1F-30-01-00:00',
    '90B3-D51F-3001-0000',
    '90-B3-D5-1F-30-01-0000',
  ])('%j is none', (text) => {
    expect(parseEui64(text)).toBeUndefined();
  });

  test('is eight octets, also within others', () => {
    const octets = Buffer.from('ff90b3d51f30010000ff', 'hex').subarray(1, 9);
    expect(eui64FromOctets(octets)).toBe('90b3d51f30010000');
    expect(eui64Octets('90b3d51f30010000' as Eui64)).toEqual(octets);
    for (const length of [0, 7, 9]) expect(() => eui64FromOctets(Buffer.alloc(length))).toThrow(TypeError);
  });

  test.each([
    ['0000000000000000', false],
    ['0000000000000001', true],
    ['ffffffffffffffff', false],
    ['fefffffffffffffe', true],
    ['0100000000000000', false],
    ['90b3d51f30010000', true],
    ['91b3d51f30010000', false],
  ])('%s may identify something: %s', (eui64, usable) => {
    expect(isUsableEui64(eui64 as Eui64)).toBe(usable);
  });

  test.each([
    ['90b3d51f3fffffff', false],
    ['90b3d51f40000000', true],
    ['90b3d51f40000001', true],
    ['90b3d51f4fffffff', true],
    ['90b3d51f50000000', false],
  ])('%s is in the block 90-B3-D5-1F-4: %s', (eui64, within) => {
    const block = { from: '90b3d51f40000000' as Eui64, to: '90b3d51f4fffffff' as Eui64 };
    expect(rangeContains(block, eui64 as Eui64)).toBe(within);
  });
});

describe('a range of EUI-64s as text', () => {
  test.each([
    '90-B3-D5-1F-40-00-00-00 to 90-B3-D5-1F-4F-FF-FF-FF',
    '90-B3-D5-1F-40-00-00-00 to 90-B3-D5-1F-40-00-00-00',
    '00-00-00-00-00-00-00-01 to 00-FF-FF-FF-FF-FF-FF-FF',
  ])('%s is read and written alike', (text) => {
    expect(formatEui64Range(parseEui64Range(text)!)).toBe(text);
  });

  test.each([
    ['a word and an EUI-64', 'x to 90-B3-D5-1F-40-00-00-00'],
    ['one EUI-64', '90-B3-D5-1F-40-00-00-00'],
    ['three', '90B3D51F40000000 to 90B3D51F40000001 to 90B3D51F40000002'],
    ['an end before the beginning', '90B3D51F40000001 to 90B3D51F40000000'],
    ['a group address', '91B3D51F40000000 to 91B3D51F40000001'],
    ['group addresses between its ends', '90B3D51F40000000 to 92B3D51F40000000'],
    ['group addresses to the last', 'FF00000000000000 to FFFFFFFFFFFFFFFF'],
    ['nothing to nothing', '0000000000000000 to 0000000000000000'],
    ['what identifies nothing', '0000000000000000 to 0000000000000001'],
    ['a word', '90B3D51F40000000 until 90B3D51F40000001'],
  ])('%s is none', (_what, text) => {
    expect(parseEui64Range(text)).toBeUndefined();
  });
});

describe('a Registry Entry', () => {
  const range = (from: string, to: string) => ({ from: from as Eui64, to: to as Eui64 });
  const [first, last] = ['90b3d51f40000000', '90b3d51f4fffffff'] as const;

  test.each([first, '90b3d51f40000001', '90b3d51f4abcdef0', last])('of %s is its MA-S block', (eui64) => {
    expect(masBlockOf(eui64 as Eui64)).toEqual(range(first, last));
  });

  test('that is one block has nothing wrong, and of a range that ends before it begins another fault tells', () => {
    expect(findNoBlock(range(first, last))).toBeUndefined();
    expect(findNoBlock(range(last, first))).toBeUndefined();
  });

  test.each([
    ['begins late', '90b3d51f40000001', last],
    ['ends early', first, '90b3d51f4ffffffe'],
    ['is two blocks', first, '90b3d51f5fffffff'],
    ['is one EUI-64', first, first],
  ])('that %s is told which block it would be', (_what, from, to) => {
    expect(findNoBlock(range(from, to))).toMatch(
      /is none, 90-B3-D5-1F-40-00-00-00 to 90-B3-D5-1F-4F-FF-FF-FF would be$/,
    );
  });
});

test('EUI-64s are counted over every digit, and none lies after the last', () => {
  expect(eui64After('90b3d51f4fffffff' as Eui64, 1)).toBe('90b3d51f50000000');
  expect(eui64After('00000000000000ff' as Eui64, 16)).toBe('000000000000010f');
  expect(() => eui64After('fffffffffffffffe' as Eui64, 2)).toThrow(TypeError);
});

test.each([
  ['00', '0f', '10', '1f', false],
  ['00', '10', '10', '1f', true],
  ['11', '12', '10', '1f', true],
])('%s to %s and %s to %s overlap: %s', (from, to, otherFrom, otherTo, overlap) => {
  const [one, other] = [
    { from: from as Eui64, to: to as Eui64 },
    { from: otherFrom as Eui64, to: otherTo as Eui64 },
  ];
  expect([rangesOverlap(one, other), rangesOverlap(other, one)]).toEqual([overlap, overlap]);
});
