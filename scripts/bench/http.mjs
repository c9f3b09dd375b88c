// POST /v1/certificates on a durable PostgreSQL, 16 connections, everything on. Run by main.mjs through with-postgres.mjs;
// prints one JSON line. node scripts/bench/http.mjs [REQUESTS] [WEB PROCESSES], which have an equal part of the connections.
import { cpuOfAll } from './cpu.mjs';
import { drive } from './drive.mjs';
import { PURPOSE, deviceCsrs } from './fixtures.mjs';
import { openWorld, startProcess } from './service.mjs';

const CONNECTIONS = 16;
/** V8 compiles what is asked often; a service that has run for a minute has that behind it. */
const WARM_UP = 4000;
const count = Number(process.argv[2] ?? 20_000);
const { environment, token } = openWorld({ TCS_LOG_LEVEL: 'info' });
const processes = Array.from({ length: Number(process.argv[3] ?? 1) });
const services = await Promise.all(processes.map(() => startProcess(environment, 'dist/main.js')));
const pids = services.map((service) => service.pid);

const bodies = deviceCsrs(count + WARM_UP).map((csr) =>
  JSON.stringify({ category: 'DEVICE', purpose: PURPOSE, csr: csr.toString('base64') }),
);
await send(bodies.slice(count));
const before = cpuOfAll(...pids);
const result = await send(bodies.slice(0, count));
const after = cpuOfAll(...pids);
await Promise.all(services.map((service) => service.stop()));
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
  const url = services.map((service) => `${service.url}/v1/certificates`);
  return drive({ url, connections: CONNECTIONS, amount: requests.length, setUp });
}
