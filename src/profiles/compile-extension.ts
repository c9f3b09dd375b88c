import type { CertificateSubject } from '../domain/certificate-request.ts';
import { eui64Octets } from '../domain/eui64.ts';
import * as values from '../x509/extensions.ts';
import { keyIdentifier } from '../x509/key-identifier.ts';
import * as oids from '../x509/oids.ts';
import { dnsNamesValue, hardwareModuleNameValue } from '../x509/subject-alt-name.ts';
import type { ExtensionLine } from './profile.ts';

/** What an extension may take from the certificate it stands in. */
export interface ExtensionFacts {
  /** SubjectPublicKeyInfo DER. */
  readonly spki: Buffer;
  /** Absent in the certificate of a test CA. */
  readonly subject?: CertificateSubject;
}

/** The octets of an extension, or how to make them; `undefined`: an optional one that is left out. */
export type ExtensionPart = Buffer | ((facts: ExtensionFacts) => Buffer | undefined);

/**
 * Encodes what is the same in every certificate of a template.
 * @param issuerKeyIdentifier  8 octets; absent for a root, which has no authorityKeyIdentifier
 */
export function compileExtension(
  line: ExtensionLine,
  issuerKeyIdentifier: Buffer | undefined,
): ExtensionPart {
  const encode = (oid: string, value: Buffer) => values.encodeExtension(oid, line.critical, value);
  switch (line.extension) {
    case 'keyUsage':
      return encode(oids.KEY_USAGE, values.keyUsageValue(line.bits));
    case 'extendedKeyUsage':
      return encode(
        oids.EXTENDED_KEY_USAGE,
        values.extendedKeyUsageValue(line.purposes.map((purpose) => KEY_PURPOSES[purpose])),
      );
    case 'basicConstraints': {
      const { cA, pathLen } = line;
      const value = values.basicConstraintsValue(pathLen === undefined ? { cA } : { cA, pathLen });
      return encode(oids.BASIC_CONSTRAINTS, value);
    }
    case 'certificatePolicies':
      return encode(oids.CERTIFICATE_POLICIES, values.certificatePoliciesValue(line.policies));
    case 'authorityKeyIdentifier':
      if (issuerKeyIdentifier === undefined) throw new TypeError('a root has no authorityKeyIdentifier');
      return encode(oids.AUTHORITY_KEY_IDENTIFIER, values.authorityKeyIdentifierValue(issuerKeyIdentifier));
    case 'subjectKeyIdentifier': {
      const blank = encode(oids.SUBJECT_KEY_IDENTIFIER, values.subjectKeyIdentifierValue(BLANK));
      return ({ spki }) => endWith(blank, keyIdentifier(spki));
    }
    case 'subjectAltName':
      return compileAlternativeName((value) => encode(oids.SUBJECT_ALT_NAME, value));
  }
}

/** Few hwTypes come again and again: each is encoded once, its EUI-64 left blank. */
function compileAlternativeName(encode: (value: Buffer) => Buffer): ExtensionPart {
  const blanks = new Map<string, Buffer>();
  return ({ subject }) => {
    if (subject?.category === 'DCCKI')
      return subject.dnsNames.length > 0 ? encode(dnsNamesValue(subject.dnsNames)) : undefined;
    if (subject?.category !== 'DEVICE') return undefined;
    let blank = blanks.get(subject.hwType);
    if (blank === undefined) {
      blank = encode(hardwareModuleNameValue(subject.hwType, BLANK));
      if (blanks.size < MOST_BLANKS) blanks.set(subject.hwType, blank);
    }
    return endWith(blank, eui64Octets(subject.eui64));
  };
}

/** A copy of octets whose last eight are still blank, completed. */
function endWith(blank: Buffer, identifier: Buffer): Buffer {
  const whole = Buffer.from(blank);
  whole.set(identifier, whole.length - BLANK.length);
  return whole;
}

/** The place of a key identifier (GBCS) or an EUI-64: 8 octets, always the last of their extension. */
const BLANK = Buffer.alloc(8);
/** Bounded, because the manufacturers' CSRs name the hwType. */
const MOST_BLANKS = 64;
const KEY_PURPOSES = { serverAuth: oids.SERVER_AUTH, clientAuth: oids.CLIENT_AUTH };
