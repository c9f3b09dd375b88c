import { X509Certificate, type KeyObject } from 'node:crypto';

/**
 * Lets OpenSSL read a finished certificate and verify it under its issuer's key: another reader than the code that wrote it.
 * @throws Error when OpenSSL does not read it or its signature does not verify
 */
export function checkIssued(der: Buffer, issuerKey: KeyObject): X509Certificate {
  const certificate = new X509Certificate(der);
  if (!certificate.verify(issuerKey))
    throw new Error('OpenSSL does not verify the signature of the finished certificate');
  return certificate;
}
