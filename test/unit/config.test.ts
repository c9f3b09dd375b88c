import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeConfig, readConfig } from '../../src/config.ts';
import { SETTINGS } from '../../src/settings.ts';
import { Fault } from '../../src/domain/fault.ts';

const detailsOf = (environment: Record<string, string>): string[] => {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'configuration-invalid') throw error;
    return error.reasons.map((one) => one.detail);
  }
};

describe('the configuration', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-config-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const secret = path.join(folder, 'passphrase');
  beforeAll(() => writeFileSync(secret, 'twelve characters\n'));

  test('of an empty environment is the defaults, and frozen', () => {
    const config = readConfig({ PATH: '/bin' });
    expect(config).toMatchObject({ host: '127.0.0.1', port: 8080, logLevel: 'info', rateLimit: 6000 });
    expect(config).toMatchObject({ feedStaleDays: 7, feedVanishingPercent: 10 });
    expect(config.databaseUrl).toBeUndefined();
    expect(config.keyPassphrase).toBeUndefined();
    expect(Object.isFrozen(config)).toBe(true);
  });

  test('takes a secret from a file, without its line end', () => {
    expect(readConfig({ TCS_KEY_PASSPHRASE_FILE: secret }).keyPassphrase).toBe('twelve characters');
  });

  test('takes a secret from a pipe that the shell hands over', () => {
    const print = `TCS_KEY_PASSPHRASE_FILE=<(sleep 0.2; echo twelve characters) node dist/cli/main.js config --json`;
    const shown = JSON.parse(
      execFileSync('bash', ['--norc', '-c', print], { encoding: 'utf8', env: { PATH: process.env['PATH'] } }),
    ) as unknown;
    expect(shown).toContainEqual(
      expect.objectContaining({ name: 'TCS_KEY_PASSPHRASE', value: '(set, not shown)' }),
    );
  });

  test.each([
    ['a device without an end', '/dev/zero', 'is not a file', undefined],
    ['a folder', '/', 'is not a file', undefined],
    ['more than a setting has', 'large', 'holds more than 64 KiB', 'x'.repeat(65_537)],
    ['a file without a value', 'empty', 'is empty', '\n'],
  ])('takes no secret from %s', (_what, name, says, content) => {
    const file = path.resolve(folder, name);
    if (content !== undefined) writeFileSync(file, content);
    expect(detailsOf({ TCS_KEY_PASSPHRASE_FILE: file })).toEqual([
      `TCS_KEY_PASSPHRASE_FILE names ${file}, which ${says}.`,
    ]);
  });

  test('has every fault told at once', () => {
    const details = detailsOf({
      TCS_PORT: '65536',
      TCS_LOG_LEVEL: 'loud',
      TCS_KEY_PASSPHRASE: 'short',
      DATABASE_URL: 'mysql://localhost',
      TCS_COLOUR: 'red',
      TCS_DATA_DIR_FILE: path.join(folder, 'nothing'),
    });
    expect(details).toHaveLength(6);
    for (const name of ['TCS_PORT', 'TCS_LOG_LEVEL', 'TCS_KEY_PASSPHRASE', 'DATABASE_URL', 'TCS_COLOUR'])
      expect(details).toContainEqual(expect.stringContaining(name));
    expect(details.join()).not.toContain('short,');
  });

  test.each([
    ['a value and its file', { TCS_KEY_PASSPHRASE: 'twelve characters', TCS_KEY_PASSPHRASE_FILE: secret }],
    ['a port that is no number', { TCS_PORT: '80a' }],
    ['a negative number', { TCS_RATE_LIMIT: '-1' }],
    ['a DATABASE_URL that is no address', { DATABASE_URL: 'postgres://tcs:pw@db:port/tcs' }],
    ['a test block that is no range', { TCS_TEST_BLOCK: '90-B3-D5-1F-40-00-00-00/36' }],
    ['a feed that is stale at once', { TCS_FEED_STALE_DAYS: '0' }],
    ['a feed that is never stale', { TCS_FEED_STALE_DAYS: '366' }],
    ['more than all Parties', { TCS_FEED_VANISHING_PERCENT: '101' }],
    ['a misspelt name', { TCS_DATADIR: '/data' }],
  ])('%s is refused', (_, environment) => {
    expect(detailsOf(environment)).toHaveLength(1);
  });

  test('shows the test block as it was given, and none where none was', () => {
    const shown = (environment: Record<string, string>) =>
      describeConfig(readConfig(environment)).find(({ name }) => name === 'TCS_TEST_BLOCK')?.value;
    const block = '90-B3-D5-1F-40-00-00-00 to 90-B3-D5-1F-4F-FF-FF-FF';
    expect(shown({ TCS_TEST_BLOCK: block })).toBe(block);
    expect(shown({})).toBe('(not set)');
  });

  test('is shown without its secrets', () => {
    const environment = { TCS_KEY_PASSPHRASE: 'twelve characters', DATABASE_URL: 'postgres://tcs:pw@db/tcs' };
    const shown = JSON.stringify(describeConfig(readConfig(environment)));
    expect(shown).not.toMatch(/twelve|pw@/);
    expect(shown).toContain('(set, not shown)');
  });

  test('stands in the README, every setting with its default', () => {
    const readme = readFileSync(path.join(__dirname, '..', '..', 'README.md'), 'utf8');
    const rows = [...readme.matchAll(/^\| `([A-Z_]+)` +\| `?([^|`]+?)`? +\|/gm)].map(([, ...row]) => row);
    expect(rows).toEqual(SETTINGS.map((one) => [one.name, one.default]));
  });
});
