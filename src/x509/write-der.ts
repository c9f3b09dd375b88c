import { TAG } from './der.ts';

/** Writes one TLV. Lengths up to 16 MiB, minimal (X.690, 10.1). */
export function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const header = length < 0x80 ? 2 : length < 0x100 ? 3 : length < 0x10000 ? 4 : 5;
  const out = Buffer.allocUnsafe(header + length);
  out[0] = tag;
  if (header === 2) out[1] = length;
  else {
    out[1] = 0x80 + header - 2;
    out.writeUIntBE(length, 2, header - 2);
  }
  let at = header;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(TAG.SEQUENCE, ...parts);
export const octetString = (value: Uint8Array): Buffer => tlv(TAG.OCTET_STRING, value);
/** A BIT STRING of whole octets. */
export const wholeBitString = (value: Uint8Array): Buffer => tlv(TAG.BIT_STRING, NO_UNUSED_BITS, value);
/** An OBJECT IDENTIFIER TLV from its dotted form. @throws TypeError when it is none */
export function oid(dotted: string): Buffer {
  const known = ENCODED_OIDS.get(dotted);
  if (known !== undefined) return known;
  const encoded = tlv(TAG.OID, encodeOid(dotted));
  if (ENCODED_OIDS.size < MOST_KNOWN) ENCODED_OIDS.set(dotted, encoded);
  return encoded;
}
/** A non-negative INTEGER TLV; octets are big endian, of any length. */
export function unsignedInteger(value: Uint8Array): Buffer {
  let from = 0;
  while (from < value.length - 1 && value[from] === 0) from += 1;
  const minimal = value.subarray(from);
  return (minimal[0] ?? 0) >= 0x80 ? tlv(TAG.INTEGER, NO_UNUSED_BITS, minimal) : tlv(TAG.INTEGER, minimal);
}

function encodeOid(dotted: string): Buffer {
  if (!/^[0-2](\.(0|[1-9]\d*)){1,}$/.test(dotted))
    throw new TypeError(`${dotted} is not an OBJECT IDENTIFIER`);
  const [first = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt);
  if (first < 2n && second > 39n) throw new TypeError(`${dotted} is not an OBJECT IDENTIFIER`);
  return Buffer.concat([first * 40n + second, ...rest].map(encodeArc));
}

function encodeArc(arc: bigint): Buffer {
  const octets = [Number(arc & 0x7fn)];
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) octets.unshift(Number(rest & 0x7fn) | 0x80);
  return Buffer.from(octets);
}

const NO_UNUSED_BITS = Buffer.from([0]);
/** What templates name, and a few that are asked for. */
const ENCODED_OIDS = new Map<string, Buffer>();
const MOST_KNOWN = 256;
