import { createPublicKey } from 'node:crypto';
import { DerError, TAG } from '../../../src/x509/der.ts';
import { encodeExtension } from '../../../src/x509/extensions.ts';
import { encodeName } from '../../../src/x509/name.ts';
import * as oids from '../../../src/x509/oids.ts';
import { readCertificate } from '../../../src/x509/read-certificate.ts';
import { oid, sequence, tlv, wholeBitString } from '../../../src/x509/write-der.ts';
import { newKey } from '../../support/csr-builder.ts';

/** The parts of a certificate as they are written; a test changes one. Nobody signed it: the reader does not ask. */
interface Parts {
  /** What stands before the serial number. */
  readonly version?: Buffer;
  readonly notBefore?: Buffer;
  readonly notAfter?: Buffer;
  readonly afterNotAfter?: Buffer;
  /** What stands after the key. */
  readonly rest?: Buffer;
  readonly afterSignature?: Buffer;
}

const NOTHING = Buffer.alloc(0);
const NULL = tlv(TAG.NULL);
const SPKI = createPublicKey(newKey()).export({ type: 'spki', format: 'der' });
const ALGORITHM = sequence(oid(oids.ECDSA_WITH_SHA256_OID));
const NAME = encodeName([{ type: oids.COMMON_NAME, as: 'printable', value: 'TIO1' }]);
const integer = (value: number) => tlv(TAG.INTEGER, Buffer.from([value]));
/** Tags by their numbers: reader and writer share their names. */
const [UTC_TIME, GENERALIZED_TIME] = [0x17, 0x18];
const utc = (text: string) => tlv(UTC_TIME, Buffer.from(text));
const generalized = (text: string) => tlv(GENERALIZED_TIME, Buffer.from(text));
const USAGE = encodeExtension(oids.KEY_USAGE, true, Buffer.from('03020780', 'hex'));
const EXTENSIONS = tlv(0xa3, sequence(USAGE));

const certificate = (parts: Parts = {}) =>
  sequence(
    sequence(
      parts.version ?? tlv(0xa0, integer(2)),
      integer(7),
      ALGORITHM,
      NAME,
      sequence(
        parts.notBefore ?? utc('161124120000Z'),
        parts.notAfter ?? generalized('99991231235959Z'),
        parts.afterNotAfter ?? NOTHING,
      ),
      encodeName([]),
      SPKI,
      parts.rest ?? EXTENSIONS,
    ),
    ALGORITHM,
    wholeBitString(Buffer.alloc(8, 1)),
    parts.afterSignature ?? NOTHING,
  );

describe('a certificate', () => {
  test('is read in all its parts', () => {
    const { facts, signatureAlgorithm, signature } = readCertificate(certificate());
    expect([signatureAlgorithm, signature]).toEqual([ALGORITHM, Buffer.alloc(8, 1)]);
    expect(facts).toMatchObject({
      version: 3,
      serialNumber: Buffer.from([7]),
      signatureAlgorithm: ALGORITHM,
      issuer: NAME,
      validity: {
        notBefore: new Date('2016-11-24T12:00:00Z'),
        notBeforeTag: UTC_TIME,
        notAfter: new Date('9999-12-31T23:59:59Z'),
        notAfterTag: GENERALIZED_TIME,
      },
      subject: sequence(),
      spki: SPKI,
      publicKey: { kind: 'EC_P256' },
      hasUniqueIds: false,
      extensions: [{ oid: oids.KEY_USAGE, critical: true }],
    });
  });

  test('without a version is of version 1, and may have no extensions', () => {
    const { facts } = readCertificate(certificate({ version: NOTHING, rest: NOTHING }));
    expect(facts).toMatchObject({ version: 1, hasUniqueIds: false, extensions: [] });
  });

  test.each([0x81, 0x82])(
    'with a unique identifier under the tag %i is told of it (RFC 5280, 4.1.2.8)',
    (tag) => {
      const rest = Buffer.concat([tlv(tag, Buffer.from([0, 7])), EXTENSIONS]);
      expect(readCertificate(certificate({ rest })).facts).toMatchObject({
        hasUniqueIds: true,
        extensions: [{ oid: oids.KEY_USAGE }],
      });
    },
  );

  test.each<[string, Parts, string]>([
    ['with octets after its signature', { afterSignature: NULL }, '2 octets too many after the signature'],
    ['with octets after notAfter', { afterNotAfter: NULL }, '2 octets too many after notAfter'],
    ['with octets after its version', { version: tlv(0xa0, integer(2), NULL) }, 'too many after the version'],
    ['that says version 1', { version: tlv(0xa0, integer(0)) }, 'version 1 is the default'],
    ['with octets after its extensions', { rest: Buffer.concat([EXTENSIONS, NULL]) }, '2 octets too many'],
    [
      'with two lists of extensions',
      { rest: tlv(0xa3, sequence(USAGE), sequence(USAGE)) },
      'octets too many',
    ],
    ['with an unknown part for extensions', { rest: tlv(0xa4, sequence(USAGE)) }, 'octets too many'],
  ])('%s is refused', (_what, parts, why) => {
    expect(() => readCertificate(certificate(parts))).toThrow(DerError);
    expect(() => readCertificate(certificate(parts))).toThrow(why);
  });
});

