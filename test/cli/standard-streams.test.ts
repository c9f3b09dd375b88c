import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dataFolder } from '../support/tcs.ts';

jest.setTimeout(60_000);
const MAIN = path.join(__dirname, '..', '..', 'dist', 'cli', 'main.js');
const PATH = process.env['PATH'];
const { folder, settings } = dataFolder();
const run = (words: readonly string[], stdout: number | 'pipe' = 'pipe') =>
  spawnSync(process.execPath, [MAIN, ...words], {
    env: { PATH, ...settings },
    stdio: ['ignore', stdout, 'pipe'],
    encoding: 'utf8',
  });

describe('standard output that cannot be written ends with 74', () => {
  test('and a line that says so', () => {
    const { status, stderr } = run(['ca', 'export'], openSync('/dev/full', 'w'));
    expect([status, stderr]).toEqual([
      74,
      expect.stringMatching(/^Standard output cannot be written: ENOSPC.*\n$/),
    ]);
  });

  test('and JSON where JSON is asked for', () => {
    const { status, stderr } = run(['token', 'list', '--json'], openSync('/dev/full', 'w'));
    expect([status, JSON.parse(stderr)]).toEqual([
      74,
      { code: 'output-unwritable', detail: expect.stringContaining('ENOSPC'), reasons: [] },
    ]);
  });
});

test('a fault that cannot be told has its exit code', () => {
  const full = openSync('/dev/full', 'w');
  const { status } = spawnSync(process.execPath, [MAIN, 'lint', '/nowhere.pem'], {
    env: { PATH, ...settings },
    stdio: ['ignore', 'pipe', full],
  });
  expect(status).toBe(run(['lint', '/nowhere.pem']).status);
});

describe('wrong usage ends with 64', () => {
  test.each([
    ['a missing option', ['officers', 'list', 'DCC'], "required option '--url <url>' not specified"],
    ['an unknown option', ['profiles', '--colour'], "unknown option '--colour'"],
    ['an unknown command', ['certify'], "unknown command 'certify'"],
    ['a group alone', ['ca'], "unknown option '--json'"],
  ])('with --json as one JSON value: %s', (_what, words, detail) => {
    const { status, stdout, stderr } = run([...words, '--json']);
    expect([status, stdout, JSON.parse(stderr)]).toEqual([
      64,
      '',
      { code: 'malformed-request', detail, reasons: [] },
    ]);
  });

  test('without --json in words, told once', () => {
    const { status, stderr } = run(['officers', 'list', 'DCC']);
    expect([status, stderr]).toEqual([
      64,
      "error: required option '--url <url>' not specified\n(add --help for usage)\n",
    ]);
  });

  test('and help that was asked for is none', () => {
    const { status, stdout } = run(['ca', '--json', '--help']);
    expect([status, stdout]).toEqual([0, expect.stringContaining('Usage: tcs ca')]);
  });
});

test('batch result says that it tries again, and why', async () => {
  const token = path.join(folder, 'token.txt');
  writeFileSync(token, 'token');
  const out = path.join(mkdtempSync(path.join(tmpdir(), 'tcs-result-')), 'result.zip');
  const where = ['--url', 'http://127.0.0.1:1', '--token-file', token, '--out', out];
  const fetching = spawn(process.execPath, [MAIN, 'batch', 'result', 'x', ...where], { env: { PATH } });
  const [told] = (await once(fetching.stderr, 'data')) as [Buffer];
  expect(String(told)).toBe('http://127.0.0.1:1 does not answer. Trying again (2 of 30).\n');
  fetching.kill('SIGINT');
  await once(fetching, 'exit');
});
