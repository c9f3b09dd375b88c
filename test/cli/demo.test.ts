import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DemoCredentials } from '../../src/cli/demo/open-world.ts';
import { dataFolder, tcs } from '../support/tcs.ts';

jest.setTimeout(120_000);

describe('the demo on a database that is not empty', () => {
  test('leaves a real METERWORKS alone, says so in plain words, and makes nothing', async () => {
    const { folder } = dataFolder();
    rmSync(path.join(folder, 'authorities'), { recursive: true });
    const file = path.join(folder, 'participants.yaml');
    const entry = {
      signifier: 'METERWORKS',
      type: 'NON_PARTY',
      nonPartyKind: 'MANUFACTURER',
      legalName: 'The real one',
    };
    writeFileSync(file, JSON.stringify({ participants: [entry] }));
    expect((await tcs({ TCS_DATA_DIR: folder }, 'registry', 'load', file)).code).toBe(0);

    const ended = await tcs({ TCS_DATA_DIR: folder }, 'demo', '--once');
    expect(ended.fault).toMatch(
      /^The database holds 1 participant\(s\) that the demo did not take on \(METERWORKS\)/,
    );
    expect(ended.code).toBe(73);
    expect(existsSync(path.join(folder, 'authorities'))).toBe(false);
    expect(existsSync(path.join(folder, 'demo-passphrase'))).toBe(false);
    expect((await tcs({ TCS_DATA_DIR: folder }, 'registry', 'show', 'METERWORKS')).out).toContain(
      'The real one',
    );
  });

  test('runs again and again on its own, until somebody loads a participant of his own', async () => {
    const { folder, settings } = dataFolder();
    // Without --once it goes on serving; what --once shows comes first, in a new world.
    expect(await served(settings)).toMatch(
      /\nDone: 3 issued and verified, 3 refused\.\n[^]*The demo world is open/,
    );
    const first = credentialsIn(folder).participants;
    expect(first.map((one) => one.signifier)).toEqual(
      'NORTHGATE TRENTNET METERWORKS OLDMETER STRANGER HALTED REGDATA DCC ASSESS'.split(' '),
    );
    expect(first.find((one) => one.signifier === 'NORTHGATE')).toEqual({
      signifier: 'NORTHGATE',
      name: 'Northgate Energy Supply Limited',
      type: 'SEC_PARTY',
      userIds: [
        { eui64: '90-B3-D5-1F-30-01-00-00', userRole: 'GAS_SUPPLIER' },
        { eui64: '90-B3-D5-1F-30-01-00-00', userRole: 'IMPORT_SUPPLIER' },
        { eui64: '90-B3-D5-1F-30-01-00-01', userRole: 'EXPORT_SUPPLIER' },
      ],
      deviceRanges: [{ from: '00-DB-12-34-10-00-00-00', to: '00-DB-12-34-1F-FF-FF-FF' }],
    });
    const told: unknown[] = [];
    for (let round = 0; round < 2; round += 1) {
      const ended = await tcs(settings, 'demo', '--once');
      expect(ended.out).toContain('Done: 3 issued and verified, 3 refused.');
      expect(ended.code).toBe(0);
      told.push(credentialsIn(folder).accounts);
    }
    expect(await served(settings)).not.toContain('Done:');
    // Its tokens outlive a restart, and with them what began under them.
    expect(told[1]).toEqual(told[0]);
    // What is no such file is written anew.
    writeFileSync(path.join(folder, 'demo-credentials.json'), '{');
    expect((await tcs(settings, 'demo', '--once')).code).toBe(0);
    const file = path.join(folder, 'participants.yaml');
    const entry = {
      signifier: 'STRANGER',
      type: 'NON_PARTY',
      nonPartyKind: 'OTHER',
      legalName: 'No stranger',
    };
    writeFileSync(file, JSON.stringify({ participants: [entry] }));
    await tcs(settings, 'registry', 'load', file);
    const ended = await tcs(settings, 'demo', '--once');
    expect([ended.code, ended.fault]).toEqual([73, expect.stringContaining('(STRANGER)')]);
    expect(readFileSync(path.join(folder, 'demo-credentials.json'), 'utf8')).toContain('METERWORKS');
  });
});

function credentialsIn(folder: string): DemoCredentials {
  return JSON.parse(readFileSync(path.join(folder, 'demo-credentials.json'), 'utf8')) as DemoCredentials;
}

/** What `tcs demo` says until it serves. */
async function served(settings: Readonly<Record<string, string>>): Promise<string> {
  const script = path.join(__dirname, '..', '..', 'dist', 'cli', 'main.js');
  const env = { PATH: process.env['PATH'], ...settings };
  const child = spawn(process.execPath, [script, 'demo'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let told = '';
  for await (const piece of child.stdout as AsyncIterable<Buffer>) {
    told += piece.toString();
    if (told.includes('Stop it with Ctrl-C.') && !child.killed) child.kill('SIGINT');
  }
  if (child.exitCode === null) await once(child, 'exit');
  expect(child.exitCode).toBe(0);
  return told;
}
