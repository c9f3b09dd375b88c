import { createPublicKey, KeyObject, verify, webcrypto } from 'node:crypto';
import type { CsrFacts } from '../domain/certificate-request.ts';
import { ECDSA_WITH_SHA256_OID, SHA256_WITH_RSA_OID } from './oids.ts';

/**
 * Whether the CSR is signed by the private key of the public key it carries. `false` also for a point that is not on
 * the curve and for keys and algorithms that no profile knows; never throws.
 * @see RFC 2986, 4.2
 */
export function verifyProofOfPossession(csr: CsrFacts): boolean {
  if (!isOfKnownKind(csr)) return false;
  try {
    return verify('sha256', csr.info, importPublicKey(csr), csr.signature);
  } catch {
    // OpenSSL refuses the key itself: a point off the curve, a modulus that is none.
    return false;
  }
}

/**
 * The same for many. A P-256 point goes in raw: OpenSSL checks that it is on the curve, which is all there is to check on
 * a curve of prime order. A JWK is also multiplied by the order, which costs nearly as much as the verification.
 */
export async function verifyProofsOfPossession(csrs: readonly CsrFacts[]): Promise<boolean[]> {
  const proven: boolean[] = [];
  for (const csr of csrs)
    proven.push(
      csr.publicKey.kind === 'EC_P256'
        ? await verifyByPoint(csr, csr.publicKey)
        : verifyProofOfPossession(csr),
    );
  return proven;
}

async function verifyByPoint(csr: CsrFacts, { point }: { readonly point: Buffer }): Promise<boolean> {
  if (!isOfKnownKind(csr)) return false;
  try {
    const key = await webcrypto.subtle.importKey('raw', point, P256, false, ['verify']);
    return verify('sha256', csr.info, KeyObject.from(key), csr.signature);
  } catch {
    return false;
  }
}

function isOfKnownKind({ publicKey, signatureAlgorithm, signatureAlgorithmWellFormed }: CsrFacts): boolean {
  const fits =
    (publicKey.kind === 'EC_P256' && signatureAlgorithm === ECDSA_WITH_SHA256_OID) ||
    (publicKey.kind === 'RSA' && signatureAlgorithm === SHA256_WITH_RSA_OID);
  return fits && signatureAlgorithmWellFormed;
}

/** The CSR's key for OpenSSL. A P-256 point goes in as JWK: half the price of SPKI, and no lock shared by threads. */
function importPublicKey({ publicKey, spki }: CsrFacts): KeyObject {
  if (publicKey.kind !== 'EC_P256') return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const x = publicKey.point.toString('base64url', 1, 33);
  const y = publicKey.point.toString('base64url', 33, 65);
  return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
}

const P256 = { name: 'ECDSA', namedCurve: 'P-256' };
