import { spawnSync } from 'node:child_process';
import { encodePkcs7, pkcs7Frame } from '../../../src/x509/pkcs7.ts';
import { tlv } from '../../../src/x509/write-der.ts';
import { makeSignedSpecimens } from '../../support/signed-specimens.ts';

const octets = (hex: string) => Buffer.from(hex, 'hex');
const openssl = (bundle: Buffer, ...words: readonly string[]) =>
  spawnSync('openssl', [...words, '-inform', 'DER'], { input: bundle }).stdout.toString();

test('OpenSSL reads every certificate of a bundle, in their order', () => {
  const certificates = [...makeSignedSpecimens().values()].map(({ certificate }) => certificate);
  const bodies =
    openssl(encodePkcs7(certificates), 'pkcs7', '-print_certs').match(
      /(?<=CERTIFICATE-----\n)[^-]+(?=-----END)/g,
    ) ?? [];
  expect(bodies.map((body) => Buffer.from(body, 'base64'))).toEqual(certificates);
});

test('a bundle that nobody signed has no content, not an empty one (RFC 5652, 5.2)', () => {
  const [specimen] = makeSignedSpecimens().values();
  const shown = openssl(encodePkcs7([specimen!.certificate]), 'cms', '-cmsout', '-print', '-noout');
  expect(shown).toMatch(/eContentType: pkcs7-data \(1\.2\.840\.113549\.1\.7\.1\)\s+eContent: <ABSENT>/);
});

const ON_THE_EDGES = [0, 85, 86, 90, 95, 98, 99, 100, 101, 102, 127, 128, 210, 215, 220, 225, 255, 256];

test.each([...ON_THE_EDGES, 65_000, 65_490, 65_535, 65_536])(
  'a frame around %i octets has every length in the fewest octets',
  (length) => {
    const { before, after } = pkcs7Frame(length);
    const content = Buffer.alloc(length);
    const facts = [octets('0201013100'), tlv(0x30, octets('06092a864886f70d010701'))];
    const signedData = tlv(0x30, ...facts, tlv(0xa0, content), octets('3100'));
    const whole = tlv(0x30, octets('06092a864886f70d010702'), tlv(0xa0, signedData));
    expect(Buffer.concat([before, content, after]).equals(whole)).toBe(true);
  },
);

test('a frame around gigabytes is told without holding them', () => {
  expect(pkcs7Frame(0xff_ffff).before.subarray(-5).toString('hex')).toBe('a083ffffff');
  expect(pkcs7Frame(0x100_0000).before.subarray(-6).toString('hex')).toBe('a08401000000');
  expect(pkcs7Frame(0xf000_0000).before.subarray(-6).toString('hex')).toBe('a084f0000000');
});
