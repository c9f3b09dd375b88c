import {
  newSerialNumber,
  parseSerialNumber,
  systemRandom,
  type FillRandom,
} from '../../../src/domain/serial-number.ts';
import { unsignedInteger } from '../../../src/x509/write-der.ts';

const SAMPLES = 2 ** 16;
/** How many standard deviations a count may lie from its mean: by chance once in 500 million counts. */
const SIGMAS = 6;

describe(`${String(SAMPLES)} serial numbers of the system's randomness`, () => {
  const serials = Array.from({ length: SAMPLES }, () => newSerialNumber(systemRandom));
  const octets = serials.map((serial) => Buffer.from(serial, 'hex'));

  test('are all different, in each half too', () => {
    for (const part of [serials, serials.map((one) => one.slice(2, 18)), serials.map((one) => one.slice(18))])
      expect(new Set(part).size).toBe(SAMPLES);
  });

  test('are INTEGERs of 16 octets, positive and minimal (RFC 5280, 4.1.2.2)', () => {
    const forms = new Set(octets.map((serial) => unsignedInteger(serial).subarray(0, 2).toString('hex')));
    expect([...forms]).toEqual(['0210']);
    expect(octets.filter((serial) => serial[0]! === 0 || serial[0]! >= 0x80)).toEqual([]);
  });

  test('have 127 bits that are set in half of them', () => {
    const set = Array.from({ length: 128 }, (_, bit) => countOf((serial) => isSet(serial, bit)));
    expect(set[0]).toBe(0);
    // A first octet of zero is drawn again: of its 127 values 64 have a given bit.
    expect(set.slice(1, 8).filter((count) => isSurprising(count, 64 / 127))).toEqual([]);
    expect(set.slice(8).filter((count) => isSurprising(count, 1 / 2))).toEqual([]);
  });

  test('have neighbouring bits, and the same bit in the next one, that know nothing of each other', () => {
    const pairs = Array.from({ length: 119 }, (_, place) => place + 8).flatMap((bit) => [
      countOf((serial) => isSet(serial, bit) === isSet(serial, bit + (bit === 127 ? -1 : 1))),
      octets.slice(1).filter((serial, place) => isSet(serial, bit) === isSet(octets[place]!, bit)).length,
    ]);
    expect(pairs.filter((count) => isSurprising(count, 1 / 2))).toEqual([]);
  });

  test('have octets of which every value is as likely', () => {
    for (let place = 1; place < 16; place += 1) {
      const counts = new Array<number>(256).fill(0);
      for (const serial of octets) counts[serial[place]!]! += 1;
      expect(chiSquare(counts)).toBeLessThan(255 + SIGMAS * Math.sqrt(2 * 255));
    }
  });

  const countOf = (holds: (serial: Buffer) => boolean) => octets.filter(holds).length;
});

describe('a serial number', () => {
  test('is drawn again when its first octet would be zero', () => {
    const draws = [Buffer.alloc(16), Buffer.alloc(16, 0x80), Buffer.alloc(16, 0xff)];
    const fill: FillRandom = (buffer) => draws.shift()!.copy(buffer);
    expect(newSerialNumber(fill)).toBe(`7F${'FF'.repeat(15)}`);
  });

  test.each([
    ['3641b2225809ffbba81b3e8e320aa6cf', '3641B2225809FFBBA81B3E8E320AA6CF'],
    ['003641B2', '3641B2'],
    ['641b2', '0641B2'],
    ['00'.repeat(1) + 'FF'.repeat(20), 'FF'.repeat(20)],
  ])('%s is read as %s', (text, serial) => {
    expect(parseSerialNumber(text)).toBe(serial);
  });

  test.each(['', '0', '000', 'FF'.repeat(21), '0x12', '12:34', '-1', ' 12'])('%j is none', (text) => {
    expect(parseSerialNumber(text)).toBeUndefined();
  });
});

test('randomness is drawn in blocks, and no octet of a block is given twice', () => {
  const drawn = Array.from({ length: 2000 }, (_, place) => {
    const buffer = Buffer.alloc(8 + (place % 9));
    systemRandom(buffer);
    return buffer.toString('hex').slice(0, 16);
  });
  expect(new Set(drawn).size).toBe(drawn.length);
});

const isSet = (serial: Buffer, bit: number) => (serial[bit >> 3]! & (0x80 >> (bit & 7))) !== 0;

/** Whether a count of all samples lies too far from what the probability lets expect. */
function isSurprising(count: number, probability: number): boolean {
  const deviation = Math.sqrt(SAMPLES * probability * (1 - probability));
  return Math.abs(count - SAMPLES * probability) > SIGMAS * deviation;
}

function chiSquare(counts: readonly number[]): number {
  const mean = SAMPLES / counts.length;
  return counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
}
