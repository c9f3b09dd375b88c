import { generateKeyPairSync, sign, type KeyPairKeyObjectResult } from 'node:crypto';
import { chainCheck } from '../../../src/batches/results/check-chain.ts';
import type { SerialNumber } from '../../../src/domain/serial-number.ts';
import { assembleCertificate, ECDSA_WITH_SHA256, encodeTbs } from '../../../src/x509/certificate.ts';
import { DerError } from '../../../src/x509/der.ts';
import { basicConstraintsValue, encodeExtension } from '../../../src/x509/extensions.ts';
import { encodeName } from '../../../src/x509/name.ts';
import { BASIC_CONSTRAINTS, COMMON_NAME } from '../../../src/x509/oids.ts';
import { readCertificate } from '../../../src/x509/read-certificate.ts';

const keys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const [ROOT, ISSUING, DEVICE, STRANGER] = [keys(), keys(), keys(), keys()];
const NO_ANCHOR = 'no trust anchor has the name of its issuer';
const NOT_SIGNED = 'its signature does not verify under the key of its issuer';

const root = certificate('root', ROOT, 'root', ROOT);
const issuing = certificate('issuing', ISSUING, 'root', ROOT);
const device = certificate('device', DEVICE, 'issuing', ISSUING, false);

test('a certificate up to a root passes, in whatever order the anchors are', () => {
  expect(wrongWith(device, [root, issuing])).toBeUndefined();
  expect(wrongWith(device, [issuing, root])).toBeUndefined();
});

test.each([
  ['no anchors at all', [], NO_ANCHOR],
  ['the root alone', [root], NO_ANCHOR],
  ['the issuing CA alone', [issuing], NO_ANCHOR],
  [
    'a root of the same name with another key',
    [certificate('root', STRANGER, 'root', STRANGER), issuing],
    NO_ANCHOR,
  ],
  [
    'a root of another name with the same key',
    [certificate('other', ROOT, 'other', ROOT), issuing],
    NO_ANCHOR,
  ],
  ['a root that somebody else signed', [certificate('root', ROOT, 'root', STRANGER), issuing], NO_ANCHOR],
  ['an issuing CA that is none', [root, certificate('issuing', ISSUING, 'root', ROOT, false)], NO_ANCHOR],
  [
    'two CAs that vouch for each other, and no root',
    [certificate('other', STRANGER, 'issuing', ISSUING), certificate('issuing', ISSUING, 'other', STRANGER)],
    NO_ANCHOR,
  ],
  [
    'an issuing CA of the same name with another key',
    [root, certificate('issuing', STRANGER, 'root', ROOT)],
    NOT_SIGNED,
  ],
])('with %s, a certificate does not pass', (_, anchors, wrong) =>
  expect(wrongWith(device, anchors)).toBe(wrong),
);

test('of two CAs of one name, the one whose key signed counts', () => {
  const other = certificate('issuing', STRANGER, 'root', ROOT);
  expect(wrongWith(device, [root, other, issuing])).toBeUndefined();
  expect(wrongWith(device, [root, issuing, other])).toBeUndefined();
});

test('a way up may have a third CA between', () => {
  const between = certificate('between', STRANGER, 'root', ROOT);
  const below = certificate('issuing', ISSUING, 'between', STRANGER);
  expect(wrongWith(device, [below, between, root])).toBeUndefined();
  expect(wrongWith(device, [below, root])).toBe(NO_ANCHOR);
});

test('an anchor that is no certificate is refused', () => {
  expect(() => chainCheck([root, Buffer.from('none')])).toThrow(DerError);
});

function wrongWith(der: Buffer, anchors: readonly Buffer[]): string | undefined {
  return chainCheck(anchors)(readCertificate(der));
}

function certificate(
  subject: string,
  { publicKey }: KeyPairKeyObjectResult,
  issuer: string,
  { privateKey }: KeyPairKeyObjectResult,
  isAuthority = true,
): Buffer {
  const tbs = encodeTbs({
    serialNumber: '01' as SerialNumber,
    signatureAlgorithm: ECDSA_WITH_SHA256,
    issuer: nameOf(issuer),
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: new Date('2036-01-01T00:00:00Z'),
    subject: nameOf(subject),
    spki: publicKey.export({ type: 'spki', format: 'der' }),
    extensions: isAuthority
      ? [encodeExtension(BASIC_CONSTRAINTS, true, basicConstraintsValue({ cA: true }))]
      : [],
  });
  return assembleCertificate(tbs, ECDSA_WITH_SHA256, sign('sha256', tbs, privateKey));
}

function nameOf(commonName: string): Buffer {
  return encodeName([{ type: COMMON_NAME, as: 'utf8', value: commonName }]);
}
