import { openEmbedded } from './open-embedded.ts';
import { openPostgres } from './open-postgres.ts';
import type { Database, DatabaseOptions } from './pool.ts';

/**
 * Opens the database. The embedded one takes a lock that the kernel frees when the process dies.
 * @throws Fault `database-unavailable` when the server is away or the folder is in use; `configuration-invalid` when the
 *         server does not let the service in, is older than PostgreSQL 14, or the folder cannot be written
 */
export async function openDatabase(options: DatabaseOptions = {}): Promise<Database> {
  return options.url === undefined ? openEmbedded(options) : openPostgres(options.url, options);
}
