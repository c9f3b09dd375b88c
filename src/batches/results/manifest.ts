import { createPublicKey, verify } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { CATEGORIES, ENVIRONMENTS, PURPOSES } from '../../domain/category.ts';
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from '../../keys/signer.ts';
import { FAILED_STATUSES } from '../../domain/batch.ts';

/** The files of a result beside the certificates, in their order before the manifest. */
export const MEMBERS = ['report.txt', 'report.csv', 'certificates.ndjson', 'certificates.p7b'] as const;
export type Member = (typeof MEMBERS)[number];
export const MANIFEST = 'manifest.json';

/** Which batch a result belongs to. */
export interface BatchFacts {
  readonly batch: string;
  /** Of the upload, without its ending: the result is `<name>-response.zip`. */
  readonly name: string;
  /** Signifier. */
  readonly participant: string;
  readonly category: (typeof CATEGORIES)[number];
  readonly purpose: (typeof PURPOSES)[number];
  readonly environment?: (typeof ENVIRONMENTS)[number];
  /** `2026-11-24T12:00:00Z` */
  readonly completedAt: string;
  readonly issuer: { readonly name: string; readonly subject: string; readonly sha256: string };
}

/** What the service signs: small, and everything else in the result hangs on it by a hash. Hashes are lower-case hex. */
export type Statement = z.infer<typeof statementSchema>;

/** The key by which the service vouches for results; not a CA key. Its Signer fits. */
export interface Seal {
  readonly algorithm: SignatureAlgorithm;
  /** SubjectPublicKeyInfo DER. */
  readonly spki: Buffer;
  /**
   * Signs the canonical octets of the statement. ECDSA draws a number for each signature, so whoever wants the same octets
   * of a result again keeps the first signature with the batch and gives it back here.
   */
  sign(statement: Buffer): Buffer | Promise<Buffer>;
}

/** A line of the manifest's list. */
export interface ListedCertificate {
  readonly file: string;
  readonly sha256: string;
}

/** The canonical octets of a statement: JSON without spaces, members in the order of their names. @see RFC 8785 */
export function canonicalStatement(statement: Statement): Buffer {
  return Buffer.from(canonicalJson(statement));
}

/** What stands in manifest.json before the list of certificates. */
export function manifestHead(
  statement: Statement,
  seal: Pick<Seal, 'algorithm' | 'spki'>,
  value: Buffer,
): string {
  const signature = {
    algorithm: seal.algorithm,
    publicKey: seal.spki.toString('base64'),
    value: value.toString('base64'),
  };
  return `{\n"statement":${canonicalJson(statement)},\n"signature":${JSON.stringify(signature)},\n"certificates":[`;
}

/** A line of the list; `first` has no comma before it. */
export function manifestLine({ file, sha256 }: ListedCertificate, first: boolean): string {
  return `${first ? '' : ','}\n${JSON.stringify({ file, sha256 })}`;
}

/** What stands after the list. */
export const MANIFEST_END = '\n]\n}\n';

/** A manifest as a stranger sent it, its form checked and nothing else; `undefined` when it is none. */
export function parseManifest(text: string): Manifest | undefined {
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
export type Manifest = z.infer<typeof manifestSchema>;

/** Whether the statement is signed by this key; never throws. @param spki SubjectPublicKeyInfo DER */
export function verifyStatement(
  statement: Statement,
  signature: Manifest['signature'],
  spki: Buffer,
): boolean {
  try {
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    const kind = signature.algorithm === 'ecdsa-with-SHA256' ? 'ec' : 'rsa';
    const value = Buffer.from(signature.value, 'base64');
    return key.asymmetricKeyType === kind && verify('sha256', canonicalStatement(statement), key, value);
  } catch {
    // OpenSSL refuses the key itself.
    return false;
  }
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().min(0);
const measured = z.strictObject({ octets: count, sha256 });
const text = z.string().max(1000);

const statementSchema = z.strictObject({
  format: z.literal('tcs-batch-result/1'),
  batch: text,
  name: text,
  participant: text,
  category: z.enum(CATEGORIES),
  purpose: z.enum(PURPOSES),
  environment: z.enum(ENVIRONMENTS).optional(),
  completedAt: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
  issuer: z.strictObject({ name: text, subject: text, sha256 }),
  /** Items by status. */
  counts: z.strictObject(
    Object.fromEntries(['SUCCESS', ...FAILED_STATUSES].map((status) => [status, count])) as Record<
      'SUCCESS' | (typeof FAILED_STATUSES)[number],
      typeof count
    >,
  ),
  /** RFC 6962 over the SHA-256 (32 octets) of each certificate, in the order of the list. */
  merkleRoot: sha256,
  members: z.strictObject(
    Object.fromEntries(MEMBERS.map((name) => [name, measured])) as Record<Member, typeof measured>,
  ),
});

const manifestSchema = z.strictObject({
  statement: statementSchema,
  signature: z.strictObject({
    algorithm: z.enum(SIGNATURE_ALGORITHMS),
    publicKey: z.string(),
    value: z.string(),
  }),
  certificates: z.array(z.strictObject({ file: text, sha256 })),
});
