import { randomFillSync } from 'node:crypto';

/** A certificate serial number: upper-case hex, an even number of digits, no leading `00` octet. */
export type SerialNumber = string & { readonly __brand: 'SerialNumber' };

/** Fills a buffer with random octets; the CSPRNG in production, seeded in tests. */
export type FillRandom = (buffer: Buffer) => void;

/** The operating system's CSPRNG, drawn in blocks of 4 KiB because each call costs more than its octets. */
export const systemRandom: FillRandom = (buffer) => {
  if (used + buffer.length > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  pool.copy(buffer, 0, used, used + buffer.length);
  pool.fill(0, used, used + buffer.length);
  used += buffer.length;
};
const pool = Buffer.alloc(4096);
let used = pool.length;

/**
 * 16 octets as in every certificate seen of the public test PKI: positive (top bit clear), first octet not zero so
 * that the DER INTEGER is minimal and always 16 octets long; 126.98 bits of entropy.
 * @see RFC 5280, 4.1.2.2
 */
export function newSerialNumber(fillRandom: FillRandom): SerialNumber {
  const octets = Buffer.alloc(16);
  do {
    fillRandom(octets);
    octets[0] = (octets[0] ?? 0) & 0x7f;
  } while (octets[0] === 0);
  return octets.toString('hex').toUpperCase() as SerialNumber;
}

/** Reads hex of either case, with or without leading zeros, at most 20 octets; anything else is `undefined`. */
export function parseSerialNumber(text: string): SerialNumber | undefined {
  if (!/^[0-9a-f]{1,42}$/i.test(text)) return undefined;
  const digits = text.toUpperCase().replace(/^0+/, '');
  if (digits.length === 0 || digits.length > 40) return undefined;
  return (digits.length % 2 === 0 ? digits : `0${digits}`) as SerialNumber;
}
