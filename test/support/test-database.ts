import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { openDatabase } from '../../src/db/open-database.ts';
import type { Database } from '../../src/db/pool.ts';

/** A fresh migrated database: embedded, in memory or in a folder, or its own one on the server of TEST_DATABASE_URL; dropped when closed. */
export async function testDatabase(dataDir?: string): Promise<Database & { readonly url?: string }> {
  const url = process.env['TEST_DATABASE_URL'];
  if (url === undefined) {
    const image = readFileSync(path.join(process.env['TCS_TEST_FOLDER'] ?? '', 'database.tar'));
    return openDatabase({
      image: new Blob([new Uint8Array(image)]),
      ...(dataDir === undefined ? {} : { dataDir }),
    });
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
