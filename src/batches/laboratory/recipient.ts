import { hash } from 'node:crypto';
import { hasExpired } from '../../domain/certificate.ts';
import type { PublicKeyFacts } from '../../domain/certificate-request.ts';
import { DerError } from '../../x509/der.ts';
import { readBasicConstraints, readKeyUsage } from '../../x509/extensions.ts';
import { BASIC_CONSTRAINTS, KEY_USAGE } from '../../x509/oids.ts';
import { decodeCertificateInput } from '../../x509/pem.ts';
import { readCertificate } from '../../x509/read-certificate.ts';
import { encryptKeyFor, type EnvelopeRecipient } from '../../x509/recipient-info.ts';
import type { ContainerFinding } from '../batch-item.ts';

/** A certificate to which keys may be encrypted. */
export interface KeyRecipient extends EnvelopeRecipient {
  /** Of the whole certificate. */
  readonly sha256: Buffer;
}

/**
 * Reads the certificate of who is to have generated keys, and says everything for which it is refused: it cannot be read,
 * its key is neither P-256 nor RSA of 2,048 to 8,192 bits with an odd exponent of 65,537 or more (with a small one OAEP hides nothing), or
 * OpenSSL cannot encrypt to it, it is known to everybody, its keyUsage is not keyAgreement (P-256) or keyEncipherment (RSA), it is a CA's,
 * or this is no instant of its validity.
 * @param text         PEM, or Base64 of DER
 * @param refusedKeys  SHA-256 of SPKI, lower-case hex
 * @see RFC 5652, 6.2.1 and 6.2.2; RFC 5280, 4.2.1.3
 */
export function readRecipient(
  text: string,
  refusedKeys: ReadonlySet<string>,
  at: Date,
): { readonly recipient?: KeyRecipient; readonly findings: readonly ContainerFinding[] } {
  const findings: ContainerFinding[] = [];
  const wrong = (reason: string, detail: string) => void findings.push({ reason, detail });
  try {
    const der = decodeCertificateInput(Buffer.from(text));
    const { issuer, serialNumber, spki, publicKey, validity, extensions } = readCertificate(der).facts;
    const recipient = { issuer, serialNumber, spki, sha256: hash('sha256', der, 'buffer') };
    const weak = weaknessOf(publicKey);
    if (weak !== undefined) wrong('RECIPIENT_KEY', `the key of the recipient ${weak}`);
    else if (!canEncryptFor(recipient)) wrong('RECIPIENT_KEY', 'the key of the recipient does not encrypt');
    if (refusedKeys.has(hash('sha256', spki)))
      wrong('RECIPIENT_KEY', 'the private key of the recipient has been published');
    if (at < validity.notBefore || hasExpired(validity.notAfter, at))
      wrong(
        'RECIPIENT_VALIDITY',
        `the certificate is valid from ${validity.notBefore.toISOString()} to ${validity.notAfter.toISOString()}`,
      );
    const usage = extensions.find((one) => one.oid === KEY_USAGE);
    const needed = publicKey.kind === 'RSA' ? 'keyEncipherment' : 'keyAgreement';
    if (usage !== undefined && !readKeyUsage(usage.value).includes(needed))
      wrong('RECIPIENT_USAGE', `its keyUsage is ${readKeyUsage(usage.value).join(' and ') || 'empty'}`);
    const constraints = extensions.find((one) => one.oid === BASIC_CONSTRAINTS);
    if (constraints !== undefined && readBasicConstraints(constraints.value).cA)
      wrong('RECIPIENT_USAGE', 'it is the certificate of a CA');
    return findings.length > 0 ? { findings } : { findings, recipient };
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return { findings: [{ reason: 'RECIPIENT_UNREADABLE', detail: error.message }] };
  }
}

/** Why nothing secret is encrypted to a key of this kind; nothing where it may be. */
function weaknessOf(key: PublicKeyFacts): string | undefined {
  if (key.kind === 'EC_P256') return undefined;
  if (key.kind === 'OTHER') return 'is neither RSA nor P-256';
  if (key.bits < LEAST_BITS || key.bits > MOST_BITS) return `has ${String(key.bits)} bits`;
  if (key.exponent < LEAST_EXPONENT || key.exponent % 2n === 0n)
    return `has the exponent ${String(key.exponent)}`;
  return undefined;
}

/** OpenSSL refuses what is no key: a point off the curve, a modulus that is none. */
function canEncryptFor(recipient: EnvelopeRecipient): boolean {
  try {
    encryptKeyFor(recipient, Buffer.alloc(32));
    return true;
  } catch {
    return false;
  }
}

const LEAST_BITS = 2048;
const MOST_BITS = 8192;
/** NIST SP 800-56B Rev. 2, 6.2. */
const LEAST_EXPONENT = 65_537n;
