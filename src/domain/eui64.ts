/** An EUI-64 as 16 lower-case hex digits: text order is numeric order, so ranges compare as text. */
export type Eui64 = string & { readonly __brand: 'Eui64' };

/** Both ends belong to the range. */
export interface Eui64Range {
  readonly from: Eui64;
  readonly to: Eui64;
}

/**
 * Reads `90B3D51F30010000`, `90-b3-d5-1f-30-01-00-00` or `90:B3:…`; anything else is `undefined`.
 * Whether the value may identify something is another question: see `isUsableEui64`.
 */
export function parseEui64(text: string): Eui64 | undefined {
  if (!/^([0-9a-f]{16}|([0-9a-f]{2}-){7}[0-9a-f]{2}|([0-9a-f]{2}:){7}[0-9a-f]{2})$/i.test(text))
    return undefined;
  return text.replace(/[-:]/g, '').toLowerCase() as Eui64;
}

/** 8 octets -> Eui64. @throws TypeError when there are not 8. */
export function eui64FromOctets(octets: Uint8Array): Eui64 {
  if (octets.length !== 8) throw new TypeError(`an EUI-64 has 8 octets, not ${octets.length}`);
  return Buffer.from(octets.buffer, octets.byteOffset, 8).toString('hex') as Eui64;
}

/** Eui64 -> 8 octets, big endian. */
export function eui64Octets(eui64: Eui64): Buffer {
  return Buffer.from(eui64, 'hex');
}

/** The form on the wire and in DUIS: `90-B3-D5-1F-30-01-00-00`. */
export function formatEui64(eui64: Eui64): string {
  return (eui64.toUpperCase().match(/../g) ?? []).join('-');
}

export function rangeContains(range: Eui64Range, eui64: Eui64): boolean {
  return range.from <= eui64 && eui64 <= range.to;
}

/** `90-B3-D5-1F-30-01-00-00 to 90-B3-D5-1F-30-01-FF-FF`. */
export const formatEui64Range = ({ from, to }: Eui64Range): string =>
  `${formatEui64(from)} to ${formatEui64(to)}`;

/**
 * Reads what `formatEui64Range` writes.
 * @returns  `undefined` for anything else: also a range that ends before it begins, or holds what identifies nothing
 */
export function parseEui64Range(text: string): Eui64Range | undefined {
  const [from, to, ...more] = text.split(' to ').map((end) => parseEui64(end.trim()));
  if (from === undefined || to === undefined || more.length > 0 || from > to) return undefined;
  // Ends of the same first octet: all that lie between have its group bit, clear as in the first; all ones have it set.
  const sound = isUsableEui64(from) && from.slice(0, 2) === to.slice(0, 2);
  return sound ? { from, to } : undefined;
}

export function rangesOverlap(one: Eui64Range, other: Eui64Range): boolean {
  return one.from <= other.to && other.from <= one.to;
}

/** The EUI-64 that lies `distance` after another. @throws TypeError beyond the last there is */
export function eui64After(eui64: Eui64, distance: number): Eui64 {
  const hex = (BigInt(`0x${eui64}`) + BigInt(distance)).toString(16).padStart(16, '0');
  if (hex.length > 16) throw new TypeError('there is no EUI-64 after the last');
  return hex as Eui64;
}

/** The block of an IEEE MA-S assignment in which an EUI-64 lies: a prefix of 36 bits, and every extension of 28 bits. */
export function masBlockOf(eui64: Eui64): Eui64Range {
  const prefix = eui64.slice(0, 9);
  return { from: `${prefix}0000000` as Eui64, to: `${prefix}fffffff` as Eui64 };
}

/**
 * Whether a Registry Entry is what it must be, one block of IEEE's MA-S (government response, paragraphs 31 and 32): a range that
 * ends before it begins is another fault.
 * @returns what is wrong, with both ends and the block that it should be; `undefined` when nothing is
 */
export function findNoBlock({ from, to }: Eui64Range): string | undefined {
  const block = masBlockOf(from);
  if (from > to || (from === block.from && to === block.to)) return undefined;
  return `a Registry Entry is one MA-S block, a prefix of 36 bits with every extension of 28 bits; ${formatEui64Range({ from, to })} is none, ${formatEui64Range(block)} would be`;
}

/** Not all zero, not all ones, and the group (multicast) bit of the first octet clear (IEEE 802, EUI-64). */
export function isUsableEui64(eui64: Eui64): boolean {
  return !/^(0{16}|f{16})$/.test(eui64) && (Number.parseInt(eui64.slice(0, 2), 16) & 1) === 0;
}
