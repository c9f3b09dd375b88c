import { DerReader, TAG } from '../../src/x509/der.ts';
import { tlv } from '../../src/x509/write-der.ts';

/**
 * DER as a tree that can be changed and written again. Values that hold DER themselves (extension values, RSA keys) are
 * opened too; `wrapping` are the octets in front of them (the unused bits of a BIT STRING).
 */
export interface DerNode {
  readonly tag: number;
  /** Content octets; absent in a node with children. */
  readonly content?: Buffer;
  readonly wrapping?: Buffer;
  readonly children?: readonly DerNode[];
}

/** Reads octets that are exactly one TLV. @throws DerError */
export function parseTree(octets: Buffer): DerNode {
  const reader = new DerReader(octets);
  const tag = reader.peek();
  const content = reader.take(tag, 'a value');
  reader.finish('a value');
  if ((tag & CONSTRUCTED) !== 0) return { tag, children: parseAll(content) };
  const before = tag === TAG.BIT_STRING ? 1 : tag === TAG.OCTET_STRING ? 0 : undefined;
  const inner = before === undefined ? undefined : parseInner(content.subarray(before));
  return before === undefined || inner === undefined
    ? { tag, content }
    : { tag, wrapping: content.subarray(0, before), children: [inner] };
}

/** Writes a tree; lengths follow the content. */
export function writeTree(node: DerNode): Buffer {
  return node.children === undefined
    ? tlv(node.tag, node.content ?? Buffer.alloc(0))
    : tlv(node.tag, node.wrapping ?? Buffer.alloc(0), ...node.children.map(writeTree));
}

/** Every node with its path of child indices, parents first. */
export function walkTree(
  node: DerNode,
  at: readonly number[] = [],
): { node: DerNode; at: readonly number[] }[] {
  const below = (node.children ?? []).flatMap((child, index) => walkTree(child, [...at, index]));
  return [{ node, at }, ...below];
}

/** The tree with other nodes in the place of one: none removes it, two duplicate it. */
export function replaceAt(root: DerNode, at: readonly number[], nodes: readonly DerNode[]): DerNode {
  const [index, ...rest] = at;
  if (index === undefined) throw new TypeError('the root has no place among siblings');
  const children = (root.children ?? []).flatMap((child, place) => {
    if (place !== index) return [child];
    return rest.length === 0 ? nodes : [replaceAt(child, rest, nodes)];
  });
  return { ...root, children };
}

function parseAll(content: Buffer): DerNode[] {
  const reader = new DerReader(content);
  const nodes: DerNode[] = [];
  while (!reader.done) nodes.push(parseTree(reader.takeTlv('a value')));
  return nodes;
}

/** DER inside a string, when the string is nothing but that. */
function parseInner(content: Buffer): DerNode | undefined {
  if (!INNER_TAGS.has(content[0] ?? 0)) return undefined;
  try {
    return parseTree(content);
  } catch {
    return undefined;
  }
}

const CONSTRUCTED = 0x20;
/** What extension values and RSA public keys begin with. */
const INNER_TAGS: ReadonlySet<number> = new Set([TAG.SEQUENCE, TAG.BIT_STRING, TAG.OCTET_STRING]);
