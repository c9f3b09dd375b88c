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
    ['the file', 0o700, 0o620],
    ['the folder', 0o777, 0o600],
  ])('stop the start when others can write %s', (_what, ofFolder, ofFile) => {
    expect(() => modes(ofFolder, ofFile)).toThrow('others may change CA keys there');
  });
});
