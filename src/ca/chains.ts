import type { Db } from '../db/query.ts';
import { readAuthorityKeyIdentifier } from '../x509/extensions.ts';
import { AUTHORITY_KEY_IDENTIFIER } from '../x509/oids.ts';
import { readCertificate, type TbsFacts } from '../x509/read-certificate.ts';
import { findRecordedAuthorities, type RecordedAuthority } from './authority-store.ts';
import type { Authority } from './authority.ts';

/** The certificates above each issuing CA, now and before, found by what a certificate says of its issuer. */
export class Chains {
  /** Key identifier, hex -> from the issuing CA to the root, DER. */
  readonly #known = new Map<string, readonly Buffer[]>();

  constructor(authorities: readonly Authority[]) {
    for (const { facts, chain } of authorities) this.#known.set(facts.keyIdentifier.toString('hex'), chain);
  }

  /** From the issuing CA to the root, DER; empty when nobody knows the issuer. @throws DerError */
  above(certificate: TbsFacts): readonly Buffer[] {
    return this.#known.get(issuerKeyOf(certificate)) ?? [];
  }

  /** Looks the issuers up that are not known yet: those of earlier test CAs, and those that another node has made since. */
  async learn(certificates: readonly { readonly der: Buffer }[], db: Db): Promise<void> {
    const unknown = certificates.some(({ der }) => !this.#known.has(issuerKeyOf(readCertificate(der).facts)));
    if (!unknown) return;
    const recorded = await findRecordedAuthorities(db);
    for (const one of recorded) {
      const key = one.keyIdentifier.toString('hex');
      if (!this.#known.has(key)) this.#known.set(key, chainOf(one, recorded));
    }
  }
}

function issuerKeyOf({ extensions }: TbsFacts): string {
  const extension = extensions.find((one) => one.oid === AUTHORITY_KEY_IDENTIFIER);
  return extension === undefined ? '' : readAuthorityKeyIdentifier(extension.value).toString('hex');
}

function chainOf(one: RecordedAuthority, recorded: readonly RecordedAuthority[]): Buffer[] {
  if (one.kind === 'ROOT') return [one.der];
  const above = recorded.find((other) => other.sha256.equals(one.issuerSha256));
  return above === undefined ? [one.der] : [one.der, ...chainOf(above, recorded)];
}
