import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { linesOf } from '../../src/cli/read-file.ts';
import { dataFolder, tcs } from '../support/tcs.ts';

jest.setTimeout(60_000);

const folder = mkdtempSync(path.join(tmpdir(), 'tcs-input-'));
const fifo = path.join(folder, 'fifo');
const large = path.join(folder, 'large');
const zip = path.join(folder, 'folder.zip');
execFileSync('mkfifo', [fifo]);
execFileSync('mkdir', [zip]);
writeFileSync(large, 'x'.repeat(65_537));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('an input that is no file ends with 66, and is not waited for', () => {
  test.each([
    ['audit verify of a folder', ['audit', 'verify', folder], 'cannot be read'],
    ['batch verify of a folder', ['batch', 'verify', zip], 'is not a file'],
    ['batch verify of what is not there', ['batch', 'verify', `${zip}/none`], 'cannot be read'],
    ['batch verify of a device', ['batch', 'verify', '/dev/zero'], 'is not a file'],
    ['registry load of a folder', ['registry', 'load', folder], 'is not a file'],
  ])('%s', async (_what, words, says) => {
    const ended = await tcs({}, ...words);
    expect([ended.code, ended.fault]).toEqual([66, expect.stringContaining(says)]);
  });

  test.each([
    ['a device without an end', '/dev/zero', { code: 'not-found', detail: '/dev/zero is not a file.' }],
    ['a named pipe', fifo, { code: 'not-found', detail: `${fifo} is not a file.` }],
    ['a folder', folder, { code: 'not-found', detail: `${folder} is not a file.` }],
    [
      'more than any certificate has',
      large,
      { code: 'too-large', detail: `${large} holds more than 64 KiB.` },
    ],
  ])('lint of %s', async (_what, file, fault) => {
    const { out, code } = await tcs({}, 'lint', file, '--json');
    expect(JSON.parse(out)).toMatchObject([{ file, fault }]);
    expect(code).toBe(fault.code === 'not-found' ? 66 : 65);
  });
});

test('audit verify ends over a line without an end (65)', async () => {
  const ended = await tcs({}, 'audit', 'verify', '/dev/zero');
  expect([ended.code, ended.fault]).toEqual([65, '/dev/zero has a line of more than 16 MiB.']);
});

test('a file is read line by line, whatever ends a line and wherever a piece ends', async () => {
  const lines = ['a', '', 'é'.repeat(100_000), 'b'.repeat(65_536), 'c'];
  const file = path.join(folder, 'lines');
  for (const end of ['\n', '\r\n']) {
    writeFileSync(file, lines.join(end));
    const found: string[] = [];
    for await (const line of linesOf(file)) found.push(line);
    expect(found).toEqual(lines);
  }
});

test('what the shell hands over is read: a certificate from a pipe', () => {
  const file = path.join(dataFolder().folder, 'authorities', 'issuing-oca.crt.pem');
  const lint = `(sleep 0.2; cat '${file}') | node dist/cli/main.js lint /dev/stdin && node dist/cli/main.js lint <(cat '${file}')`;
  const out = execFileSync('bash', ['--norc', '-o', 'pipefail', '-c', lint], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });
  expect(out.match(/^PASS/gm)).toHaveLength(2);
});
