import { hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { openZip } from '../../src/archive/read-zip.ts';
import { storedZip } from '../../src/archive/stored-zip.ts';
import {
  canonicalStatement,
  MANIFEST,
  MANIFEST_END,
  manifestHead,
  manifestLine,
  MEMBERS,
  type ListedCertificate,
  type Member,
  type Statement,
} from '../../src/batches/results/manifest.ts';
import { SEAL } from './batch-results.ts';

/** A result taken apart, to be put together with one thing wrong: all that follows from the change agrees with it. */
export interface ResultParts {
  /** Certificates and members by their names, in the order of the ZIP. */
  files: [name: string, content: Buffer][];
  statement: Statement;
  list: ListedCertificate[];
  readonly member: (name: Member) => string;
  readonly setMember: (name: Member, text: string) => void;
}

/** What is wrong with a result beside its parts, after they were signed. */
export interface Afterwards {
  readonly statement?: Partial<Statement>;
  readonly algorithm?: 'sha256WithRSAEncryption';
  /** SubjectPublicKeyInfo that the manifest names. */
  readonly spki?: Buffer;
  /** The whole text of the manifest. */
  readonly manifest?: (text: string) => string | undefined;
  /** What members are said to be. */
  readonly members?: Partial<Record<Member, { octets?: number; sha256?: string }>>;
  readonly more?: readonly (readonly [string, Buffer])[];
}

/** Takes a result apart, changes it, signs it as the service would, and writes it beside the other. */
export async function forge(
  result: string,
  change: (parts: ResultParts) => void,
  after: Afterwards = {},
): Promise<string> {
  const parts = await partsOf(result);
  change(parts);
  for (const name of MEMBERS) {
    const content = parts.files.find(([one]) => one === name)?.[1];
    if (content !== undefined)
      parts.statement.members[name] = { octets: content.length, sha256: hash('sha256', content) };
    Object.assign(parts.statement.members[name], after.members?.[name]);
  }
  const signature = SEAL.sign(canonicalStatement(parts.statement));
  const seal = { algorithm: after.algorithm ?? SEAL.algorithm, spki: after.spki ?? SEAL.spki };
  const text = [
    manifestHead({ ...parts.statement, ...after.statement }, seal, signature),
    ...parts.list.map((one, place) => manifestLine(one, place === 0)),
    MANIFEST_END,
  ].join('');
  const manifest = after.manifest === undefined ? text : after.manifest(text);
  const own = manifest === undefined ? [] : [[MANIFEST, Buffer.from(manifest)] as const];
  const forged = path.join(path.dirname(result), 'forged.zip');
  writeFileSync(forged, packed([...parts.files, ...own, ...(after.more ?? [])]));
  return forged;
}

/** The octets of a ZIP as the service packs it. */
function packed(files: Iterable<readonly [string, Buffer]>): Buffer {
  const zip = storedZip();
  const octets: Buffer[] = [];
  for (const [name, content] of files) octets.push(zip.begin(name, content.length, crc32(content)), content);
  return Buffer.concat([...octets, zip.end()]);
}

async function partsOf(result: string): Promise<ResultParts> {
  const archive = await openZip(result, { entries: 1000, entrySize: readFileSync(result).length });
  const files: [string, Buffer][] = [];
  for (const entry of archive.entries) files.push([entry.name, Buffer.from(await archive.read(entry))]);
  await archive.close();
  const { statement, certificates } = JSON.parse(files.pop()![1].toString()) as {
    statement: Statement;
    certificates: ListedCertificate[];
  };
  const place = (name: Member) => files.find(([one]) => one === name)!;
  return {
    files,
    statement,
    list: certificates,
    member: (name) => place(name)[1].toString(),
    setMember: (name, text) => {
      place(name)[1] = Buffer.from(text);
    },
  };
}
