// npm run crash [-- SEED]: the whole crash matrix of batches, on the embedded database and on PostgreSQL. Processes that work on a batch
// are killed (SIGKILL) 50 times at random steps and 50 times at random instants, on PostgreSQL 50 pairs of workers too, and
// what they leave is looked at; web processes and workers are killed at gates, PostgreSQL is stopped under load, and writes fail for want of
// room. Prints the tally, every case, and the seed with which the same steps and instants come again. CRASHES=every npm run crash
// tries every step.
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';

const MATRIX = ['test/crash/batch-sigkill', 'test/crash/batch-processes', 'test/crash/no-room'];
/** Lines of a test about itself, and those in which jest tells of each case. */
const TALLY = /^(killed at|\{"restarts")/;
const CASE = /^\s+[✓✕○] /;

const seed = process.argv[2] ?? String(randomInt(1_000_000));
console.log(`seed ${seed}`);
const many = { CRASHES: '50', CRASH_INSTANTS: '50', CRASH_PAIRS: '50' };
const env = { ...many, ...process.env, CRASH_SEED: seed };
const jest = [process.execPath, 'node_modules/jest/bin/jest.js', '--config', '.config/jest.config.cjs'];
let failed = false;
for (const [name, before] of [
  ['embedded', []],
  ['PostgreSQL', [process.execPath, 'scripts/with-postgres.mjs']],
]) {
  const [command, ...words] = [...before, ...jest, '--runInBand', '--verbose', ...MATRIX];
  const ran = spawnSync(command, words, { env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  for (const line of ran.stdout.split('\n')) if (TALLY.test(line)) console.log(`${name}: ${line}`);
  for (const line of ran.stderr.split('\n')) if (CASE.test(line)) console.log(`${name}: ${line.trim()}`);
  if (ran.status === 0) continue;
  failed = true;
  console.error(`${name}: failed\n${ran.stderr}`);
}
process.exit(failed ? 1 : 0);
