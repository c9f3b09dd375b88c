import { X509Certificate } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { lockFolder } from '../../src/db/folder-lock.ts';
import { TEMPLATES } from '../support/authorities.ts';
import { dataFolder, tcs } from '../support/tcs.ts';

jest.setTimeout(120_000);

interface Listed {
  readonly name: string;
  readonly retiredAt?: string | null;
}

describe('tcs ca', () => {
  test('lists and exports certificates without a passphrase, and says when there are none', async () => {
    const { folder } = dataFolder();
    const settings = { TCS_DATA_DIR: folder };
    const list = await tcs(settings, 'ca', 'list', '--json');
    expect((JSON.parse(list.out) as unknown[]).length).toBe(6);
    const exported = await tcs(settings, 'ca', 'export', '--category', 'DEVICE');
    expect(exported.out.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    const empty = { TCS_DATA_DIR: mkdtempSync(path.join(tmpdir(), 'tcs-empty-')) };
    expect((await tcs(empty, 'ca', 'list')).out).toContain('tcs ca init');
  });

  test('lists which are retired, since when and why; with a database that cannot be asked, that it is not known', async () => {
    const { folder, settings } = dataFolder();
    const list = async () => JSON.parse((await tcs(settings, 'ca', 'list', '--json')).out) as Listed[];
    expect((await tcs(settings, 'ca', 'init', '--yes')).code).toBe(0);
    expect((await list()).map(({ retiredAt }) => retiredAt)).toEqual(Array(6).fill(null));
    await tcs(settings, 'ca', 'retire', 'issuing-oca', '--reason', 'key\u001b lost');
    const listed = await list();
    const retired = listed.filter(({ retiredAt }) => retiredAt !== null);
    expect(retired).toMatchObject([{ name: 'issuing-oca', retiredBecause: 'key\u001b lost' }]);
    const since = retired[0]?.retiredAt ?? '';
    expect(since).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const lines = (await tcs(settings, 'ca', 'list')).out.trimEnd().split('\n');
    expect(lines[0]).toMatch(/ {2}retired$/);
    const text = `  ${since.slice(0, 16).replace('T', ' ')}Z, key\\u{1b} lost`;
    expect(lines.slice(2).map((line) => line.startsWith('issuing-oca ') === line.endsWith(text))).toEqual(
      Array(6).fill(true),
    );

    const release = await lockFolder(path.join(folder, 'database'));
    const locked = await tcs(settings, 'ca', 'list');
    expect([locked.code, locked.out.match(/ {2}not known$/gm)?.length]).toEqual([0, 6]);
    expect((await list()).map((one) => [one.name, 'retiredAt' in one])).toEqual(
      listed.map(({ name }) => [name, false]),
    );
    await release();
  });

  test('makes no second CA of a name that the database knows, until it is retired', async () => {
    const { folder, settings } = dataFolder();
    const init = () => tcs(settings, 'ca', 'init', '--yes');
    expect((await init()).out).toContain('Every test CA is there already.');
    const authorities = path.join(folder, 'authorities');
    const aside = path.join(folder, 'aside');
    cpSync(authorities, aside, { recursive: true });
    for (const file of readdirSync(authorities).filter((one) => one.startsWith('issuing-oca')))
      rmSync(path.join(authorities, file));
    const refused = await init();
    expect(refused.code).toBe(78);
    expect(refused.fault).toContain('AUTHORITY_NOT_SHARED');
    expect(existsSync(path.join(authorities, 'issuing-oca.crt.pem'))).toBe(false);

    const retired = await tcs(settings, 'ca', 'retire', 'issuing-oca', '--reason', 'key lost');
    expect(retired.out).toBe('Retired: issuing-oca.\n');
    const made = await init();
    expect([made.code, made.out]).toEqual([0, expect.stringContaining('issuing-oca')]);

    // The retired one stays in the list, below those in use.
    const list = await tcs(settings, 'ca', 'list', '--json');
    const all = JSON.parse(list.out) as (Listed & {
      readonly serialNumber: string;
      readonly sha256: string;
    })[];
    const [current, former] = all.filter((one) => one.name === 'issuing-oca');
    expect(all).toHaveLength(7);
    expect([current?.retiredAt, former]).toEqual([
      null,
      { ...former, subject: 'OU=07, CN=TIO1', kind: 'ISSUING', retiredBecause: 'key lost' },
    ]);
    const was = new X509Certificate(readFileSync(path.join(aside, 'issuing-oca.crt.pem')));
    expect([former?.serialNumber, former?.sha256]).toEqual([
      was.serialNumber,
      was.fingerprint256.replaceAll(':', '').toLowerCase(),
    ]);
    const lines = (await tcs(settings, 'ca', 'list')).out
      .split('\n')
      .filter((line) => line.startsWith('issuing-oca'));
    expect(lines.map((line) => / {2}(-|\S+ \S+Z, key lost)$/.exec(line)?.[1])).toEqual([
      '-',
      expect.stringContaining('key lost'),
    ]);
  });

  test('--replace keeps the old files aside and retires what the database knows', async () => {
    const { folder, settings } = dataFolder();
    const organisation = { ...settings, TCS_TEMPLATES_DIR: organisationTemplates() };
    expect((await tcs(organisation, 'ca', 'init', '--yes')).code).toBe(0);
    const replaced = await tcs(organisation, 'ca', 'init', '--replace', '--yes', '--json');
    expect((JSON.parse(replaced.out) as unknown[]).length).toBe(2);
    const aside = readdirSync(path.join(folder, 'authorities')).find((one) => one.startsWith('replaced-'));
    expect(readdirSync(path.join(folder, 'authorities', aside ?? ''))).toHaveLength(4);
    const again = await tcs(organisation, 'ca', 'init', '--yes');
    expect([again.code, again.out]).toEqual([0, 'Every test CA is there already.\n']);
  });
});

/** The templates of one category: its CAs are made in no time. */
function organisationTemplates(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-templates-'));
  for (const name of ['organisation', 'refused', 'authority/root-oca.yaml', 'authority/issuing-oca.yaml'])
    cpSync(path.join(TEMPLATES, name), path.join(folder, name), { recursive: true });
  for (const name of ['device', 'dccki']) mkdirSync(path.join(folder, name));
  return folder;
}
