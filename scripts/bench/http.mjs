// POST /v1/certificates on a durable PostgreSQL, 16 connections, everything on. Run by main.mjs through with-postgres.mjs;
// prints one JSON line.
import { cpuOfAll } from './cpu.mjs';
import { drive } from './drive.mjs';
import { PURPOSE, deviceCsrs } from './fixtures.mjs';
import { openWorld, startProcess } from './service.mjs';

const count = Number(process.argv[2] ?? 12_000);
const { environment, token } = openWorld({ TCS_LOG_LEVEL: 'info' });
const service = await startProcess(environment, 'dist/main.js');

const bodies = deviceCsrs(count + 1000).map((csr) =>
  JSON.stringify({ category: 'DEVICE', purpose: PURPOSE, csr: csr.toString('base64') }),
);
await send(bodies.slice(count));
const before = cpuOfAll(service.pid);
const result = await send(bodies.slice(0, count));
const after = cpuOfAll(service.pid);
await service.stop();
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

function send(requests) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const setUp = (number) => ({ headers, body: requests[number % requests.length] });
  return drive({ url: `${service.url}/v1/certificates`, connections: 16, amount: requests.length, setUp });
}
