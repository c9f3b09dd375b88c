import {
  eui64After,
  formatEui64Range,
  parseEui64Range,
  rangesOverlap,
  type Eui64,
} from '../../../src/domain/eui64.ts';

describe('a range of EUI-64s as text', () => {
  test.each([
    '90-B3-D5-1F-40-00-00-00 to 90-B3-D5-1F-4F-FF-FF-FF',
    '90-B3-D5-1F-40-00-00-00 to 90-B3-D5-1F-40-00-00-00',
    '00-00-00-00-00-00-00-01 to 00-FF-FF-FF-FF-FF-FF-FF',
  ])('%s is read and written alike', (text) => {
    expect(formatEui64Range(parseEui64Range(text)!)).toBe(text);
  });

  test.each([
    ['one EUI-64', '90-B3-D5-1F-40-00-00-00'],
    ['three', '90B3D51F40000000 to 90B3D51F40000001 to 90B3D51F40000002'],
    ['an end before the beginning', '90B3D51F40000001 to 90B3D51F40000000'],
    ['a group address', '91B3D51F40000000 to 91B3D51F40000001'],
    ['group addresses between its ends', '90B3D51F40000000 to 92B3D51F40000000'],
    ['what identifies nothing', '0000000000000000 to 0000000000000001'],
    ['a word', '90B3D51F40000000 until 90B3D51F40000001'],
  ])('%s is none', (_what, text) => {
    expect(parseEui64Range(text)).toBeUndefined();
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
