import { hash } from 'node:crypto';

/** A Merkle tree that grows leaf by leaf and keeps one hash for each level only. */
export interface MerkleTree {
  append(leaf: Buffer): void;
  readonly size: number;
  /** 32 octets; of an empty tree the SHA-256 of nothing. */
  root(): Buffer;
}

/**
 * Begins a Merkle tree over SHA-256: leaves are hashed after an octet 00, nodes after an octet 01, and a tree that is no
 * power of two is split at the largest power of two below its size.
 * @see RFC 6962, 2.1
 */
export function merkleTree(): MerkleTree {
  /** Roots of the complete subtrees, the largest first: one for each bit that is set in the size. */
  const subtrees: Buffer[] = [];
  let size = 0;
  return {
    append(leaf) {
      let node: Buffer = hash('sha256', Buffer.concat([LEAF, leaf]), 'buffer');
      for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) node = parent(subtrees.pop(), node);
      subtrees.push(node);
      size += 1;
    },
    get size() {
      return size;
    },
    root() {
      if (size === 0) return hash('sha256', '', 'buffer');
      return subtrees.reduceRight((right, left) => parent(left, right));
    },
  };
}

function parent(left: Buffer | undefined, right: Buffer): Buffer {
  if (left === undefined) throw new TypeError('a node without its left side');
  return hash('sha256', Buffer.concat([NODE, left, right]), 'buffer');
}

const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);
