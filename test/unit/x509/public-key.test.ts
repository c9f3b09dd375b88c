import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { DerError, DerReader, TAG } from '../../../src/x509/der.ts';
import { EC_PUBLIC_KEY, PRIME256V1, RSA_ENCRYPTION } from '../../../src/x509/oids.ts';
import { readPublicKey } from '../../../src/x509/public-key.ts';
import { oid, sequence, tlv, wholeBitString } from '../../../src/x509/write-der.ts';
import { newKey, newRsaKey } from '../../support/csr-builder.ts';

const NULL = tlv(TAG.NULL);
const spkiOf = (key: ReturnType<typeof newKey>) =>
  createPublicKey(key).export({ type: 'spki', format: 'der' });
const spki = (kind: string, parameters: readonly Buffer[], bits: Buffer) =>
  sequence(sequence(oid(kind), ...parameters), wholeBitString(bits));
const read = (der: Buffer) => readPublicKey(new DerReader(der)).publicKey;

/** A key on P-256 of such octets; the reader does not ask whether the point lies on the curve. */
const onP256 = (point: Buffer, parameters = [oid(PRIME256V1)]) => spki(EC_PUBLIC_KEY, parameters, point);
const point = (first: number, length = 65) =>
  Buffer.concat([Buffer.from([first]), Buffer.alloc(length - 1, 1)]);

/** An RSA key of these INTEGERs, hex of their contents. */
const rsa = (modulus: string, exponent: string, parameters = [NULL]) =>
  spki(RSA_ENCRYPTION, parameters, sequence(integer(modulus), integer(exponent)));
const integer = (content: string) => tlv(TAG.INTEGER, Buffer.from(content, 'hex'));
const MODULUS = `00${'c1'.repeat(256)}`;

test('a key of P-256 is its uncompressed point, and its DER is what was read', () => {
  const der = spkiOf(newKey());
  expect(readPublicKey(new DerReader(der))).toEqual({
    spki: der,
    publicKey: { kind: 'EC_P256', point: der.subarray(-65) },
  });
});

test('an RSA key has as many bits as its modulus, and its exponent', () => {
  expect(read(spkiOf(newRsaKey()))).toEqual({ kind: 'RSA', bits: 2048, exponent: 65537n });
  expect(read(rsa('00ff', '03'))).toEqual({ kind: 'RSA', bits: 8, exponent: 3n });
  expect(read(rsa('7f', '00'))).toEqual({ kind: 'RSA', bits: 7, exponent: 0n });
  expect(read(rsa(MODULUS, `7f${'ff'.repeat(7)}`))).toMatchObject({ kind: 'RSA', exponent: 2n ** 63n - 1n });
});

const NOT_ON_P256 = 'an elliptic curve key that is not on P-256';
const NOT_UNCOMPRESSED = 'a P-256 key that is not an uncompressed point';
const ENORMOUS = 'an RSA key with a negative or an enormous number';

test.each([
  ['on P-384', spkiOf(newKey('P-384')), NOT_ON_P256],
  ['on no curve', onP256(point(4), []), NOT_ON_P256],
  ['on the curve NULL', onP256(point(4), [NULL]), NOT_ON_P256],
  ['with a compressed point', onP256(point(2, 33)), NOT_UNCOMPRESSED],
  ['with a hybrid point', onP256(point(6)), NOT_UNCOMPRESSED],
  ['with a point of 64 octets', onP256(point(4, 64)), NOT_UNCOMPRESSED],
  ['with a point of 66 octets', onP256(point(4, 66)), NOT_UNCOMPRESSED],
  ['with the point at infinity', onP256(Buffer.from([0])), NOT_UNCOMPRESSED],
  [
    'of Ed25519',
    generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }),
    'a key of the algorithm 1.3.101.112',
  ],
  ['of RSA without parameters', rsa(MODULUS, '010001', []), 'an RSA key whose parameters are not NULL'],
  [
    'of RSA with a curve',
    rsa(MODULUS, '010001', [oid(PRIME256V1)]),
    'an RSA key whose parameters are not NULL',
  ],
  ['of RSA with a negative modulus', rsa('80', '03'), ENORMOUS],
  ['of RSA with a negative exponent', rsa(MODULUS, '80'), ENORMOUS],
  ['of RSA with an exponent of nine octets', rsa(MODULUS, `00${'ff'.repeat(8)}`), ENORMOUS],
])('a key %s is another: it is told which', (_what, der, description) => {
  expect(read(der)).toEqual({ kind: 'OTHER', description });
});

test.each([
  ['after the key', sequence(sequence(oid(EC_PUBLIC_KEY), oid(PRIME256V1)), wholeBitString(point(4)), NULL)],
  ['after the parameters', onP256(point(4), [oid(PRIME256V1), NULL])],
  [
    'after the RSAPublicKey',
    spki(RSA_ENCRYPTION, [NULL], Buffer.concat([sequence(integer('7f'), integer('03')), NULL])),
  ],
  ['after the RSA exponent', spki(RSA_ENCRYPTION, [NULL], sequence(integer('7f'), integer('03'), NULL))],
])('octets too many %s are refused', (_where, der) => {
  expect(() => read(der)).toThrow(DerError);
  expect(() => read(der)).toThrow('2 octets too many');
});

test('an RSAPublicKey that is not DER is refused', () => {
  expect(() => read(rsa('0001', '03'))).toThrow(
    'the RSA modulus is an INTEGER that is not written in the fewest octets',
  );
  expect(() => read(rsa('7f', '0003'))).toThrow(
    'the RSA exponent is an INTEGER that is not written in the fewest octets',
  );
});
