import type { CertificateSubject, KeyUsage } from '../domain/certificate-request.ts';
import type { SerialNumber } from '../domain/serial-number.ts';
import type { Expectation } from '../lint/expectation.ts';
import type { AuthorityFacts } from '../profiles/fill-profile.ts';
import { policiesOf, type AuthorityTemplate, type ExtensionLine, type Profile } from '../profiles/profile.ts';
import * as oids from '../x509/oids.ts';

/** What is the same in every expectation of a profile or of an authority's template. */
export function templateExpectation(
  template: Profile | AuthorityTemplate,
): Pick<Expectation, 'validity' | 'policies' | 'keyUsage'> & { readonly order: readonly string[] } {
  return {
    validity: template.validity,
    policies: policiesOf(template),
    keyUsage: template.extensions.flatMap((line): KeyUsage[] =>
      line.extension === 'keyUsage' ? line.bits : [],
    ),
    order: template.extensions.map((line) => EXTENSION_OIDS[line.extension]),
  };
}

/** What one certificate of a profile must say, told from the request and the profile and not from the octets. */
export function expectedCertificate(
  template: ReturnType<typeof templateExpectation>,
  issuer: AuthorityFacts,
  facts: {
    readonly serialNumber: SerialNumber;
    readonly notBefore: Date;
    readonly subject: CertificateSubject;
    readonly spki: Buffer;
  },
): Expectation {
  const { subject } = facts;
  const hasAlternativeName =
    subject.category === 'DEVICE' || (subject.category === 'DCCKI' && subject.dnsNames.length > 0);
  // Member by member: this runs for every certificate, and copying objects costs more than the rest of it.
  return {
    validity: template.validity,
    policies: template.policies,
    keyUsage: template.keyUsage,
    serialNumber: facts.serialNumber,
    notBefore: facts.notBefore,
    subject,
    spki: facts.spki,
    signatureAlgorithm: issuer.signatureAlgorithm,
    issuer: issuer.subject,
    authorityKeyIdentifier: issuer.keyIdentifier,
    issuerNotAfter: issuer.notAfter,
    extensions: hasAlternativeName
      ? template.order
      : template.order.filter((oid) => oid !== oids.SUBJECT_ALT_NAME),
  };
}

/** What the certificate of a test CA must say. */
export function expectedAuthority(
  template: AuthorityTemplate,
  name: Buffer,
  signatureAlgorithm: Buffer,
  issuer: AuthorityFacts | undefined,
  facts: { readonly serialNumber: SerialNumber; readonly notBefore: Date; readonly spki: Buffer },
): Expectation {
  const { order, ...expected } = templateExpectation(template);
  return {
    ...expected,
    ...facts,
    signatureAlgorithm,
    issuer: issuer?.subject ?? name,
    ...(issuer === undefined ? {} : { authorityKeyIdentifier: issuer.keyIdentifier }),
    issuerNotAfter: issuer?.notAfter ?? INDEFINITE,
    extensions: order,
    subject: { category: 'AUTHORITY', name },
  };
}

const INDEFINITE = new Date('9999-12-31T23:59:59Z');
const EXTENSION_OIDS: Record<ExtensionLine['extension'], string> = {
  keyUsage: oids.KEY_USAGE,
  extendedKeyUsage: oids.EXTENDED_KEY_USAGE,
  basicConstraints: oids.BASIC_CONSTRAINTS,
  subjectKeyIdentifier: oids.SUBJECT_KEY_IDENTIFIER,
  authorityKeyIdentifier: oids.AUTHORITY_KEY_IDENTIFIER,
  certificatePolicies: oids.CERTIFICATE_POLICIES,
  subjectAltName: oids.SUBJECT_ALT_NAME,
};
