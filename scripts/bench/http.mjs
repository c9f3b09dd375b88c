// POST /v1/certificates on a durable PostgreSQL, 16 connections, everything on. Run by main.mjs through with-postgres.mjs;
// prints one JSON line.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import autocannon from 'autocannon';
import { cpuOfAll } from './cpu.mjs';
import { MAKER, PASSPHRASE, PURPOSE, SERVICE_FLAGS, deviceCsrs, newDataFolder } from './fixtures.mjs';

const count = Number(process.argv[2] ?? 12_000);
const environment = {
  ...process.env,
  DATABASE_URL: process.env.TEST_DATABASE_URL,
  TCS_DATA_DIR: newDataFolder(),
  TCS_KEY_PASSPHRASE: PASSPHRASE,
  TCS_PORT: '0',
  TCS_RATE_LIMIT: '100000000',
  TCS_LOG_LEVEL: 'info',
};
const tcs = (...args) =>
  execFileSync(process.execPath, ['dist/cli/main.js', ...args], {
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
tcs('registry', 'load', 'src/cli/demo/world.yaml');
const token = tcs('token', 'create', '--participant', MAKER, '--role', 'PARTICIPANT_ARO').trim();

const service = spawn(process.execPath, [...SERVICE_FLAGS, 'dist/main.js'], {
  env: environment,
  stdio: ['ignore', 'pipe', 'inherit'],
});
const lines = createInterface({ input: service.stdout });
const [first] = await once(lines, 'line');
const url = /http:\S+/.exec(first)[0];
lines.on('line', () => undefined);

const bodies = deviceCsrs(count + 1000).map((csr) =>
  JSON.stringify({ category: 'DEVICE', purpose: PURPOSE, csr: csr.toString('base64') }),
);
await drive(bodies.slice(count));
const before = cpuOfAll(service.pid);
const result = await drive(bodies.slice(0, count));
const after = cpuOfAll(service.pid);
service.kill('SIGTERM');
await once(service, 'exit');
console.log(
  JSON.stringify({
    count,
    rate: result.rate,
    p50: result.p50,
    p99: result.p99,
    cpu: (after.service - before.service) / count,
    databaseCpu: (after.database - before.database) / count,
    driverCpu: (after.driver - before.driver) / count,
    refused: result.refused,
  }),
);

async function drive(requests) {
  let next = 0;
  const start = performance.now();
  const run = await autocannon({
    url: `${url}/v1/certificates`,
    connections: 16,
    amount: requests.length,
    requests: [
      {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        setupRequest: (request) => ({ ...request, body: requests[next++ % requests.length] }),
      },
    ],
  });
  const seconds = (performance.now() - start) / 1000;
  return {
    rate: run['2xx'] / seconds,
    p50: run.latency.p50,
    p99: run.latency.p99,
    refused: run.non2xx + run.errors,
  };
}
