import { sign, type KeyObject } from 'node:crypto';
import { TAG } from '../../src/x509/der.ts';
import { tlv } from '../../src/x509/write-der.ts';
import { parseTree, replaceAt, walkTree, writeTree, type DerNode } from './der-tree.ts';
import type { Random } from './random.ts';

/** A good CSR to start from, as a tree, and the key that signed it. */
export interface CsrSeed {
  readonly tree: DerNode;
  readonly key: KeyObject;
}

/** A CSR with a few faults; `faults` names their kinds in order. */
export interface CsrMutant {
  readonly octets: Buffer;
  readonly faults: readonly string[];
  /** Signed again after the faults, so that what comes after the signature is reached. */
  readonly signedAgain: boolean;
}

export const csrSeed = (der: Buffer, key: KeyObject): CsrSeed => ({ tree: parseTree(der), key });

/** Makes one to three faults in a CSR: most in its tree, some in its lengths or octets; one CSR in twenty is signed again. */
export function mutateCsr(random: Random, seeds: readonly CsrSeed[]): CsrMutant {
  const { tree, key } = random.pick(seeds);
  const signedAgain = random.once(20);
  if (!signedAgain && random.once(3)) {
    const [fault, octets] = breakOctets(random, tree);
    return { octets, faults: [fault], signedAgain };
  }
  const faults: string[] = [];
  let broken = signedAgain ? tree.children![0]! : tree;
  for (let left = random.pick([1, 1, 1, 2, 3]); left > 0; left -= 1) {
    const fault = random.pick(TREE_FAULTS);
    faults.push(fault.name);
    broken = fault.make(random, broken, seeds);
  }
  if (signedAgain) return { octets: writeTree(signAgain(tree, broken, key)), faults, signedAgain };
  if (!random.once(4)) return { octets: writeTree(broken), faults, signedAgain };
  const [fault, octets] = breakOctets(random, broken);
  return { octets, faults: [...faults, fault], signedAgain };
}

function signAgain(csr: DerNode, info: DerNode, key: KeyObject): DerNode {
  const signature = sign('sha256', writeTree(info), key);
  const content = Buffer.concat([Buffer.from([0]), signature]);
  return { ...csr, children: [info, csr.children![1]!, { tag: TAG.BIT_STRING, content }] };
}

interface TreeFault {
  readonly name: string;
  readonly make: (random: Random, root: DerNode, seeds: readonly CsrSeed[]) => DerNode;
}

const TREE_FAULTS: readonly TreeFault[] = [
  {
    name: 'another tag',
    make: (random, root) => atSome(random, root, (node) => [{ ...node, tag: anyTag(random) }]),
  },
  { name: 'a node twice', make: (random, root) => atSome(random, root, (node) => [node, node]) },
  { name: 'a node less', make: (random, root) => atSome(random, root, () => []) },
  { name: 'siblings exchanged', make: exchangeSiblings },
  {
    name: 'other content',
    make: (random, root) => atSome(random, root, (node) => [otherContent(random, node)]),
  },
  {
    name: 'a node of another CSR instead',
    make: (random, root, seeds) => atSome(random, root, () => [foreign(random, seeds)]),
  },
  {
    name: 'a node of another CSR before it',
    make: (random, root, seeds) => atSome(random, root, (node) => [foreign(random, seeds), node]),
  },
  {
    name: 'wrapped once more',
    make: (random, root) => atSome(random, root, (node) => [{ tag: anyTag(random), children: [node] }]),
  },
];

/** Puts other nodes in the place of one that is not the root. */
function atSome(random: Random, root: DerNode, change: (node: DerNode) => readonly DerNode[]): DerNode {
  const places = walkTree(root).slice(1);
  if (places.length === 0) return root;
  const { node, at } = random.pick(places);
  return replaceAt(root, at, change(node));
}

function exchangeSiblings(random: Random, root: DerNode): DerNode {
  const parents = walkTree(root).filter(({ node }) => (node.children?.length ?? 0) > 1);
  if (parents.length === 0) return root;
  const { node, at } = random.pick(parents);
  const children = [...node.children!];
  const left = random.below(children.length);
  const right = (left + 1 + random.below(children.length - 1)) % children.length;
  [children[left], children[right]] = [children[right]!, children[left]!];
  return at.length === 0 ? { ...node, children } : replaceAt(root, at, [{ ...node, children }]);
}

