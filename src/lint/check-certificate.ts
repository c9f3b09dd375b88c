import type { Category, RemotePartyRole } from '../domain/category.ts';
import { parseRoleCode } from '../domain/category.ts';
import { hasExpired } from '../domain/certificate.ts';
import { Fault } from '../domain/fault.ts';
import { DerError } from '../x509/der.ts';
import { readBasicConstraints, readCertificatePolicies, readKeyUsage } from '../x509/extensions.ts';
import { readName } from '../x509/name.ts';
import * as oids from '../x509/oids.ts';
import { decodeCertificateInput } from '../x509/pem.ts';
import { readCertificate, type CertificateFacts, type TbsFacts } from '../x509/read-certificate.ts';
import { runRules } from './lint.ts';
import { refusedNameIn } from './refused-name.ts';
import { extensionOf, type CertificateKind, type LintFinding } from './rule.ts';

/** A profile as far as a certificate can be recognised by it. */
export interface KnownProfile {
  readonly profile: string;
  readonly category: Category;
  readonly keyUsage: 'digitalSignature' | 'keyAgreement';
  readonly roles?: readonly RemotePartyRole[] | undefined;
  readonly chosen: 'automatically' | 'by-name';
  readonly subjectPublicKeyInfo: { readonly algorithm: 'EC' | 'RSA' };
  readonly extensions: readonly { readonly extension: string; readonly policies?: readonly string[] }[];
}

/** The verdict over a finished certificate, rule by rule. */
export interface CertificateVerdict {
  readonly verdict: 'PASS' | 'WARN' | 'FAIL';
  /** The profile it was held against; of a CA its category and kind. */
  readonly profile: string;
  readonly findings: readonly LintFinding[];
}

/**
 * Holds a finished certificate against the profile that was named, or the one it looks like. Says nothing about who
 * issued it: the signature is not verified here.
 * @param der        whole certificate
 * @param refused    commonNames of live and published test CAs, each with why it is refused
 * @throws Fault `certificate-unreadable` when it is not a certificate in DER; `malformed-request` for an unknown profile
 */
export function checkCertificate(
  der: Buffer,
  profiles: Iterable<KnownProfile>,
  refused: ReadonlyMap<string, string>,
  now: Date,
  requested?: string,
): CertificateVerdict {
  const certificate = read(der);
  const { facts } = certificate;
  const { kind, profile, known } = recognise(facts, [...profiles], requested);
  const findings = [
    ...runRules(facts, kind),
    ...(kind.kind === 'END_ENTITY' ? checkProfile(facts, profile, known) : []),
    ...checkEnvelope(certificate),
    ...checkValidity(facts, now),
    ...checkNames(facts, refused),
  ];
  const failed = findings.some((one) => one.severity === 'ERROR');
  return { verdict: failed ? 'FAIL' : findings.length > 0 ? 'WARN' : 'PASS', profile, findings };
}

/** The DER of a certificate as it was sent: DER, PEM or Base64. @throws Fault `certificate-unreadable` when it is none of them */
export function decodeCertificate(octets: Buffer): Buffer {
  try {
    return decodeCertificateInput(octets);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw certificateUnreadable(error, 'RFC 7468, 5');
  }
}

function read(der: Buffer): CertificateFacts {
  try {
    return readCertificate(der);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw certificateUnreadable(error, 'RFC 5280, 4.1; X.690, 10');
  }
}

/** What was sent is no certificate. @param clause  of the form that it does not have */
function certificateUnreadable({ message }: DerError, clause: string): Fault {
  const reason = {
    reason: 'CERTIFICATE_UNPARSEABLE',
    clause,
    detail: message,
    fix: 'Send one certificate as DER, PEM (BEGIN CERTIFICATE) or Base64 of DER.',
  };
  return new Fault('certificate-unreadable', 'This is not a certificate.', { reasons: [reason] });
}

interface Recognised {
  readonly kind: CertificateKind;
  readonly profile: string;
  readonly known?: KnownProfile | undefined;
}

function recognise(
  facts: TbsFacts,
  profiles: readonly KnownProfile[],
  requested: string | undefined,
): Recognised {
  if (requested !== undefined) {
    const named = profiles.find((one) => one.profile === requested);
    if (named === undefined) throw unknownProfile(requested, profiles);
    return { kind: { category: named.category, kind: 'END_ENTITY' }, profile: named.profile, known: named };
  }
  const category = categoryOf(facts);
  if (isAuthority(facts)) {
    const kind = facts.issuer.equals(facts.subject) ? 'ROOT' : 'ISSUING';
    return { kind: { category, kind }, profile: `${category} ${kind}` };
  }
  const ofCategory = profiles.filter((one) => one.category === category);
  const fitting = ofCategory.filter((one) => looksLike(facts, one));
  const known = fitting.find((one) => one.chosen === 'automatically') ?? fitting[0] ?? ofCategory[0];
  return { kind: { category, kind: 'END_ENTITY' }, profile: known?.profile ?? category, known };
}

