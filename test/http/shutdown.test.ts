import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { openConfiguredDatabase } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createCredential } from '../../src/registry/create-credential.ts';
import { loadRegistry } from '../../src/registry/load-registry.ts';
import { parseRegistryFile } from '../../src/registry/registry-file.ts';
import { createTestAuthorities, TEST_PASSPHRASE } from '../support/authorities.ts';
import { deviceCsr } from '../support/csr-builder.ts';
import { fixedClock } from '../support/dates.ts';

const ROOT = path.join(__dirname, '..', '..');
const WORLD = path.join(ROOT, 'src', 'cli', 'demo', 'world.yaml');
const BODY = JSON.stringify({
  category: 'DEVICE',
  purpose: 'DEVICE_AND_USER_SYSTEM_TESTS',
  csr: deviceCsr('00-DB-12-34-20-00-04-01').pem,
});

describe('a service that is told to stop', () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'tcs-shutdown-'));
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));
  const settings = { TCS_DATA_DIR: dataDir, TCS_KEY_PASSPHRASE: TEST_PASSPHRASE, TCS_PORT: '0' };

  const start = async (also: Record<string, string> = {}) => {
    const service = spawn(process.execPath, ['dist/main.js'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'], ...settings, ...also },
    });
    running.push(service);
    return { service, ended: once(service, 'exit'), port: await portOf(service.stdout) };
  };
  const running: ChildProcess[] = [];
  let token: string;
  beforeAll(async () => (token = await prepareWorld()), 180_000);
  afterEach(() => running.splice(0).forEach((one) => one.kill('SIGKILL')));

  test('answers the request that is half sent, takes no other, and ends with 0', async () => {
    const { service, ended, port } = await start();
    const half = net.connect(port, '127.0.0.1');
    let answer = '';
    half.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    half.write(
      `POST /v1/certificates HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${String(Buffer.byteLength(BODY))}\r\n\r\n${BODY.slice(0, 100)}`,
    );
    await answered(port);
    service.kill('SIGTERM');
    await refused(port);
    half.write(BODY.slice(100));

    expect(await ended).toEqual([0, null]);
    half.destroy();
    expect(answer).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
    expect(answer).toContain('"status":"IN_USE"');
    // Whoever keeps connections sends no other request into this one.
    expect(answer).toContain('\r\nConnection: close\r\n');
  }, 180_000);

  test('ends the events that somebody follows, and ends with 0', async () => {
    // Nobody works on the batch: its events would go on for ever.
    const { service, ended, port } = await start({ TCS_BATCH_LANES: '0' });
    const batches = `http://127.0.0.1:${String(port)}/v1/batches`;
    const Authorization = `Bearer ${token}`;
    const submitted = await fetch(`${batches}?category=DEVICE&purpose=DEVICE_AND_USER_SYSTEM_TESTS`, {
      method: 'POST',
      headers: { Authorization, 'Content-Type': 'application/x-ndjson' },
      body: JSON.stringify({ id: 'meter', csr: deviceCsr('00-DB-12-34-20-00-04-02').pem }),
    });
    const { id } = (await submitted.json()) as { id: string };
    const events = await fetch(`${batches}/${id}/events`, { headers: { Authorization } });
    let told = '';
    for await (const piece of events.body!.pipeThrough(new TextDecoderStream())) {
      if (told === '') service.kill('SIGTERM');
      told += piece;
    }
    expect(await ended).toEqual([0, null]);
    expect(told).toMatch(/^id: PENDING[^\n]*\nevent: batch\ndata: \{[^\n]*\}\n\n$/);
  }, 180_000);

  test('does not wait for connections on which nothing was said', async () => {
    const { service, ended, port } = await start({ TCS_SHUTDOWN_SECONDS: '600' });
    const silent = net.connect(port, '127.0.0.1');
    await once(silent, 'connect');
    await answered(port);
    service.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    silent.destroy();
  }, 180_000);

  test('ends with 0 although nobody reads its log any more', async () => {
    const { service, ended, port } = await start();
    service.stdout.destroy();
    await answered(port);
    service.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  }, 180_000);

  async function prepareWorld(): Promise<string> {
    const authorities = path.join(dataDir, 'authorities');
    // The service reads the real clock: certificates of this hour, under the keys that the tests have.
    cpSync(path.join(process.env['TCS_TEST_FOLDER'] ?? '', 'authorities'), authorities, {
      recursive: true,
      filter: (file) => !file.endsWith('.crt.pem'),
    });
    createTestAuthorities(authorities, new Date());
    const database = await openConfiguredDatabase(readConfig(settings), pino({ level: 'silent' }));
    const now = new Date();
    await migrate(database.pool);
    const world = parseRegistryFile(readFileSync(WORLD, 'utf8'), WORLD);
    await loadRegistry(world, fixedClock(now), database.pool, () => Promise.resolve());
    const expiresAt = new Date(now.getTime() + 86_400_000);
    const wanted = { signifier: 'METERWORKS', role: 'PARTICIPANT_ARO', label: '', expiresAt } as const;
    const { token } = await createCredential(wanted, now, database.pool);
    await database.close();
    return token;
  }
});

/** The port of the first line that a service writes. */
function portOf(output: NodeJS.ReadableStream): Promise<number> {
  let text = '';
  return new Promise((resolve) =>
    output.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const [, port] = /listening on http:\/\/[^:]+:(\d+)\n/.exec(text) ?? [];
      if (port !== undefined) resolve(Number(port));
    }),
  );
}

/** Another request gets its answer: what was written before it has arrived. */
async function answered(port: number): Promise<void> {
  const { status } = await fetch(`http://127.0.0.1:${String(port)}/health/live`);
  expect(status).toBe(200);
}

/** No new connection is taken any more. */
async function refused(port: number): Promise<void> {
  for (;;) {
    const socket = net.connect(port, '127.0.0.1');
    const outcome = await Promise.race([
      once(socket, 'connect').then(() => 'taken'),
      new Promise((resolve) => socket.once('error', () => resolve('refused'))),
    ]).catch(() => 'refused');
    socket.destroy();
    if (outcome === 'refused') return;
  }
}
