import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { connect, type Pool } from '../../src/db/pool.ts';

const FOLDER = path.join(__dirname, '..', '..', 'src', 'db', 'migrations');
const files = readdirSync(FOLDER).sort();

/** Takes the schema back to what it was before a migration, empty. @param number  its first four digits */
export async function schemaBefore(number: string, pool: Pool): Promise<void> {
  await run(pool, ['drop schema public cascade', 'create schema public']);
  await run(pool, files.filter((file) => file < number).map(textOf));
}

/** Applies one migration, as it is applied to a database that has all before it. */
export async function applyMigration(number: string, pool: Pool): Promise<void> {
  await run(pool, files.filter((file) => file.startsWith(number)).map(textOf));
}

const textOf = (file: string) => readFileSync(path.join(FOLDER, file), 'utf8');

/** In one transaction, as the migrations are run. */
async function run(pool: Pool, texts: readonly string[]): Promise<void> {
  const client = await connect(pool);
  try {
    for (const text of ['begin', ...texts, 'commit']) await client.query(text);
  } finally {
    client.release();
  }
}
