import type { NameAttribute } from '../domain/certificate-request.ts';
import { DerError, type DerReader, readWhole, TAG } from './der.ts';
import { oid, sequence, tlv, wholeBitString } from './write-der.ts';
import { COMMON_NAME, ORGANIZATION_NAME, ORGANIZATIONAL_UNIT_NAME, UNIQUE_IDENTIFIER } from './oids.ts';

/** How the value of a name attribute is written; certificates of the SMKI leave nothing to choice. */
export type NameForm = 'utf8' | 'printable' | 'bit-string';

/** One RelativeDistinguishedName of one attribute: its dotted type, form and value (octets for a bit string). */
export interface RelativeName {
  readonly type: string;
  readonly as: NameForm;
  readonly value: string | Buffer;
}

/** Name DER; each RDN holds one attribute, in the order given. @throws TypeError for text outside PrintableString */
export function encodeName(names: readonly RelativeName[]): Buffer {
  return sequence(...names.map((name) => tlv(TAG.SET, sequence(oid(name.type), encodeValue(name)))));
}

/** Every attribute of a Name in its order. @throws DerError when it is not DER, or a text is not valid for its tag */
export function readName(der: Buffer): NameAttribute[] {
  return readWhole(der, 'the name', (reader) => readNameFrom(reader, 'the name'));
}

/** As `readName`, from the next TLV of a reader. */
export function readNameFrom(reader: DerReader, what: string): NameAttribute[] {
  const rdns = reader.enter(TAG.SEQUENCE, what);
  const attributes: NameAttribute[] = [];
  while (!rdns.done) {
    const rdn = rdns.enter(TAG.SET, `${what}: a relative distinguished name`);
    // At least one attribute: an empty one is refused where the first is looked for.
    const members: NameAttribute[] = [];
    let before: Buffer | undefined;
    do {
      const whole = rdn.position;
      const attribute = rdn.enter(TAG.SEQUENCE, `${what}: an attribute`);
      const type = attribute.oid(`${what}: an attribute type`);
      const tag = attribute.peek();
      const at = attribute.position;
      const value = attribute.take(tag, `${what}: an attribute value`);
      checkText(tag, value, at, what);
      attribute.finish(`${what}: an attribute`);
      const encoded = rdn.octets.subarray(whole, rdn.position);
      if (before && Buffer.compare(before, encoded) >= 0)
        throw new DerError(whole, `${what}: a SET OF is not in DER order`);
      before = encoded;
      members.push({ type, tag, value, single: true });
    } while (!rdn.done);
    attributes.push(...members.map((member) => ({ ...member, single: members.length === 1 })));
  }
  return attributes;
}

/** A Name as people read it, in the order of the DER: `OU=07, CN=TIO1`; empty for the empty name. */
export function formatName(der: Buffer): string {
  return readName(der)
    .map(({ type, tag, value }) => `${SHORT_NAMES.get(type) ?? type}=${formatValue(tag, value)}`)
    .join(', ');
}

function encodeValue({ as, value }: RelativeName): Buffer {
  if (as === 'bit-string') {
    if (typeof value === 'string') throw new TypeError('a bit string is given as octets');
    return wholeBitString(value);
  }
  const text = value.toString();
  if (as === 'utf8') return tlv(TAG.UTF8_STRING, Buffer.from(text, 'utf8'));
  if (!isPrintable(text)) throw new TypeError(`${text} is no PrintableString`);
  return tlv(TAG.PRINTABLE_STRING, Buffer.from(text, 'latin1'));
}

/** Refuses text that is not valid for its tag, and tags that no reader of names agrees about. */
function checkText(tag: number, value: Buffer, at: number, what: string): void {
  const form = TEXT_FORMS.get(tag);
  if (form === undefined) throw new DerError(at, `${what}: a value has a type that names do not have`);
  if (!form.isValid(value)) throw new DerError(at, `${what}: a ${form.name} is malformed`);
}

function formatValue(tag: number, value: Buffer): string {
  if (tag === TAG.BIT_STRING)
    return (value.subarray(1).toString('hex').toUpperCase().match(/../g) ?? []).join('-');
  // RFC 4514, 2.4: what has a meaning in the text form is escaped; control characters never reach a terminal.
  return value
    .toString('utf8')
    .replace(/[,+"\\<>;=]/g, (special) => `\\${special}`)
    .replace(/\p{Cc}/gu, (control) => `\\${control.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

const isUtf8 = (octets: Buffer) => Buffer.from(octets.toString('utf8'), 'utf8').equals(octets);
const isAscii = (octets: Buffer) => octets.every((octet) => octet < 0x80);
/** Unused bits are zero (X.690, 11.2.1). */
const isBitString = (octets: Buffer) => {
  const unused = octets[0] ?? 8;
  return (
    unused <= 7 && (octets.length === 1 ? unused === 0 : ((octets.at(-1) ?? 0) & ((1 << unused) - 1)) === 0)
  );
};
/** Whether a text fits a PrintableString. @see X.680, 41.4 */
export const isPrintable = (text: string): boolean => /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text);
const SHORT_NAMES = new Map([
  [COMMON_NAME, 'CN'],
  [ORGANIZATIONAL_UNIT_NAME, 'OU'],
  [ORGANIZATION_NAME, 'O'],
  [UNIQUE_IDENTIFIER, 'x500UniqueIdentifier'],
]);
/** DirectoryString (RFC 5280, 4.1.2.4), IA5String, and the BIT STRING of uniqueIdentifier. */
const TEXT_FORMS = new Map<number, { readonly name: string; readonly isValid: (octets: Buffer) => boolean }>([
  [TAG.UTF8_STRING, { name: 'UTF8String', isValid: isUtf8 }],
  [
    TAG.PRINTABLE_STRING,
    { name: 'PrintableString', isValid: (octets) => isPrintable(octets.toString('latin1')) },
  ],
  [TAG.IA5_STRING, { name: 'IA5String', isValid: isAscii }],
  [TAG.BIT_STRING, { name: 'BIT STRING', isValid: isBitString }],
]);
