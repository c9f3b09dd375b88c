import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { recordAuthorities } from '../../src/ca/authority-store.ts';
import { openCertificates } from '../../src/ca/hierarchy.ts';
import { loadRefused } from '../../src/ca/refused.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import type { Database } from '../../src/db/pool.ts';
import { query } from '../../src/db/query.ts';
import { loadProfiles } from '../../src/profiles/load-profiles.ts';
import { createCredential } from '../../src/registry/create-credential.ts';
import { TEMPLATES } from '../support/authorities.ts';
import { TEST_NOW } from '../support/dates.ts';
import { copyFolder } from '../support/embedded-folder.ts';
import { COMPILED } from '../support/processes.ts';
import { copyDatabase, onPostgres, testDatabase } from '../support/test-database.ts';
import type { BatchOrders } from './batch-victim.ts';
import type { FeedOrders } from './feed-victim.ts';
import type { IssuingOrders } from './victim.ts';

const ROOT = path.join(__dirname, '..', '..');

/** A database with the demo world and the test CAs on record in it, and how to copy it for each victim. */
export async function prepareOrigin(folder: string) {
  const dataDir = path.join(folder, 'origin');
  const database = await testDatabase({ holding: 'world', dataDir });
  const wanted = {
    signifier: 'METERWORKS',
    role: 'PARTICIPANT_ARO',
    label: '',
    expiresAt: new Date('2027-06-01'),
  } as const;
  const { token } = await createCredential(wanted, TEST_NOW, database.pool);
  await recordAuthorities(openCertificates(AUTHORITIES, TEST_NOW), TEST_NOW, database.pool);
  if (onPostgres) {
    await database.pool.end();
    const copy = async () => ({ url: await copyDatabase(database.url ?? '') });
    return { token, copy };
  }
  await database.close();
  const copy = (name: string) => {
    copyFolder(dataDir, path.join(folder, name));
    return Promise.resolve({ dataDir: path.join(folder, name) });
  };
  return { token, copy };
}

const AUTHORITIES = {
  folder: path.join(process.env['TCS_TEST_FOLDER'] ?? '', 'authorities'),
  profiles: loadProfiles(TEMPLATES),
  refused: loadRefused(TEMPLATES),
};

/** What a victim leaves, once the server has done what it was still told: statements that left before the kill, with COMMIT. */
export async function openSurvivors(where: IssuingOrders['database']): Promise<Database> {
  const database = await openDatabase(where);
  const others = `select from pg_stat_activity where datname = current_database()
     and backend_type = 'client backend' and pid <> pg_backend_pid()`;
  if (onPostgres) while ((await query(database.pool, others)).rowCount !== 0) await pause(5);
  return database;
}

/** Each victim by its file, and what it is told. */
interface Victims {
  readonly 'victim.ts': IssuingOrders;
  readonly 'batch-victim.ts': BatchOrders;
  readonly 'feed-victim.ts': FeedOrders;
}

interface Ended {
  readonly signal: string | null;
  /** Not a number when it was killed. */
  readonly steps: number;
  /** From when it began to when it ended. */
  readonly milliseconds: number;
}

/**
 * Runs a victim until it has killed itself, or has done all.
 * @param after  milliseconds from when it begins until it is killed, if it is there still
 */
export function spawnVictim<Name extends keyof Victims>(
  name: Name,
  orders: Victims[Name],
  after?: number,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      // A life so short is not worth translating the embedded engine a second time, faster.
      [
        '--liftoff-only',
        '--wasm-lazy-validation',
        ...COMPILED,
        path.join(__dirname, name),
        JSON.stringify(orders),
      ],
      { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let output = '';
    let begun: number | undefined;
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (begun !== undefined || !output.startsWith('begins\n')) return;
      begun = Date.now();
      if (after !== undefined) setTimeout(() => child.kill('SIGKILL'), after);
    });
    child.on('error', reject);
    child.on('exit', (_code, signal) => {
      const milliseconds = Date.now() - (begun ?? Date.now());
      resolve({ signal, steps: Number(output.trim().split('\n').at(-1)), milliseconds });
    });
  });
}
