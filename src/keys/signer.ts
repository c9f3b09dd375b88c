import type { KeyObject } from 'node:crypto';

/** How a key signs: the names of RFC 5758, 3.2 and RFC 4055, 5. */
export const SIGNATURE_ALGORITHMS = ['ecdsa-with-SHA256', 'sha256WithRSAEncryption'] as const;
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

/**
 * The one door to a private key of the service: nothing outside this folder holds the key itself, nor makes or reads one.
 * ESLint refuses the names of `node:crypto` that would (docs/architecture.md).
 */
export interface Signer {
  readonly algorithm: SignatureAlgorithm;
  readonly publicKey: KeyObject;
  /** SubjectPublicKeyInfo DER. */
  readonly spki: Buffer;
  /** Hashes the octets with SHA-256 and signs; an ECDSA signature is DER with minimal INTEGERs. */
  sign(octets: Buffer): Buffer;
}
