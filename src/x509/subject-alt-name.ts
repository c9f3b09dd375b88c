import { type DerReader, readWhole, TAG } from './der.ts';
import { octetString, oid, sequence, tlv } from './write-der.ts';
import { HARDWARE_MODULE_NAME } from './oids.ts';

/** One GeneralName of a subjectAltName, as far as the profiles know any. */
export type AlternativeName =
  | { readonly kind: 'hardwareModuleName'; readonly hwType: string; readonly hwSerialNum: Buffer }
  | { readonly kind: 'dNSName'; readonly value: string }
  | { readonly kind: 'other'; readonly description: string };

/** SubjectAltName of one otherName id-on-hardwareModuleName. @param hwType dotted OID @param hwSerialNum 8 octets @see RFC 4108, 5 */
export function hardwareModuleNameValue(hwType: string, hwSerialNum: Buffer): Buffer {
  const moduleName = sequence(oid(hwType), octetString(hwSerialNum));
  return sequence(tlv(OTHER_NAME, oid(HARDWARE_MODULE_NAME), tlv(EXPLICIT, moduleName)));
}

/** SubjectAltName of dNSNames. @see RFC 5280, 4.2.1.6 */
export function dnsNamesValue(names: readonly string[]): Buffer {
  return sequence(...names.map((name) => tlv(DNS_NAME, Buffer.from(name, 'latin1'))));
}

/** Every GeneralName in order. @throws DerError when the octets are not DER or the list is empty */
export function readSubjectAltName(value: Buffer): AlternativeName[] {
  return readWhole(value, 'subjectAltName', (reader) => {
    const list = reader.enter(TAG.SEQUENCE, 'subjectAltName');
    const names: AlternativeName[] = [];
    do names.push(readGeneralName(list));
    while (!list.done);
    return names;
  });
}

function readGeneralName(list: DerReader): AlternativeName {
  const tag = list.peek();
  if (tag === DNS_NAME)
    return { kind: 'dNSName', value: list.take(DNS_NAME, 'a dNSName').toString('latin1') };
  if (tag !== OTHER_NAME) {
    list.take(tag, 'a general name');
    return { kind: 'other', description: KINDS.get(tag & 0x1f) ?? 'a general name of an unknown kind' };
  }
  const otherName = list.enter(OTHER_NAME, 'an otherName');
  const type = otherName.oid('the type of an otherName');
  const explicit = otherName.enter(EXPLICIT, 'the value of an otherName');
  otherName.finish('an otherName');
  if (type !== HARDWARE_MODULE_NAME) {
    explicit.takeTlv('the value of an otherName');
    explicit.finish('the value of an otherName');
    return { kind: 'other', description: `an otherName of the type ${type}` };
  }
  const moduleName = explicit.enter(TAG.SEQUENCE, 'hardwareModuleName');
  explicit.finish('hardwareModuleName');
  const hwType = moduleName.oid('hwType');
  const hwSerialNum = moduleName.take(TAG.OCTET_STRING, 'hwSerialNum');
  moduleName.finish('hardwareModuleName');
  return { kind: 'hardwareModuleName', hwType, hwSerialNum };
}

// Tags of GeneralName (RFC 5280, 4.2.1.6).
const OTHER_NAME = 0xa0;
const DNS_NAME = 0x82;
const EXPLICIT = 0xa0;
const KINDS = new Map([
  [1, 'an rfc822Name'],
  [3, 'an x400Address'],
  [4, 'a directoryName'],
  [5, 'an ediPartyName'],
  [6, 'a uniformResourceIdentifier'],
  [7, 'an iPAddress'],
  [8, 'a registeredID'],
]);
