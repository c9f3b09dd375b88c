import { createCipheriv, randomBytes } from 'node:crypto';
import { TAG } from './der.ts';
import { oid, octetString, sequence, tlv } from './write-der.ts';
import * as oids from './oids.ts';
import { encryptKeyFor, type EnvelopeRecipient } from './recipient-info.ts';

/** A message on its way into its envelope: what is appended is encrypted at once. */
export interface Envelope {
  append(octets: Buffer): void;
  /** The whole message, DER; nothing can be appended after it. */
  seal(): Buffer;
}

/**
 * Begins a CMS AuthEnvelopedData: AES-256-GCM, its key encrypted for the recipient. The key of the content is drawn here and
 * overwritten once it is encrypted. `openssl cms -decrypt` of OpenSSL 3 opens it.
 * @see RFC 5083, 2; RFC 5084, 3.2
 */
export function openEnvelope(recipient: EnvelopeRecipient): Envelope {
  const key = randomBytes(32);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const recipientInfo = encryptKeyFor(recipient, key);
  key.fill(0);
  const pieces: Buffer[] = [];
  return {
    append: (octets) => void pieces.push(cipher.update(octets)),
    seal: () => {
      pieces.push(cipher.final());
      const algorithm = sequence(
        oid(oids.AES256_GCM),
        sequence(octetString(nonce), tlv(TAG.INTEGER, Buffer.from([TAG_OCTETS]))),
      );
      const content = sequence(oid(oids.CMS_DATA), algorithm, tlv(IMPLICIT_0, Buffer.concat(pieces)));
      const message = sequence(
        VERSION_0,
        tlv(TAG.SET, recipientInfo),
        content,
        octetString(cipher.getAuthTag()),
      );
      return sequence(oid(oids.CMS_AUTH_ENVELOPED_DATA), tlv(EXPLICIT_0, message));
    },
  };
}

const VERSION_0 = tlv(TAG.INTEGER, Buffer.from([0]));
const EXPLICIT_0 = 0xa0;
const IMPLICIT_0 = 0x80;
const TAG_OCTETS = 16;
