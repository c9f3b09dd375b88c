// The built service and workers beside it, as processes; and one batch, from its upload's first octet to its readable result.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
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
  const answer = await exchange(
    `${url}/v1/batches?category=DEVICE&purpose=${PURPOSE}`,
    { method: 'POST', headers: { ...headers, 'Content-Type': 'application/x-ndjson' } },
    body,
  );
  if (answer.status !== 202) throw new Error(answer.octets.toString());
  const { id } = JSON.parse(answer.octets);
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
  const accept = { headers: { ...headers, Accept: 'application/zip' } };
  const { octets: zip } = await exchange(`${url}/v1/batches/${id}/result`, accept);
  const seconds = (performance.now() - begun) / 1000;
  if (batch.progress.counts.SUCCESS !== items.length || !zip.includes(ZIP_END, zip.length - ZIP_END_OCTETS))
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

/** What is large goes by the plain client of Node: `fetch` needs as long for the octets of a result as the service for writing them. */
async function exchange(url, options, body) {
  const request = http.request(url, options).end(body);
  const [response] = await once(request, 'response');
  const octets = [];
  for await (const piece of response) octets.push(piece);
  return { status: response.statusCode, octets: Buffer.concat(octets) };
}

/** The end of central directory record without a comment: with it a ZIP can be read. */
const ZIP_END = 'PK\x05\x06';
const ZIP_END_OCTETS = 22;
