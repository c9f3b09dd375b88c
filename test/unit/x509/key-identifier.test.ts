import { createHash } from 'node:crypto';
import { DerError, TAG } from '../../../src/x509/der.ts';
import { keyIdentifier } from '../../../src/x509/key-identifier.ts';
import { EC_PUBLIC_KEY, PRIME256V1 } from '../../../src/x509/oids.ts';
import { oid, sequence, tlv, wholeBitString } from '../../../src/x509/write-der.ts';

const algorithm = sequence(oid(EC_PUBLIC_KEY), oid(PRIME256V1));

test('a key identifier is 0100 and the last 60 bits of the SHA-1 of the key (RFC 5280, 4.2.1.2, method 2)', () => {
  // Enough keys for every value of the four bits that are overwritten, and of those beside them.
  for (let key = 0; key < 256; key += 1) {
    const point = Buffer.from([4, key]);
    const sha1 = createHash('sha1').update(point).digest('hex');
    expect(keyIdentifier(sequence(algorithm, wholeBitString(point))).toString('hex')).toBe(
      `4${sha1.slice(-15)}`,
    );
  }
});

test.each([
  ['within the SubjectPublicKeyInfo', sequence(algorithm, wholeBitString(Buffer.from([4])), tlv(TAG.NULL))],
  ['after it', Buffer.concat([sequence(algorithm, wholeBitString(Buffer.from([4]))), tlv(TAG.NULL)])],
])('a key with octets too many %s has none', (_where, spki) => {
  expect(() => keyIdentifier(spki)).toThrow(DerError);
  expect(() => keyIdentifier(spki)).toThrow('octets too many after');
});
