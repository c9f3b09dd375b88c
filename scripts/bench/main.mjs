// npm run bench [-- --write]: what one certificate costs, beside what this machine can do in the same run.
// npm run bench -- batch: what many cost (batch.mjs).
// --write puts the table into docs/performance.md. HTTP needs PostgreSQL's server programs; without them it is left out, with a word.
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { drive } from './drive.mjs';
import { measureFloor } from './floor.mjs';
import { measureEligibility } from './eligibility.mjs';
import { measureInProcess } from './in-process.mjs';
import { machine, rate, table, writeMeasured } from './table.mjs';

if (process.argv[2] === 'batch') {
  const script = [process.execPath, 'scripts/bench/batch.mjs', ...process.argv.slice(3)];
  const command = process.argv.includes('--embedded')
    ? script
    : [process.execPath, 'scripts/with-postgres.mjs', '--durable', ...script];
  process.exit(spawnSync(command[0], command.slice(1), { stdio: 'inherit' }).status ?? 1);
}

/** Certificates a second over HTTP that are asked for. */
const HTTP_RATE = 1500;
const WEB_PROCESSES = [1, 2];
const rows = [];
const before = measureFloor();
const inProcess = await measureInProcess();
const bare = await measureBareHttp();
const runs = WEB_PROCESSES.map(measureHttp).filter((run) => run !== undefined);
const after = measureFloor();
const floor = before.both < after.both ? before : after;

rows.push([
  'openssl speed: one P-256 verify + one sign (the floor)',
  '',
  rate(1e6 / floor.both),
  micro(floor.both),
  '1.0',
]);
for (const { name, most, cpu, rate: perSecond } of inProcess) {
  const times = cpu / floor.both;
  const target = most === undefined ? '' : asked(`at most ${most.toFixed(1)} times the floor`, times <= most);
  rows.push([name, target, rate(perSecond), micro(cpu), times.toFixed(1)]);
}
rows.push([
  'Node answering HTTP with two octets, 16 connections',
  '',
  rate(bare.rate),
  micro(bare.cpu),
  (bare.cpu / floor.both).toFixed(1),
]);
for (const { processes, ...http } of runs)
  rows.push(
    [
      `POST /v1/certificates, 16 connections, ${processes} web ${processes === 1 ? 'process' : 'processes'}, durable PostgreSQL, everything on (p50 ${http.p50} ms, p99 ${http.p99} ms)`,
      asked(`at least ${rate(HTTP_RATE)} a second`, http.rate >= HTTP_RATE),
      rate(http.rate),
      micro(http.cpu),
      (http.cpu / floor.both).toFixed(1),
    ],
    ['PostgreSQL beside it', '', '', micro(http.databaseCpu), (http.databaseCpu / floor.both).toFixed(1)],
    ['the load generator beside it', '', '', micro(http.driverCpu), (http.driverCpu / floor.both).toFixed(1)],
  );
rows.push(...measureEligibility(floor).map(([what, ...figures]) => [what, '', ...figures]));
const feed = onPostgres('The SECAS feed', 'scripts/bench/feed.mjs');
if (feed !== undefined)
  rows.push(
    [
      `the SECAS feed of ${feed.rows} rows, all new: signature, check, diff, one commit (${feed.first.toFixed(1)} s)`,
      '',
      rate(feed.rows / feed.first),
      '',
      '',
    ],
    [
      `the next one, a tenth of the Parties changed (${feed.second.toFixed(1)} s)`,
      '',
      rate(feed.rows / feed.second),
      '',
      '',
    ],
  );

const head = ['what', 'asked', 'a second', 'CPU microseconds each', 'times the floor'];
const text = `${table(head, rows)}\n\n${machine()}.\n`;
console.log(`\n${text}`);
if (process.argv.includes('--write')) writeMeasured('one certificate', text);

/** The least that HTTP costs here: no framework, no work. */
async function measureBareHttp() {
  const child = fork(new URL('./bare-http.mjs', import.meta.url));
  const [port] = await once(child, 'message');
  const count = 20_000;
  const ask = (amount) =>
    drive({ url: `http://127.0.0.1:${port}`, connections: 16, amount, setUp: () => ({}) });
  await ask(2000);
  child.send('cpu');
  const [cpuBefore] = await once(child, 'message');
  const { rate: perSecond } = await ask(count);
  child.send('cpu');
  const [cpuAfter] = await once(child, 'message');
  child.kill();
  return { rate: perSecond, cpu: (cpuAfter - cpuBefore) / count };
}

function measureHttp(processes) {
  const result = onPostgres(
    `HTTP with ${processes} web process(es)`,
    'scripts/bench/http.mjs',
    20_000,
    processes,
  );
  if (result === undefined) return undefined;
  if (result.refused > 0) throw new Error(`${result.refused} requests were refused`);
  return { processes, ...result };
}

/** What a script prints that runs on a durable PostgreSQL of its own; `undefined`, with a word, where there is none. */
function onPostgres(what, script, ...words) {
  const ran = spawnSync(
    process.execPath,
    ['scripts/with-postgres.mjs', '--durable', process.execPath, script, ...words.map(String)],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (ran.status === 69) {
    console.log(`${what} is left out: PostgreSQL is not installed.`);
    return undefined;
  }
  if (ran.status !== 0) throw new Error(`the benchmark ${script} failed`);
  return JSON.parse(ran.stdout.trim().split('\n').at(-1));
}

/** What is asked of a row, and whether this run reached it. */
function asked(target, met) {
  return `${target}: ${met ? 'met' : 'missed'}`;
}

function micro(value) {
  return value.toFixed(0);
}
