import type { Category, DeviceType, RemotePartyRole, TestEnvironment, TestingPurpose } from './category.ts';
import type { Eui64 } from './eui64.ts';

export const CHANNELS = ['INTERNET', 'DCC_GATEWAY', 'IN_PERSON_MEDIA'] as const;
export type DeliveryChannel = (typeof CHANNELS)[number];

/** What is asked for, in words of the domain. */
export interface CertificateRequest {
  readonly category: Category;
  readonly purpose: TestingPurpose;
  readonly environment?: TestEnvironment;
  /** PKCS#10 as the caller sent it, not yet read: DER octets, or text (PEM, or Base64 of DER). */
  readonly csr: Buffer | string;
  /** Profile name; absent: the one that fits category, role and keyUsage. */
  readonly profile?: string;
  readonly deviceType?: DeviceType;
  /** Asked on the replacement route: refused unless its Device ID has certificates already (SEC Appendix M, 2.4). DEVICE only. */
  readonly replacement?: boolean;
  readonly channel: DeliveryChannel;
  /** Signifier of the participant for whom a DCC operator asks. */
  readonly onBehalfOf?: string;
}

/** One AttributeTypeAndValue of a distinguished name, in the order of the name. */
export interface NameAttribute {
  /** Dotted OID. */
  readonly type: string;
  /** ASN.1 tag of the value, e.g. 0x0c UTF8String, 0x13 PrintableString, 0x03 BIT STRING. */
  readonly tag: number;
  /** Content octets of the value (of a BIT STRING: including the octet of unused bits). */
  readonly value: Buffer;
  /** False when the attribute shares its RelativeDistinguishedName with another. */
  readonly single: boolean;
}

export interface CsrExtension {
  readonly oid: string;
  readonly critical: boolean;
  /** Content of extnValue. */
  readonly value: Buffer;
}

/** The key of an SPKI. `other`: neither of what the profiles allow; the OID says what it is. */
export type PublicKeyFacts =
  | { readonly kind: 'EC_P256'; readonly point: Buffer }
  | { readonly kind: 'RSA'; readonly bits: number; readonly exponent: bigint }
  | { readonly kind: 'OTHER'; readonly description: string };

/** What a well-formed PKCS#10 says (RFC 2986), before any rule of the SEC is applied to it. */
export interface CsrFacts {
  readonly der: Buffer;
  /** CertificationRequestInfo: the signed octets. */
  readonly info: Buffer;
  readonly version: number;
  readonly subject: readonly NameAttribute[];
  /** SubjectPublicKeyInfo DER. */
  readonly spki: Buffer;
  readonly publicKey: PublicKeyFacts;
  /** OIDs of all attributes, in order. */
  readonly attributes: readonly string[];
  /** Extensions of the extensionRequest attribute, in order. */
  readonly extensions: readonly CsrExtension[];
  /** Dotted OID, and whether its parameters are as the algorithm wants them (absent for ECDSA, NULL for RSA). */
  readonly signatureAlgorithm: string;
  readonly signatureAlgorithmWellFormed: boolean;
  readonly signature: Buffer;
}

/** The bits of keyUsage that fit one octet, by their names (RFC 5280, 4.2.1.3). */
export type KeyUsage =
  | 'digitalSignature'
  | 'nonRepudiation'
  | 'keyEncipherment'
  | 'dataEncipherment'
  | 'keyAgreement'
  | 'keyCertSign'
  | 'cRLSign'
  | 'encipherOnly';

/** What a CSR that kept the rules of its category asks for. */
export type CertificateSubject =
  | {
      readonly category: 'ORGANISATION';
      readonly eui64: Eui64;
      readonly role: RemotePartyRole;
      readonly commonName?: string;
    }
  | {
      readonly category: 'DEVICE';
      readonly eui64: Eui64;
      /** hwType of the hardwareModuleName: the manufacturer's OID, dotted. */
      readonly hwType: string;
    }
  | { readonly category: 'DCCKI'; readonly signifier: string; readonly dnsNames: readonly string[] };

/** The text under which a subject is known: to find its earlier certificates and the keys it has used. */
export function subjectKey(subject: CertificateSubject): string {
  return subject.category === 'DCCKI' ? `DCCKI:${subject.signifier}` : `${subject.category}:${subject.eui64}`;
}
