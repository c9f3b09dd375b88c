import { hash } from 'node:crypto';
import { readWhole, TAG } from './der.ts';

/**
 * The key identifier of GBCS: four bits 0100 and the least significant 60 bits of the SHA-1 of the public key's
 * BIT STRING content; 8 octets.
 * @param spki SubjectPublicKeyInfo DER
 * @see RFC 5280, 4.2.1.2, method (2)
 */
export function keyIdentifier(spki: Buffer): Buffer {
  const identifier = hash('sha1', publicKeyBits(spki), 'buffer').subarray(12);
  identifier[0] = 0x40 | ((identifier[0] ?? 0) & 0x0f);
  return identifier;
}

/** SHA-256 over the whole SubjectPublicKeyInfo: the name under which a key is known to the service. */
export function publicKeySha256(spki: Buffer): Buffer {
  return hash('sha256', spki, 'buffer');
}

function publicKeyBits(spki: Buffer): Buffer {
  return readWhole(spki, 'the SubjectPublicKeyInfo', (reader) => {
    const info = reader.enter(TAG.SEQUENCE, 'the SubjectPublicKeyInfo');
    info.content(TAG.SEQUENCE, 'the key algorithm');
    const bits = info.wholeBits('the public key');
    info.finish('the public key');
    return bits;
  });
}
