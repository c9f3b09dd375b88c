import { generateKeyPairSync } from 'node:crypto';
import { readCsr } from '../../../src/x509/csr.ts';
import { TAG } from '../../../src/x509/der.ts';
import { oid, sequence, tlv } from '../../../src/x509/write-der.ts';
import { proofOfPossession } from '../../../src/x509/proof-of-possession.ts';
import { dcckiCsr, newKey, newRsaKey, type CsrChange } from '../../support/csr-builder.ts';

const proof = (change: CsrChange) => proofOfPossession(readCsr(dcckiCsr('NORTHGATE', [], change).der));
const ecdsa = (place: string) => sequence(oid(`1.2.840.10045.4.${place}`));
const rsa = (place: number) => sequence(oid(`1.2.840.113549.1.1.${String(place)}`), tlv(TAG.NULL));
const p256 = newKey();
const rsaKey = newRsaKey();

test.each([
  ['ecdsa-with-SHA1', p256, ecdsa('1'), 'sha1'],
  ['ecdsa-with-SHA224', p256, ecdsa('3.1'), 'sha224'],
  ['ecdsa-with-SHA256', p256, ecdsa('3.2'), 'sha256'],
  ['ecdsa-with-SHA384', p256, ecdsa('3.3'), 'sha384'],
  ['ecdsa-with-SHA512', p256, ecdsa('3.4'), 'sha512'],
  ['sha1WithRSAEncryption', rsaKey, rsa(5), 'sha1'],
  ['sha224WithRSAEncryption', rsaKey, rsa(14), 'sha224'],
  ['sha256WithRSAEncryption', rsaKey, rsa(11), 'sha256'],
  ['sha384WithRSAEncryption', rsaKey, rsa(12), 'sha384'],
  ['sha512WithRSAEncryption', rsaKey, rsa(13), 'sha512'],
  ['P-384', newKey('P-384'), ecdsa('3.3'), 'sha384'],
  ['P-521', newKey('P-521'), ecdsa('3.4'), 'sha512'],
])(
  'a CSR is proven, and a forged one found out, under the algorithm it names: %s',
  (_name, key, algorithm, hash) => {
    expect(proof({ key, algorithm, hash })).toBe('PROVEN');
    const other =
      key.asymmetricKeyType === 'rsa' ? newRsaKey() : newKey(key.asymmetricKeyDetails?.namedCurve);
    expect(proof({ key, algorithm, hash, signWith: other })).toBe('FAILED');
  },
);

test('of an algorithm that is unknown or not one of the key, nothing is said', () => {
  expect(proof({ key: p256, algorithm: rsa(11) })).toBe('UNTOLD');
  expect(proof({ key: rsaKey, algorithm: rsa(10) })).toBe('UNTOLD');
  expect(proof({ key: rsaKey, algorithm: ecdsa('3.2') })).toBe('UNTOLD');
  expect(proof({ key: newKey('P-384'), algorithm: rsa(11) })).toBe('UNTOLD');
});

test('of a key on a curve that is spelled out instead of named, OpenSSL is not asked', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' });
  expect(proof({ key: privateKey })).toBe('UNTOLD');
});

test('of a point that is not on the curve, nothing is said', () => {
  const csr = readCsr(dcckiCsr('NORTHGATE', [], { key: p256 }).der);
  const point = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 1)]);
  expect(proofOfPossession({ ...csr, publicKey: { kind: 'EC_P256', point } })).toBe('UNTOLD');
});
