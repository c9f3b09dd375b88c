import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TEMPLATES } from '../support/authorities.ts';
import { CLI_TIMEOUT, dataFolder, tcs } from '../support/tcs.ts';

jest.setTimeout(CLI_TIMEOUT);

describe('tcs ca', () => {
  test('lists and exports certificates without a passphrase, and says when there are none', async () => {
    const { folder } = await dataFolder();
    const settings = { TCS_DATA_DIR: folder };
    const list = await tcs(['ca', 'list', '--json'], settings);
    expect((JSON.parse(list.stdout) as unknown[]).length).toBe(6);
    const exported = await tcs(['ca', 'export', '--category', 'DEVICE'], settings);
    expect(exported.stdout.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    const empty = { TCS_DATA_DIR: mkdtempSync(path.join(tmpdir(), 'tcs-empty-')) };
    expect((await tcs(['ca', 'list'], empty)).stdout).toContain('tcs ca init');
  });

  test('makes no second CA of a name that the database knows, until it is retired', async () => {
    const { folder, environment } = await dataFolder();
    const init = () => tcs(['ca', 'init', '--yes'], environment);
    expect((await init()).stdout).toContain('Every test CA is there already.');
    const authorities = path.join(folder, 'authorities');
    const aside = path.join(folder, 'aside');
    cpSync(authorities, aside, { recursive: true });
    for (const file of readdirSync(authorities).filter((one) => one.startsWith('issuing-oca')))
      rmSync(path.join(authorities, file));
    const refused = await init();
    expect(refused.status).toBe(78);
    expect(refused.stderr).toContain('AUTHORITY_NOT_SHARED');
    expect(existsSync(path.join(authorities, 'issuing-oca.crt.pem'))).toBe(false);

    const retired = await tcs(['ca', 'retire', 'issuing-oca', '--reason', 'key lost'], environment);
    expect(retired.stdout).toBe('Retired: issuing-oca.\n');
    const made = await init();
    expect([made.status, made.stdout]).toEqual([0, expect.stringContaining('issuing-oca')]);
  });

  test('--replace keeps the old files aside and retires what the database knows', async () => {
    const { folder, environment } = await dataFolder();
    const settings = { ...environment, TCS_TEMPLATES_DIR: organisationTemplates() };
    expect((await tcs(['ca', 'init', '--yes'], settings)).status).toBe(0);
    const replaced = await tcs(['ca', 'init', '--replace', '--yes', '--json'], settings);
    expect((JSON.parse(replaced.stdout) as unknown[]).length).toBe(2);
    const aside = readdirSync(path.join(folder, 'authorities')).find((one) => one.startsWith('replaced-'));
    expect(readdirSync(path.join(folder, 'authorities', aside ?? ''))).toHaveLength(4);
    const again = await tcs(['ca', 'init', '--yes'], settings);
    expect([again.status, again.stdout]).toEqual([0, 'Every test CA is there already.\n']);
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
