import { formatRoleCode } from '../domain/category.ts';
import type { CertificateSubject } from '../domain/certificate-request.ts';
import { eui64Octets } from '../domain/eui64.ts';
import { Fault } from '../domain/fault.ts';
import type { SerialNumber } from '../domain/serial-number.ts';
import type { TbsContent } from '../x509/certificate.ts';
import { encodeName, type RelativeName } from '../x509/name.ts';
import * as oids from '../x509/oids.ts';
import { compileExtension, type ExtensionPart } from './compile-extension.ts';
import type { AuthorityTemplate, Profile, SubjectLine, Validity } from './profile.ts';

/** What a certificate takes from the authority above it. */
export interface AuthorityFacts {
  readonly name: string;
  /** Name DER, octet for octet. */
  readonly subject: Buffer;
  /** 8 octets. */
  readonly keyIdentifier: Buffer;
  /** AlgorithmIdentifier DER of its signatures. */
  readonly signatureAlgorithm: Buffer;
  /** Inclusive. */
  readonly notAfter: Date;
}

/** What differs from certificate to certificate. */
export interface CertificateFacts {
  readonly serialNumber: SerialNumber;
  /** Instant of issue; fractions of a second are dropped. */
  readonly notBefore: Date;
  readonly subject: CertificateSubject;
  /** SubjectPublicKeyInfo DER. */
  readonly spki: Buffer;
}

/** A profile under one authority, with everything encoded that is the same in every certificate. */
export interface CompiledProfile {
  readonly profile: Profile;
  readonly authority: AuthorityFacts;
  /** One for each extension, in the order of the profile. */
  readonly extensions: readonly ExtensionPart[];
}

/** Encodes the static parts of a profile once. */
export function compileProfile(profile: Profile, authority: AuthorityFacts): CompiledProfile {
  return {
    profile,
    authority,
    extensions: profile.extensions.map((line) => compileExtension(line, authority.keyIdentifier)),
  };
}

/**
 * The content of one certificate.
 * @throws Fault `lint-failed` when it would outlive its issuer
 * @see RFC 5280, 4.1.2.5 (validity), 6.1 (a path is valid only within every validity in it)
 */
export function fillProfile(
  { profile, authority, extensions }: CompiledProfile,
  facts: CertificateFacts,
): TbsContent {
  const notBefore = wholeSecond(facts.notBefore);
  const notAfter = validUntil(profile, notBefore);
  if (notAfter > authority.notAfter) throw outlivesIssuer(profile.profile, notAfter, authority);
  return {
    serialNumber: facts.serialNumber,
    signatureAlgorithm: authority.signatureAlgorithm,
    issuer: authority.subject,
    notBefore,
    notAfter,
    subject: encodeName(profile.subject.flatMap((line) => fillSubject(line, facts.subject))),
    spki: facts.spki,
    extensions: fillExtensions(extensions, facts),
  };
}

/** The content of the certificate of a test CA. @param issuer the authority above; absent for a root, which issues itself */
export function fillAuthority(
  template: AuthorityTemplate,
  facts: Omit<CertificateFacts, 'subject'>,
  signatureAlgorithm: Buffer,
  issuer?: AuthorityFacts,
): TbsContent {
  const notBefore = wholeSecond(facts.notBefore);
  const notAfter = lastSecond(template.validity, notBefore);
  if (issuer !== undefined && notAfter > issuer.notAfter)
    throw outlivesIssuer(template.authority, notAfter, issuer);
  const subject = authorityName(template);
  const extensions = template.extensions.map((line) => compileExtension(line, issuer?.keyIdentifier));
  return {
    serialNumber: facts.serialNumber,
    signatureAlgorithm,
    issuer: issuer?.subject ?? subject,
    notBefore,
    notAfter,
    subject,
    spki: facts.spki,
    extensions: fillExtensions(extensions, facts),
  };
}

/** Name DER of a test CA. */
export function authorityName(template: AuthorityTemplate): Buffer {
  return encodeName(template.subject.map((line) => relativeName(line, line.value)));
}

function fillExtensions(
  parts: readonly ExtensionPart[],
  facts: Pick<CertificateFacts, 'spki'> & Partial<CertificateFacts>,
): Buffer[] {
  const filled: Buffer[] = [];
  for (const part of parts) {
    const extension = part instanceof Uint8Array ? part : part(facts);
    if (extension !== undefined) filled.push(extension);
  }
  return filled;
}

function fillSubject(line: SubjectLine, subject: CertificateSubject): RelativeName[] {
  const value = fillPlaceholder(line.value, subject);
  if (value !== undefined) return [relativeName(line, value)];
  if (line.optional) return [];
  throw new TypeError(`${line.value} has no value in a subject of the category ${subject.category}`);
}

function fillPlaceholder(value: string, subject: CertificateSubject): string | Buffer | undefined {
  switch (value) {
    case '{common-name}':
      return subject.category === 'ORGANISATION' ? subject.commonName : undefined;
    case '{role-code}':
      return subject.category === 'ORGANISATION' ? formatRoleCode(subject.role) : undefined;
    case '{eui64}':
      return subject.category === 'DCCKI' ? undefined : eui64Octets(subject.eui64);
    case '{signifier}':
      return subject.category === 'DCCKI' ? subject.signifier : undefined;
    default:
      return value;
  }
}

const relativeName = (line: SubjectLine, value: string | Buffer): RelativeName => ({
  type: ATTRIBUTE_TYPES[line.type],
  as: line.as,
  value,
});

/** `years` end one second before the anniversary: the last second is part of the validity. */
function lastSecond(validity: Validity, notBefore: Date): Date {
  if ('notAfter' in validity) return validity.notAfter;
  const end = new Date(notBefore);
  end.setUTCFullYear(end.getUTCFullYear() + validity.years);
  return new Date(end.getTime() - 1000);
}

/** The last second of a certificate of this profile that is issued at an instant. */
export const validUntil = ({ validity }: Pick<Profile, 'validity'>, issuedAt: Date): Date =>
  lastSecond(validity, wholeSecond(issuedAt));

const wholeSecond = (instant: Date) => new Date(Math.floor(instant.getTime() / 1000) * 1000);

function outlivesIssuer(name: string, notAfter: Date, issuer: AuthorityFacts): Fault {
  const detail = `A certificate of ${name} would be valid until ${notAfter.toISOString()}, longer than ${issuer.name}, which ends ${issuer.notAfter.toISOString()}.`;
  return new Fault('lint-failed', detail);
}

const ATTRIBUTE_TYPES = {
  commonName: oids.COMMON_NAME,
  organizationalUnitName: oids.ORGANIZATIONAL_UNIT_NAME,
  organizationName: oids.ORGANIZATION_NAME,
  uniqueIdentifier: oids.UNIQUE_IDENTIFIER,
};
