import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { merkleTree } from '../../../src/batches/results/merkle-tree.ts';

/** RFC 6962, 2.1 word for word: slow, and written without a look at the other. */
function treeHash(leaves: readonly Buffer[]): Buffer {
  const sha256 = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
  const [only] = leaves;
  if (only === undefined) return sha256();
  if (leaves.length === 1) return sha256(Buffer.from([0x00]), only);
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha256(Buffer.from([0x01]), treeHash(leaves.slice(0, split)), treeHash(leaves.slice(split)));
}

const rootOf = (leaves: readonly Buffer[]) => {
  const tree = merkleTree();
  leaves.forEach((leaf) => tree.append(leaf));
  expect(tree.size).toBe(leaves.length);
  return tree.root().toString('hex');
};

/** Leaves and roots of the reference implementation of Certificate Transparency. */
const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

test.each(ROOTS.map((root, size) => ({ root, size })))(
  'RFC 6962, 2.1: the known root of $size leaves',
  ({ root, size }) => {
    const leaves = LEAVES.slice(0, size).map((leaf) => Buffer.from(leaf, 'hex'));
    expect(treeHash(leaves).toString('hex')).toBe(root);
    expect(rootOf(leaves)).toBe(root);
  },
);

test('RFC 6962, 2.1: every size up to 300 has the root of the slow way', () => {
  const leaves: Buffer[] = [];
  for (let size = 0; size <= 300; size += 1) {
    expect(rootOf(leaves)).toBe(treeHash(leaves).toString('hex'));
    leaves.push(createHash('sha256').update(String(size)).digest());
  }
});

test('a root can be asked for in between, and leaves of any length go in', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 40 }), (octets) => {
      const tree = merkleTree();
      octets.forEach((leaf, place) => {
        tree.append(Buffer.from(leaf));
        const slow = treeHash(octets.slice(0, place + 1).map((one) => Buffer.from(one)));
        expect(tree.root().equals(slow)).toBe(true);
      });
    }),
    { numRuns: 100, seed: 20261125 },
  );
});
