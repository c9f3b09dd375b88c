import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import { SubjectAlternativeName } from '@peculiar/asn1-x509';
import {
  CertificatePolicyExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate as PeculiarCertificate,
  type Name,
} from '@peculiar/x509';
import { TAG } from '../../src/x509/der.ts';
import { readCertificatePolicies, readKeyUsage } from '../../src/x509/extensions.ts';
import { readName } from '../../src/x509/name.ts';
import { CERTIFICATE_POLICIES, KEY_USAGE, SUBJECT_ALT_NAME } from '../../src/x509/oids.ts';
import { readCertificate } from '../../src/x509/read-certificate.ts';
import { readSubjectAltName } from '../../src/x509/subject-alt-name.ts';
import { tlv, wholeBitString } from '../../src/x509/write-der.ts';
import { HardwareModuleName } from './asn1-oracle.ts';
import { opensslReading } from './openssl-reading.ts';

/** What one reader tells of a certificate, in a form that all share. Absent: the reader has no word for it. */
export interface CertificateReading {
  /** `2.5.4.3=text`, or `2.5.4.45=#DER` of what is no text; in the order of the name. */
  readonly subject: readonly string[];
  readonly issuer: readonly string[];
  /** Upper-case hex. */
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SubjectPublicKeyInfo DER, hex. */
  readonly key: string;
  /** `dNSName:host`, or `hardwareModuleName:hwType:hwSerialNum` (dotted, upper-case hex). */
  readonly subjectAltName: readonly string[];
  readonly keyUsage?: readonly string[];
  readonly policies?: readonly string[];
  /** Dotted OIDs in order, with ` critical`. */
  readonly extensions?: readonly string[];
}

/** The readers by name, each with code of its own between the octets and what it tells. */
export const READERS: Readonly<Record<string, (der: Buffer) => CertificateReading>> = {
  ours: ownReading,
  node: nodeReading,
  '@peculiar/x509': peculiarReading,
  'openssl x509 -text': opensslReading,
};

/**
 * What a reader can tell of what another read: Node has no word for keyUsage, certificatePolicies and the list of
 * extensions, and says of an otherName only that there is one.
 */
export function asTold(reader: string, told: CertificateReading): CertificateReading {
  if (reader !== 'node') return told;
  const { subject, issuer, serialNumber, notBefore, notAfter, key } = told;
  const subjectAltName = told.subjectAltName.map((name) =>
    name.startsWith('hardwareModuleName:') ? NODE_OTHER_NAME : name,
  );
  return { subject, issuer, serialNumber, notBefore, notAfter, key, subjectAltName };
}

function ownReading(der: Buffer): CertificateReading {
  const { facts } = readCertificate(der);
  const valueOf = (oid: string) => facts.extensions.find((extension) => extension.oid === oid)?.value;
  const names = (octets: Buffer) =>
    readName(octets).map(
      ({ type, tag, value }) =>
        `${type}=${tag === TAG.BIT_STRING ? derText(tlv(tag, value)) : value.toString('utf8')}`,
    );
  const [alternative, usage, policies] = [SUBJECT_ALT_NAME, KEY_USAGE, CERTIFICATE_POLICIES].map(valueOf);
  return {
    subject: names(facts.subject),
    issuer: names(facts.issuer),
    serialNumber: upperHex(facts.serialNumber),
    notBefore: facts.validity.notBefore,
    notAfter: facts.validity.notAfter,
    key: facts.spki.toString('hex'),
    subjectAltName: (alternative === undefined ? [] : readSubjectAltName(alternative)).map((name) => {
      if (name.kind === 'hardwareModuleName')
        return `hardwareModuleName:${name.hwType}:${upperHex(name.hwSerialNum)}`;
      return name.kind === 'dNSName' ? `dNSName:${name.value}` : name.description;
    }),
    keyUsage: readKeyUsage(usage!),
    policies: readCertificatePolicies(policies!),
    extensions: facts.extensions.map(({ oid, critical }) => `${oid}${critical ? ' critical' : ''}`),
  };
}

