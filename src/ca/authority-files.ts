import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../domain/fault.ts';
import type { ProfileSet } from '../profiles/load-profiles.ts';
import type { AuthorityTemplate } from '../profiles/profile.ts';
import { DerError } from '../x509/der.ts';
import { decodeCertificateInput } from '../x509/pem.ts';

/** Where the certificate and the encrypted key of a test CA rest. */
export function authorityFiles(folder: string, name: string): { certificate: string; key: string } {
  return { certificate: path.join(folder, `${name}.crt.pem`), key: path.join(folder, `${name}.key.pem`) };
}

/** Templates in the order in which they can be made and opened: every root before those below it. */
export function rootsFirst({ authorities }: ProfileSet): AuthorityTemplate[] {
  const templates = [...authorities.values()];
  return [
    ...templates.filter((one) => one.kind === 'ROOT'),
    ...templates.filter((one) => one.kind === 'ISSUING'),
  ];
}

/** The certificate, or `undefined` when there is none yet. @throws Fault `authority-refused` when it cannot be read */
export function readCertificateFile(file: string): Buffer | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return decodeCertificateInput(readFileSync(file));
  } catch (cause) {
    const why = cause instanceof DerError ? cause.message : 'it cannot be read';
    throw new Fault('authority-refused', `${file} is not a CA certificate: ${why}.`, { cause });
  }
}
