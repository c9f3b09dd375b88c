import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
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

/** Makes the service key, P-256, where there is none. @returns whether it is new */
export function makeServiceKey({ folder, passphrase }: ServiceKeyNeeds): boolean {
  const file = fileIn(folder);
  if (existsSync(file)) return false;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  createSigner({ algorithm: 'EC', curve: 'P-256' }, { file, passphrase });
  return true;
}

const fileIn = (folder: string) => path.join(folder, 'batch-signing.key.pem');
