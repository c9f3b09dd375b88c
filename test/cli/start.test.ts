import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CLI_TIMEOUT, dataFolder, tcs } from '../support/tcs.ts';

jest.setTimeout(CLI_TIMEOUT);

/** A port on which something listens already. */
async function busyPort() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: String((server.address() as AddressInfo).port),
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

const emptyFolder = () => mkdtempSync(path.join(tmpdir(), 'tcs-empty-'));

describe('a start that cannot be says why, which setting, and what to do, and makes nothing', () => {
  test('a busy port is 69, also for the demo and for dist/main.js', async () => {
    const busy = await busyPort();
    const { environment } = await dataFolder();
    const settings = { ...environment, TCS_PORT: busy.port };
    const demo = emptyFolder();
    for (const ended of [
      await tcs(['serve'], settings),
      await tcs([], settings, { script: 'main.js' }),
      await tcs(['demo'], { TCS_DATA_DIR: demo, TCS_PORT: busy.port }),
    ]) {
      expect(ended.stderr).toMatch(/^Port \d+ of 127\.0\.0\.1 is in use\. .*TCS_PORT/);
      expect(ended.status).toBe(69);
    }
    expect(existsSync(path.join(demo, 'authorities'))).toBe(false);
    expect(existsSync(path.join(demo, 'demo-passphrase'))).toBe(false);
    await busy.close();
  });

  test('a host that is none of this machine is 78', async () => {
    const ended = await tcs(['serve'], { ...(await dataFolder()).environment, TCS_HOST: '192.0.2.1' });
    expect(ended.stderr).toContain('TCS_HOST');
    expect(ended.status).toBe(78);
  });

  test.each([['serve'], ['demo'], ['ca init --yes'], ['registry show']])(
    'a data folder that is a file is 78 (%s)',
    async (words) => {
      const file = path.join(emptyFolder(), 'file');
      writeFileSync(file, '');
      const settings = { TCS_DATA_DIR: file, TCS_KEY_PASSPHRASE: 'twelve letters', TCS_PORT: '0' };
      const ended = await tcs(words.split(' '), settings);
      expect(ended.stderr).toMatch(/^The data folder .* is a file\. Set TCS_DATA_DIR/);
      expect(ended.status).toBe(78);
    },
  );

  test('a wrong passphrase is told once, and the advice is the right passphrase', async () => {
    const ended = await tcs(['serve'], {
      ...(await dataFolder()).environment,
      TCS_KEY_PASSPHRASE: 'another passphrase',
    });
    expect(ended.stderr.match(/does not open/g)).toHaveLength(1);
    expect(ended.stderr).toContain('Give the passphrase with which the keys were made');
    expect(ended.stderr).not.toMatch(/move the folder|ca init/);
    expect(ended.status).toBe(78);
  });
});
