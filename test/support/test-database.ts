import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { openDatabase } from '../../src/db/open-database.ts';
import type { Database } from '../../src/db/pool.ts';

/** A fresh migrated database: embedded, in a folder of its own or this one, or its own one on the server of TEST_DATABASE_URL; dropped when closed. */
export async function testDatabase(dataDir?: string): Promise<Database & { readonly url?: string }> {
  const url = process.env['TEST_DATABASE_URL'];
  if (url === undefined) {
    const folder = dataDir ?? path.join(mkdtempSync(path.join(tmpdir(), 'tcs-database-')), 'database');
    copyEmbedded(folder);
    const database = await openDatabase({ dataDir: folder });
    const close = async () => {
      await database.close();
      if (dataDir === undefined) removeFolder(path.dirname(folder));
    };
    return { ...database, close };
  }
  const name = `tcs_test_${randomBytes(6).toString('hex')}`;
  await administer(url, `create database ${name} template tcs_template`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  const database = await openDatabase({ url: own.href });
  const close = async () => {
    await database.close();
    await administer(url, `drop database ${name} with (force)`);
  };
  return { ...database, url: own.href, close };
}

/** Puts the migrated embedded database with which every test begins into a folder that is not there yet. */
export function copyEmbedded(dataDir: string): void {
  copyFolder(path.join(process.env['TCS_TEST_FOLDER'] ?? '', 'database'), dataDir);
}

/** A database has a thousand files: what the system brings copies and removes them in a tenth of the time of `node:fs`. */
export function copyFolder(from: string, to: string): void {
  execFileSync('cp', ['-R', from, to]);
}

export function removeFolder(folder: string): void {
  execFileSync('rm', ['-rf', folder]);
}

/** Another database on the same server with what this one holds; nobody may be connected to it. */
export async function copyDatabase(origin: string): Promise<string> {
  const copy = new URL(origin);
  const name = `tcs_test_${randomBytes(6).toString('hex')}`;
  await administer(
    process.env['TEST_DATABASE_URL'] ?? '',
    `create database ${name} template ${copy.pathname.slice(1)}`,
  );
  copy.pathname = `/${name}`;
  return copy.href;
}

/** Whether the tests run on a real server. */
export const onPostgres = process.env['TEST_DATABASE_URL'] !== undefined;

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
