import { hash } from 'node:crypto';
import type { ZipArchive } from '../../archive/read-zip.ts';
import { ZipError } from '../../archive/zip-trouble.ts';
import { parseSerialNumber } from '../../domain/serial-number.ts';
import { DerError } from '../../x509/der.ts';
import { formatName } from '../../x509/name.ts';
import { decodeCertificateInput } from '../../x509/pem.ts';
import { readCertificate, type CertificateFacts } from '../../x509/read-certificate.ts';
import type { ChainCheck } from './check-chain.ts';
import { certificateText } from './finished-item.ts';
import type { Manifest } from './manifest.ts';
import { merkleTree } from './merkle-tree.ts';

/** What the certificates of a result say. */
export interface ReadCertificates {
  /** The first fault, with its file. */
  readonly fault: string | undefined;
  readonly chainFault: string | undefined;
  /** Merkle root over the certificates as they are, lower-case hex. */
  readonly root: string;
  /** Upper-case hex, in the order of the list; empty where there is no certificate. */
  readonly serialNumbers: readonly string[];
}

/** Reads every certificate of the list again from its file. Memory: a serial number for each. */
export async function verifyCertificates(
  archive: ZipArchive,
  { statement, certificates }: Manifest,
  chain: ChainCheck | undefined,
): Promise<ReadCertificates> {
  const tree = merkleTree();
  const serialNumbers: string[] = [];
  let fault: string | undefined;
  let chainFault: string | undefined;
  for (const [place, { file, sha256 }] of certificates.entries()) {
    const entry = archive.entries[place];
    const read =
      entry?.name === file && entry.size <= LARGEST_CERTIFICATE
        ? await readFile(() => archive.read(entry))
        : 'it is not where the list has it, or larger than a certificate';
    if (typeof read === 'string') {
      fault ??= `${file}: ${read}`;
      serialNumbers.push('');
      continue;
    }
    const { der, facts } = read;
    const found = hash('sha256', der, 'buffer');
    tree.append(found);
    serialNumbers.push(parseSerialNumber(facts.facts.serialNumber.toString('hex')) ?? '');
    if (found.toString('hex') !== sha256) fault ??= `${file}: its SHA-256 is not the one of the list`;
    if (formatName(facts.facts.issuer) !== statement.issuer.subject)
      fault ??= `${file}: its issuer is not ${statement.issuer.subject}`;
    const wrong = chain?.(facts);
    if (wrong !== undefined) chainFault ??= `${file}: ${wrong}`;
  }
  return { fault, chainFault, root: tree.root().toString('hex'), serialNumbers };
}

/** A certificate in exactly the text form that the service writes, or what is wrong with it. */
async function readFile(
  read: () => Promise<Buffer>,
): Promise<{ readonly der: Buffer; readonly facts: CertificateFacts } | string> {
  try {
    const text = await read();
    const der = decodeCertificateInput(text);
    if (certificateText(der) !== text.toString('latin1')) return 'it is not the text that the service writes';
    return { der, facts: readCertificate(der) };
  } catch (error) {
    if (error instanceof DerError || error instanceof ZipError) return error.message;
    throw error;
  }
}

/** Octets of its text; ours have some thousand. */
const LARGEST_CERTIFICATE = 64 * 1024;
