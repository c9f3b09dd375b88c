import { constants, createCipheriv, createECDH, createPublicKey, hash, publicEncrypt } from 'node:crypto';
import { DerReader, TAG } from './der.ts';
import * as oids from './oids.ts';
import { readPublicKey } from './public-key.ts';
import { oid, octetString, sequence, tlv, wholeBitString } from './write-der.ts';

/** Who alone opens a message: the holder of the RSA or P-256 key of this certificate. */
export interface EnvelopeRecipient {
  /** Name DER of its issuer. */
  readonly issuer: Buffer;
  /** Content octets of its serial number. */
  readonly serialNumber: Buffer;
  /** SubjectPublicKeyInfo DER. */
  readonly spki: Buffer;
}

/**
 * The RecipientInfo of a message: the key of its content (32 octets), encrypted for a recipient. To RSA by RSAES-OAEP with SHA-256, to
 * P-256 by a key that ECDH with a pair of this message alone gives.
 * @throws whatever OpenSSL says of a key to which nothing can be encrypted; TypeError for one of another kind
 * @see RFC 5652, 6.2; RFC 8017, 7.1 and RFC 3560, 2; RFC 5753, 3.1
 */
export function encryptKeyFor(recipient: EnvelopeRecipient, key: Buffer): Buffer {
  const { publicKey } = readPublicKey(new DerReader(recipient.spki));
  if (publicKey.kind === 'RSA') return keyTransport(recipient, key);
  if (publicKey.kind === 'EC_P256') return keyAgreement(recipient, publicKey.point, key);
  throw new TypeError(`nothing can be encrypted to ${publicKey.description}`);
}

function keyTransport(recipient: EnvelopeRecipient, key: Buffer): Buffer {
  const encryptedKey = publicEncrypt(
    {
      key: createPublicKey({ key: recipient.spki, format: 'der', type: 'spki' }),
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: 'sha256',
    },
    key,
  );
  return sequence(
    tlv(TAG.INTEGER, Buffer.from([0])),
    issuerAndSerialNumber(recipient),
    RSAES_OAEP_SHA256,
    octetString(encryptedKey),
  );
}

/** Ephemeral-static ECDH, standard form; the secret is overwritten, the pair of this message is forgotten. */
function keyAgreement(recipient: EnvelopeRecipient, point: Buffer, key: Buffer): Buffer {
  const pair = createECDH('prime256v1');
  const originator = pair.generateKeys();
  const secret = pair.computeSecret(point);
  const keyEncryptionKey = x963Key(secret);
  secret.fill(0);
  const wrap = createCipheriv('id-aes256-wrap', keyEncryptionKey, RFC_3394_IV);
  const encryptedKey = Buffer.concat([wrap.update(key), wrap.final()]);
  keyEncryptionKey.fill(0);
  return tlv(
    CONSTRUCTED_1,
    tlv(TAG.INTEGER, Buffer.from([3])),
    tlv(CONSTRUCTED_0, tlv(CONSTRUCTED_1, sequence(oid(oids.EC_PUBLIC_KEY)), wholeBitString(originator))),
    sequence(oid(oids.DH_SINGLE_PASS_STD_SHA256_KDF), AES256_WRAP),
    sequence(sequence(issuerAndSerialNumber(recipient), octetString(encryptedKey))),
  );
}

/** One block of the key derivation: 32 octets are all that AES-256 takes. @see SEC 1 of the SECG, 3.6.1; RFC 5753, 7.2 */
function x963Key(secret: Buffer): Buffer {
  const counter = Buffer.from([0, 0, 0, 1]);
  const bits = Buffer.from([0, 0, 1, 0]);
  const sharedInfo = sequence(AES256_WRAP, tlv(CONSTRUCTED_2, octetString(bits)));
  const block = Buffer.concat([secret, counter, sharedInfo]);
  const derived = hash('sha256', block, 'buffer');
  block.fill(0);
  return derived;
}

const issuerAndSerialNumber = ({ issuer, serialNumber }: EnvelopeRecipient) =>
  sequence(issuer, tlv(TAG.INTEGER, serialNumber));

const CONSTRUCTED_0 = 0xa0;
const CONSTRUCTED_1 = 0xa1;
const CONSTRUCTED_2 = 0xa2;
const SHA256 = sequence(oid(oids.SHA256), tlv(TAG.NULL));
const RSAES_OAEP_SHA256 = sequence(
  oid(oids.RSAES_OAEP),
  sequence(tlv(CONSTRUCTED_0, SHA256), tlv(CONSTRUCTED_1, sequence(oid(oids.MGF1), SHA256))),
);
/** Without parameters. @see RFC 3565 */
const AES256_WRAP = sequence(oid(oids.AES256_WRAP));
/** @see RFC 3394, 2.2.3.1 */
const RFC_3394_IV = Buffer.alloc(8, 0xa6);
