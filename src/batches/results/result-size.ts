import type { KeyObject } from 'node:crypto';
import { storedZip } from '../../archive/stored-zip.ts';
import type { PreparedCertificate } from '../../ca/issue.ts';
import type { ItemStatus } from '../../domain/batch.ts';
import { assembleCertificate } from '../../x509/certificate.ts';
import { pkcs7Frame } from '../../x509/pkcs7.ts';
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
  MANIFEST,
  MANIFEST_END,
  manifestHead,
  manifestLine,
  type BatchFacts,
  type Member,
} from './manifest.ts';

/** The size of a result that nobody writes: its items one by one, and at last the octets of its ZIP. */
export interface ResultMeasure {
  add(item: FinishedItem): void;
  /**
   * Ends it.
   * @param chain  as `writeResult` takes it
   * @param spki   of the key that would sign the manifest
   */
  octets(
    facts: BatchFacts,
    counts: Readonly<Record<ItemStatus, number>>,
    chain: readonly Buffer[],
    spki: Buffer,
  ): number;
}

/**
 * Measures what `writeResult` would write, by the same lines. ECDSA signatures differ by an octet or two: with those of
 * `longestCertificate` it is the most that it can be.
 */
export function measureResult(): ResultMeasure {
  const zip = storedZip();
  let whole = 0;
  let certificates = 0;
  let list = 0;
  const members: Record<Member, number> = {
    'report.txt': 0,
    'report.csv': REPORT_CSV_HEADER.length,
    'certificates.ndjson': 0,
    'certificates.p7b': 0,
  };
  const file = (name: string, size: number) => {
    whole += zip.begin(name, size, 0).length + size;
  };
  return {
    add(item) {
      members['report.txt'] += Buffer.byteLength(reportLine(item));
      members['report.csv'] += Buffer.byteLength(reportCsvLine(item));
      if (item.status !== 'SUCCESS') {
        members['certificates.ndjson'] += Buffer.byteLength(itemLine(item, undefined));
        return;
      }
      const listed = { file: certificateFileName(item.id), sha256: ANY_SHA256 };
      members['certificates.ndjson'] += Buffer.byteLength(itemLine(item, listed.sha256));
      members['certificates.p7b'] += item.certificate.length;
      list += Buffer.byteLength(manifestLine(listed, certificates === 0));
      certificates += 1;
      file(listed.file, certificateText(item.certificate).length);
    },
    octets(facts, counts, chain, spki) {
      for (const one of chain) members['certificates.p7b'] += one.length;
      const { before, after } = pkcs7Frame(members['certificates.p7b']);
      members['certificates.p7b'] += before.length + after.length;
      for (const [name, size] of Object.entries(members)) file(name, size);
      const measured = Object.fromEntries(
        Object.entries(members).map(([name, octets]) => [name, { octets, sha256: ANY_SHA256 }]),
      ) as Record<Member, { octets: number; sha256: string }>;
      const told = { counts, merkleRoot: ANY_SHA256, members: measured };
      const statement = { format: 'tcs-batch-result/1' as const, ...facts, ...told };
      const seal = { algorithm: 'ecdsa-with-SHA256', spki } as const;
      const head = manifestHead(statement, seal, Buffer.alloc(LONGEST_P256_SIGNATURE));
      file(MANIFEST, Buffer.byteLength(head) + list + MANIFEST_END.length);
      return whole + zip.end().length;
    },
  };
}

/** The size and form of the certificate that would be signed, with zeros for its signature: for measuring, for nobody. */
export function longestCertificate({ tbs, signedBy: { facts, publicKey } }: PreparedCertificate): Buffer {
  return assembleCertificate(tbs, facts.signatureAlgorithm, Buffer.alloc(longestSignature(publicKey)));
}

function longestSignature({ asymmetricKeyDetails }: KeyObject): number {
  const bits = asymmetricKeyDetails?.modulusLength;
  return bits === undefined ? LONGEST_P256_SIGNATURE : Math.ceil(bits / 8);
}

/** SEQUENCE of two INTEGERs of 33 octets. @see RFC 3279, 2.2.3 */
const LONGEST_P256_SIGNATURE = 72;
const ANY_SHA256 = '0'.repeat(64);
