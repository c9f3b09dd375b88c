import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { openDatabase } from '../../src/db/open-database.ts';
import { dataFolder, tcs } from '../support/tcs.ts';
import { onPostgres, serverUrl } from '../support/test-database.ts';

jest.setTimeout(120_000);

/** A port on which something listens already. */
async function busyPort() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: String((server.address() as AddressInfo).port),
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** `node dist/main.js`, which has no command line. */
function builtMain(settings: Record<string, string>) {
  const script = path.join(__dirname, '..', '..', 'dist', 'main.js');
  const ended = spawnSync(process.execPath, [script], { env: { PATH: process.env['PATH'], ...settings } });
  return { code: ended.status, fault: String(ended.stderr) };
}

const emptyFolder = () => mkdtempSync(path.join(tmpdir(), 'tcs-empty-'));

describe('a start that cannot be says why, which setting, and what to do, and makes nothing', () => {
  test('a busy port is 69, also for the demo and for dist/main.js', async () => {
    const busy = await busyPort();
    const { settings } = dataFolder();
    const there = { ...settings, TCS_PORT: busy.port };
    const demo = emptyFolder();
    for (const ended of [
      await tcs(there, 'serve'),
      builtMain(there),
      await tcs({ TCS_DATA_DIR: demo, TCS_PORT: busy.port }, 'demo'),
    ]) {
      expect(ended.fault).toMatch(/^Port \d+ of 127\.0\.0\.1 is in use\. .*TCS_PORT/);
      expect(ended.code).toBe(69);
    }
    expect(existsSync(path.join(demo, 'authorities'))).toBe(false);
    expect(existsSync(path.join(demo, 'demo-passphrase'))).toBe(false);
    await busy.close();
  });

  test('a host that is none of this machine is 78', async () => {
    const ended = await tcs({ ...dataFolder().settings, TCS_HOST: '192.0.2.1' }, 'serve');
    expect(ended.fault).toContain('TCS_HOST');
    expect(ended.code).toBe(78);
  });

  test.each([['serve'], ['demo'], ['ca init --yes'], ['registry show']])(
    'a data folder that is a file is 78 (%s)',
    async (words) => {
      const file = path.join(emptyFolder(), 'file');
      writeFileSync(file, '');
      const settings = { TCS_DATA_DIR: file, TCS_KEY_PASSPHRASE: 'twelve letters', TCS_PORT: '0' };
      const ended = await tcs(settings, ...words.split(' '));
      expect(ended.fault).toMatch(/^The data folder .* is a file\. Set TCS_DATA_DIR/);
      expect(ended.code).toBe(78);
    },
  );

  test('a wrong passphrase is told once, and the advice is the right passphrase', async () => {
    const ended = await tcs({ ...dataFolder().settings, TCS_KEY_PASSPHRASE: 'another passphrase' }, 'serve');
    expect(ended.fault.match(/does not open/g)).toHaveLength(1);
    expect(ended.fault).toContain('Give the passphrase with which the keys were made');
    expect(ended.fault).not.toMatch(/move the folder|ca init/);
    expect(ended.code).toBe(78);
  });

  test.each([
    [
      'a server that is not there',
      'postgres://tcs:hush-hush@127.0.0.1:1/tcs',
      '127.0.0.1:1/tcs does not answer (ECONNREFUSED)',
    ],
    [
      'a host that nobody knows',
      'postgres://tcs:hush-hush@db.invalid/tcs',
      'db.invalid:5432/tcs does not answer',
    ],
  ])('%s is 69 and named, without the password', async (_what, url, words) => {
    const { settings } = dataFolder();
    for (const ended of [
      await tcs({ ...settings, DATABASE_URL: url }, 'serve'),
      builtMain({ ...settings, DATABASE_URL: url }),
    ]) {
      expect(ended.fault).toContain(`PostgreSQL at ${words}`);
      expect(ended.fault).toContain('Start it, or correct DATABASE_URL.');
      expect(ended.fault).not.toContain('hush-hush');
      expect(ended.code).toBe(69);
    }
  });
});

/** What only a real server can refuse. */
if (onPostgres)
  describe('a server that does not let the service in', () => {
    const server = serverUrl ?? '';
    const administer = async (statement: string) => {
      const client = new pg.Client(server);
      await client.connect();
      await client.query(statement);
      await client.end();
    };
    // scripts/with-postgres.mjs asks only this role for its password.
    const drop = 'drop role if exists tcs_with_password';
    beforeAll(() => administer(`${drop}; create role tcs_with_password login password 'the right one'`));
    afterAll(() => administer(drop));
    const urlWith = (change: Partial<Record<'username' | 'password' | 'pathname' | 'search', string>>) =>
      Object.assign(new URL(server), change).href;

    test.each([
      [
        'a wrong password',
        { username: 'tcs_with_password', password: 'hush-hush' },
        'password authentication failed for user "tcs_with_password"',
      ],
      ['no password', { username: 'tcs_with_password', password: '' }, 'password'],
      [
        'a role that is not there',
        { username: 'tcs_nobody', password: 'hush-hush' },
        'role "tcs_nobody" does not exist',
      ],
      [
        'a database that is not there',
        { pathname: '/tcs_nowhere', password: 'hush-hush' },
        'database "tcs_nowhere" does not exist',
      ],
      [
        'a setting that the server does not know',
        { search: '?options=-c%20nonsense%3D1' },
        'unrecognized configuration parameter "nonsense"',
      ],
    ])(
      'for %s is 78: the server, the reason, DATABASE_URL, and no password',
      async (_what, change, words) => {
        const { settings } = dataFolder();
        const there = { ...settings, DATABASE_URL: urlWith(change) };
        for (const ended of [await tcs(there, 'serve'), await tcs(there, 'migrate'), builtMain(there)]) {
          expect(ended.fault).toMatch(/^PostgreSQL at 127\.0\.0\.1:\d+\/\w+ refuses the connection: /);
          expect(ended.fault).toContain(words);
          expect(ended.fault).toContain('Correct DATABASE_URL.');
          expect(ended.fault).not.toContain('hush-hush');
          expect(ended.code).toBe(78);
        }
      },
    );

    test('a connection that fails halfway is closed: a server that waits for the rest of it drops no database', async () => {
      const { hostname, port } = new URL(server);
      const failed: Promise<unknown>[] = [];
      const proxy = createServer((socket: Socket) => {
        const onward = connect(Number(port), hostname);
        socket.pipe(onward).pipe(socket);
        socket.on('error', () => onward.destroy());
        failed.push(once(socket, 'close'));
      }).listen(0, '127.0.0.1');
      await once(proxy, 'listening');
      const url = Object.assign(new URL(urlWith({ username: 'tcs_with_password', password: '' })), {
        port: String((proxy.address() as AddressInfo).port),
      }).href;
      await expect(openDatabase({ url })).rejects.toThrow('refuses the connection');
      expect(failed).toHaveLength(1);
      await Promise.all(failed);
      proxy.close();
    }, 20_000);

    test('the right password opens it', async () => {
      const database = await openDatabase({
        url: urlWith({ username: 'tcs_with_password', password: 'the right one' }),
      });
      await database.close();
    });
  });
