import { createPrivateKey, verify } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Fault } from '../../../src/domain/fault.ts';
import { writeNewFile } from '../../../src/keys/new-file.ts';
import { createSigner, openSigner } from '../../../src/keys/software-signer.ts';
import { newKey } from '../../support/csr-builder.ts';

const PASSPHRASE = 'only for the tests';
const P256 = { algorithm: 'EC', curve: 'P-256' } as const;

describe('a signer', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-keys-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const place = { file: path.join(folder, 'ca.key.pem'), passphrase: PASSPHRASE };
  const made = createSigner(P256, place);
  const clear = newKey().export({ type: 'pkcs8', format: 'pem' });
  const [encrypted, onP384] = [newKey(), newKey('P-384')].map((key) =>
    key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE }),
  ) as [string, string];

  test('has its key in encrypted PKCS#8 that only its owner reads, and nothing is left beside it', () => {
    const text = readFileSync(place.file, 'latin1');
    expect(text).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
    expect(() => createPrivateKey(text)).toThrow();
    expect(statSync(place.file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['ca.key.pem']);
  });

  test.each([
    ['P-256', P256, 'ecdsa-with-SHA256'],
    ['RSA', { algorithm: 'RSA', bits: 2048 }, 'sha256WithRSAEncryption'],
  ] as const)(
    'of a %s key signs when made and when opened again, and shows no private key',
    (name, kind, algorithm) => {
      const there = { file: path.join(folder, `${name}.key.pem`), passphrase: PASSPHRASE };
      const both = [createSigner(kind, there), openSigner(there)];
      const octets = Buffer.from('to be signed');
      for (const signer of both) {
        expect(signer.algorithm).toBe(algorithm);
        expect(verify('sha256', octets, both[0]!.publicKey, signer.sign(octets))).toBe(true);
        expect(Object.values(signer)).not.toContainEqual(expect.objectContaining({ type: 'private' }));
      }
      rmSync(there.file);
    },
  );

  test('never replaces a key', () => {
    expect(() => createSigner(P256, place)).toThrow(expect.objectContaining({ code: 'conflict' }));
    expect(openSigner(place).spki).toEqual(made.spki);
    expect(readdirSync(folder)).toEqual(['ca.key.pem']);
  });

  test('is not opened by another passphrase', () => {
    expect(refusalOf({ ...place, passphrase: 'not the passphrase' })).toContain('does not open');
  });

  test('of an absent file is refused', () => {
    expect(refusalOf({ ...place, file: path.join(folder, 'nothing') })).toContain('cannot be read');
  });

  test.each([
    ['in the clear', clear, 'is not an encrypted PKCS#8 key'],
    ['on another curve', onP384, 'neither a P-256 nor an RSA key'],
    ['cut off', encrypted.slice(0, 200), 'the file is damaged'],
  ])('of a key %s is refused', (_, text, words) => {
    const file = path.join(folder, 'bad.pem');
    writeNewFile(file, text, 0o600);
    expect(refusalOf({ ...place, file })).toContain(words);
    rmSync(file);
  });
});

/** All words of the refusal, reasons included. */
function refusalOf(place: Parameters<typeof openSigner>[0]): string {
  try {
    openSigner(place);
    return '';
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'authority-refused') throw error;
    return [error.message, ...error.reasons.flatMap((one) => [one.detail, one.fix])].join('\n');
  }
}
