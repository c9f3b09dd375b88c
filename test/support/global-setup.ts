import { chmodSync, mkdtempSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { migrate } from '../../src/db/migrate.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import type { Database } from '../../src/db/pool.ts';
import { loadRegistry } from '../../src/registry/load-registry.ts';
import { parseRegistryFile } from '../../src/registry/registry-file.ts';
import { createTestAuthorities } from './authorities.ts';
import { fixedClock } from './dates.ts';
import { copyFolder } from './embedded-folder.ts';
import { WORLD_TEXT } from './world-text.ts';

/**
 * Once before all tests: two databases to copy, a migrated one and one with the demo world in it (folders of the embedded
 * engine, and templates on the server of TEST_DATABASE_URL), and a set of test authorities, because RSA keys of 4096 bits
 * take their time; in a folder that `globalTeardown` removes.
 */
export default async function globalSetup(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-test-'));
  process.env['TCS_TEST_FOLDER'] = folder;
  // A PostgreSQL that a test starts runs as another user, and finds its way through.
  chmodSync(folder, 0o711);
  // Whatever tests and the processes that they start put into the folder for passing things goes with it in the end.
  process.env['TMPDIR'] = folder;
  createTestAuthorities(path.join(folder, 'authorities'));
  await buildFolders(folder);
  const url = process.env['TEST_DATABASE_URL'];
  if (url !== undefined) await buildTemplates(url);
}

async function buildFolders(folder: string): Promise<void> {
  const empty = path.join(folder, 'database');
  const database = await openDatabase({ dataDir: empty });
  await migrate(database.pool);
  await dropOthers(database);
  await database.close();
  pierceLog(empty);
  const world = path.join(folder, 'world');
  copyFolder(empty, world);
  await fill(await openDatabase({ dataDir: world }));
}

/** Half of the files of a new database belong to templates of PostgreSQL's own, which the service never opens. */
async function dropOthers({ pool }: Database): Promise<void> {
  await pool.query('update pg_database set datistemplate = false where datname <> current_database()');
  for (const name of ['template0', 'template1']) await pool.query(`drop database ${name}`);
}

/** The unwritten rest of the write-ahead log becomes a hole, which costs no copy anything. */
function pierceLog(dataDir: string): void {
  const log = path.join(dataDir, 'pg_wal');
  for (const name of readdirSync(log).filter((one) => /^[0-9A-F]{24}$/.test(one))) {
    const file = path.join(log, name);
    const octets = readFileSync(file);
    truncateSync(file, octets.findLastIndex((octet) => octet !== 0) + 1);
    truncateSync(file, octets.length);
  }
}

async function buildTemplates(url: string): Promise<void> {
  const admin = new pg.Client(url);
  await admin.connect();
  for (const name of ['tcs_world', 'tcs_database']) await admin.query(`drop database if exists ${name}`);
  const at = (name: string) =>
    openDatabase({ url: Object.assign(new URL(url), { pathname: `/${name}` }).href });
  await admin.query('create database tcs_database');
  const database = await at('tcs_database');
  await migrate(database.pool);
  await database.close();
  await admin.query('create database tcs_world template tcs_database');
  await fill(await at('tcs_world'));
  await admin.end();
}

/** Loads the demo world, and closes. */
async function fill(database: Database): Promise<void> {
  const file = parseRegistryFile(WORLD_TEXT, 'world.yaml');
  await loadRegistry(file, fixedClock(), database.pool, () => Promise.resolve());
  await database.close();
}
