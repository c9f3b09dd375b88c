import { isUtf8 } from 'node:buffer';
import * as yauzl from 'yauzl';
import type { WindowedFile } from './windowed-file.ts';
import { ZipError, type ZipTrouble } from './zip-trouble.ts';

/** One file of a ZIP as the central directory tells it. Sizes and places in octets. */
export interface ZipEntry {
  /** 1 for the first. */
  readonly position: number;
  readonly name: string;
  readonly deflated: boolean;
  readonly flags: number;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly offset: number;
  /** Where the next entry, or the central directory, begins: this entry must end before. */
  boundary: number;
}

export interface ZipDirectory {
  readonly entries: readonly ZipEntry[];
  /** At most `MOST_TROUBLES`; empty when every entry may be read. */
  readonly troubles: readonly ZipTrouble[];
}

export interface ZipLimits {
  readonly entries: number;
  /** Octets of one file, unpacked. */
  readonly entrySize: number;
}

/**
 * Reads the central directory and holds every entry against what a plain ZIP has: regular files with names in UTF-8,
 * stored or deflated, not encrypted, each in octets of its own. What a name may be is the caller's rule.
 * @throws ZipError `NOT_A_ZIP`, `TOO_MANY_ENTRIES`
 * @see APPNOTE.TXT of the ZIP format, 4.3 and 4.4
 */
