import { crc32, inflateRawSync } from 'node:zlib';
import { openWindowedFile, type WindowedFile } from './windowed-file.ts';
import {
  LOCAL_HEADER,
  readZipDirectory,
  type ZipDirectory,
  type ZipEntry,
  type ZipLimits,
} from './zip-directory.ts';
import { ZipError, type ZipTrouble } from './zip-trouble.ts';

/** A ZIP whose directory has been read. */
export interface ZipArchive extends ZipDirectory {
  /**
   * The octets of one entry, unpacked, their CRC-32 checked; a view that holds until the next read.
   * @throws ZipError `HEADERS_DIFFER`, `OVERLAPPING`, `CONTENT_DAMAGED`, `ENTRY_TOO_LARGE`
   */
  read(entry: ZipEntry): Promise<Buffer>;
  /** The stored content of an entry that is too large to hold at once, in order: the pieces are the reader's. @throws ZipError as `read` */
  stream(entry: ZipEntry): AsyncGenerator<Buffer, void, undefined>;
  /** Octets of the file itself. @throws RangeError outside it */
  readonly file: WindowedFile;
  close(): Promise<void>;
}

/**
 * Opens a ZIP that a stranger sent. Nothing is believed twice: every local header is held against the directory, and
 * unpacking stops at the size that the directory tells.
 * @throws ZipError `NOT_A_ZIP`, `TOO_MANY_ENTRIES`; what is wrong with single entries stands in `troubles`
 */
export async function openZip(path: string, limits: ZipLimits): Promise<ZipArchive> {
  return readZip(await openWindowedFile(path), limits);
}

/** The same of octets that are at hand; whatever is thrown, they are closed. @throws ZipError as `openZip` */
export async function readZip(file: WindowedFile, limits: ZipLimits): Promise<ZipArchive> {
  try {
    const directory = await readZipDirectory(file, limits);
    return {
      ...directory,
      file,
      read: (entry) => readEntry(entry, file, limits),
      stream: (entry) => streamEntry(entry, file),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readEntry(entry: ZipEntry, file: WindowedFile, limits: ZipLimits): Promise<Buffer> {
  const start = await contentStart(entry, file);
  const packed = await file.read(start, entry.compressedSize);
  const content = entry.deflated ? inflate(packed, entry, limits) : packed;
  if (content.length !== entry.size || crc32(content) !== entry.crc32)
    throw trouble(
      'CONTENT_DAMAGED',
      entry,
      'its content does not have the size and CRC-32 that the ZIP tells',
    );
  return content;
}

async function* streamEntry(entry: ZipEntry, file: WindowedFile): AsyncGenerator<Buffer, void, undefined> {
  if (entry.deflated || entry.size !== entry.compressedSize)
    throw trouble('CONTENT_DAMAGED', entry, 'it is not stored as it is');
  let place = await contentStart(entry, file);
  const end = place + entry.size;
  let sum = 0;
  while (place < end) {
    const octets = await file.read(place, Math.min(PIECE, end - place));
    sum = crc32(octets, sum);
    place += octets.length;
    // Who reads it keeps a piece until the next has come: a line goes on in it.
    yield Buffer.from(octets);
  }
  if (sum !== entry.crc32) throw trouble('CONTENT_DAMAGED', entry, 'its CRC-32 does not fit its content');
}

/** Where the content begins, after a local header that must say what the directory says. */
async function contentStart(entry: ZipEntry, file: WindowedFile): Promise<number> {
  const { offset, name } = entry;
  if (offset + LOCAL_HEADER > entry.boundary)
    throw trouble('OVERLAPPING', entry, 'its header shares octets with another entry');
  const header = await file.read(offset, LOCAL_HEADER);
  const flags = header.readUInt16LE(6);
  const nameLength = header.readUInt16LE(26);
  const start = offset + LOCAL_HEADER + nameLength + header.readUInt16LE(28);
  const sizesFollow = (flags & SIZES_FOLLOW) !== 0;
  const agrees =
    header.readUInt32LE(0) === LOCAL_HEADER_SIGNATURE &&
    ((flags ^ entry.flags) & ~UTF8_NAME) === 0 &&
    header.readUInt16LE(8) === (entry.deflated ? DEFLATED : STORED) &&
    (sizesFollow ||
      (header.readUInt32LE(14) === entry.crc32 &&
        agree(header.readUInt32LE(18), entry.compressedSize) &&
        agree(header.readUInt32LE(22), entry.size)));
  if (start + entry.compressedSize > entry.boundary)
    throw trouble('OVERLAPPING', entry, 'it shares octets with another entry or with the central directory');
  const localName = await file.read(offset + LOCAL_HEADER, nameLength);
  if (!agrees || !localName.equals(Buffer.from(name, 'utf8')))
    throw trouble('HEADERS_DIFFER', entry, 'its local header and the central directory do not say the same');
  return start;
}

function inflate(packed: Buffer, entry: ZipEntry, limits: ZipLimits): Buffer {
  const most = Math.min(entry.size, limits.entrySize);
  try {
    // Octets of a stream that ends early are not read by everybody alike, so all of them must be used.
    const { buffer, engine } = inflateRawSync(packed, {
      maxOutputLength: most + 1,
      info: true,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    if (engine.bytesWritten === packed.length && buffer.length <= most) return buffer;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE')
      throw trouble('CONTENT_DAMAGED', entry, 'its content cannot be inflated', cause);
    throw trouble('ENTRY_TOO_LARGE', entry, 'it unpacks to more octets than the ZIP tells', cause);
  }
  throw trouble('CONTENT_DAMAGED', entry, 'its compressed content does not end where the ZIP tells');
}

/** Sizes of ZIP64 stand in an extra field, and here all bits are set. */
const agree = (local: number, told: number) => local === told || local === 0xffffffff;

function trouble(kind: ZipTrouble['kind'], entry: ZipEntry, detail: string, cause?: unknown): ZipError {
  return new ZipError({ kind, entry: entry.name, detail }, { cause });
}

const PIECE = 64 * 1024;
const LOCAL_HEADER_SIGNATURE = 0x04034b50;
const SIZES_FOLLOW = 0x08;
const UTF8_NAME = 0x800;
const STORED = 0;
const DEFLATED = 8;
