import { fromBufferPromise, type Entry, type ZipFile } from 'yauzl';

/** What the parts of a document may cost. */
export interface PackageLimits {
  /** Octets of all parts together, unpacked: what a ZIP bomb meets. */
  readonly unpackedOctets: number;
}

/** The parts of an Office document: the files of its ZIP by name. */
export interface PackageParts {
  readonly names: readonly string[];
  has(name: string): boolean;
  /** The part's text, UTF-8, as it is unpacked. @throws Error when there is no such part or it is damaged */
  read(name: string): AsyncGenerator<string, void, undefined>;
}

/**
 * Opens the ZIP of a document. Nothing is unpacked that is larger, alone or together, than the limits allow: the sizes
 * are those of the directory, and a part that unpacks to another size is refused as it is read.
 * @throws Error in words: no ZIP, encrypted, one name twice, too many or too large parts
 * @see ECMA-376, Part 2
 */
export async function openPackage(bytes: Uint8Array, limits: PackageLimits): Promise<PackageParts> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const zip = await fromBufferPromise(buffer, { lazyEntries: true, strictFileNames: true });
  const entries = new Map<string, Entry>();
  let unpacked = 0;
  for await (const entry of zip.eachEntry()) {
    // Names of parts are compared without case (Part 2, 6.2.2.3): two readers must not find two different parts.
    const name = entry.fileName.toLowerCase();
    if (entries.has(name)) throw new Error(`the part ${entry.fileName} is there twice`);
    if (entry.isEncrypted()) throw new Error('it is encrypted');
    unpacked += entry.uncompressedSize;
    if (unpacked > limits.unpackedOctets)
      throw new Error(`it unpacks to more than ${String(limits.unpackedOctets)} octets`);
    if (entries.size >= MOST_PARTS) throw new Error(`it has more than ${String(MOST_PARTS)} parts`);
    entries.set(name, entry);
  }
  return {
    names: [...entries.keys()],
    has: (name) => entries.has(name.toLowerCase()),
    read: (name) => readPart(zip, entries.get(name.toLowerCase()), name),
  };
}

/** A whole part. @throws Error when there is no such part or it is damaged */
export async function readWholePart(parts: PackageParts, name: string): Promise<string> {
  let text = '';
  for await (const piece of parts.read(name)) text += piece;
  return text;
}

async function* readPart(
  zip: ZipFile,
  entry: Entry | undefined,
  name: string,
): AsyncGenerator<string, void, undefined> {
  if (entry === undefined) throw new Error(`the part ${name} is missing`);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (chunk?: Buffer) => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch (cause) {
      throw new Error(`the part ${name} is not UTF-8`, { cause });
    }
  };
  for await (const chunk of (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>)
    yield decode(chunk);
  yield decode();
}

/** A workbook of one sheet has about ten. */
const MOST_PARTS = 500;
