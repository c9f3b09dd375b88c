import type { CsrExtension, KeyUsage } from '../domain/certificate-request.ts';
import { DerError, type DerReader, readWhole, TAG } from './der.ts';
import { octetString, oid, sequence, tlv } from './write-der.ts';

/** Extension DER; `critical` FALSE is the default and not written (X.690, 11.5). @see RFC 5280, 4.1 */
export function encodeExtension(extensionId: string, critical: boolean, value: Buffer): Buffer {
  return critical
    ? sequence(oid(extensionId), TRUE, octetString(value))
    : sequence(oid(extensionId), octetString(value));
}

/** The Extensions of a certificate or of an extensionRequest, in order; duplicates stay visible. @throws DerError */
export function readExtensions(reader: DerReader): CsrExtension[] {
  const list = reader.enter(TAG.SEQUENCE, 'the extensions');
  const extensions: CsrExtension[] = [];
  while (!list.done) {
    const extension = list.enter(TAG.SEQUENCE, 'an extension');
    const extensionId = extension.oid('an extension identifier');
    const critical = extension.peek() === TAG.BOOLEAN && readCritical(extension);
    const value = extension.take(TAG.OCTET_STRING, 'an extension value');
    extension.finish('an extension');
    extensions.push({ oid: extensionId, critical, value });
  }
  return extensions;
}

/** KeyUsage: a named bit list without trailing zero bits (X.690, 11.2.2). @see RFC 5280, 4.2.1.3 */
export function keyUsageValue(usages: readonly KeyUsage[]): Buffer {
  const bits = usages.reduce((octet, usage) => octet | (0x80 >> KEY_USAGES.indexOf(usage)), 0);
  if (bits === 0) throw new TypeError('a KeyUsage names at least one bit');
  return tlv(TAG.BIT_STRING, Buffer.from([Math.clz32(bits & -bits) ^ 31, bits]));
}

export function readKeyUsage(value: Buffer): KeyUsage[] {
  return readWhole(value, 'keyUsage', (reader) => {
    const start = reader.position;
    const content = reader.take(TAG.BIT_STRING, 'keyUsage');
    const unused = content[0] ?? 8;
    const last = content.at(-1) ?? 0;
    const minimal =
      content.length >= 2 &&
      unused <= 7 &&
      (last & (0xff << unused) & 0xff) === last &&
      (last >> unused) % 2 === 1;
    if (!minimal) throw new DerError(start, 'keyUsage is not a minimal list of bits');
    if (content.length > 2)
      throw new DerError(start, 'keyUsage has the bit decipherOnly or bits that have no name');
    return KEY_USAGES.filter((_, bit) => last & (0x80 >> bit));
  });
}

/** @see RFC 5280, 4.2.1.2 */
export const subjectKeyIdentifierValue = (identifier: Buffer): Buffer => octetString(identifier);
export const readSubjectKeyIdentifier = (value: Buffer): Buffer =>
  readWhole(value, 'subjectKeyIdentifier', (reader) => reader.take(TAG.OCTET_STRING, 'subjectKeyIdentifier'));

/** Only [0] keyIdentifier, as GBCS wants it. @see RFC 5280, 4.2.1.1 */
export const authorityKeyIdentifierValue = (identifier: Buffer): Buffer =>
  sequence(tlv(KEY_IDENTIFIER, identifier));
/** @throws DerError also when anything but keyIdentifier is there */
export const readAuthorityKeyIdentifier = (value: Buffer): Buffer =>
  readWhole(value, 'authorityKeyIdentifier', (reader) => {
    const inner = reader.enter(TAG.SEQUENCE, 'authorityKeyIdentifier');
    const identifier = inner.take(KEY_IDENTIFIER, 'keyIdentifier');
    inner.finish('keyIdentifier');
    return identifier;
  });

/** Policy identifiers without qualifiers. @see RFC 5280, 4.2.1.4 */
export const certificatePoliciesValue = (policies: readonly string[]): Buffer =>
  sequence(...policies.map((policy) => sequence(oid(policy))));
export const readCertificatePolicies = (value: Buffer): string[] =>
  readWhole(value, 'certificatePolicies', (reader) =>
    readList(reader, 'certificatePolicies', (list) => {
      const policy = list.enter(TAG.SEQUENCE, 'a policy');
      const identifier = policy.oid('a policy identifier');
      policy.finish('a policy identifier: qualifiers are not used here');
      return identifier;
    }),
  );

/** @see RFC 5280, 4.2.1.9 */
export interface BasicConstraints {
  readonly cA: boolean;
  readonly pathLen?: number;
}
export function basicConstraintsValue({ cA, pathLen }: BasicConstraints): Buffer {
  const parts = cA ? [TRUE] : [];
  return sequence(...parts, ...(pathLen === undefined ? [] : [tlv(TAG.INTEGER, Buffer.from([pathLen]))]));
}
export const readBasicConstraints = (value: Buffer): BasicConstraints =>
  readWhole(value, 'basicConstraints', (reader) => {
    const inner = reader.enter(TAG.SEQUENCE, 'basicConstraints');
    const cA = inner.peek() === TAG.BOOLEAN && readCritical(inner);
    const pathLen = inner.done ? undefined : inner.smallInteger('pathLenConstraint');
    inner.finish('basicConstraints');
    return pathLen === undefined ? { cA } : { cA, pathLen };
  });

/** @see RFC 5280, 4.2.1.12 */
export const extendedKeyUsageValue = (purposes: readonly string[]): Buffer => sequence(...purposes.map(oid));
export const readExtendedKeyUsage = (value: Buffer): string[] =>
  readWhole(value, 'extendedKeyUsage', (reader) =>
    readList(reader, 'extendedKeyUsage', (list) => list.oid('a key purpose')),
  );

function readList<T>(reader: DerReader, what: string, readOne: (list: DerReader) => T): T[] {
  const list = reader.enter(TAG.SEQUENCE, what);
  const values: T[] = [];
  while (!list.done) values.push(readOne(list));
  if (values.length === 0) throw new DerError(list.position, `${what} is an empty list`);
  return values;
}

/** A BOOLEAN that is FALSE by default must be TRUE where it is written (X.690, 11.5). */
function readCritical(reader: DerReader): boolean {
  const start = reader.position;
  if (!reader.boolean('a BOOLEAN'))
    throw new DerError(start, 'FALSE is the default and is not written in DER');
  return true;
}

const TRUE = Buffer.from([TAG.BOOLEAN, 1, 0xff]);
const KEY_IDENTIFIER = 0x80;
/** In the order of their bits (RFC 5280, 4.2.1.3); the names of the domain where it has one. */
const KEY_USAGES: readonly KeyUsage[] = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
];
