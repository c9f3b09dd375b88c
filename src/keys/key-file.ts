import { createPrivateKey, type KeyObject } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { Fault, type Reason } from '../domain/fault.ts';

/** The shortest passphrase that protects a CA key, in characters. */
export const SHORTEST_PASSPHRASE = 12;

/**
 * Writes a private key as encrypted PKCS#8 PEM (PBES2: PBKDF2, AES-256-CBC), mode 0600, durable before it returns.
 * The file appears whole or not at all, and an existing one is never replaced.
 * @throws Fault `conflict` when the file exists
 */
export function writeKeyFile(file: string, key: KeyObject, passphrase: string): void {
  const pem = key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase });
  writeNewFile(file, pem, 0o600);
}

/**
 * Reads a private key that `writeKeyFile` wrote.
 * @throws Fault `authority-refused` when it is absent, not encrypted, or the passphrase does not open it
 */
export function readKeyFile(file: string, passphrase: string): KeyObject {
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

/** Why keys did not open, told once for all of them. */
export function keyNotOpened(files: readonly string[]): Reason {
  return {
    reason: KEY_NOT_OPENED,
    clause: 'README, Configuration',
    detail: `TCS_KEY_PASSPHRASE does not open ${files.join(', ')}.`,
    fix:
      'Give the passphrase with which the keys were made (of a demo: the content of demo-passphrase beside them, or no ' +
      'passphrase at all). If it is the right one, the file is damaged: restore it from the backup.',
  };
}
export const KEY_NOT_OPENED = 'KEY_NOT_OPENED';

/** Writes a file that must not exist yet: under another name first, then given its own. @throws Fault `conflict` when it exists */
export function writeNewFile(file: string, text: string | Buffer, mode: number): void {
  const draft = `${file}.${process.pid}.new`;
  rmSync(draft, { force: true });
  const descriptor = openSync(draft, 'wx', mode);
  try {
    writeSync(descriptor, typeof text === 'string' ? Buffer.from(text) : text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  try {
    linkSync(draft, file);
  } catch (cause) {
    throw new Fault('conflict', `${file} exists already and is not overwritten.`, { cause });
  } finally {
    rmSync(draft, { force: true });
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (cause) {
    throw new Fault('authority-refused', `The key file ${file} cannot be read.`, { cause });
  }
}
