// The built service and workers beside it, as processes; and one batch, from its upload's first octet to its readable result.
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuOfDatabase, cpuOfProcesses } from './cpu.mjs';
import { PURPOSE } from './fixtures.mjs';
import { startProcess } from './service.mjs';

/** The service, and workers beside it. */
export async function startService({ environment }, chunk, count) {
  const env = { ...environment, TCS_BATCH_CHUNK: String(chunk) };
  const service = await startProcess(env, 'dist/main.js');
  const processes = [service];
  for (let number = 0; number < count; number += 1)
    processes.push(await startProcess(env, 'dist/cli/main.js', 'worker'));
  const stop = async () => {
    for (const one of processes) await one.stop();
  };
  return { url: service.url, processes, stop };
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
