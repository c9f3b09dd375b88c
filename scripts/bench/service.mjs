// The built service, and its workers, as child processes with the flags of `npm start`; and what they work on.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { MAKER, PASSPHRASE, newDataFolder } from './fixtures.mjs';

/** With what `npm start` and the Dockerfile start Node. */
const FLAGS = ['--max-semi-space-size=32'];

/** Fresh test CAs, on the PostgreSQL of this run, or on the embedded database where there is none. */
export function newEnvironment(settings) {
  const databaseUrl = process.env.TEST_DATABASE_URL;
  return {
    ...process.env,
    ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
    TCS_DATA_DIR: newDataFolder(),
    TCS_KEY_PASSPHRASE: PASSPHRASE,
    TCS_PORT: '0',
    TCS_RATE_LIMIT: '100000000',
    ...settings,
  };
}

/** A command to its end. @returns what it says */
export function tcs(environment, ...words) {
  const stdio = ['ignore', 'pipe', 'ignore'];
  return execFileSync(process.execPath, ['dist/cli/main.js', ...words], {
    env: environment,
    encoding: 'utf8',
    stdio,
  });
}

/** The demo world, and a token of its maker. */
export function openWorld(settings) {
  const environment = newEnvironment(settings);
  tcs(environment, 'registry', 'load', 'src/cli/demo/world.yaml');
  const maker = ['--participant', MAKER, '--role', 'PARTICIPANT_ARO'];
  return { environment, token: tcs(environment, 'token', 'create', ...maker).trim() };
}

/** A process of the service, once it has said its first line. */
export async function startProcess(environment, ...words) {
  const child = spawn(process.execPath, [...FLAGS, ...words], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const [line] = await once(lines, 'line');
  lines.on('line', () => undefined);
  const stop = async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  return { pid: child.pid, url: /http:\S+/.exec(line)?.[0], stop };
}
