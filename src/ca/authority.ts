import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import type { Category } from '../domain/category.ts';
import type { SerialNumber } from '../domain/serial-number.ts';
import type { Signer } from '../keys/signer.ts';
import type { LintedTbs } from '../lint/lint.ts';
import type { AuthorityFacts } from '../profiles/fill-profile.ts';
import type { AuthorityTemplate } from '../profiles/profile.ts';
import { assembleCertificate, ECDSA_WITH_SHA256, SHA256_WITH_RSA } from '../x509/certificate.ts';
import { keyIdentifier, publicKeySha256 } from '../x509/key-identifier.ts';
import { formatName } from '../x509/name.ts';
import { readCertificate } from '../x509/read-certificate.ts';

/** A test CA as everybody may see it. */
export interface Authority {
  readonly name: string;
  readonly category: Category;
  readonly kind: 'ROOT' | 'ISSUING';
  /** Its own certificate, DER. */
  readonly certificate: Buffer;
  readonly serialNumber: SerialNumber;
  /** As people read it: `OU=07, CN=TIO1`. */
  readonly subject: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly sha256: Buffer;
  readonly publicKey: KeyObject;
  /** SHA-256 of SPKI, lower-case hex. */
  readonly keySha256: string;
  /** Certificates from this one up to its root, DER. */
  readonly chain: readonly Buffer[];
  /** What the certificates below it take from it. */
  readonly facts: AuthorityFacts;
}

/** A test CA that can sign; its key stays behind its Signer. */
export interface IssuingAuthority extends Authority {
  /** The finished certificate, DER: the linted octets are the signed octets. */
  sign(tbs: LintedTbs): Buffer;
  /** Whether the key still signs so that the certificate verifies it: tried on octets that are no certificate. */
  keyWorks(): boolean;
}

/** Reads a CA certificate into an Authority. @param above the issuer; absent for a root. @throws DerError */
export function readAuthority(
  template: AuthorityTemplate,
  certificate: Buffer,
  above?: Authority,
): Authority {
  const { facts } = readCertificate(certificate);
  const { subject, spki, validity, serialNumber } = facts;
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  return {
    name: template.authority,
    category: template.category,
    kind: template.kind,
    certificate,
    serialNumber: serialNumber.toString('hex').toUpperCase() as SerialNumber,
    subject: formatName(subject),
    notBefore: validity.notBefore,
    notAfter: validity.notAfter,
    sha256: createHash('sha256').update(certificate).digest(),
    publicKey,
    keySha256: publicKeySha256(spki).toString('hex'),
    chain: [certificate, ...(above?.chain ?? [])],
    facts: {
      name: template.authority,
      subject,
      keyIdentifier: keyIdentifier(spki),
      signatureAlgorithm: publicKey.asymmetricKeyType === 'rsa' ? SHA256_WITH_RSA : ECDSA_WITH_SHA256,
      notAfter: validity.notAfter,
    },
  };
}

/** Gives an authority its key. */
export function issuingAuthority(authority: Authority, signer: Signer): IssuingAuthority {
  const { signatureAlgorithm } = authority.facts;
  return {
    ...authority,
    sign: (tbs) => assembleCertificate(tbs, signatureAlgorithm, signer.sign(tbs)),
    keyWorks: () => {
      try {
        return verify('sha256', PROBE, authority.publicKey, signer.sign(PROBE));
      } catch {
        return false;
      }
    },
  };
}

/** AlgorithmIdentifier DER of a signer's signatures. */
export function algorithmIdentifier(signer: Signer): Buffer {
  return signer.algorithm === 'ecdsa-with-SHA256' ? ECDSA_WITH_SHA256 : SHA256_WITH_RSA;
}

/** No DER: nobody can take it for a part of a certificate. */
const PROBE = Buffer.from('test certificate service: does this key sign?');
