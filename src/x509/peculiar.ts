import 'reflect-metadata';
import { Crypto } from '@peculiar/webcrypto';
import { cryptoProvider, X509Certificate, X509Certificates } from '@peculiar/x509';

// The one place where the library's cryptography is chosen.
cryptoProvider.set(new Crypto());

/** A PKCS#7 bundle (certs-only SignedData) of certificates in DER. @see RFC 5652, 5 */
export function encodePkcs7(certificates: readonly Buffer[]): Buffer {
  const bundle = new X509Certificates(certificates.map((der) => new X509Certificate(der)));
  return Buffer.from(bundle.export('raw'));
}
