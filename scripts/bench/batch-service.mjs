// The built service and workers beside it, as processes; and one batch, from its upload's first octet to its readable result.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuOfDatabase, cpuOfProcesses } from './cpu.mjs';
import { MAKER, PASSPHRASE, PURPOSE, SERVICE_FLAGS, newDataFolder } from './fixtures.mjs';

const databaseUrl = process.env.TEST_DATABASE_URL;

/** The demo world on PostgreSQL, or on the embedded database where there is no TEST_DATABASE_URL. */
export function openWorld() {
  const environment = {
    ...process.env,
    ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
    TCS_DATA_DIR: newDataFolder(),
    TCS_KEY_PASSPHRASE: PASSPHRASE,
    TCS_PORT: '0',
    TCS_RATE_LIMIT: '100000000',
    TCS_LOG_LEVEL: 'warn',
    TCS_BATCH_ITEMS: '500000',
  };
  const tcs = (...args) =>
    execFileSync(process.execPath, ['dist/cli/main.js', ...args], {
      env: environment,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  tcs('registry', 'load', 'src/cli/demo/world.yaml');
  const token = tcs('token', 'create', '--participant', MAKER, '--role', 'PARTICIPANT_ARO').trim();
  return { environment, token };
}

/** The service, and workers beside it. */
export async function startService({ environment }, chunk, count) {
  const env = { ...environment, TCS_BATCH_CHUNK: String(chunk) };
  const service = spawn(process.execPath, [...SERVICE_FLAGS, 'dist/main.js'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = /http:\S+/.exec(await firstLine(service))[0];
  const beside = [];
  for (let number = 0; number < count; number += 1) {
    const worker = spawn(process.execPath, ['dist/cli/main.js', 'worker'], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await firstLine(worker);
    beside.push(worker);
  }
  const processes = [service, ...beside];
  const stop = async () => {
    for (const one of processes) {
      one.kill('SIGTERM');
      await once(one, 'exit');
    }
  };
  return { url, processes, stop };
}

async function firstLine(child) {
  const lines = createInterface({ input: child.stdout });
  const [line] = await once(lines, 'line');
  lines.on('line', () => undefined);
  return line;
}

/**
 * Hands CSRs (Base64) in, asks for single certificates meanwhile, and fetches the result.
 * @returns seconds; CPU microseconds a certificate, and those of PostgreSQL among them; peak MiB of the largest process; p99 in ms
 */
export async function runBatch({ url, processes }, { token }, items) {
  const headers = { Authorization: `Bearer ${token}` };
  const body = items.map((csr, place) => JSON.stringify({ id: `meter-${place}`, csr })).join('\n');
  const pids = processes.map(({ pid }) => pid);
  const before = { service: cpuOfProcesses(pids), database: cpuOfDatabase() };
  const begun = performance.now();
  const answer = await fetch(`${url}/v1/batches?category=DEVICE&purpose=${PURPOSE}`, {
    method: 'POST',
    body,
    headers: { ...headers, 'Content-Type': 'application/x-ndjson' },
  });
  if (answer.status !== 202) throw new Error(await answer.text());
  const { id } = await answer.json();
  const latencies = [];
  let batch;
  for (let number = 0; ; number += 1) {
    batch = await (await fetch(`${url}/v1/batches/${id}`, { headers })).json();
    if (['COMPLETED', 'REJECTED', 'TAMPERED'].includes(batch.state)) break;
    const asked = performance.now();
    await fetch(`${url}/v1/certificates`, {
      method: 'POST',
      body: JSON.stringify({ category: 'DEVICE', purpose: PURPOSE, csr: items[number % items.length] }),
      headers: { ...headers, 'Content-Type': 'application/json' },
    }).then((response) => response.arrayBuffer());
    latencies.push(performance.now() - asked);
    await pause(20);
  }
  const zip = await (
    await fetch(`${url}/v1/batches/${id}/result`, { headers: { ...headers, Accept: 'application/zip' } })
  ).arrayBuffer();
  const seconds = (performance.now() - begun) / 1000;
  if (batch.progress.counts.SUCCESS !== items.length || zip.byteLength === 0)
    throw new Error(`not every CSR was issued: ${JSON.stringify(batch)}`);
  const database = (cpuOfDatabase() - before.database) / items.length;
  const each = (cpuOfProcesses(pids) - before.service) / items.length + database;
  const peaks = pids.map((pid) =>
    Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))[1]),
  );
  latencies.sort((left, right) => left - right);
  const p99 = latencies[Math.floor(latencies.length * 0.99)] ?? 0;
  return { seconds, each, database, peak: Math.max(...peaks) / 1024, p99 };
}
