import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import type { CsrFacts } from '../domain/certificate-request.ts';
import { ECDSA_WITH_SHA256_OID, SHA256_WITH_RSA_OID } from './oids.ts';

/**
 * Whether the CSR is signed by the private key of the public key it carries. `false` also for a point that is not on
 * the curve and for keys and algorithms that no profile knows; never throws.
 * @see RFC 2986, 4.2
 */
export function verifyProofOfPossession(csr: CsrFacts): boolean {
  const fits =
    (csr.publicKey.kind === 'EC_P256' && csr.signatureAlgorithm === ECDSA_WITH_SHA256_OID) ||
    (csr.publicKey.kind === 'RSA' && csr.signatureAlgorithm === SHA256_WITH_RSA_OID);
  if (!fits || !csr.signatureAlgorithmWellFormed) return false;
  try {
    return verify('sha256', csr.info, importPublicKey(csr), csr.signature);
  } catch {
    // OpenSSL refuses the key itself: a point off the curve, a modulus that is none.
    return false;
  }
}

/** The CSR's key for OpenSSL. A P-256 point goes in as JWK: half the price of SPKI, and no lock shared by threads. */
function importPublicKey({ publicKey, spki }: CsrFacts): KeyObject {
  if (publicKey.kind !== 'EC_P256') return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const x = publicKey.point.toString('base64url', 1, 33);
  const y = publicKey.point.toString('base64url', 33, 65);
  return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
}
