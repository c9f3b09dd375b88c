import { crc32, deflateRawSync } from 'node:zlib';

/** One file of a ZIP that a test makes octet by octet, to be wrong in one place. */
export interface RawEntry {
  readonly name: string | Buffer;
  readonly content: Buffer | string;
  readonly deflate?: boolean;
  /** What the headers tell instead of the truth. */
  readonly method?: number;
  readonly flags?: number;
  readonly external?: number;
  readonly size?: number;
  readonly compressedSize?: number;
  readonly crc32?: number;
  readonly offset?: number;
  readonly localName?: string;
  /** Octets after the content. */
  readonly after?: Buffer;
}

export interface RawZipChange {
  /** Number of entries in the end record. */
  readonly count?: number;
  readonly directoryOffset?: number;
  readonly comment?: string;
  readonly disk?: number;
  /** Octets before the end record. */
  readonly beforeEnd?: Buffer;
}

/** A ZIP of these entries; without a change it is as good as any tool's. */
export function rawZip(entries: readonly RawEntry[], change: RawZipChange = {}): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const content = Buffer.from(entry.content as string);
    const packed = entry.deflate ? deflateRawSync(content) : content;
    const name = Buffer.from(entry.name as string);
    const localName = entry.localName === undefined ? name : Buffer.from(entry.localName);
    const facts = Buffer.alloc(22);
    facts.writeUInt16LE(20, 0);
    facts.writeUInt16LE(entry.flags ?? 0, 2);
    facts.writeUInt16LE(entry.method ?? (entry.deflate ? 8 : 0), 4);
    facts.writeUInt16LE(0x21, 8);
    facts.writeUInt32LE(entry.crc32 ?? crc32(content), 10);
    facts.writeUInt32LE(entry.compressedSize ?? packed.length, 14);
    facts.writeUInt32LE(entry.size ?? content.length, 18);
    const local = [hex('504b0304'), facts, uint16(localName.length), uint16(0), localName, packed];
    const written = Buffer.concat([...local, entry.after ?? Buffer.alloc(0)]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(entry.external ?? 0o100644 * 65_536, 6);
    tail.writeUInt32LE(entry.offset ?? offset, 10);
    directory.push(Buffer.concat([hex('504b01021403'), facts, uint16(name.length), uint16(0), tail, name]));
    locals.push(written);
    offset += written.length;
  }
  const central = Buffer.concat(directory);
  const comment = Buffer.from(change.comment ?? '');
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(change.disk ?? 0, 4);
  end.writeUInt16LE((change.count ?? entries.length) & 0xffff, 8);
  end.writeUInt16LE((change.count ?? entries.length) & 0xffff, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(change.directoryOffset ?? offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...locals, central, change.beforeEnd ?? Buffer.alloc(0), end, comment]);
}

const hex = (digits: string) => Buffer.from(digits, 'hex');
function uint16(value: number): Buffer {
  const octets = Buffer.alloc(2);
  octets.writeUInt16LE(value);
  return octets;
}
