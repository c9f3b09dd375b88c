import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { createTestAuthorities, TEST_PASSPHRASE } from './authorities.ts';

/** A process of the built service. */
export interface RunningProcess {
  readonly child: ChildProcess;
  /** Of a web process. */
  readonly url: string;
  /** Its data folder. */
  readonly folder: string;
  /** Everything that it wrote to standard output so far: its log. */
  readonly log: () => string;
  /** Kills it (SIGKILL) and waits for its end. */
  readonly kill: () => Promise<void>;
}

/** Authorities of this hour under the keys that the tests have: a process reads the real clock. */
export function authoritiesOfNow(folder: string): void {
  cpSync(path.join(process.env['TCS_TEST_FOLDER'] ?? '', 'authorities'), folder, {
    recursive: true,
    filter: (file) => !file.endsWith('.crt.pem'),
  });
  createTestAuthorities(folder, new Date());
}

/** Options of node for a process that runs a file of `test/`, with the service as it is built. */
export const COMPILED = ['--require', path.join(__dirname, 'compiled.cjs')];

/** What a process is started with. */
export interface ProcessOptions {
  readonly kind: 'web' | 'worker';
  /** How its connections are called in the database. */
  readonly name: string;
  readonly databaseUrl: string;
  /** Holds the data folder of each process. */
  readonly folder: string;
  readonly authorities: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Octets of the largest file that it may write; a soft limit, which can be lifted while it runs. */
  readonly fileOctets?: number;
}

/** Starts `node dist/main.js` or `tcs worker` with a data folder of its own; it is ready when this returns. */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const { kind, name, databaseUrl, authorities, settings = {}, fileOctets } = options;
  const folder = path.join(options.folder, name);
  mkdirSync(folder, { recursive: true });
  cpSync(authorities, path.join(folder, 'authorities'), { recursive: true });
  const url = new URL(databaseUrl);
  url.searchParams.set('application_name', name);
  const program = kind === 'web' ? ['dist/main.js'] : ['dist/cli/main.js', 'worker'];
  const limit = fileOctets === undefined ? [] : ['prlimit', `--fsize=${String(fileOctets)}:unlimited`];
  const [command = '', ...words] = [...limit, process.execPath, ...program];
  const child = spawn(command, words, {
    cwd: path.join(__dirname, '..', '..'),
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: url.href,
      TCS_DATA_DIR: folder,
      TCS_KEY_PASSPHRASE: TEST_PASSPHRASE,
      TCS_PORT: '0',
      ...settings,
    },
  });
  const ended = once(child, 'exit');
  let log = '';
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      const [ready] = /^Test Certificate Service .*\n/m.exec(log) ?? [];
      if (ready !== undefined) resolve(ready);
    });
    child.once('error', reject);
    void ended.then(() => reject(new Error(`${name} ended before it was ready: ${log}`)));
  });
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  return { child, url: /http:\S+/.exec(line)?.[0] ?? '', folder, log: () => log, kill };
}

/** Looks again and again until `look` gives something. @throws Error with `what` after a minute */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  for (let looks = 0; looks < 1200; looks += 1) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`after a minute there still is not: ${what}`);
}
