import { formatRoleCode } from '../domain/category.ts';
import type { CertificateSubject } from '../domain/certificate-request.ts';
import { eui64Octets } from '../domain/eui64.ts';
import { Fault } from '../domain/fault.ts';
import type { SerialNumber } from '../domain/serial-number.ts';
import type { TbsContent } from '../x509/certificate.ts';
import { encodeExtension } from '../x509/extensions.ts';
import * as values from '../x509/extensions.ts';
import { keyIdentifier } from '../x509/key-identifier.ts';
import { encodeName, type RelativeName } from '../x509/name.ts';
import * as oids from '../x509/oids.ts';
import { dnsNamesValue, hardwareModuleNameValue } from '../x509/subject-alt-name.ts';
import type { AuthorityTemplate, ExtensionLine, Profile, SubjectLine, Validity } from './profile.ts';

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
  /** One for each extension: its octets, or how to make them (`undefined`: an optional one that is left out). */
  readonly extensions: readonly (Buffer | ((facts: CertificateFacts) => Buffer | undefined))[];
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
  const notAfter = lastSecond(profile.validity, notBefore);
  if (notAfter > authority.notAfter) throw outlivesIssuer(profile.profile, notAfter, authority);
  return {
    serialNumber: facts.serialNumber,
    signatureAlgorithm: authority.signatureAlgorithm,
    issuer: authority.subject,
    notBefore,
    notAfter,
    subject: encodeName(profile.subject.flatMap((line) => fillSubject(line, facts.subject))),
    spki: facts.spki,
    extensions: extensions
      .map((part) => (Buffer.isBuffer(part) ? part : part(facts)))
      .filter((part) => part !== undefined),
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
    extensions: extensions.flatMap((part) => (Buffer.isBuffer(part) ? [part] : (part(facts) ?? []))),
  };
}

/** Name DER of a test CA. */
export function authorityName(template: AuthorityTemplate): Buffer {
  return encodeName(template.subject.map((line) => relativeName(line, line.value)));
}

function compileExtension(
  line: ExtensionLine,
  issuerKeyIdentifier: Buffer | undefined,
): Buffer | ((facts: Pick<CertificateFacts, 'spki'> & Partial<CertificateFacts>) => Buffer | undefined) {
  const encode = (oid: string, value: Buffer) => encodeExtension(oid, line.critical, value);
  switch (line.extension) {
    case 'keyUsage':
      return encode(oids.KEY_USAGE, values.keyUsageValue(line.bits));
    case 'extendedKeyUsage':
      return encode(
        oids.EXTENDED_KEY_USAGE,
        values.extendedKeyUsageValue(line.purposes.map((one) => KEY_PURPOSES[one])),
      );
    case 'basicConstraints':
      return encode(
        oids.BASIC_CONSTRAINTS,
        values.basicConstraintsValue(
          line.pathLen === undefined ? { cA: line.cA } : { cA: line.cA, pathLen: line.pathLen },
        ),
      );
    case 'certificatePolicies':
      return encode(oids.CERTIFICATE_POLICIES, values.certificatePoliciesValue(line.policies));
    case 'authorityKeyIdentifier':
      if (issuerKeyIdentifier === undefined) throw new TypeError('a root has no authorityKeyIdentifier');
      return encode(oids.AUTHORITY_KEY_IDENTIFIER, values.authorityKeyIdentifierValue(issuerKeyIdentifier));
    case 'subjectKeyIdentifier':
      return ({ spki }) =>
        encode(oids.SUBJECT_KEY_IDENTIFIER, values.subjectKeyIdentifierValue(keyIdentifier(spki)));
    case 'subjectAltName':
      return ({ subject }) => {
        const value = alternativeName(subject);
        return value && encode(oids.SUBJECT_ALT_NAME, value);
      };
  }
}

function alternativeName(subject: CertificateSubject | undefined): Buffer | undefined {
  if (subject?.category === 'DEVICE')
    return hardwareModuleNameValue(subject.hwType, eui64Octets(subject.eui64));
  return subject?.category === 'DCCKI' && subject.dnsNames.length > 0
    ? dnsNamesValue(subject.dnsNames)
    : undefined;
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

const wholeSecond = (instant: Date) => new Date(Math.floor(instant.getTime() / 1000) * 1000);

function outlivesIssuer(name: string, notAfter: Date, issuer: AuthorityFacts): Fault {
  const detail = `A certificate of ${name} would be valid until ${notAfter.toISOString()}, longer than ${issuer.name}, which ends ${issuer.notAfter.toISOString()}.`;
  return new Fault('lint-failed', detail);
}

const KEY_PURPOSES = { serverAuth: oids.SERVER_AUTH, clientAuth: oids.CLIENT_AUTH };
const ATTRIBUTE_TYPES = {
  commonName: oids.COMMON_NAME,
  organizationalUnitName: oids.ORGANIZATIONAL_UNIT_NAME,
  organizationName: oids.ORGANIZATION_NAME,
  uniqueIdentifier: oids.UNIQUE_IDENTIFIER,
};
