import { TAG } from '../../src/x509/der.ts';
import { parseTree, replaceAt, walkTree, writeTree, type DerNode } from './der-tree.ts';

/** A document with one thing wrong. */
export interface Mutant {
  /** Where and what. */
  readonly what: string;
  readonly octets: Buffer;
}

/** Every single fault of a DER document: each bit and octet flipped, each TLV changed, removed, doubled, moved. */
export function* mutantsOf(der: Buffer): Generator<Mutant> {
  for (const mutant of [...flippedOctets(der), ...changedFields(der)])
    if (!mutant.octets.equals(der)) yield mutant;
}

function* flippedOctets(der: Buffer): Generator<Mutant> {
  for (let octet = 0; octet < der.length; octet += 1)
    for (const mask of MASKS) {
      const octets = Buffer.from(der);
      octets[octet] = (octets[octet] ?? 0) ^ mask;
      yield { what: `octet ${octet} xor ${mask.toString(16)}`, octets };
    }
}

function* changedFields(der: Buffer): Generator<Mutant> {
  const root = parseTree(der);
  for (const { node, at } of walkTree(root)) {
    if (at.length === 0) continue;
    for (const [what, nodes] of changes(node, siblings(root, at)))
      yield { what: `${at.join('.')}: ${what}`, octets: writeTree(replaceAt(root, at, nodes)) };
    for (const [what, children] of reorderings(node))
      yield {
        what: `${at.join('.')}: ${what}`,
        octets: writeTree(replaceAt(root, at, [{ ...node, children }])),
      };
  }
  for (const [what, children] of reorderings(root))
    yield { what: `top: ${what}`, octets: writeTree({ ...root, children }) };
  for (const extra of [NULL_NODE, TRUE_NODE])
    yield {
      what: `top: ends with ${extra.tag}`,
      octets: writeTree({ ...root, children: [...root.children!, extra] }),
    };
  yield { what: 'an octet after the end', octets: Buffer.concat([der, Buffer.from([0])]) };
}

/** What may become of one node: the nodes in its place. */
function* changes(node: DerNode, others: readonly DerNode[]): Generator<[string, DerNode[]]> {
  yield ['removed', []];
  yield ['doubled', [node, node]];
  yield ['is NULL', [NULL_NODE]];
  yield ['NULL before it', [NULL_NODE, node]];
  yield ['NULL after it', [node, NULL_NODE]];
  yield ['TRUE before it', [TRUE_NODE, node]];
  yield ['FALSE before it', [FALSE_NODE, node]];
  for (const tag of OTHER_TAGS) if (tag !== node.tag) yield [`tag ${tag.toString(16)}`, [{ ...node, tag }]];
  for (const other of others) yield ['is its sibling', [other]];
  yield ['emptied', [{ tag: node.tag, content: Buffer.alloc(0) }]];
  if (node.children === undefined) yield* contents(node.tag, node.content ?? Buffer.alloc(0));
}

function* contents(tag: number, content: Buffer): Generator<[string, DerNode[]]> {
  yield ['last octet gone', [{ tag, content: content.subarray(0, -1) }]];
  yield ['first octet gone', [{ tag, content: content.subarray(1) }]];
  yield ['00 in front', [{ tag, content: Buffer.concat([Buffer.from([0]), content]) }]];
  yield ['00 at the end', [{ tag, content: Buffer.concat([content, Buffer.from([0])]) }]];
  yield ['41 at the end', [{ tag, content: Buffer.concat([content, Buffer.from('A')]) }]];
  yield ['reversed', [{ tag, content: Buffer.from(content).reverse() }]];
  if (tag === TAG.UTC_TIME)
    yield [
      'the same time in GeneralizedTime',
      [{ tag: TAG.GENERALIZED_TIME, content: Buffer.concat([Buffer.from('20'), content]) }],
    ];
  if (tag === TAG.UTF8_STRING)
    yield ['the same text in PrintableString', [{ tag: TAG.PRINTABLE_STRING, content }]];
}

/** Any two children exchanged. */
function* reorderings({ children = [] }: DerNode): Generator<[string, DerNode[]]> {
  for (let left = 0; left < children.length; left += 1)
    for (let right = left + 1; right < children.length; right += 1) {
      const moved = [...children];
      [moved[left], moved[right]] = [children[right]!, children[left]!];
      yield [`${left} and ${right} exchanged`, moved];
    }
}

function siblings(root: DerNode, at: readonly number[]): DerNode[] {
  let parent = root;
  for (const index of at.slice(0, -1)) parent = parent.children![index]!;
  return parent.children!.filter((_, index) => index !== at.at(-1));
}

const MASKS = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff];
const NULL_NODE: DerNode = { tag: TAG.NULL, content: Buffer.alloc(0) };
const TRUE_NODE: DerNode = { tag: TAG.BOOLEAN, content: Buffer.from([0xff]) };
const FALSE_NODE: DerNode = { tag: TAG.BOOLEAN, content: Buffer.from([0]) };
const OTHER_TAGS = [...Object.values(TAG), 0x80, 0x81, 0x82, 0xa0, 0xa1, 0xa2, 0xa3];
