import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { batchWorld, PURPOSE, type BatchWorld } from '../support/batch-world.ts';

const WARN = pino.levels.values['warn'] ?? 0;

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly req: { readonly id: string };
  readonly res?: { readonly statusCode: number };
}

describe('an upload that its sender breaks off', () => {
  let here: BatchWorld;
  let server: Server;
  let lines: Line[] = [];
  beforeAll(async () => {
    const write = (line: string) => lines.push(JSON.parse(line) as Line);
    here = await batchWorld({}, { logger: pino({ level: 'info' }, { write }) });
    server = createServer(here.http).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  beforeEach(() => (lines = []));
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await here.close();
  });

  test.each([
    ['of a batch', 'application/x-ndjson', `/v1/batches?category=DEVICE&purpose=${PURPOSE}`],
    ['of a dry run', 'application/x-ndjson', `/v1/batches?category=DEVICE&purpose=${PURPOSE}&dryRun=true`],
    ['of one request', 'application/json', '/v1/certificates'],
  ])('%s is no error of ours in the log, and leaves no file', async (_what, type, address) => {
    const uploads = () => readdirSync(here.batches.folder).filter((name) => name.startsWith('upload-'));
    const sent = request({
      port: (server.address() as AddressInfo).port,
      path: address,
      method: 'POST',
      headers: {
        Authorization: await here.bearer('METERWORKS'),
        'Content-Type': type,
        'Content-Length': 60_000,
        'X-Request-Id': 'broken-off',
        'Idempotency-Key': 'broken-off',
      },
    });
    sent.on('error', () => undefined).write('{"id":'.padEnd(20_000));
    const arrived = (await once(server, 'request')) as [{ socket: { bytesRead: number } }];
    while (arrived[0].socket.bytesRead < 20_000) await new Promise((resolve) => setTimeout(resolve, 5));
    sent.destroy();
    const told = () => lines.filter(({ req }) => req.id === 'broken-off');
    while (!told().some(({ res }) => res !== undefined) || uploads().length > 0)
      await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(told().filter(({ level }) => level > WARN)).toEqual([]);
    expect(uploads()).toEqual([]);
  });
});
