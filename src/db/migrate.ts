import { readdirSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../domain/fault.ts';
import { connect, query, unhurried, type Pool, type PoolClient } from './pool.ts';
import { faultOf } from './database-errors.ts';

/**
 * Brings the schema up to date; safe when several processes start at once: one migrates, the others wait.
 * @returns names of the migrations that were applied
 * @throws Fault `configuration-invalid` when a newer version of the service has migrated this database already
 */
export async function migrate(pool: Pool): Promise<string[]> {
  const { runner } = await import('node-pg-migrate');
  const patient = unhurried(pool);
  const client = await connect(patient);
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await requireKnown(client);
    const applied = await runner({
      dbClient: client,
      dir: FOLDER,
      direction: 'up',
      migrationsTable: TABLE,
      noLock: true,
      log: () => undefined,
    });
    return applied.map((migration) => migration.name);
  } catch (error) {
    throw faultOf(error);
  } finally {
    await client.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    client.release();
    if (patient !== pool) await patient.end();
  }
}

async function requireKnown(client: PoolClient): Promise<void> {
  const { rows: tables } = await query<{ there: boolean }>(
    client,
    'select to_regclass($1) is not null as there',
    [TABLE],
  );
  if (tables[0]?.there !== true) return;
  const { rows } = await query<{ name: string }>(client, `select name from ${TABLE} order by id`);
  const known = new Set(readdirSync(FOLDER).map((file) => path.parse(file).name));
  const unknown = rows.map((row) => row.name).filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw new Fault('configuration-invalid', 'The database belongs to a newer version of the service.', {
      reasons: [
        {
          reason: 'CONFIGURATION',
          clause: 'README, Configuration',
          detail: `This version does not know the migrations ${unknown.join(', ')} that the database has.`,
          fix: 'Start the version that migrated it, or name another database in DATABASE_URL.',
        },
      ],
    });
}

/** Any number, the same in every process of this service. */
const MIGRATION_LOCK = 7_346_001;
const FOLDER = path.join(__dirname, 'migrations');
const TABLE = 'schema_migration';
