import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Fault } from '../../../src/domain/fault.ts';
import { readKeyFile, writeKeyFile, writeNewFile } from '../../../src/keys/key-file.ts';
import { newPrivateKey } from '../../../src/keys/software-signer.ts';

const PASSPHRASE = 'only for the tests';

describe('a key file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-keys-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'ca.key.pem');
  const key = newPrivateKey({ algorithm: 'EC', curve: 'P-256' });
  const encrypted = key.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: PASSPHRASE,
  });
  beforeAll(() => writeKeyFile(file, key, PASSPHRASE));

  test('is encrypted PKCS#8 that only its owner reads, and nothing is left beside it', () => {
    const text = readFileSync(file, 'latin1');
    expect(text).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
    expect(() => createPrivateKey(text)).toThrow();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['ca.key.pem']);
  });

  test('gives its key to the passphrase', () => {
    expect(readKeyFile(file, PASSPHRASE).equals(key)).toBe(true);
  });

  test('is never replaced', () => {
    const other = newPrivateKey({ algorithm: 'EC', curve: 'P-256' });
    expect(() => writeKeyFile(file, other, PASSPHRASE)).toThrow(
      expect.objectContaining({ code: 'conflict' }),
    );
    expect(readKeyFile(file, PASSPHRASE).equals(key)).toBe(true);
    expect(readdirSync(folder)).toEqual(['ca.key.pem']);
  });

  test('gives nothing to another passphrase', () => {
    expect(refusalOf(() => readKeyFile(file, 'not the passphrase'))).toContain('does not open');
  });

  test('that is absent gives nothing', () => {
    expect(refusalOf(() => readKeyFile(path.join(folder, 'nothing'), PASSPHRASE))).toContain(
      'cannot be read',
    );
  });

  test.each([
    ['in the clear', key.export({ type: 'pkcs8', format: 'pem' }), 'is not an encrypted PKCS#8 key'],
    ['cut off', encrypted.slice(0, 200), 'the file is damaged'],
  ])('a key %s is refused', (_, text, words) => {
    const bad = path.join(folder, 'bad.pem');
    writeNewFile(bad, text, 0o600);
    expect(refusalOf(() => readKeyFile(bad, PASSPHRASE))).toContain(words);
    rmSync(bad);
  });
});

/** All words of the refusal, reasons included. */
function refusalOf(work: () => unknown): string {
  try {
    work();
    return '';
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'authority-refused') throw error;
    return [error.message, ...error.reasons.flatMap((one) => [one.detail, one.fix])].join('\n');
  }
}
