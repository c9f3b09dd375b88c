import { readWhole, TAG } from '../../src/x509/der.ts';
import { tlv } from '../../src/x509/write-der.ts';
import * as oids from '../../src/x509/oids.ts';
import { parseTree, type DerNode } from './der-tree.ts';

/** A TBSCertificate as people read it: every TLV on a line, the fields by their names in RFC 5280, 4.1. */
export function dumpTbs(tbs: Buffer): string {
  const fields = parseTree(tbs).children ?? [];
  return fields.map((field, place) => `${FIELDS[place]}\n${dump(field, 1)}`).join('');
}

function dump(node: DerNode, depth: number): string {
  const name = TAG_NAMES.get(node.tag) ?? `[${node.tag & 0x1f}]`;
  const line = `${'  '.repeat(depth)}${name}${valueOf(node)}\n`;
  return line + (node.children ?? []).map((child) => dump(child, depth + 1)).join('');
}

function valueOf({ tag, content }: DerNode): string {
  if (content === undefined || content.length === 0) return '';
  if (TEXT_TAGS.has(tag)) return ` '${content.toString('utf8')}'`;
  if (tag !== TAG.OID) return ` ${(content.toString('hex').match(/.{1,64}/g) ?? []).join(' ')}`;
  const dotted = readWhole(tlv(TAG.OID, content), 'an OID', (reader) => reader.oid('an OID'));
  const name = OID_NAMES.get(dotted);
  return ` ${dotted}${name === undefined ? '' : ` (${name})`}`;
}

const FIELDS = [
  'version',
  'serialNumber',
  'signature',
  'issuer',
  'validity',
  'subject',
  'subjectPublicKeyInfo',
  'extensions',
];
const TAG_NAMES = new Map<number, string>(
  Object.entries(TAG).map(([name, tag]) => [tag, name.replace('_', ' ')]),
);
const TEXT_TAGS = new Set<number>([
  TAG.UTF8_STRING,
  TAG.PRINTABLE_STRING,
  TAG.UTC_TIME,
  TAG.GENERALIZED_TIME,
  0x82,
]);
const OID_NAMES = new Map(
  Object.entries(oids).map(([name, dotted]) => [
    dotted,
    name.toLowerCase().replace(/_oid$/, '').replaceAll('_', ' '),
  ]),
);