function categoryOf(facts: TbsFacts): Category {
  const types = readName(facts.subject).map((name) => name.type);
  const issuerHasUnit = readName(facts.issuer).some((name) => name.type === oids.ORGANIZATIONAL_UNIT_NAME);
  if (types.includes(oids.UNIQUE_IDENTIFIER) || issuerHasUnit) return 'ORGANISATION';
  const usesTls = extensionOf(facts, oids.EXTENDED_KEY_USAGE) !== undefined;
  return usesTls || facts.publicKey.kind === 'RSA' ? 'DCCKI' : 'DEVICE';
}

function isAuthority(facts: TbsFacts): boolean {
  const extension = extensionOf(facts, oids.BASIC_CONSTRAINTS);
  return extension !== undefined && attempt(() => readBasicConstraints(extension.value).cA, false);
}

function looksLike(
  facts: TbsFacts,
  { keyUsage, roles, category, subjectPublicKeyInfo }: KnownProfile,
): boolean {
  const extension = extensionOf(facts, oids.KEY_USAGE);
  const usages = extension ? attempt(() => readKeyUsage(extension.value), []) : [];
  const unit = readName(facts.subject).find((name) => name.type === oids.ORGANIZATIONAL_UNIT_NAME);
  const role = unit && parseRoleCode(unit.value.toString());
  const sameRole =
    category !== 'ORGANISATION' || roles === undefined || (role !== undefined && roles.includes(role));
  const sameKey =
    category !== 'DCCKI' || (facts.publicKey.kind === 'RSA') === (subjectPublicKeyInfo.algorithm === 'RSA');
  return usages.includes(keyUsage) && sameRole && sameKey;
}

/** What the rules of its category leave open, and its profile does not. */
function checkProfile(facts: TbsFacts, profile: string, known: KnownProfile | undefined): LintFinding[] {
  if (known === undefined || !looksLike(facts, known))
    return [
      finding(
        'fits-profile',
        'ERROR',
        'certs-templates',
        `its keyUsage, role or kind of key is not that of ${profile}`,
      ),
    ];
  const wanted = known.extensions.flatMap((one) => one.policies ?? []);
  const extension = extensionOf(facts, oids.CERTIFICATE_POLICIES);
  const found = extension ? attempt(() => readCertificatePolicies(extension.value), []) : [];
  const other = found.find((policy) => !wanted.includes(policy));
  return other === undefined
    ? []
    : [
        finding(
          'policy-of-profile',
          'WARN',
          'certs-templates',
          `its policy ${other} is not that of ${profile}`,
        ),
      ];
}

function checkEnvelope({ facts, signatureAlgorithm }: CertificateFacts): LintFinding[] {
  return signatureAlgorithm.equals(facts.signatureAlgorithm)
    ? []
    : [finding('same-algorithm-twice', 'ERROR', 'RFC 5280, 4.1.1.2', 'the two signature algorithms differ')];
}

function checkValidity({ validity }: TbsFacts, now: Date): LintFinding[] {
  if (now < validity.notBefore)
    return [
      finding(
        'valid-now',
        'WARN',
        'RFC 5280, 4.1.2.5',
        `it is not valid before ${validity.notBefore.toISOString()}`,
      ),
    ];
  if (hasExpired(validity.notAfter, now))
    return [
      finding(
        'valid-now',
        'WARN',
        'RFC 5280, 4.1.2.5',
        `it was valid until ${validity.notAfter.toISOString()}`,
      ),
    ];
  return [];
}

/** A certificate of live SMKI, or of the published test PKI, is not one of ours. */
function checkNames(facts: TbsFacts, refused: ReadonlyMap<string, string>): LintFinding[] {
  const name = refusedNameIn(facts.issuer, refused);
  if (name === undefined) return [];
  const detail = `the issuer ${name.commonName}: ${name.why}`;
  return [finding('test-issuer', 'WARN', 'DESIGN: certs-templates/refused', detail)];
}

function finding(
  rule: string,
  severity: LintFinding['severity'],
  clause: string,
  detail: string,
): LintFinding {
  return { rule, severity, clause, detail };
}

function attempt<T>(readValue: () => T, otherwise: T): T {
  try {
    return readValue();
  } catch (error) {
    if (error instanceof DerError) return otherwise;
    throw error;
  }
}

function unknownProfile(requested: string, profiles: readonly KnownProfile[]): Fault {
  const reason = {
    reason: 'PROFILE_NOT_APPLICABLE',
    clause: 'DESIGN',
    detail: `There is no profile ${requested}.`,
    fix: `Profiles: ${profiles.map((one) => one.profile).join(', ')}.`,
  };
  return new Fault('malformed-request', reason.detail, { reasons: [reason] });
}
