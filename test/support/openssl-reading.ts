import { createPublicKey } from 'node:crypto';
import type { CertificateReading } from './certificate-readers.ts';
import { opensslAsn1, opensslText } from './openssl.ts';

/** What `openssl x509 -text` prints of a certificate; of a hardwareModuleName, what `openssl asn1parse` does. */
export function opensslReading(der: Buffer): CertificateReading {
  const text = opensslText(der);
  const line = (label: string) => new RegExp(`^ *${label} ?: ?(.*)$`, 'm').exec(text)?.[1] ?? '';
  const extensions = printedExtensions(text);
  const linesOf = (oid: string) => extensions.find((extension) => extension.oid === oid)?.lines ?? [];
  return {
    subject: names(line('Subject')),
    issuer: names(line('Issuer')),
    serialNumber: octetsAfter(text, 'Serial Number').toString('hex').toUpperCase(),
    notBefore: new Date(line('Not Before')),
    notAfter: new Date(line('Not After')),
    key: printedKey(text, line('Exponent')),
    subjectAltName: linesOf('2.5.29.17').flatMap((one) =>
      one.startsWith('othername:') ? [hardwareModuleName(der)] : one.split(', ').map(generalName),
    ),
    keyUsage: linesOf('2.5.29.15').flatMap((one) => one.split(', ').map((usage) => USAGES[usage] ?? usage)),
    policies: linesOf('2.5.29.32').map((one) => one.replace(/^Policy: /, '')),
    extensions: extensions.map(({ oid, critical }) => `${oid}${critical ? ' critical' : ''}`),
  };
}

/** `CN=a\, b, OU=02`: separated by commas that are not escaped. */
function names(text: string): string[] {
  return text
    .split(/(?<!\\), /)
    .filter(Boolean)
    .map((one) => {
      const [, type = '', value = ''] = /^(\S+?)=(.*)$/.exec(one) ?? [];
      return `${TYPES[type] ?? type}=${value.replace(/\\(.)/g, '$1')}`;
    });
}

/** Each with its name as a heading of its own, and below it what it says. */
function printedExtensions(text: string) {
  const headings = /^ {12}(\S[^:\n]*):(?: (critical))? *\n((?: {16}.*\n)*)/gm;
  return [...text.matchAll(headings)].map(([, name = '', critical, value = '']) => ({
    oid: EXTENSIONS[name] ?? name,
    critical: critical !== undefined,
    lines: value.trim().split(/\n */),
  }));
}

function printedKey(text: string, exponent: string): string {
  const octets = octetsAfter(text, exponent === '' ? 'pub' : 'Modulus');
  const base64 = (part: Buffer) => part.toString('base64url');
  const key =
    exponent === ''
      ? { kty: 'EC', crv: 'P-256', x: base64(octets.subarray(1, 33)), y: base64(octets.subarray(33)) }
      : { kty: 'RSA', n: base64(octets.subarray(1)), e: base64(exponentOctets(exponent)) };
  return createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'der' }).toString('hex');
}

/** `65537 (0x10001)` */
function exponentOctets(text: string): Buffer {
  const digits = /0x([0-9a-f]+)/.exec(text)?.[1] ?? '';
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
}

/** The octets below a heading, `04:f5:ca` on several lines. */
function octetsAfter(text: string, heading: string): Buffer {
  const printed = new RegExp(`^ *${heading}:\\s+((?:[0-9a-f]{2}[:\\s]+)+)`, 'm').exec(text)?.[1] ?? '';
  return Buffer.from(printed.replace(/[^0-9a-f]/g, ''), 'hex');
}

const generalName = (printed: string) => printed.replace(/^DNS:/, 'dNSName:');

/** `x509 -text` says `<unsupported>` of it, so it is taken from the ASN.1 inside of the extension. */
function hardwareModuleName(der: Buffer): string {
  const octets = /Subject Alternative Name\n(?:.*BOOLEAN.*\n)? *(\d+):.*OCTET STRING/;
  const inside = opensslAsn1(der, octets.exec(opensslAsn1(der))?.[1]);
  const [, , hwType] = /OBJECT +:(.*)\n[^]*OBJECT +:(.*)\n/.exec(inside) ?? [];
  const hwSerialNum = /OCTET STRING +\[HEX DUMP\]:([0-9A-F]+)/.exec(inside)?.[1];
  return `hardwareModuleName:${String(hwType)}:${String(hwSerialNum)}`;
}

const TYPES: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  OU: '2.5.4.11',
  x500UniqueIdentifier: '2.5.4.45',
};
const USAGES: Readonly<Record<string, string>> = {
  'Digital Signature': 'digitalSignature',
  'Key Encipherment': 'keyEncipherment',
  'Key Agreement': 'keyAgreement',
  'Certificate Sign': 'keyCertSign',
  'CRL Sign': 'cRLSign',
};
const EXTENSIONS: Readonly<Record<string, string>> = {
  'X509v3 Subject Key Identifier': '2.5.29.14',
  'X509v3 Key Usage': '2.5.29.15',
  'X509v3 Subject Alternative Name': '2.5.29.17',
  'X509v3 Basic Constraints': '2.5.29.19',
  'X509v3 Certificate Policies': '2.5.29.32',
  'X509v3 Authority Key Identifier': '2.5.29.35',
  'X509v3 Extended Key Usage': '2.5.29.37',
};
