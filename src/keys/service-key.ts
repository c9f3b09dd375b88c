import { hkdfSync } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { readPrivateKey } from './private-key-file.ts';
import type { Signer } from './signer.ts';
import { createSigner, openSigner } from './software-signer.ts';

/** The key by which the service vouches for results of batches; not a CA key, and it signs no certificate. */
interface ServiceKeyNeeds {
  /** Beside the keys of the test CAs, under the same passphrase. */
  readonly folder: string;
  readonly passphrase: string;
}

/** Opens the service key; `undefined` when there is none. @throws Fault `authority-refused` when it does not open */
export function openServiceKey({ folder, passphrase }: ServiceKeyNeeds): Signer | undefined {
  const file = fileIn(folder);
  return existsSync(file) ? openSigner({ file, passphrase }) : undefined;
}

/** Makes a secret of 32 octets for a purpose: always the same, and from none of them another can be found. */
export type DeriveSecret = (purpose: string) => Buffer;

/**
 * Secrets from the service key, so that they need to be kept nowhere and are the same at every node; `undefined` when there
 * is no service key.
 * @throws Fault `authority-refused` when it does not open
 * @see RFC 5869
 */
export function openDerivation({ folder, passphrase }: ServiceKeyNeeds): DeriveSecret | undefined {
  const file = fileIn(folder);
  if (!existsSync(file)) return undefined;
  const { d = '' } = readPrivateKey(file, passphrase).export({ format: 'jwk' });
  const scalar = Buffer.from(d, 'base64url');
  return (purpose) => Buffer.from(hkdfSync('sha256', scalar, SALT, purpose, 32));
}

/** Makes the service key, P-256, where there is none. @returns whether it is new */
export function makeServiceKey({ folder, passphrase }: ServiceKeyNeeds): boolean {
  const file = fileIn(folder);
  if (existsSync(file)) return false;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  createSigner({ algorithm: 'EC', curve: 'P-256' }, { file, passphrase });
  return true;
}

const SALT = 'test certificate service';
const fileIn = (folder: string) => path.join(folder, 'batch-signing.key.pem');
