import { constants, createCipheriv, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto';
import { TAG } from './der.ts';
import { oid, octetString, sequence, tlv } from './write-der.ts';
import * as oids from './oids.ts';

/** Who alone opens a message: the holder of the RSA key of this certificate. */
export interface EnvelopeRecipient {
  /** Name DER of its issuer. */
  readonly issuer: Buffer;
  /** Content octets of its serial number. */
  readonly serialNumber: Buffer;
  /** SubjectPublicKeyInfo DER of an RSA key. */
  readonly spki: Buffer;
}

/** A message on its way into its envelope: what is appended is encrypted at once. */
export interface Envelope {
  append(octets: Buffer): void;
  /** The whole message, DER; nothing can be appended after it. */
  seal(): Buffer;
}

/**
 * Begins a CMS AuthEnvelopedData: AES-256-GCM, its key encrypted by RSAES-OAEP with SHA-256. The key of the content
 * is drawn here and overwritten once it is encrypted. `openssl cms -decrypt` of OpenSSL 3 opens it.
 * @see RFC 5083, 2; RFC 5084, 3.2; RFC 8017, 7.1; RFC 3560, 2
 */
export function openEnvelope({ issuer, serialNumber, spki }: EnvelopeRecipient): Envelope {
  const key = randomBytes(32);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const encryptedKey = publicEncrypt(
    {
      key: createPublicKey({ key: spki, format: 'der', type: 'spki' }),
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: 'sha256',
    },
    key,
  );
  key.fill(0);
  const pieces: Buffer[] = [];
  return {
    append: (octets) => void pieces.push(cipher.update(octets)),
    seal: () => {
      pieces.push(cipher.final());
      const recipient = sequence(
        VERSION_0,
        sequence(issuer, tlv(TAG.INTEGER, serialNumber)),
        RSAES_OAEP_SHA256,
        octetString(encryptedKey),
      );
      const algorithm = sequence(
        oid(oids.AES256_GCM),
        sequence(octetString(nonce), tlv(TAG.INTEGER, Buffer.from([TAG_OCTETS]))),
      );
      const content = sequence(oid(oids.CMS_DATA), algorithm, tlv(IMPLICIT_0, Buffer.concat(pieces)));
      const message = sequence(VERSION_0, tlv(TAG.SET, recipient), content, octetString(cipher.getAuthTag()));
      return sequence(oid(oids.CMS_AUTH_ENVELOPED_DATA), tlv(EXPLICIT_0, message));
    },
  };
}

const VERSION_0 = tlv(TAG.INTEGER, Buffer.from([0]));
const EXPLICIT_0 = 0xa0;
const IMPLICIT_0 = 0x80;
const TAG_OCTETS = 16;
const SHA256 = sequence(oid(oids.SHA256), tlv(TAG.NULL));
const RSAES_OAEP_SHA256 = sequence(
  oid(oids.RSAES_OAEP),
  sequence(tlv(EXPLICIT_0, SHA256), tlv(0xa1, sequence(oid(oids.MGF1), SHA256))),
);