export async function readZipDirectory(file: WindowedFile, limits: ZipLimits): Promise<ZipDirectory> {
  try {
    const zip = await yauzl.fromRandomAccessReaderPromise(new Reader(file), file.size, OPTIONS);
    zip.on('error', () => undefined);
    return await readEntries(zip, file, limits);
  } catch (cause) {
    if (cause instanceof ZipError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ZipError({ kind: 'NOT_A_ZIP', detail: `the ZIP cannot be read: ${why}` }, { cause });
  }
}

async function readEntries(zip: yauzl.ZipFile, file: WindowedFile, limits: ZipLimits): Promise<ZipDirectory> {
  if (zip.entryCount > limits.entries) throw tooMany(limits.entries);
  const start = cursorOf(zip);
  const entries: ZipEntry[] = [];
  const troubles: ZipTrouble[] = [];
  for await (const found of zip.eachEntry()) {
    const entry = entryOf(found, entries.length + 1);
    entries.push(entry);
    if (troubles.length < MOST_TROUBLES) troubles.push(...entryTroubles(found, entry, limits));
  }
  await requireEndOfDirectory(zip, file, limits);
  troubles.push(...setBoundaries(entries, start));
  return { entries, troubles: troubles.slice(0, MOST_TROUBLES) };
}

function entryOf(found: yauzl.Entry, position: number): ZipEntry {
  const raw = found.fileNameRaw;
  return {
    position,
    name: isUtf8(raw) ? raw.toString('utf8') : raw.toString('latin1'),
    deflated: found.compressionMethod === DEFLATED,
    flags: found.generalPurposeBitFlag,
    crc32: found.crc32,
    compressedSize: found.compressedSize,
    size: found.uncompressedSize,
    offset: found.relativeOffsetOfLocalHeader,
    boundary: 0,
  };
}

function entryTroubles(found: yauzl.Entry, entry: ZipEntry, limits: ZipLimits): ZipTrouble[] {
  const { compressionMethod, externalFileAttributes } = found;
  const unixKind = (externalFileAttributes >>> 16) & FILE_KIND;
  const regular = unixKind === 0 || unixKind === REGULAR_FILE;
  const directory = entry.name.endsWith('/') || (externalFileAttributes & DOS_DIRECTORY) !== 0;
  const method = String(compressionMethod);
  const rows: [boolean, ZipTrouble['kind'], string][] = [
    [!isUtf8(found.fileNameRaw), 'NAME_ENCODING', 'its name is not UTF-8'],
    [(entry.flags & ENCRYPTED) !== 0, 'ENCRYPTED', 'it is encrypted'],
    [directory, 'NOT_A_REGULAR_FILE', 'it is a folder'],
    [!regular && unixKind === SYMBOLIC_LINK, 'NOT_A_REGULAR_FILE', 'it is a symbolic link'],
    [!regular && !directory && unixKind !== SYMBOLIC_LINK, 'NOT_A_REGULAR_FILE', 'it is no regular file'],
    [
      compressionMethod !== STORED && compressionMethod !== DEFLATED,
      'COMPRESSION_METHOD',
      `its compression method is ${method}, which is neither stored (0) nor deflated (8)`,
    ],
    [
      entry.size > limits.entrySize,
      'ENTRY_TOO_LARGE',
      `it holds ${String(entry.size)} octets; at most ${String(limits.entrySize)} are read`,
    ],
  ];
  return rows.flatMap(([broken, kind, detail]) => (broken ? [{ kind, entry: entry.name, detail }] : []));
}

/** The directory must end where its own end record begins: a count that tells too few hides entries. */
async function requireEndOfDirectory(
  zip: yauzl.ZipFile,
  file: WindowedFile,
  limits: ZipLimits,
): Promise<void> {
  const place = cursorOf(zip);
  const signature = (await file.read(place, 4)).readUInt32LE(0);
  if (signature === END_OF_DIRECTORY || signature === ZIP64_END_OF_DIRECTORY) return;
  const more = signature === DIRECTORY_ENTRY;
  // 65,536 entries and more need ZIP64; without it the count begins again at 0.
  const begunAgain = file.size - place >= COUNT_OF_16_BITS * SHORTEST_DIRECTORY_ENTRY;
  if (more && begunAgain && zip.entryCount + COUNT_OF_16_BITS > limits.entries) throw tooMany(limits.entries);
  const detail = more
    ? `its end record counts fewer files (${String(zip.entryCount)}) than there are`
    : 'the central directory does not end where it should';
  throw new ZipError({ kind: 'NOT_A_ZIP', detail });
}

/** Gives each entry the place before which it must end, and finds those that share octets. */
function setBoundaries(entries: readonly ZipEntry[], directory: number): ZipTrouble[] {
  const byOffset = [...entries].sort((left, right) => left.offset - right.offset);
  return byOffset.flatMap((entry, place): ZipTrouble[] => {
    entry.boundary = byOffset[place + 1]?.offset ?? directory;
    if (entry.offset + LOCAL_HEADER + entry.compressedSize <= entry.boundary) return [];
    const detail = 'it shares octets with another entry or with the central directory';
    return [{ kind: 'OVERLAPPING', entry: entry.name, detail }];
  });
}

const tooMany = (most: number) =>
  new ZipError({ kind: 'TOO_MANY_ENTRIES', detail: `the ZIP holds more than ${String(most)} files` });

/** What yauzl reads from: our window instead of a system call for each header. */
class Reader extends yauzl.RandomAccessReader {
  readonly #file: WindowedFile;

  constructor(file: WindowedFile) {
    super();
    this.#file = file;
  }

  override read(
    target: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    this.#file.read(position, length).then(
      (octets) => callback(null, octets.copy(target, offset)),
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
    );
  }
}

/** Where yauzl stands in the directory: public in the library, another thing in its types. */
const cursorOf = (zip: yauzl.ZipFile) =>
  (zip as unknown as { readonly readEntryCursor: number }).readEntryCursor;

/** More than these help nobody. */
const MOST_TROUBLES = 20;
/** Fixed part of a local file header, octets. */
export const LOCAL_HEADER = 30;
const OPTIONS = { autoClose: false, decodeStrings: false, validateEntrySizes: false };
/** Fixed part of an entry of the central directory, octets. */
const SHORTEST_DIRECTORY_ENTRY = 46;
const COUNT_OF_16_BITS = 65_536;
const DIRECTORY_ENTRY = 0x02014b50;
const END_OF_DIRECTORY = 0x06054b50;
const ZIP64_END_OF_DIRECTORY = 0x06064b50;
const STORED = 0;
const DEFLATED = 8;
/** Bit 0 traditional, bit 6 strong encryption, bit 13 masked headers. */
const ENCRYPTED = 0x2041;
const DOS_DIRECTORY = 0x10;
const FILE_KIND = 0xf000;
const REGULAR_FILE = 0x8000;
const SYMBOLIC_LINK = 0xa000;
