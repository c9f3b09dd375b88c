import { createHash, hash } from 'node:crypto';
import { MOST_BATCH_ITEMS } from '../../domain/batch.ts';
import { openZip, type ZipArchive } from '../../archive/read-zip.ts';
import { storedZip } from '../../archive/stored-zip.ts';
import type { ZipEntry } from '../../archive/zip-directory.ts';
import { ZipError } from '../../archive/zip-trouble.ts';
import { ContainerError } from '../container-error.ts';
import { chainCheck } from './check-chain.ts';
import {
  MANIFEST,
  MANIFEST_END,
  manifestHead,
  manifestLine,
  MEMBERS,
  parseManifest,
  verifyStatement,
  type Manifest,
  type Member,
  type Statement,
} from './manifest.ts';
import { measure } from './spool.ts';
import { verifyCertificates } from './verify-certificates.ts';
import { verifyLines } from './verify-lines.ts';

/** One thing that was looked at. */
export interface ResultCheck {
  readonly check: string;
  readonly passed: boolean;
  readonly detail: string;
}

/** What a verifier says of a result. */
export interface ResultVerdict {
  readonly passed: boolean;
  readonly checks: readonly ResultCheck[];
  readonly statement?: Statement;
  /** SHA-256 of the SubjectPublicKeyInfo that was used, lower-case hex: to be compared with the published one. */
  readonly keySha256?: string;
}

export interface ResultTrust {
  /** SubjectPublicKeyInfo DER of the service; without it the key inside, which proves no more than that nothing broke. */
  readonly key?: Buffer;
  /** Roots and issuing CAs, DER; without them no chain is checked. */
  readonly anchors?: readonly Buffer[];
}

/**
 * Verifies a result without the service: the frame of the ZIP octet for octet, the signature over the statement, the hash
 * of every file, every certificate read again, the Merkle root, counts and names. A changed octet anywhere is found.
 * @throws the error of the file system; DerError for an anchor that is none
 */
export async function verifyResult(file: string, trust: ResultTrust): Promise<ResultVerdict> {
  const checks: ResultCheck[] = [];
  const say = (check: string, wrong: string | undefined, good: string) => {
    checks.push({ check, passed: wrong === undefined, detail: wrong ?? good });
    return wrong === undefined;
  };
  const verdict = (rest: Pick<ResultVerdict, 'statement' | 'keySha256'> = {}): ResultVerdict => ({
    passed: checks.every((one) => one.passed),
    checks,
    ...rest,
  });
  const chain = trust.anchors === undefined ? undefined : chainCheck(trust.anchors);

  let archive: ZipArchive | undefined;
  try {
    archive = await openZip(file, LIMITS);
    const frame = archive.troubles[0]?.detail ?? (await frameFault(archive));
    if (!say('container', frame, `${String(archive.entries.length)} files, as the service packs them`))
      return verdict();
    const manifest = await readManifest(archive);
    if (!say('manifest', typeof manifest === 'string' ? manifest : undefined, 'in its canonical form'))
      return verdict();
    if (typeof manifest === 'string') return verdict();
    const { statement, signature, certificates } = manifest;

    const spki = trust.key ?? Buffer.from(signature.publicKey, 'base64');
    const keySha256 = hash('sha256', spki, 'hex');
    const whose = trust.key === undefined ? 'the key inside' : 'the given key';
    say('signature', signatureFault(manifest, spki, whose), `by ${whose}, SHA-256 ${keySha256}`);

    say(
      'files',
      filesFault(archive, manifest),
      'each certificate of the list, the reports and the manifest; no other',
    );
    for (const name of MEMBERS)
      say(name, await memberFault(archive, name, statement), statement.members[name].sha256);

    const read = await verifyCertificates(archive, manifest, chain);
    say(
      'certificates',
      read.fault,
      `${String(certificates.length)} read again, each with its hash, name and issuer`,
    );
    say('merkle root', read.root === statement.merkleRoot ? undefined : `it is ${read.root}`, read.root);
    if (chain !== undefined) say('chain', read.chainFault, 'each certificate up to a root among the anchors');

    const lines = await verifyLines(
      memberStream(archive, 'certificates.ndjson'),
      manifest,
      read.serialNumbers,
    );
    say('items', lines.fault, `${String(lines.items)} items agree with certificates and reports`);
    say(
      'counts',
      lines.countFault,
      Object.entries(statement.counts)
        .map(([status, n]) => `${status} ${String(n)}`)
        .join(', '),
    );
    return verdict({ statement, keySha256 });
  } catch (error) {
    if (!(error instanceof ZipError || error instanceof ContainerError || error instanceof RangeError))
      throw error;
    say('container', error.message, '');
    return verdict();
  } finally {
    await archive?.close();
  }
}

