import { existsSync } from 'node:fs';
import { Fault } from '../domain/fault.ts';
import type { Signer } from '../keys/signer.ts';
import { openSigner } from '../keys/software-signer.ts';
import { authorityFiles } from './authority-files.ts';
import type { Authority } from './authority.ts';

/** Where the keys of the test CAs rest. */
interface AuthorityKeys {
  readonly folder: string;
  readonly passphrase: string;
}

/** Opens the key of a test CA. @throws Fault `authority-refused` when it does not open, or is not that of its certificate */
export function openAuthoritySigner(
  { name, publicKey }: Authority,
  { folder, passphrase }: AuthorityKeys,
): Signer {
  const file = authorityFiles(folder, name).key;
  const signer = openSigner({ file, passphrase });
  if (signer.publicKey.equals(publicKey)) return signer;
  throw new Fault('authority-refused', `${file} is not the key of the certificate of ${name}`);
}

/** Whether the key of a test CA is here. */
export const hasKey = ({ name }: Authority, folder: string): boolean =>
  existsSync(authorityFiles(folder, name).key);
