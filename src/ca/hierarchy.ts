import { hasExpired } from '../domain/certificate.ts';
import { Fault, type Reason } from '../domain/fault.ts';
import { isKeyNotOpened, keyNotOpened } from '../keys/key-not-opened.ts';
import { runRules } from '../lint/lint.ts';
import type { ProfileSet } from '../profiles/load-profiles.ts';
import { authorityName } from '../profiles/fill-profile.ts';
import type { AuthorityTemplate } from '../profiles/profile.ts';
import { DerError } from '../x509/der.ts';
import { readCertificate } from '../x509/read-certificate.ts';
import { checkIssued } from '../x509/second-opinion.ts';
import { authorityFiles, readCertificateFile, rootsFirst } from './authority-files.ts';
import { issuingAuthority, readAuthority, type Authority, type IssuingAuthority } from './authority.ts';
import { hasKey, openAuthoritySigner } from './authority-signer.ts';
import { Chains } from './chains.ts';
import { whyRefused, type Refused } from './refused.ts';

/** The test CAs of this service, checked and open. */
export interface Hierarchy {
  /** Roots and issuing CAs, roots first. */
  readonly authorities: readonly Authority[];
  find(name: string): Authority | undefined;
  /** What stands above each certificate, also above those of earlier test CAs. */
  readonly chains: Chains;
  /** @throws TypeError for a name that no profile can carry */
  issuing(name: string): IssuingAuthority;
}

/** Where the certificates of the test CAs are, and what they are held against. */
export interface CertificateNeeds {
  readonly folder: string;
  readonly profiles: ProfileSet;
  readonly refused: Refused;
}

/**
 * Opens every test CA of the templates and every issuing key.
 *
 * @throws Fault `authority-refused` with every reason: a certificate or key is missing, a key does not match its
 *         certificate, a certificate is not one of our own test CAs (name, rules, signature of its own root, validity),
 *         or its name or key belongs to live SMKI or to a published test PKI
 */
export function openHierarchy(
  needs: CertificateNeeds & { readonly passphrase: string },
  now: Date,
): Hierarchy {
  const issuing = new Map<string, IssuingAuthority>();
  const opened = openEach(needs, now, (authority) => {
    // A root's key may be kept elsewhere: only `tcs ca init` uses it. One that is here must be the right one.
    if (authority.kind === 'ROOT' && !hasKey(authority, needs.folder)) return;
    const signer = openAuthoritySigner(authority, needs);
    if (authority.kind === 'ISSUING') issuing.set(authority.name, issuingAuthority(authority, signer));
  });
  const authorities = [...opened.values()];
  return {
    authorities,
    chains: new Chains(authorities),
    find: (name) => opened.get(name),
    issuing: (name) => {
      const authority = issuing.get(name);
      if (authority === undefined) throw new TypeError(`${name} is no issuing authority`);
      return authority;
    },
  };
}

/** The certificates of every test CA, held against the same rules; no key is opened. @throws Fault `authority-refused` */
export function openCertificates(needs: CertificateNeeds, now: Date): Authority[] {
  return [...openEach(needs, now, () => undefined).values()];
}

function openEach(
  needs: CertificateNeeds,
  now: Date,
  use: (authority: Authority) => void,
): Map<string, Authority> {
  const opened = new Map<string, Authority>();
  const faults: Reason[] = [];
  const unopened: string[] = [];
  for (const template of rootsFirst(needs.profiles)) {
    try {
      const authority = openAuthority(template, opened.get(template.issuer), needs, now);
      opened.set(authority.name, authority);
      use(authority);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.reasons.some(isKeyNotOpened))
        unopened.push(authorityFiles(needs.folder, template.authority).key);
      else faults.push(refusedReason(template.authority, error), ...error.reasons);
    }
  }
  if (unopened.length > 0) faults.unshift(keyNotOpened(unopened));
  if (faults.length > 0)
    throw new Fault('authority-refused', 'The test CAs cannot be used; nothing is issued.', {
      reasons: faults,
    });
  return opened;
}

function openAuthority(
  template: AuthorityTemplate,
  above: Authority | undefined,
  { folder, refused }: { readonly folder: string; readonly refused: Refused },
  now: Date,
): Authority {
  const file = authorityFiles(folder, template.authority).certificate;
  const der = readCertificateFile(file);
  if (der === undefined)
    throw refuse(`There is no certificate ${file}.`, { fix: 'Make what is missing: tcs ca init' });
  if (template.kind === 'ISSUING' && above === undefined)
    throw refuse(`${file}: its root ${template.issuer} is not open`);

  const facts = readStrictly(file, der);
  const authority = readAuthority(template, der, above);
  const why = whyRefused(facts.subject, authority.keySha256, refused);
  if (why !== undefined) throw refuse(`${file}: ${why}`);
  if (!facts.subject.equals(authorityName(template)))
    throw refuse(
      `${file}: its subject ${authority.subject} is not that of ${template.authority}: not one of our own test CAs`,
    );
  const [broken] = runRules(facts, template);
  if (broken !== undefined) throw refuse(`${file}: ${broken.detail} (${broken.rule}, ${broken.clause})`);
  if (now < authority.notBefore || hasExpired(authority.notAfter, now))
    throw refuse(
      `${file}: valid from ${authority.notBefore.toISOString()} to ${authority.notAfter.toISOString()}, not now`,
    );
  try {
    checkIssued(der, (above ?? authority).publicKey);
  } catch (cause) {
    throw refuse(`${file}: not signed by ${above?.name ?? 'itself'}: not one of our own test CAs`, { cause });
  }
  return authority;
}

function readStrictly(file: string, der: Buffer) {
  try {
    return readCertificate(der).facts;
  } catch (cause) {
    throw refuse(
      `${file} is not a certificate in DER: ${cause instanceof DerError ? cause.message : 'unreadable'}`,
      { cause },
    );
  }
}

const refuse = (detail: string, options: { readonly fix?: string; readonly cause?: unknown } = {}) =>
  new Fault('authority-refused', detail, options);

const refusedReason = (name: string, { message, fix }: Fault): Reason => ({
  reason: 'AUTHORITY_REFUSED',
  clause: `certs-templates/authority/${name}.yaml`,
  detail: message,
  fix: fix ?? 'Put the right files back, or make new test CAs in their place: tcs ca init --replace',
});
