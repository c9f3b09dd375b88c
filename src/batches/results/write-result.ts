import { hash } from 'node:crypto';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { storedZip, type StoredZip } from '../../archive/stored-zip.ts';
import { pkcs7Frame } from '../../x509/pkcs7.ts';
import { FAILED_STATUSES, type ItemStatus } from '../../domain/batch.ts';
import { roomFault } from '../disk-room.ts';
import {
  certificateFileName,
  certificateText,
  itemLine,
  REPORT_CSV_HEADER,
  reportCsvLine,
  reportLine,
  type FinishedItem,
} from './finished-item.ts';
import {
  canonicalStatement,
  MANIFEST,
  MANIFEST_END,
  manifestHead,
  manifestLine,
  MEMBERS,
  type BatchFacts,
  type Member,
  type Seal,
  type Statement,
} from './manifest.ts';
import { merkleTree } from './merkle-tree.ts';
import { measure, openSpool, type Spool } from './spool.ts';

/** A result at rest. */
export interface WrittenResult {
  readonly file: string;
  /** The name to offer for the download. */
  readonly name: string;
  readonly octets: number;
  readonly statement: Statement;
  /** The signature over the statement: kept with the batch, the same octets can be made again anywhere. */
  readonly signature: Buffer;
}

/**
 * Writes the result of a batch in one pass over its items: `<id>.crt` for each certificate, report.txt, report.csv,
 * certificates.ndjson, certificates.p7b, manifest.json. The same items, facts and signature give the same octets, so a
 * download that was begun at one node is resumed at another. Memory stays flat: what comes after the certificates waits
 * in files beside the result. The file appears whole or not at all, durable, and replaces an older one.
 *
 * @param items  in the order of their positions, every item of the batch once
 * @param chain  certificates above the items', issuer first, DER: they end the PKCS#7 bundle
 * @throws TypeError when the positions do not rise; RangeError beyond 4 GiB; Fault `storage-full`
 */
export async function writeResult(
  items: AsyncIterable<FinishedItem>,
  facts: BatchFacts,
  options: { readonly file: string; readonly seal: Seal; readonly chain: readonly Buffer[] },
): Promise<WrittenResult> {
  const folder = await mkdtemp(`${options.file}.`);
  const spools: Spool[] = [];
  const spool = async (name: string) => {
    const opened = await openSpool(path.join(folder, name));
    spools.push(opened);
    return opened;
  };
  try {
    const zip: ZipFile = { frame: storedZip(), out: await spool('result.zip') };
    const [report, csv, lines, bundle] = [
      await spool('txt'),
      await spool('csv'),
      await spool('ndjson'),
      await spool('p7b'),
    ];
    const list = await spool('list');
    await csv.append(REPORT_CSV_HEADER);
    const told = await writeItems(items, { zip, report, csv, lines, bundle, list });
    for (const certificate of options.chain) await bundle.append(certificate);

    const frame = pkcs7Frame(bundle.size);
    const contents: Record<Member, () => AsyncIterable<Buffer>> = {
      'report.txt': () => report.read(),
      'report.csv': () => csv.read(),
      'certificates.ndjson': () => lines.read(),
      'certificates.p7b': () => around(frame.before, bundle, frame.after),
    };
    const members = {} as Record<Member, { octets: number; sha256: string }>;
    for (const name of MEMBERS) members[name] = await addFile(zip, name, contents[name]);

    const statement: Statement = { format: 'tcs-batch-result/1', ...facts, ...told, members };
    const signature = await options.seal.sign(canonicalStatement(statement));
    const head = Buffer.from(manifestHead(statement, options.seal, signature));
    await addFile(zip, MANIFEST, () => around(head, list, Buffer.from(MANIFEST_END)));
    await zip.out.append(zip.frame.end());
    await zip.out.sync();
    await rename(path.join(folder, 'result.zip'), options.file);
    return { file: options.file, name: resultName(facts.name), octets: zip.out.size, statement, signature };
  } catch (error) {
    throw roomFault(error);
  } finally {
    for (const one of spools) await one.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** `morning.zip` and `morning` -> `morning-response.zip` (SEC Appendix M, F). */
export const resultName = (upload: string): string =>
  `${upload.replace(/\.(zip|ndjson|csv)$/i, '')}-response.zip`;

interface ZipFile {
  readonly frame: StoredZip;
  readonly out: Spool;
}

interface ResultParts {
  readonly zip: ZipFile;
  readonly report: Spool;
  readonly csv: Spool;
  readonly lines: Spool;
  readonly bundle: Spool;
  readonly list: Spool;
}

/** Writes all that is told of single items, and counts. */
async function writeItems(
  items: AsyncIterable<FinishedItem>,
  { zip, report, csv, lines, bundle, list }: ResultParts,
): Promise<Pick<Statement, 'counts' | 'merkleRoot'>> {
  const counts = { SUCCESS: 0, ...Object.fromEntries(FAILED_STATUSES.map((one) => [one, 0])) } as Record<
    ItemStatus,
    number
  >;
  const tree = merkleTree();
  let before = 0;
  for await (const item of items) {
    if (item.position <= before)
      throw new TypeError('the items do not stand in the order of their positions');
    before = item.position;
    counts[item.status] += 1;
    await report.append(reportLine(item));
    await csv.append(reportCsvLine(item));
    if (item.status !== 'SUCCESS') {
      await lines.append(itemLine(item, undefined));
      continue;
    }
    const sha256 = hash('sha256', item.certificate, 'buffer');
    const listed = { file: certificateFileName(item.id), sha256: sha256.toString('hex') };
    await lines.append(itemLine(item, listed.sha256));
    await list.append(manifestLine(listed, tree.size === 0));
    await bundle.append(item.certificate);
    tree.append(sha256);
    const content = Buffer.from(certificateText(item.certificate), 'latin1');
    await zip.out.append(zip.frame.begin(listed.file, content.length, crc32(content)));
    await zip.out.append(content);
  }
  return { counts, merkleRoot: tree.root().toString('hex') };
}

/** Adds a file whose content is read twice: its header tells size and CRC-32, and comes first. */
async function addFile(
  zip: ZipFile,
  name: string,
  content: () => AsyncIterable<Buffer>,
): Promise<{ octets: number; sha256: string }> {
  const { size, crc32: sum, sha256 } = await measure(content());
  await zip.out.append(zip.frame.begin(name, size, sum));
  for await (const piece of content()) await zip.out.append(piece);
  return { octets: size, sha256 };
}

async function* around(
  before: Buffer,
  middle: Spool,
  after: Buffer,
): AsyncGenerator<Buffer, void, undefined> {
  yield before;
  yield* middle.read();
  yield after;
}
