import { createPublicKey } from 'node:crypto';
import { LARGEST_CSR, readCsr } from '../../../src/x509/csr.ts';
import { DerError, TAG } from '../../../src/x509/der.ts';
import { encodeName } from '../../../src/x509/name.ts';
import * as oids from '../../../src/x509/oids.ts';
import { oid, sequence, tlv, wholeBitString } from '../../../src/x509/write-der.ts';
import { deviceSan, keyUsageExtension, newKey } from '../../support/csr-builder.ts';
import { opensslCsr } from '../../support/openssl.ts';

/** The parts of a CSR as they are written; a test changes one. Nobody signed it: the reader does not ask. */
interface Parts {
  readonly version?: Buffer;
  readonly attributes?: readonly Buffer[];
  readonly afterAttributes?: Buffer;
  readonly algorithm?: Buffer;
  readonly signature?: Buffer;
  readonly afterSignature?: Buffer;
}

const NOTHING = Buffer.alloc(0);
const NULL = tlv(TAG.NULL);
const SPKI = createPublicKey(newKey()).export({ type: 'spki', format: 'der' });
const attribute = (type: string, ...values: readonly Buffer[]) =>
  sequence(oid(type), tlv(TAG.SET, ...values));
const EXTENSIONS = sequence(keyUsageExtension('digitalSignature'), deviceSan('00-DB-12-34-56-78-90-A4'));
const REQUEST = attribute(oids.EXTENSION_REQUEST, EXTENSIONS);
const CHALLENGE_PASSWORD = '1.2.840.113549.1.9.7';
const CHALLENGE = attribute(CHALLENGE_PASSWORD, tlv(TAG.UTF8_STRING, Buffer.from('word')));

const csr = (parts: Parts = {}) =>
  sequence(
    sequence(
      parts.version ?? tlv(TAG.INTEGER, Buffer.from([0])),
      encodeName([]),
      SPKI,
      tlv(0xa0, ...(parts.attributes ?? [REQUEST])),
      parts.afterAttributes ?? NOTHING,
    ),
    parts.algorithm ?? sequence(oid(oids.ECDSA_WITH_SHA256_OID)),
    parts.signature ?? wholeBitString(Buffer.alloc(8, 1)),
    parts.afterSignature ?? NOTHING,
  );

