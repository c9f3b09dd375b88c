import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EXIT_CODES, EXIT_MEANINGS } from '../../src/cli/fault-text.ts';
import { dataFolder, tcs } from '../support/tcs.ts';

jest.setTimeout(120_000);
const DEMO = path.join(__dirname, '..', '..', 'src', 'cli', 'demo');
const README = readFileSync(path.join(__dirname, '..', '..', 'README.md'), 'utf8');

test('every exit code has its meaning, and the README has the same table', () => {
  for (const code of Object.values(EXIT_CODES)) expect(EXIT_MEANINGS[code]).toBeDefined();
  const rows = [...README.matchAll(/^\| +`(\d+)` +\| (.+?) +\|$/gm)].map(([, code, says]) => [
    Number(code),
    says,
  ]);
  expect(Object.fromEntries(rows)).toEqual(EXIT_MEANINGS);
});

test('a database that is away is told by host and port, never by its password', async () => {
  const ended = await tcs({ DATABASE_URL: 'postgres://tester:secret@127.0.0.1:1/tcs' }, 'registry', 'show');
  expect(ended.fault).toContain('PostgreSQL at 127.0.0.1:1/tcs does not answer (ECONNREFUSED)');
  expect(ended.fault).not.toContain('secret');
  expect(ended.code).toBe(69);
});

test('what cannot be read counts, and does not stop the lint of the others', async () => {
  const { folder } = dataFolder();
  const good = path.join(folder, 'authorities', 'issuing-oca.crt.pem');
  const ended = await tcs({}, 'lint', path.join(folder, 'nothing'), good, '--json');
  expect(JSON.parse(ended.out)).toMatchObject([{ fault: { code: 'not-found' } }, { verdict: 'PASS' }]);
  expect([ended.code, ended.fault]).toEqual([66, '1 of 2 fail or cannot be read.']);
});

test('a role that is none, and a templates folder that is none, are told at once', async () => {
  const csr = await tcs(
    {},
    'csr',
    '--category',
    'ORGANISATION',
    '--eui64',
    '90B3D51F30010000',
    '--role',
    '2',
  );
  expect([csr.code, csr.fault]).toEqual([64, expect.stringContaining('02 supplier')]);
  expect((await tcs({ TCS_TEMPLATES_DIR: '/nowhere' }, 'config')).code).toBe(78);
});

describe('a feed', () => {
  const token = path.join(mkdtempSync(path.join(tmpdir(), 'tcs-feed-')), 'token.txt');
  writeFileSync(token, 'token');
  const importFrom = async (answer: RequestListener, ...more: string[]) => {
    const server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const words = ['--signature', token, '--url', url, '--token-file', token, ...more];
    const ended = await tcs({}, 'feeds', 'import', path.join(DEMO, 'secas-feed.csv'), ...words);
    server.close();
    return ended;
  };
  const refused = (status: number, code: string): RequestListener =>
    function answer(_request, response) {
      const body = { type: `urn:problem:tcs:${code}`, detail: 'told' };
      response.writeHead(status, { Connection: 'close' }).end(JSON.stringify(body));
    };
  const dies: RequestListener = (request) => request.socket.destroy();

  test.each<[string, RequestListener]>([
    ['never answered, because the service died', dies],
    ['answered by a fault of the service', refused(500, 'internal')],
  ])('that is %s may be sent again, and the fault says so', async (_what, answer) => {
    const ended = await importFrom(answer);
    expect([ended.code, ended.fault]).toEqual([
      69,
      expect.stringMatching(/Send the same file again: .*feeds list/),
    ]);
  });

  test.each<[string, RequestListener, string[]]>([
    ['refused', refused(422, 'feed-invalid'), []],
    ['not answered in a dry run', dies, ['--dry-run']],
  ])('that is %s is not said to be', async (_what, answer, more) => {
    expect((await importFrom(answer, ...more)).fault).not.toContain('again');
  });
});

test.each([['notaurl'], ['localhost:8080'], ['ftp://127.0.0.1/']])('--url %s is wrong usage', async (url) => {
  const where = ['--url', url, '--token-file', '/nowhere'];
  for (const words of [
    ['officers', 'list', 'DCC'],
    ['feeds', 'import', 'feed.csv', '--signature', 'feed.p7s'],
    ['issue', 'a.csr', '--category', 'DEVICE', '--purpose', 'x'],
  ]) {
    const ended = await tcs({}, ...words, ...where);
    expect([ended.code, ended.fault]).toEqual([
      64,
      expect.stringMatching(/^--url names no service: .*\nGive the address/),
    ]);
  }
});

test.each([['http://user:secret@127.0.0.1:1'], ['ftp://user:secret@127.0.0.1'], ['user:secret@127.0.0.1']])(
  '--url %s is wrong usage, and its password is not shown',
  async (url) => {
    for (const words of [['officers', 'list', 'DCC', '--token-file', '/nowhere'], ['health']]) {
      const ended = await tcs({}, ...words, '--url', url);
      expect([ended.code, ended.fault]).toEqual([64, expect.stringMatching(/^--url .*\nGive the address/)]);
      expect(ended.fault).not.toContain('secret');
    }
  },
);

test.each([
  ['a line break inside', 'tcs_1\ntcs_2\n', 66],
  ['no text', ' \n', 66],
  ['letters that no header takes', 'tcs_ž', 66],
  ['one token and the end of its line', 'tcs_1\n', 69],
])('a file of a token with %s ends with its exit code, and names the file', async (_what, text, code) => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'tcs-token-')), 'token.txt');
  writeFileSync(file, text);
  const where = ['--url', 'http://127.0.0.1:1', '--token-file', file];
  const ended = await tcs({}, 'officers', 'list', 'DCC', ...where);
  const says = code === 66 ? `${file} holds no token.` : 'http://127.0.0.1:1 does not answer.';
  expect([ended.code, ended.fault]).toEqual([code, expect.stringContaining(says)]);
});

test('JSON has instants in whole seconds, and participants their basis', async () => {
  const { settings } = dataFolder();
  await tcs(settings, 'registry', 'load', path.join(DEMO, 'world.yaml'));
  const { out } = await tcs(settings, 'registry', 'show', 'METERWORKS', '--json');
  expect(JSON.parse(out)).toMatchObject({ basis: 'BILATERAL_AGREEMENT', reasons: [] });
  expect(out).toContain('2026-01-12T00:00:00Z');
  expect(out).not.toMatch(/\.\d{3}Z/);
});
