import { constants, createPublicKey, hash, publicEncrypt } from 'node:crypto';
import { DerError } from '../x509/der.ts';
import type { EnvelopeRecipient } from '../x509/enveloped-data.ts';
import { readBasicConstraints, readKeyUsage } from '../x509/extensions.ts';
import { BASIC_CONSTRAINTS, KEY_USAGE } from '../x509/oids.ts';
import { decodeCertificateInput } from '../x509/pem.ts';
import { readCertificate } from '../x509/read-certificate.ts';
import type { ContainerFinding } from './batch-item.ts';

/** A certificate to which keys may be encrypted. */
export interface KeyRecipient extends EnvelopeRecipient {
  /** Of the whole certificate. */
  readonly sha256: Buffer;
}

/**
 * Reads the certificate of who is to have generated keys, and says everything for which it is refused: it cannot be read,
 * its key is not RSA of 2,048 to 8,192 bits with an odd exponent of 65,537 or more (with a small one OAEP hides nothing), or
 * OpenSSL cannot encrypt to it, it is known to everybody, its keyUsage is not keyEncipherment, it is a CA's,
 * or this is no instant of its validity.
 * @param text         PEM, or Base64 of DER
 * @param refusedKeys  SHA-256 of SPKI, lower-case hex
 * @see RFC 5652, 6.2.1; RFC 5280, 4.2.1.3
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
    if (publicKey.kind !== 'RSA') wrong('RECIPIENT_KEY', 'the key of the recipient is not RSA');
    else if (publicKey.bits < LEAST_BITS || publicKey.bits > MOST_BITS)
      wrong('RECIPIENT_KEY', `the key of the recipient has ${String(publicKey.bits)} bits`);
    else if (publicKey.exponent < LEAST_EXPONENT || publicKey.exponent % 2n === 0n)
      wrong('RECIPIENT_KEY', `the key of the recipient has the exponent ${String(publicKey.exponent)}`);
    else if (!canEncryptTo(spki)) wrong('RECIPIENT_KEY', 'the key of the recipient does not encrypt');
    if (refusedKeys.has(hash('sha256', spki)))
      wrong('RECIPIENT_KEY', 'the private key of the recipient has been published');
    if (at < validity.notBefore || at > validity.notAfter)
      wrong(
        'RECIPIENT_VALIDITY',
        `the certificate is valid from ${validity.notBefore.toISOString()} to ${validity.notAfter.toISOString()}`,
      );
    const usage = extensions.find((one) => one.oid === KEY_USAGE);
    if (usage !== undefined && !readKeyUsage(usage.value).includes('keyEncipherment'))
      wrong('RECIPIENT_USAGE', `its keyUsage is ${readKeyUsage(usage.value).join(' and ') || 'empty'}`);
    const constraints = extensions.find((one) => one.oid === BASIC_CONSTRAINTS);
    if (usage !== undefined && constraints !== undefined && readBasicConstraints(constraints.value).cA)
      wrong('RECIPIENT_USAGE', 'it is the certificate of a CA');
    return findings.length > 0
      ? { findings }
      : { findings, recipient: { issuer, serialNumber, spki, sha256: hash('sha256', der, 'buffer') } };
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return { findings: [{ reason: 'RECIPIENT_UNREADABLE', detail: error.message }] };
  }
}

function canEncryptTo(spki: Buffer): boolean {
  try {
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, Buffer.alloc(32));
    return true;
  } catch {
    return false;
  }
}

const LEAST_BITS = 2048;
const MOST_BITS = 8192;
/** NIST SP 800-56B Rev. 2, 6.2. */
const LEAST_EXPONENT = 65_537n;
