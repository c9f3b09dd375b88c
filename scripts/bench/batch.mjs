// npm run bench -- batch [--sizes 100,1000,10000,50000] [--chunks 500] [--workers 1]: batches from the upload's first octet to the
// readable result, on a durable PostgreSQL, beside openssl speed and `openssl ca -batch` in the same run. Run by main.mjs.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { MAKER, PASSPHRASE, PURPOSE, deviceCsrs, newDataFolder } from './fixtures.mjs';
import { measureFloor } from './floor.mjs';

const numbers = (name, otherwise) => {
  const place = process.argv.indexOf(`--${name}`);
  return (place < 0 ? otherwise : process.argv[place + 1]).split(',').map(Number);
};
const sizes = numbers('sizes', '100,1000,10000,50000');
const chunks = numbers('chunks', '500');
const workers = numbers('workers', '1');
const most = Math.max(...sizes);

console.log(`Making ${most} CSRs ...`);
const csrs = deviceCsrs(most).map((der) => der.toString('base64'));
const floor = measureFloor();
const dataFolder = newDataFolder();
const environment = {
  ...process.env,
  DATABASE_URL: process.env.TEST_DATABASE_URL,
  TCS_DATA_DIR: dataFolder,
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

const rows = [];
for (const chunk of chunks)
  for (const count of workers) {
    const running = await start(chunk, count);
    await run(running, csrs.slice(0, Math.min(500, most)));
    for (const size of sizes) {
      const result = await run(running, csrs.slice(0, size));
      rows.push([size, chunk, count + 1, ...result.cells]);
      console.log(rows.at(-1).join(' | '));
    }
    await running.stop();
  }
const head = [
  'CSRs',
  'chunk',
  'processes',
  'seconds',
  'a second',
  'CPU us each',
  'of them PostgreSQL',
  'x floor',
  'peak MiB',
  'p99 of singles, ms',
];
console.log(`\n| ${head.join(' | ')} |\n| ${head.map(() => '---').join(' | ')} |`);
for (const row of rows) console.log(`| ${row.join(' | ')} |`);
const ca = opensslCa(csrs.slice(0, 1000));
const best = Math.max(...rows.map((row) => Number(row[4])));
console.log(`\nThe floor (openssl speed, one verify and one sign): ${floor.both.toFixed(0)} us.`);
console.log(
  `openssl ca -batch -infiles: ${ca.toFixed(0)} certificates a second; the service ${(best / ca).toFixed(1)} times that.`,
);
console.log(
  `${os.cpus().length} x ${os.cpus()[0]?.model.trim() ?? 'unknown processor'}, Node ${process.version}.`,
);
rmSync(dataFolder, { recursive: true });

/** The service, and workers beside it. */
async function start(chunk, count) {
  const env = { ...environment, TCS_BATCH_CHUNK: String(chunk) };
  const service = spawn(process.execPath, ['dist/main.js'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
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

async function run({ url, processes }, items) {
  const headers = { Authorization: `Bearer ${token}` };
  const body = items.map((csr, place) => JSON.stringify({ id: `meter-${place}`, csr })).join('\n');
  const cpuBefore = cpu(processes);
  const databaseBefore = cpu([]);
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
      body: JSON.stringify({ category: 'DEVICE', purpose: PURPOSE, csr: csrs[number % csrs.length] }),
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
  const each = (cpu(processes) - cpuBefore) / items.length;
  const database = (cpu([]) - databaseBefore) / items.length;
  const peak = Math.max(
    ...processes.map(
      ({ pid }) => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))[1]) / 1024,
    ),
  );
  latencies.sort((left, right) => left - right);
  const p99 = latencies[Math.floor(latencies.length * 0.99)] ?? 0;
  return {
    cells: [
      seconds.toFixed(1),
      (items.length / seconds).toFixed(0),
      each.toFixed(0),
      database.toFixed(0),
      (each / floor.both).toFixed(1),
      peak.toFixed(0),
      p99.toFixed(0),
    ],
  };
}

/** CPU microseconds of these processes and of every process of PostgreSQL so far (ticks of 10 ms), children that ended included. */
function cpu(processes) {
  const postgres = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && isOurPostgres(pid));
  return [...processes.map(({ pid }) => pid), ...postgres].reduce((sum, pid) => sum + cpuOf(pid), 0);
}

function isOurPostgres(pid) {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    const { port } = new URL(process.env.TEST_DATABASE_URL);
    if (command.includes(`port=${port}`)) return true;
    const parent = /PPid:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))[1];
    return (
      command.startsWith('postgres:') &&
      readFileSync(`/proc/${parent}/cmdline`, 'latin1').includes(`port=${port}`)
    );
  } catch {
    return false;
  }
}

function cpuOf(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  } catch {
    return 0;
  }
}

/** `openssl ca -batch -infiles` over the same CSRs. @returns certificates a second */
function opensslCa(some) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tcs-openssl-ca-'));
  const openssl = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  mkdirSync(path.join(folder, 'new'));
  writeFileSync(path.join(folder, 'index'), '');
  writeFileSync(path.join(folder, 'serial'), '1000\n');
  writeFileSync(
    path.join(folder, 'ca.cnf'),
    '[ca]\ndefault_ca=it\n[it]\ndatabase=index\nserial=serial\nnew_certs_dir=new\ncertificate=ca.crt\nprivate_key=ca.key\ndefault_md=sha256\ndefault_days=3650\nunique_subject=no\npolicy=any\ncopy_extensions=copy\nx509_extensions=none\n[any]\ncommonName=optional\n[none]\n[req]\ndistinguished_name=dn\n[dn]\n',
  );
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=bench',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
  );
  const files = some.map((csr, place) => {
    const name = `${place}.csr`;
    const lines = csr.match(/.{1,64}/g).join('\n');
    writeFileSync(
      path.join(folder, name),
      `-----BEGIN CERTIFICATE REQUEST-----\n${lines}\n-----END CERTIFICATE REQUEST-----\n`,
    );
    return name;
  });
  const begun = performance.now();
  openssl('ca', '-config', 'ca.cnf', '-batch', '-notext', '-subj', '/CN=bench', '-infiles', ...files);
  const seconds = (performance.now() - begun) / 1000;
  rmSync(folder, { recursive: true });
  return some.length / seconds;
}
