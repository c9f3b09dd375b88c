import type { Category } from '../domain/category.ts';
import type { CsrExtension } from '../domain/certificate-request.ts';
import type { TbsFacts } from '../x509/read-certificate.ts';

/** What kind of certificate the octets claim to be. */
export interface CertificateKind {
  readonly category: Category;
  readonly kind: 'END_ENTITY' | 'ISSUING' | 'ROOT';
}

/** One clause of a source document, restated in code. */
export interface Rule {
  /** Lower-case words with hyphens, unique. */
  readonly rule: string;
  /** Where it stands; of a rule that kinds have from sources of their own, by kind. */
  readonly clause: string | ((kind: CertificateKind) => string);
  readonly appliesTo: (kind: CertificateKind) => boolean;
  /** What is wrong, or `undefined`. A value that cannot be read is wrong by the same rule: `check` may throw DerError. */
  readonly check: (facts: TbsFacts, kind: CertificateKind) => string | undefined;
}

/** ERROR: a broken rule. WARN: something about a certificate that its holder ought to know. */
export interface LintFinding {
  readonly rule: string;
  readonly severity: 'ERROR' | 'WARN';
  readonly clause: string;
  readonly detail: string;
}

/** A check that does not look at the kind: `appliesTo` has. */
type FactsCheck = (facts: TbsFacts) => string | undefined;

/** The extension of this OID, the first of them. */
export function extensionOf(facts: TbsFacts, oid: string): CsrExtension | undefined {
  return facts.extensions.find((extension) => extension.oid === oid);
}

/** Checks the value of an extension that another rule requires to be there. */
export function whenPresent(
  oid: string,
  check: (extension: CsrExtension, facts: TbsFacts) => string | undefined,
): FactsCheck {
  return (facts) => {
    const extension = extensionOf(facts, oid);
    return extension && check(extension, facts);
  };
}

/** An extension that must be there, critical or not critical. */
export function requirePresent(oid: string, name: string, critical: boolean): FactsCheck {
  return (facts) => {
    const extension = extensionOf(facts, oid);
    if (extension === undefined) return `${name} is missing`;
    return extension.critical === critical
      ? undefined
      : `${name} is ${critical ? 'not critical' : 'critical'}`;
  };
}

/** What no public text of the DCCKI Certificate Policy tells: the clause of the rules that our own templates make. */
export const DCCKI_DESIGN = 'DESIGN: certs-templates/dccki';

/** What no document says of a CA, our own templates do. */
export const AUTHORITY_DESIGN = 'DESIGN: certs-templates/authority';

export const PUBLIC_CERTIFICATES = 'public test certificates of the SMKI';

/** Of the CAs only the certificate of an Issuing OCA is public: what it does not show of the others is our own. */
export const authoritySource = ({ category, kind }: CertificateKind) =>
  category === 'ORGANISATION' && kind === 'ISSUING' ? PUBLIC_CERTIFICATES : AUTHORITY_DESIGN;

/** The templates of our own that a kind of certificate is made of. */
export const designOf = ({ kind }: CertificateKind) =>
  kind === 'END_ENTITY' ? DCCKI_DESIGN : AUTHORITY_DESIGN;

/** The documents of the SMKI do not bind the DCCKI: there the source is our own template, and what it rests on. */
export const bySource =
  (smkiClause: string, ...dcckiRestsOn: readonly string[]): Rule['clause'] =>
  (one) =>
    one.category === 'DCCKI' ? [designOf(one), ...dcckiRestsOn].join('; ') : smkiClause;

export const everyCertificate = () => true;
export const smki = ({ category }: CertificateKind) => category !== 'DCCKI';
export const authorities = ({ kind }: CertificateKind) => kind !== 'END_ENTITY';
export const endEntitiesOf =
  (wanted: Category) =>
  ({ category, kind }: CertificateKind) =>
    kind === 'END_ENTITY' && category === wanted;
