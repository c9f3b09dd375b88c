// Runs a command with TEST_DATABASE_URL of a throw-away PostgreSQL: node scripts/with-postgres.mjs [--durable] COMMAND...
// --durable keeps fsync on (for benchmarks). Needs PostgreSQL's server programs; exits 69 and says so when they are absent.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const durable = process.argv[2] === '--durable';
const command = process.argv.slice(durable ? 3 : 2);
const programs = findPrograms();
if (programs === undefined) {
  console.error(
    'PostgreSQL is not installed (initdb and pg_ctl were not found); on Debian: apt-get install postgresql',
  );
  process.exit(69);
}

const folder = mkdtempSync(path.join(tmpdir(), 'tcs-postgres-'));
const data = path.join(folder, 'data');
const port = await freePort();
// PostgreSQL refuses to run as root: then the user "postgres" or "nobody" owns the server.
const owner = process.getuid?.() === 0 ? ['postgres', 'nobody'].find(isUser) : undefined;
if (owner !== undefined) {
  chmodSync(folder, 0o755);
  execFileSync('chown', [owner, folder]);
}
const settings = [
  `-c listen_addresses=127.0.0.1 -c port=${port} -c unix_socket_directories= -c max_connections=120`,
  durable ? '' : '-c fsync=off -c synchronous_commit=off -c full_page_writes=off',
].join(' ');

server(path.join(programs, 'initdb'), [
  '-D',
  data,
  '-U',
  'postgres',
  '-A',
  'trust',
  '-E',
  'UTF8',
  '--locale=C',
  '-N',
]);
// Everybody is let in, but for one role, with which tests give wrong passwords.
const rules = path.join(data, 'pg_hba.conf');
writeFileSync(rules, `host all tcs_with_password 127.0.0.1/32 scram-sha-256\n${readFileSync(rules, 'utf8')}`);
server(path.join(programs, 'pg_ctl'), [
  '-D',
  data,
  '-w',
  '-t',
  '60',
  '-l',
  path.join(folder, 'log'),
  '-o',
  settings,
  'start',
]);

let stopped = false;
const stop = () => {
  if (stopped) return;
  stopped = true;
  try {
    server(path.join(programs, 'pg_ctl'), ['-D', data, '-m', 'immediate', 'stop']);
  } catch {
    console.error('the PostgreSQL of this run was stopped already');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));

const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
const child = spawn(command[0], command.slice(1), {
  stdio: 'inherit',
  env: {
    ...process.env,
    TEST_DATABASE_URL: url,
    TEST_DATABASE_CONTROL: JSON.stringify({ programs, data, settings, owner: owner ?? null }),
  },
});
child.on('error', (error) => {
  console.error(error.message);
  stop();
  process.exit(127);
});
child.on('exit', (code, signal) => {
  stop();
  process.exit(signal ? 1 : (code ?? 1));
});

function server(program, args) {
  const asOwner =
    owner === undefined
      ? [program, args]
      : ['setpriv', [`--reuid=${owner}`, `--regid=${owner}`, '--clear-groups', program, ...args]];
  execFileSync(asOwner[0], asOwner[1], { stdio: ['ignore', 'ignore', 'inherit'], cwd: folder });
}

/** Those of PATH, or the newest that Debian has installed. */
function findPrograms() {
  const installed = '/usr/lib/postgresql';
  const versions = existsSync(installed) ? readdirSync(installed).sort((left, right) => right - left) : [];
  const folders = [
    ...(process.env.PATH ?? '').split(':'),
    ...versions.map((version) => path.join(installed, version, 'bin')),
  ];
  return folders.find((one) => existsSync(path.join(one, 'initdb')) && existsSync(path.join(one, 'pg_ctl')));
}

function isUser(name) {
  return spawnSync('id', [name]).status === 0;
}

function freePort() {
  return new Promise((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address();
      probe.close(() => resolve(free));
    });
  });
}
