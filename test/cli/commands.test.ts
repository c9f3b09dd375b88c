import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { decodeCsrText } from '../../src/x509/pem.ts';
import { opensslCsr } from '../support/openssl.ts';
import { tcs } from '../support/tcs.ts';
import { TEST_PASSPHRASE } from '../support/authorities.ts';

jest.setTimeout(180_000);
const ROOT = path.join(__dirname, '..', '..');
const WORLD = path.join(ROOT, 'src', 'cli', 'demo', 'world.yaml');

describe("the operators' command line, from nothing", () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-cli-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const settings = { TCS_DATA_DIR: path.join(folder, 'data'), TCS_KEY_PASSPHRASE: TEST_PASSPHRASE };
  const json = async (...words: string[]): Promise<unknown> =>
    JSON.parse((await tcs(settings, ...words, '--json')).out);

  test('ca init makes the six test CAs once, with encrypted keys that only their owner reads', async () => {
    expect(await json('ca', 'init', '--yes')).toHaveLength(6);
    expect(await json('ca', 'init', '--yes')).toEqual([]);
    for (const name of ['root-oca', 'issuing-dca', 'eii-dccki']) {
      const file = path.join(folder, 'data', 'authorities', `${name}.key.pem`);
      expect(readFileSync(file, 'utf8')).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
  });

  test('ca init signs nothing without a terminal or --yes', async () => {
    const other = { ...settings, TCS_DATA_DIR: path.join(folder, 'other') };
    const ended = await tcs(other, 'ca', 'init');
    expect([ended.code, ended.fault]).toEqual([64, expect.stringContaining('--yes')]);
  });

  test('ca export gives the certificates as one bundle, as files, or as JSON', async () => {
    const { out } = await tcs(settings, 'ca', 'export', '--category', 'device');
    expect(out.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    const to = path.join(folder, 'anchors');
    const exported = (await json('ca', 'export', '--out', to, '--format', 'der')) as { file: string }[];
    expect(exported).toHaveLength(6);
    for (const { file } of exported) expect(new X509Certificate(readFileSync(file)).ca).toBe(true);
    // A file that is there keeps the others from being written too.
    writeFileSync(path.join(to, 'root-oca.crt.pem'), 'mine');
    const again = await tcs(settings, 'ca', 'export', '--out', to);
    expect([again.code, again.fault]).toEqual([
      73,
      expect.stringContaining('root-oca.crt.pem is there already'),
    ]);
    expect(readFileSync(path.join(to, 'root-oca.crt.pem'), 'utf8')).toBe('mine');
    expect(readdirSync(to)).toHaveLength(7);
  });

  test('registry load takes a whole file or nothing', async () => {
    const bad = path.join(folder, 'bad.yaml');
    writeFileSync(bad, readFileSync(WORLD, 'utf8').replace('LARGE_SUPPLIER', 'LARGE_SUPLIER'));
    const refused = await tcs(settings, 'registry', 'load', bad);
    expect([refused.code, refused.fault]).toEqual([
      65,
      expect.stringContaining('did you mean LARGE_SUPPLIER'),
    ]);
    expect(await json('registry', 'show')).toEqual([]);
    expect(await json('registry', 'load', WORLD)).toMatchObject({ participants: 9 });
    expect(await json('registry', 'show', 'NORTHGATE')).toMatchObject({ signifier: 'NORTHGATE' });
  });

  test('a token is made, listed without its secret, and revoked, and each is in the audit', async () => {
    const made = (await json(
      'token',
      'create',
      '--participant',
      'METERWORKS',
      '--role',
      'PARTICIPANT_ARO',
    )) as {
      token: string;
      prefix: string;
    };
    expect(made.token).toMatch(/^tcs_[0-9a-f]{8}_[A-Za-z0-9_-]{43}$/);
    expect(JSON.stringify(await json('token', 'list'))).not.toContain(made.token);
    expect(await json('token', 'revoke', made.prefix)).toEqual({ revoked: made.prefix });
    expect((await tcs(settings, 'token', 'revoke', made.prefix)).code).toBe(66);
  });

  test('csr makes a CSR that OpenSSL reads and verifies, and overwrites nothing', async () => {
    const out = path.join(folder, 'meter1');
    const words = ['csr', '--category', 'DEVICE', '--eui64', '00-DB-12-34-20-00-00-01', '--out', out];
    const written = (await json(...words)) as { csr: string; key: string };
    expect(opensslCsr(decodeCsrText(readFileSync(written.csr, 'utf8')))).toEqual({
      read: true,
      verified: true,
    });
    expect(statSync(written.key).mode & 0o777).toBe(0o600);
    expect((await tcs(settings, ...words)).code).toBe(73);
  });

  test('lint says PASS of a test CA, and ends with 65 over what is no certificate', async () => {
    const file = path.join(folder, 'data', 'authorities', 'issuing-oca.crt.pem');
    expect(await json('lint', file)).toMatchObject([{ verdict: 'PASS', findings: [] }]);
    const none = await tcs(settings, 'lint', WORLD);
    // The file is named once.
    expect([none.code, none.out.split(path.basename(WORLD)).length - 1]).toEqual([65, 1]);
    expect((await tcs(settings, 'lint', path.join(folder, 'nothing'))).code).toBe(66);
  });

  test('profiles and config show what holds, and config no secret', async () => {
    expect(await json('profiles')).toHaveLength(8);
    expect((await tcs(settings, 'profiles', 'device-digital-signing')).out).toContain('keyUsage!');
    expect((await tcs(settings, 'config')).out).not.toContain(TEST_PASSPHRASE);
  });

  test('leftovers are listed: none, because nothing was interrupted', async () => {
    expect(await json('leftovers', 'list')).toEqual([]);
    const serial = '611CEA5B1A84A87687A11F94B9943DFD';
    const again = await tcs(settings, 'leftovers', 'abandon', serial, '--reason', 'test');
    expect([again.code, again.out]).toEqual([66, '']);
  });

  test.each([
    ['an unknown command', ['certify'], 64],
    ['an unknown option', ['profiles', '--colour'], 64],
    ['a missing option', ['csr'], 64],
    ['a wrong category', ['csr', '--category', 'LIVE'], 64],
    ['a profile of no name', ['profiles', 'nothing'], 66],
  ])('%s ends with its exit code', async (_, words, code) => {
    expect((await tcs(settings, ...words)).code).toBe(code);
  });

  test('a wrong setting ends with 78, every fault at once', async () => {
    const ended = await tcs({ ...settings, TCS_PORT: 'x', TCS_COLOUR: 'red' }, 'config');
    expect(ended.code).toBe(78);
    expect(ended.fault).toMatch(/TCS_COLOUR[\s\S]*TCS_PORT/);
  });
});
