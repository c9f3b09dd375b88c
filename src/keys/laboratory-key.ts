import { createECDH, createPrivateKey, sign } from 'node:crypto';

/** A P-256 key pair that the service makes for somebody else and keeps nowhere. */
export interface LaboratoryKey {
  /** SubjectPublicKeyInfo DER. */
  readonly spki: Buffer;
  /** PrivateKeyInfo DER with the public key in it, as OpenSSL writes it. */
  readonly pkcs8: Buffer;
  /** ecdsa-with-SHA256. */
  sign(octets: Buffer): Buffer;
  /** Overwrites the private key; what was made of it before stays. */
  forget(): void;
}

/** Draws a key pair from the operating system's CSPRNG; a tenth of the price of `generateKeyPairSync`. @see RFC 5915; RFC 5958 */
export function newLaboratoryKey(): LaboratoryKey {
  const pair = createECDH('prime256v1');
  const point = pair.generateKeys();
  const scalar = pair.getPrivateKey();
  const pkcs8 = Buffer.alloc(PKCS8_LENGTH);
  BEFORE_SCALAR.copy(pkcs8);
  // One scalar in 256 has fewer octets: the field is 32 octets long, whatever it holds.
  scalar.copy(pkcs8, BEFORE_SCALAR.length + SCALAR - scalar.length);
  BEFORE_POINT.copy(pkcs8, BEFORE_SCALAR.length + SCALAR);
  point.copy(pkcs8, PKCS8_LENGTH - POINT);
  scalar.fill(0);
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  return {
    spki: Buffer.concat([SPKI_FRAME, point]),
    pkcs8,
    sign: (octets) => sign('sha256', octets, key),
    forget: () => void pkcs8.fill(0),
  };
}

const SCALAR = 32;
const POINT = 65;
const BEFORE_SCALAR = Buffer.from(
  '308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420',
  'hex',
);
const BEFORE_POINT = Buffer.from('a144034200', 'hex');
const PKCS8_LENGTH = BEFORE_SCALAR.length + SCALAR + BEFORE_POINT.length + POINT;
const SPKI_FRAME = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');
