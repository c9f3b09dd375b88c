import { pino } from 'pino';
import { openConfiguredDatabase } from '../app.ts';
import { readConfig, type Config } from '../config.ts';
import { migrate } from '../db/migrate.ts';
import type { Database } from '../db/pool.ts';

/** Runs an act on the migrated database of the configuration, and closes it whatever happens. */
export async function withDatabase<T>(act: (database: Database, config: Config) => Promise<T>): Promise<T> {
  const config = readConfig(process.env);
  const database = await openConfiguredDatabase(config, quietLogger());
  try {
    await migrate(database.pool);
    return await act(database, config);
  } finally {
    await database.close();
  }
}

/** Commands speak on stdout; only warnings of the service go to stderr. */
export function quietLogger() {
  return pino({ level: 'warn' }, pino.destination(2));
}