describe('a CSR', () => {
  test('is read in all its parts', () => {
    const der = csr({ attributes: [CHALLENGE, REQUEST] });
    const facts = readCsr(der);
    expect(opensslCsr(der).read).toBe(true);
    expect(facts).toMatchObject({ version: 0, subject: [], publicKey: { kind: 'EC_P256' } });
    expect(facts.spki).toEqual(SPKI);
    // Between the header and what signs it: 12 octets of algorithm, 11 of signature.
    expect(facts.info).toEqual(der.subarray(3, -23));
    expect(facts.attributes).toEqual([CHALLENGE_PASSWORD, oids.EXTENSION_REQUEST]);
    expect(facts.extensions.map((one) => one.oid)).toEqual([oids.KEY_USAGE, oids.SUBJECT_ALT_NAME]);
    expect(facts.signature).toEqual(Buffer.alloc(8, 1));
  });

  test('without attributes has no extensions', () => {
    expect(readCsr(csr({ attributes: [] }))).toMatchObject({ attributes: [], extensions: [] });
  });

  test('of 16 KiB is read, and one octet more is too many', () => {
    const ofLength = (length: number) => {
      const spare = length - csr({ signature: wholeBitString(Buffer.alloc(0x1000)) }).length;
      return csr({ signature: wholeBitString(Buffer.alloc(0x1000 + spare)) });
    };
    expect([LARGEST_CSR, ofLength(16_384).length]).toEqual([16_384, 16_384]);
    expect(readCsr(ofLength(16_384)).signature.length).toBeGreaterThan(0x1000);
    expect(() => readCsr(ofLength(16_385))).toThrow('octet 16384: a CSR has at most 16384 octets, not 16385');
  });

  test.each<[string, Parts, string]>([
    ['with octets after its signature', { afterSignature: NULL }, '2 octets too many after the signature'],
    ['with octets after its attributes', { afterAttributes: NULL }, '2 octets too many after the attributes'],
    [
      'with octets after the values of an attribute',
      { attributes: [sequence(oid(oids.EXTENSION_REQUEST), tlv(TAG.SET, EXTENSIONS), NULL)] },
      'too many after the values of an attribute',
    ],
    [
      'with two lists of extensions in one attribute',
      { attributes: [attribute(oids.EXTENSION_REQUEST, EXTENSIONS, EXTENSIONS)] },
      'too many after the only value of an attribute',
    ],
    [
      'with two values of an attribute that is passed over',
      { attributes: [attribute(CHALLENGE_PASSWORD, NULL, NULL)] },
      'too many after the only value of an attribute',
    ],
    [
      'with an attribute that has no value',
      { attributes: [attribute(CHALLENGE_PASSWORD)] },
      'the value of an attribute',
    ],
    [
      'with an extensionRequest that has no value',
      { attributes: [attribute(oids.EXTENSION_REQUEST)] },
      'missing',
    ],
    ['whose attributes are out of DER order', { attributes: [REQUEST, CHALLENGE] }, 'not in DER order'],
    [
      'whose third attribute is out of DER order',
      {
        attributes: [
          CHALLENGE,
          attribute('1.2.840.113549.1.9.8', tlv(TAG.UTF8_STRING, Buffer.from('word'))),
          CHALLENGE,
        ],
      },
      'not in DER order',
    ],
    [
      'with extensionRequest twice',
      { attributes: [REQUEST, REQUEST] },
      `the attribute ${oids.EXTENSION_REQUEST} is there twice`,
    ],
    [
      'with octets after the parameters of its signature algorithm',
      { algorithm: sequence(oid(oids.SHA256_WITH_RSA_OID), NULL, NULL) },
      'too many after the signature algorithm',
    ],
    ['with a negative version', { version: tlv(TAG.INTEGER, Buffer.from([0xff])) }, 'out of range'],
    [
      'with unused bits in its signature',
      { signature: tlv(TAG.BIT_STRING, Buffer.from([1, 2])) },
      'whole octet',
    ],
  ])('%s is refused', (_what, parts, why) => {
    expect(() => readCsr(csr(parts))).toThrow(DerError);
    expect(() => readCsr(csr(parts))).toThrow(why);
  });

  test('has the version that it says', () => {
    expect(readCsr(csr({ version: tlv(TAG.INTEGER, Buffer.from([1])) })).version).toBe(1);
  });

  test.each<[string, string, Buffer | undefined, boolean]>([
    ['ecdsa-with-SHA256 without parameters', oids.ECDSA_WITH_SHA256_OID, undefined, true],
    ['ecdsa-with-SHA256 with NULL', oids.ECDSA_WITH_SHA256_OID, NULL, false],
    ['sha256WithRSAEncryption with NULL', oids.SHA256_WITH_RSA_OID, NULL, true],
    ['sha256WithRSAEncryption without parameters', oids.SHA256_WITH_RSA_OID, undefined, false],
    [
      'sha256WithRSAEncryption with an empty OCTET STRING',
      oids.SHA256_WITH_RSA_OID,
      Buffer.from('0400', 'hex'),
      false,
    ],
    [
      'sha256WithRSAEncryption with a NULL that has octets',
      oids.SHA256_WITH_RSA_OID,
      Buffer.from('050100', 'hex'),
      false,
    ],
    ['an algorithm that nobody knows, without parameters', '1.2.3', undefined, true],
    ['an algorithm that nobody knows, with parameters', '1.2.3', NULL, true],
  ])('is well-formed or not as its algorithm wants it: %s', (_what, algorithm, parameters, wellFormed) => {
    const facts = readCsr(csr({ algorithm: sequence(oid(algorithm), parameters ?? NOTHING) }));
    expect([facts.signatureAlgorithm, facts.signatureAlgorithmWellFormed]).toEqual([algorithm, wellFormed]);
  });
});
