import { readdirSync } from 'node:fs';
import path from 'node:path';
import type pg from 'pg';
import { Fault } from '../domain/fault.ts';
import { faultOf } from './database-errors.ts';
import { liftLimits, unhurried } from './open-postgres.ts';
import { connect, type Pool } from './pool.ts';

/**
 * Brings the schema up to date; safe when several processes start at once: one migrates, the others wait as long as it
 * takes. Where there is nothing to do, nothing but reading is done, so a role that owns no table may ask.
 * @returns names of the migrations that were applied
 * @throws Fault `configuration-invalid` when a newer version of the service has migrated this database already, when
 *         something is to be done and this role may not, or when it may not read the tables
 */
export async function migrate(pool: Pool): Promise<string[]> {
  const patient = unhurried(pool);
  const client = await connect(patient);
  try {
    // The embedded engine has no limits, and this client is everybody's.
    if (patient !== pool) await liftLimits(client);
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const waiting = await findWaiting(client);
    if (waiting.length === 0) return [];
    await requireOwner(waiting, client);
    const { runner } = await import('node-pg-migrate');
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

/** The migrations of this version that the database does not have. @throws Fault `configuration-invalid` for others' */
async function findWaiting(client: pg.PoolClient): Promise<string[]> {
  const known = readdirSync(FOLDER).map((file) => path.parse(file).name);
  const { rows: tables } = await client.query<{ there: boolean }>(
    'select to_regclass($1) is not null as there',
    [TABLE],
  );
  if (tables[0]?.there !== true) return known;
  const rows = await readApplied(client);
  const applied = new Set(rows.map((row) => row.name));
  const unknown = [...applied].filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Fault('configuration-invalid', 'The database belongs to a newer version of the service.', {
      reasons: [
        configuration(
          `This version does not know the migrations ${unknown.join(', ')} that the database has.`,
          'Start the version that migrated it, or name another database in DATABASE_URL.',
        ),
      ],
    });
  return known.filter((name) => !applied.has(name));
}

/** Names of what was applied. @throws Fault `configuration-invalid` when this role may not even read them */
async function readApplied(client: pg.PoolClient): Promise<{ name: string }[]> {
  try {
    return (await client.query<{ name: string }>(`select name from ${TABLE} order by id`)).rows;
  } catch (error) {
    if ((error as { code?: unknown }).code !== INSUFFICIENT_PRIVILEGE) throw error;
    const { rows } = await client.query<{ role: string; owner: string }>(
      `select current_user as role, pg_get_userbyid(relowner) as owner from pg_class where oid = to_regclass($1)`,
      [TABLE],
    );
    const { role = '', owner = '' } = rows[0] ?? {};
    throw new Fault('configuration-invalid', 'The tables of the service are of no use to this role.', {
      reasons: [
        configuration(
          `${owner} owns the tables, and nothing is granted to ${role}.`,
          `Take the role that is to serve, or see what to do where another than the owner has migrated: ${TWO_ROLES}.`,
        ),
      ],
      cause: error,
    });
  }
}

/** Tables are changed by their owner only, new ones made by who may. */
async function requireOwner(waiting: readonly string[], client: pg.PoolClient): Promise<void> {
  const { rows } = await client.query<{ may: boolean; role: string; owners: string[] }>(
    `select current_user as role,
       coalesce(pg_has_role(c.relowner, 'usage'), has_schema_privilege(current_schema(), 'create')) as may,
       case when c.oid is not null then array[pg_get_userbyid(c.relowner)::text]
         else array(select rolname::text from pg_roles
           where rolcanlogin and not rolsuper and has_schema_privilege(rolname, current_schema(), 'create')
           order by rolname) end as owners
       from (values (to_regclass($1))) as named (oid) left join pg_class c on c.oid = named.oid`,
    [TABLE],
  );
  const [answer] = rows;
  if (answer === undefined || answer.may) return;
  const owners = answer.owners.join(' or ') || `the role that is to own the tables (${TWO_ROLES})`;
  throw new Fault('configuration-invalid', 'The database has to be migrated, and this role may not.', {
    reasons: [
      configuration(
        `${answer.role} may not apply the migrations ${waiting.join(', ')}; ${owners} may.`,
        `Apply them as ${owners}: tcs migrate, with DATABASE_URL of that role. Then start the service again.`,
      ),
    ],
  });
}

const configuration = (detail: string, fix: string) => ({
  reason: 'CONFIGURATION',
  clause: 'README, Configuration',
  detail,
  fix,
});

/** Any number, the same in every process of this service. */
const MIGRATION_LOCK = 7_346_001;
const FOLDER = path.join(__dirname, 'migrations');
const TABLE = 'schema_migration';
const INSUFFICIENT_PRIVILEGE = '42501';
const TWO_ROLES = 'docs/operations.md, Two roles in PostgreSQL';
