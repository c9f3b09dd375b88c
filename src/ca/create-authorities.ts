import { existsSync, mkdirSync } from 'node:fs';
import { Fault } from '../domain/fault.ts';
import { newSerialNumber, type FillRandom } from '../domain/serial-number.ts';
import { writeNewFile } from '../keys/new-file.ts';
import { makeServiceKey } from '../keys/service-key.ts';
import type { Signer } from '../keys/signer.ts';
import { createSigner, openSigner } from '../keys/software-signer.ts';
import { lint } from '../lint/lint.ts';
import type { ProfileSet } from '../profiles/load-profiles.ts';
import { authorityName, fillAuthority } from '../profiles/fill-profile.ts';
import type { AuthorityTemplate } from '../profiles/profile.ts';
import { assembleCertificate, encodeTbs } from '../x509/certificate.ts';
import { encodePem } from '../x509/pem.ts';
import { checkIssued } from '../x509/second-opinion.ts';
import { authorityFiles, readCertificateFile, rootsFirst } from './authority-files.ts';
import { openAuthoritySigner } from './authority-signer.ts';
import { algorithmIdentifier, readAuthority, type Authority } from './authority.ts';
import { expectedAuthority } from './expectation.ts';

export interface CreationNeeds {
  readonly folder: string;
  readonly passphrase: string;
  readonly profiles: ProfileSet;
  readonly now: Date;
  readonly fillRandom: FillRandom;
}

/** The test CAs that have no certificate yet: what `createAuthorities` will sign, roots first. */
export function missingAuthorities({
  folder,
  profiles,
}: Pick<CreationNeeds, 'folder' | 'profiles'>): AuthorityTemplate[] {
  return rootsFirst(profiles).filter((one) => !existsSync(authorityFiles(folder, one.authority).certificate));
}

/**
 * Makes the missing test CAs: key, template, lint, signature, second opinion, files. What exists is never replaced; a key
 * that an interrupted run left without a certificate is used. The key that signs results of batches is made with them.
 * @returns the new ones
 * @throws Fault `authority-refused`, `lint-failed`
 */
export function createAuthorities(needs: CreationNeeds): Authority[] {
  mkdirSync(needs.folder, { recursive: true, mode: 0o700 });
  const missing = new Set(missingAuthorities(needs).map((one) => one.authority));
  const known = new Map<string, Authority>();
  const created: Authority[] = [];
  for (const template of rootsFirst(needs.profiles)) {
    const above = known.get(template.issuer);
    const authority = missing.has(template.authority)
      ? createAuthority(template, above, needs)
      : openExisting(template, above, needs);
    known.set(authority.name, authority);
    if (missing.has(template.authority)) created.push(authority);
  }
  makeServiceKey(needs);
  return created;
}

function createAuthority(
  template: AuthorityTemplate,
  above: Authority | undefined,
  needs: CreationNeeds,
): Authority {
  const files = authorityFiles(needs.folder, template.authority);
  const signer = ownSigner(template, files.key, needs);
  const issuer = above === undefined ? signer : openAuthoritySigner(above, needs);
  const algorithm = algorithmIdentifier(issuer);
  const facts = { serialNumber: newSerialNumber(needs.fillRandom), notBefore: needs.now, spki: signer.spki };

  const tbs = encodeTbs(fillAuthority(template, facts, algorithm, above?.facts));
  const expected = expectedAuthority(template, authorityName(template), algorithm, above?.facts, facts);
  const linted = lint(tbs, template, expected);
  const certificate = assembleCertificate(linted, algorithm, issuer.sign(linted));
  checkIssued(certificate, issuer.publicKey);
  writeNewFile(files.certificate, encodePem('CERTIFICATE', certificate), 0o644);
  return readAuthority(template, certificate, above);
}

function ownSigner(template: AuthorityTemplate, file: string, { passphrase }: CreationNeeds): Signer {
  const place = { file, passphrase };
  return existsSync(file) ? openSigner(place) : createSigner(template.subjectPublicKeyInfo, place);
}

function openExisting(
  template: AuthorityTemplate,
  above: Authority | undefined,
  { folder }: CreationNeeds,
): Authority {
  const file = authorityFiles(folder, template.authority).certificate;
  const certificate = readCertificateFile(file);
  if (certificate === undefined) throw new Fault('authority-refused', `${file} disappeared.`);
  return readAuthority(template, certificate, above);
}
