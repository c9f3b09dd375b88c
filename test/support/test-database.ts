import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { openDatabase } from '../../src/db/open-database.ts';
import type { Database } from '../../src/db/pool.ts';
import { copyEmbedded, removeFolder, type Prepared } from './embedded-folder.ts';

/**
 * The real server of this run; absent: tests run on the embedded database. Nobody reads it elsewhere: `.ci/run` runs again, on
 * a server, what imports this file.
 */
export const serverUrl = process.env['TEST_DATABASE_URL'];

/** Whether the tests run on a real server. */
export const onPostgres = serverUrl !== undefined;

/**
 * A fresh database that was prepared: embedded, in a folder of its own or this one, or its own one on the server; dropped
 * when closed.
 */
export async function testDatabase({
  holding = 'database',
  dataDir,
}: { readonly holding?: Prepared; readonly dataDir?: string } = {}): Promise<
  Database & { readonly url?: string }
> {
  if (serverUrl === undefined) {
    const folder = dataDir ?? path.join(mkdtempSync(path.join(tmpdir(), 'tcs-database-')), 'database');
    copyEmbedded(folder, holding);
    const database = await openDatabase({ dataDir: folder });
    const close = async () => {
      await database.close();
      if (dataDir === undefined) removeFolder(path.dirname(folder));
    };
    return { ...database, close };
  }
  const name = `tcs_test_${randomBytes(6).toString('hex')}`;
  await administer(serverUrl, `create database ${name} template tcs_${holding}`);
  const own = new URL(serverUrl);
  own.pathname = `/${name}`;
  const database = await openDatabase({ url: own.href });
  const close = async () => {
    await database.close();
    await administer(serverUrl, `drop database ${name} with (force)`);
  };
  return { ...database, url: own.href, close };
}

/** Another database on the same server with what this one holds; nobody may be connected to it. */
export async function copyDatabase(origin: string): Promise<string> {
  const copy = new URL(origin);
  const name = `tcs_test_${randomBytes(6).toString('hex')}`;
  await administer(serverUrl ?? '', `create database ${name} template ${copy.pathname.slice(1)}`);
  copy.pathname = `/${name}`;
  return copy.href;
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
