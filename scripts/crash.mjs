// npm run crash [-- SEED]: processes that work on a batch are killed (SIGKILL) 50 times at random steps and 50 times at
// random instants, on the embedded database and on PostgreSQL, and what they leave is looked at. Prints the tally and the
// seed with which the same steps and instants come again. CRASHES=every npm run crash tries every step.
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';

const seed = process.argv[2] ?? String(randomInt(1_000_000));
console.log(`seed ${seed}`);
const env = { CRASHES: '50', CRASH_INSTANTS: '50', ...process.env, CRASH_SEED: seed };
const jest = [process.execPath, 'node_modules/jest/bin/jest.js', '--config', '.config/jest.config.cjs'];
let failed = false;
for (const [name, before] of [
  ['embedded', []],
  ['PostgreSQL', [process.execPath, 'scripts/with-postgres.mjs']],
]) {
  const [command, ...words] = [...before, ...jest, 'test/crash/batch-sigkill'];
  const ran = spawnSync(command, words, { env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  for (const line of ran.stdout.split('\n'))
    if (line.startsWith('killed at')) console.log(`${name}: ${line}`);
  if (ran.status === 0) continue;
  failed = true;
  console.error(`${name}: failed\n${ran.stderr}`);
}
process.exit(failed ? 1 : 0);
