import { DerError, DerReader, TAG } from '../../../src/x509/der.ts';
import { oid, tlv } from '../../../src/x509/write-der.ts';

const read = (content: Buffer) => new DerReader(tlv(TAG.OID, content)).oid('the type');

describe('an OBJECT IDENTIFIER', () => {
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
