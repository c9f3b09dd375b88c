import path from 'node:path';
import { connect, type Pool } from './pool.ts';
import { faultOf } from './database-errors.ts';

/**
 * Brings the schema up to date; safe when several processes start at once: one migrates, the others wait.
 * @returns names of the migrations that were applied
 */
export async function migrate(pool: Pool): Promise<string[]> {
  const { runner } = await import('node-pg-migrate');
  const client = await connect(pool);
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const applied = await runner({
      dbClient: client,
      dir: path.join(__dirname, 'migrations'),
      direction: 'up',
      migrationsTable: 'schema_migration',
      noLock: true,
      log: () => undefined,
    });
    return applied.map((migration) => migration.name);
  } catch (error) {
    throw faultOf(error);
  } finally {
    await client.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    client.release();
  }
}

/** Any number, the same in every process of this service. */
const MIGRATION_LOCK = 7_346_001;
