import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openDatabase } from '../../src/db/pool.ts';
import { TEST_PASSPHRASE } from './authorities.ts';

const ROOT = path.join(__dirname, '..', '..');

/** How a command ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built `tcs` (or another built script) in an environment of its own. */
export function tcs(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  options: { readonly script?: string; readonly input?: string; readonly cwd?: string } = {},
): Promise<Ended> {
  const script = path.join(ROOT, 'dist', options.script ?? 'cli/main.js');
  const child = spawn(process.execPath, [script, ...words], {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
  });
  child.stdin.end(options.input ?? '');
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, stdout, stderr })));
}

/** A fresh data folder with a copy of the test authorities and an empty migrated database, and the settings that open it. */
export async function dataFolder(): Promise<{ folder: string; environment: Record<string, string> }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-data-'));
  const prepared = process.env['TCS_TEST_FOLDER'] ?? '';
  cpSync(path.join(prepared, 'authorities'), path.join(folder, 'authorities'), { recursive: true });
  const image = new Blob([new Uint8Array(readFileSync(path.join(prepared, 'database.tar')))]);
  await (await openDatabase({ dataDir: path.join(folder, 'database'), image })).close();
  return {
    folder,
    environment: { TCS_DATA_DIR: folder, TCS_KEY_PASSPHRASE: TEST_PASSPHRASE, TCS_PORT: '0' },
  };
}

/** Starting the program and its embedded database takes its time where many tests run at once. */
export const CLI_TIMEOUT = 240_000;
