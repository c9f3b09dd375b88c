import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Fault } from '../domain/fault.ts';
import { keyNotOpened } from './key-not-opened.ts';
import { writeNewFile } from './new-file.ts';

/**
 * Writes a private key as encrypted PKCS#8 PEM (PBES2: PBKDF2, AES-256-CBC), mode 0600, durable before it returns.
 * The file appears whole or not at all, and an existing one is never replaced.
 * @throws Fault `conflict` when the file exists
 */
export function writePrivateKey(file: string, key: KeyObject, passphrase: string): void {
  const pem = key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase });
  writeNewFile(file, pem, 0o600);
}

/**
 * Reads a private key that `writePrivateKey` wrote.
 * @throws Fault `authority-refused` when it is absent, not encrypted, or the passphrase does not open it
 */
export function readPrivateKey(file: string, passphrase: string): KeyObject {
  const pem = readText(file);
  if (!pem.startsWith('-----BEGIN ENCRYPTED PRIVATE KEY-----'))
    throw new Fault(
      'authority-refused',
      `${file} is not an encrypted PKCS#8 key (BEGIN ENCRYPTED PRIVATE KEY).`,
    );
  try {
    return createPrivateKey({ key: pem, format: 'pem', passphrase });
  } catch (cause) {
    throw new Fault('authority-refused', 'The CA keys cannot be opened.', {
      reasons: [keyNotOpened([file])],
      cause,
    });
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (cause) {
    throw new Fault('authority-refused', `The key file ${file} cannot be read.`, { cause });
  }
}
