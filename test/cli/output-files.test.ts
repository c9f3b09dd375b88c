import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dataFolder, tcs } from '../support/tcs.ts';

jest.setTimeout(120_000);

const folder = mkdtempSync(path.join(tmpdir(), 'tcs-output-'));
const aFile = path.join(folder, 'afile');
const token = path.join(folder, 'token.txt');
writeFileSync(aFile, '');
writeFileSync(token, 'token');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const csr = (out: string) => tcs({}, 'csr', '--category', 'DCCKI', '--signifier', 'NORTHGATE', '--out', out);

describe('tcs csr', () => {
  test.each([['csr'], ['key']])('leaves nothing beside a .%s that is there already', async (there) => {
    const own = mkdtempSync(path.join(folder, 'own-'));
    writeFileSync(path.join(own, `request.${there}`), 'mine');
    const ended = await csr(path.join(own, 'request'));
    expect([ended.code, ended.fault]).toEqual([
      73,
      expect.stringContaining(`request.${there} is there already`),
    ]);
    expect(readdirSync(own)).toEqual([`request.${there}`]);
    expect(readFileSync(path.join(own, `request.${there}`), 'utf8')).toBe('mine');
  });

  test('leaves no key when a link that leads nowhere has the name of the CSR', async () => {
    const own = mkdtempSync(path.join(folder, 'own-'));
    symlinkSync(path.join(own, 'nowhere'), path.join(own, 'request.csr'));
    expect((await csr(path.join(own, 'request'))).code).toBe(73);
    expect(readdirSync(own)).toEqual(['request.csr']);
  });

  test('makes the folder, and both files in it', async () => {
    const own = path.join(folder, 'new', 'deep');
    expect((await csr(path.join(own, 'request'))).code).toBe(0);
    expect(readdirSync(own)).toEqual(['request.csr', 'request.key']);
  });
});

describe('an output that cannot be written ends with 74 and says which', () => {
  const { folder: data, settings } = dataFolder();
  const issue = ['issue', token, '--url', 'http://127.0.0.1:1', '--token-file', token];
  test.each([
    ['csr beneath a file', ['csr', '--category', 'DCCKI', '--signifier', 'X', '--out', `${aFile}/x`], aFile],
    ['csr in a file', ['csr', '--category', 'DCCKI', '--signifier', 'X', '--out', `${aFile}/d/x`], aFile],
    ['csr in /proc', ['csr', '--category', 'DCCKI', '--signifier', 'X', '--out', '/proc/x'], '/proc/x.key'],
    [
      'csr of a long name',
      ['csr', '--category', 'DCCKI', '--signifier', 'X', '--out', path.join(folder, 'x'.repeat(300))],
      'ENAMETOOLONG',
    ],
    ['issue', [...issue, '--category', 'DEVICE', '--purpose', 'x', '--out', `${aFile}/d`], `${aFile}/d`],
    ['ca export', ['ca', 'export', '--out', `${aFile}/anchors`], `${aFile}/anchors`],
    ['audit export beneath a file', ['audit', 'export', '--out', `${aFile}/x`], `${aFile}/x`],
    ['audit export without a folder', ['audit', 'export', '--out', `${folder}/none/x`], `${folder}/none/x`],
  ])('%s', async (_what, words, named) => {
    const ended = await tcs(settings, ...words);
    expect([ended.code, ended.fault]).toEqual([74, expect.stringContaining(named)]);
    expect(ended.fault).not.toContain('    at ');
  });

  test('tcs audit export leaves a link that leads nowhere as it is (73)', async () => {
    const link = path.join(data, 'link');
    symlinkSync(path.join(data, 'nowhere'), link);
    expect((await tcs(settings, 'audit', 'export', '--out', link)).code).toBe(73);
    expect(existsSync(path.join(data, 'nowhere'))).toBe(false);
  });
});
