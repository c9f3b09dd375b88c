import pg from 'pg';
import { Fault } from '../domain/fault.ts';
import { isLost } from './database-errors.ts';
import { planningOptions } from './planning.ts';
import { surviveLoss, type Database, type DatabaseOptions, type Pool } from './pool.ts';
import { query } from './query.ts';

/**
 * Opens a pool over PostgreSQL 14 or newer.
 * @throws Fault `database-unavailable` when the server does not answer; `configuration-invalid` when it does not let the
 *         service in, or is older: never with the password
 */
export async function openPostgres(
  url: string,
  { poolSize = 10, onLost }: DatabaseOptions,
): Promise<Database> {
  const pool = new pg.Pool({
    Client: ClosingClient,
    connectionString: url,
    max: poolSize,
    pipeline: true,
    connectionTimeoutMillis: 5_000,
    // A server that is frozen or cut off says nothing at all: then we stop waiting ourselves.
    statement_timeout: STATEMENT_TIMEOUT,
    query_timeout: STATEMENT_TIMEOUT + 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    idle_in_transaction_session_timeout: 60_000,
    application_name: 'test-certificate-service',
    options: planningOptions().join(' '),
  });
  surviveLoss(pool, onLost);
  commitForGood(pool);
  try {
    const { rows } = await query<{ version: number }>(
      pool,
      `select current_setting('server_version_num')::int as version`,
    );
    if ((rows[0]?.version ?? 0) < OLDEST_VERSION)
      throw new Fault('configuration-invalid', 'PostgreSQL 14 or newer is needed; this server is older.');
  } catch (error) {
    await pool.end();
    throw notOpened(error, url);
  }
  return { pool, kind: 'postgres', close: () => pool.end() };
}

/**
 * A client that closes what it could not open for a pool. pg leaves a connection that failed halfway (a password that is missing) open,
 * and while the server waits for the rest of it, up to a minute, it drops no database.
 */
class ClosingClient extends pg.Client {
  override connect(): Promise<pg.Client>;
  override connect(callback: (error: Error | null) => void): void;
  override connect(callback?: (error: Error | null) => void): Promise<pg.Client> | void {
    if (callback === undefined) return super.connect();
    super.connect((error: Error | null) => {
      if (error !== null) this.connection.stream.destroy();
      callback(error);
    });
  }
}

/** A pool like this one whose answers are waited for however long they take: for migrations. Ended by who asked for it. */
export function unhurried(pool: Pool): Pool {
  const { query_timeout: limit, ...options } = pool.options;
  if (limit === undefined) return pool;
  const patient = new pg.Pool({ ...options, max: 1 });
  surviveLoss(patient, undefined);
  commitForGood(patient);
  return patient;
}

/**
 * What is committed is on disk before anybody hears of it: an intent before the key is used, a certificate before it is given
 * out (decision 3). A server that is set to forget the last moments is overruled; one that waits for more is not. What a
 * session cannot set, `findVolatility` tells of.
 */
function commitForGood(pool: Pool): void {
  pool.on('connect', (client) => {
    // It goes before whatever the client is wanted for; if it is lost, so is that.
    client.query(COMMIT_FOR_GOOD).catch(() => undefined);
  });
}
const COMMIT_FOR_GOOD = `select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'`;

/** No limit of the service, the role or the database cuts what is done on this client from now on. */
export async function liftLimits(client: pg.PoolClient): Promise<void> {
  await client.query(`select set_config(name, '0', false) from pg_settings where name = any($1)`, [LIMITS]);
}
/** The last one is of PostgreSQL 17; a server that does not know a limit does not have it. */
const LIMITS = [
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'transaction_timeout',
];

/** Which server it was, never with the password; what the server itself refused is a matter of DATABASE_URL. */
function notOpened(error: unknown, url: string): unknown {
  const cause = error instanceof Fault ? error.cause : error;
  const { code = '', message = '', severity } = (cause ?? {}) as Partial<pg.DatabaseError>;
  const where = serverOf(url);
  // Before there is a session every refusal is FATAL: of a setting in the address, for one.
  const isRefused = severity === 'FATAL' && !isLost(cause);
  if (isRefused || REFUSED_STATES.test(code) || message.startsWith('SASL'))
    return new Fault(
      'configuration-invalid',
      `PostgreSQL at ${where} refuses the connection: ${message}. Correct DATABASE_URL.`,
      { cause },
    );
  if (!(error instanceof Fault) || cause === undefined) return error;
  return new Fault(
    'database-unavailable',
    `PostgreSQL at ${where} does not answer (${code || message}). Start it, or correct DATABASE_URL.`,
    { cause },
  );
}

/** Host, port and database; a local socket is written in ways that no URL has. */
function serverOf(text: string): string {
  if (!URL.canParse(text)) return 'the socket of DATABASE_URL';
  const { hostname, port, pathname } = new URL(text);
  return `${hostname || 'the local socket'}:${port || '5432'}${pathname}`;
}

/** Invalid authorization, a database that is not there, no right to connect to it. */
const REFUSED_STATES = /^(28...|3D000|42501)$/;
const OLDEST_VERSION = 140_000;
/** Longer than any statement takes. Milliseconds; `LEASE` of `issuance/idempotency-store.ts` is longer still. */
const STATEMENT_TIMEOUT = 20_000;
