import { createPublicKey, sign, type KeyObject } from 'node:crypto';
import { ECDSA_WITH_SHA256, SHA256_WITH_RSA } from './certificate.ts';
import { TAG } from './der.ts';
import { oid, sequence, tlv, wholeBitString } from './write-der.ts';
import { EXTENSION_REQUEST } from './oids.ts';

/** What a CSR is made of: Name DER and whole extensions in DER. */
export interface CsrContent {
  readonly subject: Buffer;
  readonly extensions: readonly Buffer[];
}

/**
 * Writes a PKCS#10 signed by its own key (P-256: ecdsa-with-SHA256, RSA: sha256WithRSAEncryption).
 * For testers who have no other tool, and for tests; the service itself makes no CSRs. @see RFC 2986, 4
 */
export function writeCsr({ subject, extensions }: CsrContent, privateKey: KeyObject): Buffer {
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  return signInfo(encodeInfo(subject, spki, extensions), privateKey);
}

/** CertificationRequestInfo DER. */
export function encodeInfo(
  subject: Buffer,
  spki: Buffer,
  extensions: readonly Buffer[],
  version = 0,
): Buffer {
  const request = sequence(oid(EXTENSION_REQUEST), tlv(TAG.SET, sequence(...extensions)));
  return sequence(
    tlv(TAG.INTEGER, Buffer.from([version])),
    subject,
    spki,
    extensions.length > 0 ? tlv(0xa0, request) : tlv(0xa0),
  );
}

/** A CertificationRequest of an info, signed. */
function signInfo(info: Buffer, privateKey: KeyObject): Buffer {
  const algorithm = privateKey.asymmetricKeyType === 'rsa' ? SHA256_WITH_RSA : ECDSA_WITH_SHA256;
  return sequence(info, algorithm, wholeBitString(sign('sha256', info, privateKey)));
}
