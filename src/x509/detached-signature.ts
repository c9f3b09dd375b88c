import { verify, X509Certificate, type KeyObject } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate, KeyUsage, KeyUsageFlags } from '@peculiar/asn1-x509';
import { Fault } from '../domain/fault.ts';
import { refusalOfCms, type SignatureDigest } from './cms-signature.ts';
import { KEY_USAGE } from './oids.ts';

/** A certificate whose key may sign files; only `readSignerCertificate` makes one. */
export type SignerCertificate = X509Certificate & { readonly __brand: 'SignerCertificate' };

/**
 * Verifies that a file was signed with the key of a certificate. Two forms: CMS SignedData without the content (DER, or
 * PEM `CMS` or `PKCS7`), or the signature alone (as it is, or in Base64): ECDSA in DER, RSA PKCS #1 v1.5; the digest is
 * SHA-256, SHA-384 or SHA-512.
 * @param content      the file, octet for octet
 * @param signature    absent or empty: the file is not signed
 * @param now          the certificate must be valid at this instant; its last second counts
 * @throws Fault `feed-signature-invalid` with the reason FEED_SIGNATURE_INVALID in words
 * @see RFC 5652, 5; RFC 8017, 8.2; RFC 3279, 2.2.3
 */
export function verifyDetachedSignature(
  content: Uint8Array,
  signature: Uint8Array | undefined,
  certificate: SignerCertificate,
  now: Date,
): void {
  const refusal =
    refusalOfValidity(certificate, now) ??
    (signature === undefined || signature.length === 0
      ? 'the file is not signed'
      : refusalOfSignature(content, Buffer.from(signature), certificate));
  if (refusal === undefined) return;
  throw new Fault('feed-signature-invalid', 'The signature of the feed is refused; nothing was applied.', {
    reasons: [
      {
        reason: 'FEED_SIGNATURE_INVALID',
        clause: 'docs/secas-feed.md',
        detail: refusal,
        fix: 'Send the file as it was signed, with the signature of the configured SECAS key.',
      },
    ],
  });
}

/**
 * Reads the configured certificate of a signer, DER or PEM. It is trusted as it is: no path is built.
 * @throws Fault `configuration-invalid` when it is no certificate, its key is weak or of another kind, or its keyUsage
 *         does not let it sign files
 * @see RFC 5280, 4.2.1.3
 */
export function readSignerCertificate(octets: Uint8Array): SignerCertificate {
  let signer: X509Certificate;
  try {
    signer = new X509Certificate(octets);
  } catch (cause) {
    throw new Fault('configuration-invalid', 'The certificate of the feed signer cannot be read.', { cause });
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = signer.publicKey;
  const strong =
    (type === 'ec' && CURVES.includes(details?.namedCurve ?? '')) ||
    (type === 'rsa' && (details?.modulusLength ?? 0) >= LEAST_RSA_BITS);
  if (!strong)
    throw new Fault(
      'configuration-invalid',
      'The key of the feed signer is neither on P-256, P-384 or P-521 nor RSA of 2048 bits or more.',
    );
  const { extensions } = AsnConvert.parse(signer.raw, Certificate).tbsCertificate;
  const usage = extensions?.find(({ extnID }) => extnID === KEY_USAGE);
  const bits = usage === undefined ? SIGNING : AsnConvert.parse(usage.extnValue, KeyUsage).toNumber();
  if ((bits & SIGNING) === 0)
    throw new Fault('configuration-invalid', 'The keyUsage of the feed signer does not let it sign files.');
  return signer as SignerCertificate;
}

function refusalOfSignature(
  content: Uint8Array,
  signature: Buffer,
  signer: X509Certificate,
): string | undefined {
  if (signature.length > LONGEST_SIGNATURE) return 'the signature is too long to be one';
  const octets = isText(signature) ? decodeText(signature.toString('latin1')) : signature;
  if (typeof octets === 'string') return octets;
  if (looksLikeCms(octets)) return refusalOfCms(octets, content, signer);
  return RAW_DIGESTS.some((digest) => verifies(digest, content, signer.publicKey, octets))
    ? undefined
    : 'the signature does not verify under the key of the configured certificate: another key signed, or the file was changed';
}

/** OpenSSL throws for what is no signature at all. */
function verifies(digest: SignatureDigest, content: Uint8Array, key: KeyObject, signature: Buffer): boolean {
  try {
    return verify(digest, content, key, signature);
  } catch {
    return false;
  }
}

/** PEM or Base64 -> octets; or why not. */
function decodeText(text: string): Buffer | string {
  if (/^(MIME-Version|Content-Type):/i.test(text))
    return 'the signature is S/MIME; a detached CMS in DER or PEM is read (openssl cms -sign -outform DER)';
  const pem = /^-----BEGIN (CMS|PKCS7)-----\n([A-Za-z0-9+/=\n]+)\n-----END \1-----\n?$/.exec(unixLines(text));
  if (pem === null && text.includes('-----')) return 'the text is not exactly one PEM of CMS or PKCS7';
  const digits = (pem?.[2] ?? unixLines(text)).replace(/\n/g, '');
  const octets = Buffer.from(digits, 'base64');
  return octets.length > 0 && octets.toString('base64') === digits
    ? octets
    : 'the signature is text and not Base64 (RFC 4648, 4)';
}

function refusalOfValidity(signer: X509Certificate, now: Date): string | undefined {
  const second = new Date(Math.floor(now.getTime() / 1000) * 1000);
  if (second < new Date(signer.validFrom))
    return `the certificate of the signer is not yet valid: it begins on ${signer.validFrom}`;
  return second > new Date(signer.validTo)
    ? `the certificate of the signer has expired: it ended on ${signer.validTo}`
    : undefined;
}

/** A SEQUENCE that begins with an OBJECT IDENTIFIER; an ECDSA signature is one that begins with an INTEGER. */
const looksLikeCms = (octets: Buffer) =>
  octets[0] === 0x30 &&
  octets[octets[1] === undefined || octets[1] < 0x80 ? 2 : 2 + (octets[1] & 0x7f)] === 0x06;
const isText = (octets: Buffer) =>
  octets.every((octet) => (octet >= 0x20 && octet < 0x7f) || isLineEnd(octet));
const isLineEnd = (octet: number) => octet === 0x0a || octet === 0x0d;
const unixLines = (text: string) => text.replace(/\r\n/g, '\n');

const RAW_DIGESTS: readonly SignatureDigest[] = ['sha256', 'sha384', 'sha512'];
/** As OpenSSL names P-256, P-384 and P-521. */
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1'];
const LEAST_RSA_BITS = 2048;
const SIGNING = KeyUsageFlags.digitalSignature | KeyUsageFlags.nonRepudiation;
const LONGEST_SIGNATURE = 65_536;
