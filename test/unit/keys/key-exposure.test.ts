import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findExposedKeys } from '../../../src/keys/key-exposure.ts';

describe('key files that others may touch', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-keys-'));
  const file = path.join(folder, 'issuing-dca.key.pem');
  writeFileSync(file, '');
  writeFileSync(path.join(folder, 'issuing-dca.crt.pem'), '');
  const modes = (ofFolder: number, ofFile: number) => {
    chmodSync(folder, ofFolder);
    chmodSync(file, ofFile);
    chmodSync(path.join(folder, 'issuing-dca.crt.pem'), 0o644);
    return findExposedKeys(folder);
  };

  test('are none when only their owner can', () => {
    expect(modes(0o700, 0o600)).toEqual([]);
  });

  test('are named when others can read them', () => {
    expect(modes(0o700, 0o644)).toEqual([expect.stringContaining(`chmod 0600 ${file}`)]);
    expect(modes(0o755, 0o600)).toEqual([expect.stringContaining(`chmod 0700 ${folder}`)]);
  });

  test.each([
    ['the group', 0o640, '0640'],
    ['everybody', 0o604, '0604'],
    ['both', 0o645, '0645'],
  ])('are named with their mode when %s can read them', (_who, mode, shown) => {
    expect(modes(0o700, mode)).toEqual([
      `${file} has the mode ${shown}: others may read it. Close it: chmod 0600 ${file}`,
    ]);
  });

  test('are not exposed by a folder through which others may only pass', () => {
    expect(modes(0o711, 0o600)).toEqual([]);
  });

  test.each([
    ['the file', 0o700, 0o620],
    ['the folder', 0o777, 0o600],
    ['the file, of everybody', 0o700, 0o602],
  ])('stop the start when others can write %s', (_what, ofFolder, ofFile) => {
    expect(() => modes(ofFolder, ofFile)).toThrow('others may change CA keys there');
  });
});