/** Packs the same files again and compares every octet of the frame. */
async function frameFault({ entries, file }: ZipArchive): Promise<string | undefined> {
  const frame = storedZip();
  let place = 0;
  for (const { name, size, crc32 } of entries) {
    const header = frame.begin(name, size, crc32);
    if (!(await isAt(header, place))) return `the header of ${name} is not the one that the service writes`;
    place += header.length + size;
  }
  const end = frame.end();
  return place + end.length === file.size && (await isAt(end, place))
    ? undefined
    : 'the directory is not the one that the service writes';

  async function isAt(octets: Buffer, from: number): Promise<boolean> {
    return from + octets.length <= file.size && (await file.read(from, octets.length)).equals(octets);
  }
}

/** The manifest, or what is wrong with its form: written anew from what it says, it must be the same text. */
async function readManifest(archive: ZipArchive): Promise<Manifest | string> {
  const entry = entryOf(archive, MANIFEST);
  if (entry === undefined) return 'there is none';
  if (entry.size > LARGEST_MANIFEST) return 'it is larger than that of the largest batch';
  const octets = await archive.read(entry);
  const manifest = parseManifest(octets.toString('utf8'));
  if (manifest === undefined) return 'it cannot be read';
  const { statement, signature, certificates } = manifest;
  const seal = { algorithm: signature.algorithm, spki: Buffer.from(signature.publicKey, 'base64') };
  const anew = createHash('sha256');
  anew.update(manifestHead(statement, seal, Buffer.from(signature.value, 'base64')));
  certificates.forEach((one, place) => anew.update(manifestLine(one, place === 0)));
  anew.update(MANIFEST_END);
  return anew.digest().equals(hash('sha256', octets, 'buffer'))
    ? manifest
    : 'it is not in its canonical form';
}

/** The key that the manifest names is not signed: it must be the one by which the signature is. */
function signatureFault({ statement, signature }: Manifest, spki: Buffer, whose: string): string | undefined {
  if (!verifyStatement(statement, signature, spki)) return `not by ${whose}`;
  return signature.publicKey === spki.toString('base64') ? undefined : 'the manifest names another key';
}

function filesFault({ entries }: ZipArchive, { certificates }: Manifest): string | undefined {
  const wanted = [...certificates.map((one) => one.file), ...MEMBERS, MANIFEST];
  const wrong = wanted.findIndex((name, place) => entries[place]?.name !== name);
  if (wrong >= 0) return `file ${String(wrong + 1)} should be ${wanted[wrong] ?? ''}`;
  return entries.length === wanted.length ? undefined : 'there are files that the manifest does not list';
}

async function memberFault(
  archive: ZipArchive,
  name: Member,
  { members }: Statement,
): Promise<string | undefined> {
  const { size, sha256 } = await measure(memberStream(archive, name));
  const told = members[name];
  return size === told.octets && sha256 === told.sha256
    ? undefined
    : `its SHA-256 is ${sha256}, not ${told.sha256}`;
}

async function* memberStream(archive: ZipArchive, name: Member): AsyncGenerator<Buffer, void, undefined> {
  const entry = entryOf(archive, name);
  if (entry !== undefined) yield* archive.stream(entry);
}

const entryOf = ({ entries }: ZipArchive, name: string): ZipEntry | undefined =>
  entries.find((one) => one.name === name);

/** Of the largest files most are read in pieces; a ZIP without ZIP64 sizes has none of 4 GiB. */
const LIMITS = { entries: MOST_BATCH_ITEMS + MEMBERS.length + 1, entrySize: 0xfffffffe };
/** Read whole: the list of 50,000 certificates takes 7 MiB. */
const LARGEST_MANIFEST = 256 * 1024 * 1024;
