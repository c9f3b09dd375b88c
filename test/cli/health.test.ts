import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { readConfig } from '../../src/config.ts';
import { startService, type RunningService } from '../../src/serve.ts';
import { dataFolder, tcs } from '../support/tcs.ts';
import { testDatabase } from '../support/test-database.ts';

jest.setTimeout(120_000);

describe('tcs health', () => {
  const { settings } = dataFolder();
  let service: RunningService;
  let here: Record<string, string>;
  const database = testDatabase();
  beforeAll(async () => {
    const parts = { database: await database };
    service = await startService(readConfig(settings), pino({ level: 'silent' }), parts);
    here = { ...settings, TCS_HOST: '0.0.0.0', TCS_PORT: new URL(service.baseUrl).port };
  });
  afterAll(() => service.close());

  test('is 0 and tells the parts of the service that the settings name', async () => {
    const address = `http://127.0.0.1:${here['TCS_PORT'] ?? ''}`;
    const live = await tcs(here, 'health');
    expect([live.code, live.out]).toEqual([0, `${address}: process ok\n`]);
    const ready = await tcs(here, 'health', '--ready', '--json');
    expect(JSON.parse(ready.out)).toMatchObject({
      status: 'ok',
      parts: { database: 'ok', authorities: 'ok' },
    });
    expect((await tcs({}, 'health', '--url', service.baseUrl)).code).toBe(0);
  });

  test('is 69 with the part that is down; the process answers still', async () => {
    await (await database).close();
    const ready = await tcs(here, 'health', '--ready');
    expect([ready.code, ready.fault]).toEqual([
      69,
      expect.stringMatching(/: database down, authorities ok\.$/),
    ]);
    expect((await tcs(here, 'health')).code).toBe(0);
  });
});

test('where nothing answers it is 69, where another service does too, and port 0 is told as 78', async () => {
  const nobody = await tcs({ TCS_PORT: '1' }, 'health');
  expect([nobody.code, nobody.fault]).toEqual([
    69,
    expect.stringContaining('http://127.0.0.1:1 does not answer.'),
  ]);
  const other = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
  await once(other, 'listening');
  const url = `http://127.0.0.1:${String((other.address() as AddressInfo).port)}/`;
  const answered = await tcs({}, 'health', '--url', url);
  expect([answered.code, answered.fault]).toEqual([
    69,
    expect.stringContaining('is no Test Certificate Service'),
  ]);
  other.close();
  const unknown = await tcs({ TCS_PORT: '0' }, 'health');
  expect([unknown.code, unknown.fault]).toEqual([78, expect.stringContaining('--url')]);
});
