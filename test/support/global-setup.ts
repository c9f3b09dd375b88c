import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { migrate } from '../../src/db/migrate.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import type { DatabaseOptions } from '../../src/db/pool.ts';
import { createTestAuthorities } from './authorities.ts';

/**
 * Once before all tests: a migrated database to copy (the folder of an embedded one, and a template on the server of
 * TEST_DATABASE_URL) and a set of test authorities, because RSA keys of 4096 bits take their time; in a folder that `globalTeardown` removes.
 */
export default async function globalSetup(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-test-'));
  process.env['TCS_TEST_FOLDER'] = folder;
  // A PostgreSQL that a test starts runs as another user, and finds its way through.
  chmodSync(folder, 0o711);
  // Whatever tests and the processes that they start put into the folder for passing things goes with it in the end.
  process.env['TMPDIR'] = folder;
  createTestAuthorities(path.join(folder, 'authorities'));
  const url = process.env['TEST_DATABASE_URL'];
  await build({ dataDir: path.join(folder, 'database') });
  if (url !== undefined) await buildTemplate(url);
}

async function build(where: DatabaseOptions): Promise<void> {
  const database = await openDatabase(where);
  await migrate(database.pool);
  await database.close();
}

async function buildTemplate(url: string): Promise<void> {
  const admin = new pg.Client(url);
  await admin.connect();
  await admin.query('drop database if exists tcs_template');
  await admin.query('create database tcs_template');
  await admin.end();
  const template = new URL(url);
  template.pathname = '/tcs_template';
  await build({ url: template.href });
}