function nodeReading(der: Buffer): CertificateReading {
  const certificate = new X509Certificate(der);
  const names = (text: string | undefined) => (text ?? '').split('\n').filter(Boolean).map(nodeAttribute);
  return {
    // Node 20 gives `undefined` for the empty name, against its types.
    subject: names(certificate.subject),
    issuer: names(certificate.issuer),
    serialNumber: certificate.serialNumber,
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    key: certificate.publicKey.export({ type: 'spki', format: 'der' }).toString('hex'),
    subjectAltName: (certificate.subjectAltName ?? '')
      .split(', ')
      .filter(Boolean)
      .map((name) => name.replace(/^DNS:/, 'dNSName:')),
  };
}

/** Node writes the octets of a BIT STRING as the characters of ISO 8859-1, and escapes as RFC 2253 does. */
function nodeAttribute(line: string): string {
  const at = line.indexOf('=');
  const type = line.slice(0, at);
  const value = line
    .slice(at + 1)
    .replace(/\\([0-9A-F]{2})|\\(.)/g, (_, hex?: string, character?: string) =>
      hex === undefined ? (character ?? '') : String.fromCharCode(parseInt(hex, 16)),
    );
  return type === 'x500UniqueIdentifier'
    ? `2.5.4.45=${derText(wholeBitString(Buffer.from(value, 'latin1')))}`
    : `${SHORT_NAMES[type] ?? type}=${value}`;
}

function peculiarReading(der: Buffer): CertificateReading {
  const certificate = new PeculiarCertificate(der);
  const names = (name: Name) =>
    name
      .toJSON()
      .flatMap((rdn) => Object.entries(rdn))
      .flatMap(([type, values]) =>
        values.map(
          (value) => `${SHORT_NAMES[type] ?? type}=${value.startsWith('#') ? value.toUpperCase() : value}`,
        ),
      );
  const usages = certificate.getExtension(KeyUsagesExtension)!.usages;
  return {
    subject: names(certificate.subjectName),
    issuer: names(certificate.issuerName),
    serialNumber: certificate.serialNumber.toUpperCase(),
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    key: Buffer.from(certificate.publicKey.rawData).toString('hex'),
    subjectAltName: peculiarAlternativeNames(certificate),
    keyUsage: Object.entries(KeyUsageFlags).flatMap(([name, bit]) =>
      typeof bit === 'number' && (usages & bit) !== 0 ? [name] : [],
    ),
    policies: certificate.getExtension(CertificatePolicyExtension)!.policies,
    extensions: certificate.extensions.map(({ type, critical }) => `${type}${critical ? ' critical' : ''}`),
  };
}

/** From the ASN.1 objects under the library's own, which drops every otherName without a word. */
function peculiarAlternativeNames(certificate: PeculiarCertificate): string[] {
  const extension = certificate.getExtension(SUBJECT_ALT_NAME);
  if (extension === null) return [];
  return AsnConvert.parse(extension.value, SubjectAlternativeName).map(({ dNSName, otherName }) => {
    if (otherName === undefined) return `dNSName:${String(dNSName)}`;
    const { hwType, hwSerialNum } = AsnConvert.parse(otherName.value, HardwareModuleName);
    return `hardwareModuleName:${hwType}:${upperHex(Buffer.from(hwSerialNum))}`;
  });
}

const upperHex = (octets: Buffer) => octets.toString('hex').toUpperCase();
/** As RFC 4514, 2.4 writes a value that is no text. */
const derText = (octets: Buffer) => `#${upperHex(octets)}`;
const SHORT_NAMES: Readonly<Record<string, string>> = { CN: '2.5.4.3', OU: '2.5.4.11' };
const NODE_OTHER_NAME = 'othername:<unsupported>';
