import { createPublicKey, verify, type JsonWebKeyInput, type KeyObject } from 'node:crypto';
import type { CsrFacts } from '../domain/certificate-request.ts';
import { DerReader, TAG } from './der.ts';
import * as oids from './oids.ts';

/** Whether a CSR is signed by its own key; UNTOLD: by an algorithm or key that OpenSSL is not asked about. */
export type ProofOfPossession = 'PROVEN' | 'FAILED' | 'UNTOLD';

/**
 * Verifies the signature of a CSR under the key it carries, by the algorithm it names, also one that no category takes:
 * whoever signed with SHA-384 is told that, and not that the signature is wrong. Never throws.
 * @see RFC 2986, 4.2
 */
export function proofOfPossession(csr: CsrFacts): ProofOfPossession {
  const algorithm = ALGORITHMS.get(csr.signatureAlgorithm);
  if (algorithm === undefined) return 'UNTOLD';
  try {
    const key = keyOf(csr, algorithm.key);
    if (key === undefined) return 'UNTOLD';
    return verify(algorithm.hash, csr.info, key, csr.signature) ? 'PROVEN' : 'FAILED';
  } catch {
    // OpenSSL refuses the key itself: a point off the curve, a modulus that is none.
    return 'UNTOLD';
  }
}

/**
 * The CSR's key for OpenSSL; `undefined` where it is not of this type, or on a curve that is spelled out instead of named.
 * A P-256 point goes in by its coordinates: no decoder of keys is looked for, and no object is made that garbage collection
 * would have to take to OpenSSL again.
 */
function keyOf(
  { publicKey, spki }: CsrFacts,
  type: Algorithm['key'],
): JsonWebKeyInput | KeyObject | undefined {
  if (publicKey.kind === 'EC_P256') {
    if (type !== 'ec') return undefined;
    const x = publicKey.point.toString('base64url', 1, 33);
    const y = publicKey.point.toString('base64url', 33, 65);
    return { key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' };
  }
  if (publicKey.kind === 'OTHER' && !isOnNamedCurve(spki)) return undefined;
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  return key.asymmetricKeyType === type ? key : undefined;
}

function isOnNamedCurve(spki: Buffer): boolean {
  const info = new DerReader(spki).enter(TAG.SEQUENCE, 'the SubjectPublicKeyInfo');
  const algorithm = info.enter(TAG.SEQUENCE, 'the key algorithm');
  return algorithm.oid('the key algorithm') === oids.EC_PUBLIC_KEY && algorithm.peek() === TAG.OID;
}

interface Algorithm {
  readonly key: 'ec' | 'rsa';
  readonly hash: string;
}

/** RFC 5758, 3.2; RFC 3279, 2.2; RFC 4055, 5. */
const ALGORITHMS = new Map<string, Algorithm>([
  ['1.2.840.10045.4.1', { key: 'ec', hash: 'sha1' }],
  ['1.2.840.10045.4.3.1', { key: 'ec', hash: 'sha224' }],
  [oids.ECDSA_WITH_SHA256_OID, { key: 'ec', hash: 'sha256' }],
  ['1.2.840.10045.4.3.3', { key: 'ec', hash: 'sha384' }],
  ['1.2.840.10045.4.3.4', { key: 'ec', hash: 'sha512' }],
  ['1.2.840.113549.1.1.5', { key: 'rsa', hash: 'sha1' }],
  ['1.2.840.113549.1.1.14', { key: 'rsa', hash: 'sha224' }],
  [oids.SHA256_WITH_RSA_OID, { key: 'rsa', hash: 'sha256' }],
  ['1.2.840.113549.1.1.12', { key: 'rsa', hash: 'sha384' }],
  ['1.2.840.113549.1.1.13', { key: 'rsa', hash: 'sha512' }],
]);
