/** What a strict reader refuses, and at which octet. */
export class DerError extends Error {
  readonly offset: number;

  constructor(offset: number, detail: string) {
    super(`octet ${String(offset)}: ${detail}`);
    this.name = 'DerError';
    this.offset = offset;
  }
}

/** Universal tags that certificates and requests use (X.690, 8). */
export const TAG = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OID: 0x06,
  UTF8_STRING: 0x0c,
  PRINTABLE_STRING: 0x13,
  IA5_STRING: 0x16,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;

/**
 * Walks DER from one TLV to the next. Refuses what is not DER: indefinite or longer than minimal lengths, tags above
 * 30, content that ends outside its parent.
 */
export class DerReader {
  readonly octets: Buffer;
  /** Where the next TLV begins. */
  position: number;
  readonly end: number;

  constructor(octets: Buffer, from = 0, to = octets.length) {
    this.octets = octets;
    this.position = from;
    this.end = to;
  }

  get done(): boolean {
    return this.position === this.end;
  }

  /** The tag of the next TLV; 0 at the end (no universal tag 0 exists in DER). */
  peek(): number {
    return this.position < this.end ? (this.octets[this.position] ?? 0) : 0;
  }

  /** Steps over the next TLV, which must have this tag. @returns where its content begins; it ends at `position` */
  content(tag: number, what: string): number {
    const { octets, position: start, end } = this;
    if (start >= end) throw new DerError(start, `${what} is missing`);
    const found = octets[start] ?? 0;
    if (found !== tag) throw new DerError(start, `${what} has tag ${hex(found)} instead of ${hex(tag)}`);
    // Tag 0 ends contents in BER; low bits of 31 begin a tag of several octets: no structure read here has either.
    if (found === 0 || (found & 0x1f) === 0x1f)
      throw new DerError(start, `${what} has a tag that is not used here`);
    let length = octets[start + 1] ?? 0;
    let from = start + 2;
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count === 0)
        throw new DerError(start, `${what} has an indefinite length, which is BER and not DER`);
      if (count > 3) throw new DerError(start, `${what} has a length of ${String(count)} octets`);
      if (from + count > end) throw new DerError(start, `${what} is cut off`);
      length = octets.readUIntBE(from, count);
      if (length < 0x80 || length < 2 ** (8 * (count - 1)))
        throw new DerError(start, `${what} has a length that is not written in the fewest octets`);
      from += count;
    }
    if (from + length > end) throw new DerError(start, `${what} is cut off`);
    this.position = from + length;
    return from;
  }

  /** Content octets of the next TLV, as a view. */
  take(tag: number, what: string): Buffer {
    const from = this.content(tag, what);
    return this.octets.subarray(from, this.position);
  }

  /** The next TLV whole, whatever its tag, as a view. */
  takeTlv(what: string): Buffer {
    const start = this.position;
    this.content(this.peek(), what);
    return this.octets.subarray(start, this.position);
  }

  /** Goes into the next TLV. */
  enter(tag: number, what: string): DerReader {
    const from = this.content(tag, what);
    return new DerReader(this.octets, from, this.position);
  }

  /** @throws DerError when anything follows */
  finish(what: string): void {
    if (!this.done)
      throw new DerError(this.position, `${String(this.end - this.position)} octets too many after ${what}`);
  }

  /** An INTEGER's content octets, minimal (X.690, 8.3.2). */
  integer(what: string): Buffer {
    const start = this.position;
    const value = this.take(TAG.INTEGER, what);
    const first = value[0];
    if (first === undefined) throw new DerError(start, `${what} is an INTEGER without octets`);
    if (
      value.length > 1 &&
      ((first === 0 && (value[1] ?? 0) < 0x80) || (first === 0xff && (value[1] ?? 0) >= 0x80))
    )
      throw new DerError(start, `${what} is an INTEGER that is not written in the fewest octets`);
    return value;
  }

  /** An INTEGER that must be small and not negative. */
  smallInteger(what: string): number {
    const start = this.position;
    const value = this.integer(what);
    if (value.length > 4 || (value[0] ?? 0) >= 0x80) throw new DerError(start, `${what} is out of range`);
    return value.readUIntBE(0, value.length);
  }

  /** A BOOLEAN: FALSE is 00 and TRUE is ff, nothing else (X.690, 11.1). */
  boolean(what: string): boolean {
    const start = this.position;
    const value = this.take(TAG.BOOLEAN, what);
    if (value.length !== 1 || (value[0] !== 0 && value[0] !== 0xff))
      throw new DerError(start, `${what} is not a DER BOOLEAN`);
    return value[0] === 0xff;
  }

  /** An OBJECT IDENTIFIER in dotted form, at most 64 octets; every arc minimal, complete and below 2^63 (X.690, 8.19). */
  oid(what: string): string {
    const start = this.position;
    return readOid(this.take(TAG.OID, what), start, what);
  }

  /** A BIT STRING's octets; whole octets only, as keys, signatures and identifiers are. */
  wholeBits(what: string): Buffer {
    const start = this.position;
    const value = this.take(TAG.BIT_STRING, what);
    if (value[0] !== 0)
      throw new DerError(start, `${what} is a BIT STRING that does not end with a whole octet`);
    return value.subarray(1);
  }
}

/** Reads one value that must fill the octets. */
export function readWhole<T>(octets: Buffer, what: string, read: (reader: DerReader) => T): T {
  const reader = new DerReader(octets);
  const value = read(reader);
  reader.finish(what);
  return value;
}

function readOid(content: Buffer, start: number, what: string): string {
  // Long numbers cost the square of their length to write out.
  if (content.length > LONGEST_OID)
    throw new DerError(
      start,
      `${what} has ${String(content.length)} octets; an OBJECT IDENTIFIER has at most ${String(LONGEST_OID)} here`,
    );
  const known = KNOWN_OIDS.get(content.toString('latin1'));
  if (known !== undefined) return known;
  if (content.length === 0 || (content.at(-1) ?? 0) >= 0x80)
    throw new DerError(start, `${what} is not a whole OBJECT IDENTIFIER`);
  const arcs: bigint[] = [];
  let arc = 0n;
  let fresh = true;
  for (const octet of content) {
    if (fresh && octet === 0x80)
      throw new DerError(start, `${what} has an arc that is not written in the fewest octets`);
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    if (arc > LARGEST_ARC)
      throw new DerError(start, `${what} has an arc above 2^63 - 1, which is not read here`);
    fresh = octet < 0x80;
    if (!fresh) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const [head = 0n, ...rest] = arcs;
  const first = head < 80n ? head / 40n : 2n;
  const dotted = [first, head - first * 40n, ...rest].join('.');
  if (KNOWN_OIDS.size < MOST_KNOWN) KNOWN_OIDS.set(content.toString('latin1'), dotted);
  return dotted;
}

const hex = (octet: number) => octet.toString(16).padStart(2, '0');
/** The few OIDs that come again and again need no arithmetic; bounded, because strangers send OIDs. */
const KNOWN_OIDS = new Map<string, string>();
const MOST_KNOWN = 256;
const LONGEST_OID = 64;
const LARGEST_ARC = 2n ** 63n - 1n;
