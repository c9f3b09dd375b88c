import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import { newLaboratoryKey } from '../../../src/keys/laboratory-key.ts';

describe('a key pair of the laboratory', () => {
  test('is what OpenSSL reads and would write, also where its number has an octet less', () => {
    // One in 256 begins with an octet of zeros.
    for (let short = 0; short < 2;) {
      const { spki, pkcs8 } = newLaboratoryKey();
      const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
      expect(key.export({ format: 'der', type: 'pkcs8' }).equals(pkcs8)).toBe(true);
      expect(createPublicKey(key).export({ format: 'der', type: 'spki' }).equals(spki)).toBe(true);
      if (pkcs8[SCALAR] === 0) short += 1;
    }
  });

  test('signs under its public key', () => {
    const pair = newLaboratoryKey();
    const key = createPublicKey({ key: pair.spki, format: 'der', type: 'spki' });
    const octets = Buffer.from('to be signed');
    expect(verify('sha256', octets, key, pair.sign(octets))).toBe(true);
  });

  test('is forgotten to the last octet', () => {
    const pair = newLaboratoryKey();
    pair.forget();
    expect(pair.pkcs8.every((octet) => octet === 0)).toBe(true);
  });
});

/** Where the private key begins in PrivateKeyInfo DER: after its header, version, algorithm and two headers more. */
const SCALAR = 36;