function otherContent(random: Random, { tag, content, children, wrapping }: DerNode): DerNode {
  const before = content ?? Buffer.concat([wrapping ?? Buffer.alloc(0), ...(children ?? []).map(writeTree)]);
  return { tag, content: breakBuffer(random, before) };
}

const foreign = (random: Random, seeds: readonly CsrSeed[]) =>
  random.pick(walkTree(random.pick(seeds).tree).slice(1)).node;

const anyTag = (random: Random) => (random.once(4) ? random.below(256) : random.pick(LIKELY_TAGS));

/** Faults that leave no tree: wrong lengths, and octets changed wherever they are. */
function breakOctets(random: Random, root: DerNode): [string, Buffer] {
  if (random.once(2)) return ['octets', breakBuffer(random, writeTree(root))];
  const { node } = random.pick(walkTree(root));
  const whole = writeTree(node);
  // A mutant's tag may be one that no reader takes, so the length octets are stepped over by hand.
  const content = whole.subarray(2 + (whole[1]! < 0x80 ? 0 : whole[1]! & 0x7f));
  const { name, write } = random.pick(WRONG_LENGTHS);
  return [name, writeWith(root, node, Buffer.concat([Buffer.from([node.tag]), write(content, random)]))];
}

/** Length octets that are not the ones of DER, and the content after them. */
const WRONG_LENGTHS: readonly {
  readonly name: string;
  readonly write: (content: Buffer, random: Random) => Buffer;
}[] = [
  { name: 'a length in too many octets', write: longLength },
  {
    name: 'an indefinite length',
    write: (content) => Buffer.concat([Buffer.from([0x80]), content, Buffer.alloc(2)]),
  },
  {
    name: 'an indefinite length without end',
    write: (content) => Buffer.concat([Buffer.from([0x80]), content]),
  },
  { name: 'a length one too long', write: (content) => withLength(content.length + 1, content) },
  {
    name: 'a length one too short',
    write: (content) => withLength(Math.max(0, content.length - 1), content),
  },
  { name: 'any length', write: (content, random) => withLength(random.below(0x20000), content) },
  {
    name: 'an enormous length',
    write: (content, random) =>
      Buffer.concat([Buffer.from([0x80 + random.below(128)]), random.octets(4), content]),
  },
];

function longLength(content: Buffer, random: Random): Buffer {
  const count = 3 + random.below(2);
  const length = Buffer.alloc(count + 1);
  length[0] = 0x80 + count;
  length.writeUIntBE(content.length, 1, count);
  return Buffer.concat([length, content]);
}

/** The length in the fewest octets, whatever the content. */
function withLength(length: number, content: Buffer): Buffer {
  const header = tlv(0, Buffer.alloc(length)).subarray(1);
  return Buffer.concat([header.subarray(0, header.length - length), content]);
}

/** Writes the tree with these octets in the place of one node; the lengths above it fit. */
function writeWith(root: DerNode, place: DerNode, octets: Buffer): Buffer {
  if (root === place) return octets;
  if (root.children === undefined) return writeTree(root);
  const children = root.children.map((child) => writeWith(child, place, octets));
  return tlv(root.tag, root.wrapping ?? Buffer.alloc(0), ...children);
}

function breakBuffer(random: Random, octets: Buffer): Buffer {
  const at = random.below(octets.length);
  const length = 1 + random.below(random.once(4) ? 32 : 3);
  const [before, after] = [octets.subarray(0, at), octets.subarray(at)];
  switch (random.below(6)) {
    case 0:
      return Buffer.concat([
        before,
        Buffer.from([(after[0] ?? 0) ^ (1 << random.below(8))]),
        after.subarray(1),
      ]);
    case 1:
      return Buffer.concat([before, random.octets(length), after]);
    case 2:
      return Buffer.concat([before, after.subarray(length)]);
    case 3:
      return Buffer.concat([before, random.octets(length), after.subarray(length)]);
    case 4:
      return before;
    default:
      return Buffer.concat([octets, random.octets(length)]);
  }
}

/** Tags that mean something in a CSR, and their neighbours. */
const LIKELY_TAGS = [
  ...Object.values(TAG),
  0x80,
  0x81,
  0x82,
  0xa0,
  0xa1,
  0xa2,
  0x00,
  0x1e,
  0x1f,
  0x24,
  0x2c,
  0x3f,
];
