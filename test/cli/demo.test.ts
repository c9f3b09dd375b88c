import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CLI_TIMEOUT, dataFolder, tcs } from '../support/tcs.ts';

jest.setTimeout(CLI_TIMEOUT);

describe('the demo on a database that is not empty', () => {
  test('leaves a real METERWORKS alone, says so in plain words, and makes nothing', async () => {
    const { folder } = await dataFolder();
    rmSync(path.join(folder, 'authorities'), { recursive: true });
    const file = path.join(folder, 'participants.yaml');
    const entry = {
      signifier: 'METERWORKS',
      type: 'NON_PARTY',
      nonPartyKind: 'MANUFACTURER',
      legalName: 'The real one',
    };
    writeFileSync(file, JSON.stringify({ participants: [entry] }));
    expect((await tcs(['registry', 'load', file], { TCS_DATA_DIR: folder })).status).toBe(0);

    const ended = await tcs(['demo', '--once'], { TCS_DATA_DIR: folder });
    expect(ended.stderr).toMatch(
      /^The database holds 1 participant\(s\) that the demo did not take on \(METERWORKS\)/,
    );
    expect(ended.status).toBe(73);
    expect(existsSync(path.join(folder, 'authorities'))).toBe(false);
    expect(existsSync(path.join(folder, 'demo-passphrase'))).toBe(false);
    expect((await tcs(['registry', 'show', 'METERWORKS'], { TCS_DATA_DIR: folder })).stdout).toContain(
      'The real one',
    );
  });

  test('runs again and again on its own, until somebody loads a participant of his own', async () => {
    const { folder, environment } = await dataFolder();
    for (let round = 0; round < 2; round += 1) {
      const ended = await tcs(['demo', '--once'], environment);
      expect(ended.stdout).toContain('Done: 3 issued and verified, 3 refused.');
      expect(ended.status).toBe(0);
    }
    const file = path.join(folder, 'participants.yaml');
    const entry = {
      signifier: 'STRANGER',
      type: 'NON_PARTY',
      nonPartyKind: 'OTHER',
      legalName: 'No stranger',
    };
    writeFileSync(file, JSON.stringify({ participants: [entry] }));
    await tcs(['registry', 'load', file], environment);
    const ended = await tcs(['demo', '--once'], environment);
    expect([ended.status, ended.stderr]).toEqual([73, expect.stringContaining('(STRANGER)')]);
    expect(readFileSync(path.join(folder, 'demo-credentials.json'), 'utf8')).toContain('METERWORKS');
  });
});