describe('a time (RFC 5280, 4.1.2.5)', () => {
  test.each([
    [utc('500101000000Z'), '1950-01-01T00:00:00.000Z'],
    [utc('991231235959Z'), '1999-12-31T23:59:59.000Z'],
    [utc('000229000000Z'), '2000-02-29T00:00:00.000Z'],
    [utc('491231235959Z'), '2049-12-31T23:59:59.000Z'],
    [generalized('01000101000000Z'), '0100-01-01T00:00:00.000Z'],
    [generalized('20500101000000Z'), '2050-01-01T00:00:00.000Z'],
  ])('of %s is %s', (notBefore, instant) => {
    expect(readCertificate(certificate({ notBefore })).facts.validity.notBefore.toISOString()).toBe(instant);
  });

  const FORM = 'notBefore is not written as RFC 5280 wants it';
  const DIGITS = 'notBefore holds something else than digits';
  const CALENDAR = 'notBefore is not an instant of the calendar';
  test.each([
    ['without seconds', utc('1611241200Z'), FORM],
    ['without Z', utc('161124120000'), FORM],
    ['with another letter at its end', utc('161124120000z'), FORM],
    ['with an offset', utc('161124120000+0000'), FORM],
    ['with octets after Z', utc('161124120000Z0'), FORM],
    ['with fractions of a second', generalized('20161124120000.5Z'), FORM],
    ['of twelve digits under the tag of fourteen', generalized('161124120000Z'), FORM],
    ['of fourteen digits under the tag of twelve', utc('20161124120000Z'), FORM],
    ['with a space for tens', utc('16112412 000Z'), DIGITS],
    ['with a space for ones', utc('16112412000 Z'), DIGITS],
    ['with a colon for tens', utc('16112412:000Z'), DIGITS],
    ['with a colon for ones', utc('16112412000:Z'), DIGITS],
    ['of the month 00', utc('160024120000Z'), CALENDAR],
    ['of the month 13', utc('161324120000Z'), CALENDAR],
    ['of the day 00', utc('161100120000Z'), CALENDAR],
    ['of the 31st of April', utc('160431120000Z'), CALENDAR],
    ['of the 29th of February in another year', utc('170229120000Z'), CALENDAR],
    ['of the hour 24', utc('161124240000Z'), CALENDAR],
    ['of the minute 60', utc('161124126000Z'), CALENDAR],
    ['of the second 60', utc('161124120060Z'), CALENDAR],
    ['of a year below 100', generalized('00991124120000Z'), CALENDAR],
  ])('%s is refused', (_what, notBefore, why) => {
    expect(() => readCertificate(certificate({ notBefore }))).toThrow(DerError);
    expect(() => readCertificate(certificate({ notBefore }))).toThrow(why);
  });
});
