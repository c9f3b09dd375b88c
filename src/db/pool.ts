import { createHash } from 'node:crypto';
import { accessSync, constants, mkdirSync } from 'node:fs';
import type { Writable } from 'node:stream';
import pg from 'pg';
import { Fault } from '../domain/fault.ts';
import { faultOf, isLost, isTurnedBack } from './database-errors.ts';
import { lockFolder } from './folder-lock.ts';

export type Pool = pg.Pool;
export type PoolClient = pg.PoolClient;
/** A pool or, inside a transaction, its client: any statement works with either. */
export type Db = pg.Pool | pg.PoolClient;

/** An open database: PostgreSQL, or the embedded one in this process. */
export interface Database {
  readonly pool: Pool;
  readonly kind: 'postgres' | 'embedded';
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** PostgreSQL 14 or newer; absent: the embedded database. */
  readonly url?: string;
  /** Folder of the embedded database; absent: in memory. */
  readonly dataDir?: string;
  /** Image of an embedded database to start from. */
  readonly image?: Blob;
  readonly poolSize?: number;
  /** Told when an idle connection is lost; the pool replaces it. */
  readonly onLost?: (error: Error) => void;
}

/**
 * Opens the database. The embedded one takes a lock that the kernel frees when the process dies.
 * @throws Fault `database-unavailable` when the server is away, the folder is in use, or PostgreSQL is older than 14
 */
export async function openDatabase(options: DatabaseOptions = {}): Promise<Database> {
  return options.url === undefined ? openEmbedded(options) : openPostgres(options.url, options);
}

/**
 * One statement, prepared once a connection: planning costs more than running most of ours. Statements that are started
 * on a client without waiting for each other leave in one packet and are answered in their order.
 * @throws Fault `database-unavailable` when the connection is lost; other errors as they are
 */
export async function query<Row extends pg.QueryResultRow>(
  db: Db,
  text: string,
  values: readonly unknown[] = [],
): Promise<pg.QueryResult<Row>> {
  const statement = { name: statementName(text), text, values: [...values] };
  try {
    return await (db instanceof pg.Pool ? queryOnce<Row>(db, statement) : send<Row>(db, statement));
  } catch (error) {
    throw faultOf(error);
  }
}

/**
 * Runs `work` in one transaction and commits it, or rolls it back and throws what `work` threw.
 * Inside, only the client may be used: the embedded database has one connection. A transaction that the database turns
 * back for the sake of another is run again, twice at most: `work` changes nothing but the database.
 */
export async function withTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  for (let turn = 1; ; turn += 1)
    try {
      return await runTransaction(pool, work);
    } catch (error) {
      if (turn === TURNS || !isTurnedBack(error)) throw error;
    }
}

async function runTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await connect(pool);
  let broken = false;
  try {
    // Not sent together with what follows: without a transaction that would be done for good.
    await query(client, 'begin');
    const result = await work(client);
    await query(client, 'commit');
    return result;
  } catch (error) {
    // The server rolls back what a lost client began; waiting for it would be in vain.
    broken =
      isLost(error) ||
      (await client.query('rollback').then(
        () => false,
        () => true,
      ));
    throw faultOf(error);
  } finally {
    // A client that could not even roll back is thrown away; the pool makes another.
    client.release(broken);
  }
}

/** A client of the pool; give it back. @throws Fault `database-unavailable` */
export async function connect(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw faultOf(error);
  }
}

/** The pool's own `query` throws its client away after any refusal, and the embedded database does not survive that. */
async function queryOnce<Row extends pg.QueryResultRow>(
  pool: Pool,
  statement: pg.QueryConfig,
): Promise<pg.QueryResult<Row>> {
  const client = await connect(pool);
  let broken = false;
  try {
    return await send<Row>(client, statement);
  } catch (error) {
    broken = isLost(error);
    throw error;
  } finally {
    client.release(broken);
  }
}

/** A pool like this one whose statements may take their time: for migrations. Ended by who asked for it. */
export function unhurried(pool: Pool): Pool {
  const { query_timeout: limit, ...options } = pool.options;
  if (limit === undefined) return pool;
  const patient = new pg.Pool({ ...options, max: 1, statement_timeout: 0 });
  surviveLoss(patient, undefined);
  return patient;
}

/** A system call for each statement costs more than most statements: those of one turn wait for its end. */
function send<Row extends pg.QueryResultRow>(
  client: PoolClient,
  statement: pg.QueryConfig,
): Promise<pg.QueryResult<Row>> {
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Partial<Writable> } })
    .connection;
  // The embedded database has no socket, and nothing to save.
  stream.cork?.();
  process.nextTick(() => stream.uncork?.());
  return client.query<Row>(statement);
}

async function openPostgres(url: string, { poolSize = 10, onLost }: DatabaseOptions): Promise<Database> {
  const pool = new pg.Pool({
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
    // Planning "whole participants" costs more than reading many of them, and PostgreSQL would plan it each time.
    options: '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off',
  });
  surviveLoss(pool, onLost);
  try {
    const { rows } = await query<{ version: number }>(
      pool,
      `select current_setting('server_version_num')::int as version`,
    );
    if ((rows[0]?.version ?? 0) < OLDEST_VERSION)
      throw new Fault('database-unavailable', 'PostgreSQL 14 or newer is needed; this server is older.');
  } catch (error) {
    await pool.end();
    throw unreachable(error, url);
  }
  return { pool, kind: 'postgres', close: () => pool.end() };
}

/** Which server it was, never with the password; what the server itself refused is a matter of DATABASE_URL. */
function unreachable(error: unknown, url: string): unknown {
  const where = serverOf(url);
  const { code = '', message } = (error instanceof Fault ? error.cause : error) as Error & { code?: string };
  if (error instanceof Fault && error.cause !== undefined)
    return new Fault(
      'database-unavailable',
      `PostgreSQL at ${where} does not answer (${code || message}). Start it, or correct DATABASE_URL.`,
      { cause: error },
    );
  // Invalid authorization, and a database that is not there.
  if (!/^(28...|3D000)$/.test(code)) return error;
  return new Fault(
    'configuration-invalid',
    `PostgreSQL at ${where} refuses the connection: ${message}. Correct DATABASE_URL.`,
    { cause: error },
  );
}

/** Host, port and database; a local socket is written in ways that no URL has. */
function serverOf(text: string): string {
  if (!URL.canParse(text)) return 'the socket of DATABASE_URL';
  const { hostname, port, pathname } = new URL(text);
  return `${hostname || 'the local socket'}:${port || '5432'}${pathname}`;
}

function makeFolder(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    accessSync(dataDir, constants.R_OK | constants.W_OK);
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    throw new Fault(
      'configuration-invalid',
      `The folder ${dataDir} of the embedded database cannot be written (${code}). Correct TCS_DATA_DIR or its permissions.`,
      { cause },
    );
  }
}

async function openEmbedded({ dataDir, image, onLost }: DatabaseOptions): Promise<Database> {
  const { PGlite } = await import('@electric-sql/pglite');
  const { createPgConfig } = await import('@electric-sql/pglite/node-postgres');
  if (dataDir !== undefined) makeFolder(dataDir);
  const unlock = dataDir === undefined ? undefined : await lockFolder(dataDir);
  try {
    const engine = await PGlite.create({
      ...(dataDir === undefined ? {} : { dataDir }),
      ...(image === undefined ? {} : { loadDataDir: image }),
    });
    const pool = new pg.Pool({
      ...(createPgConfig(engine) as unknown as pg.PoolConfig),
      max: 1,
      pipeline: true,
      connectionTimeoutMillis: 30_000,
      idleTimeoutMillis: 0,
    });
    surviveLoss(pool, onLost);
    const close = async () => {
      await pool.end();
      await engine.close();
      await unlock?.();
    };
    return { pool, kind: 'embedded', close };
  } catch (error) {
    await unlock?.();
    throw error;
  }
}

/**
 * Without listeners a restart of the server would end this process: the pool tells of its idle clients, and a client
 * that somebody holds tells of itself; its holder hears of it from the next statement.
 */
function surviveLoss(pool: Pool, onLost: DatabaseOptions['onLost']): void {
  pool.on('error', (error) => onLost?.(error));
  pool.on('connect', (client) => client.on('error', () => undefined));
}

/** The same text has the same name, in any process; PostgreSQL allows names of at most 63 octets. */
function statementName(text: string): string {
  let name = statementNames.get(text);
  if (name === undefined) {
    name = createHash('sha256').update(text).digest('hex').slice(0, 32);
    statementNames.set(text, name);
  }
  return name;
}
const statementNames = new Map<string, string>();
const OLDEST_VERSION = 140_000;
/** Longer than any statement takes. Milliseconds; `LEASE` of `issuance/idempotency-store.ts` is longer still. */
const STATEMENT_TIMEOUT = 20_000;
const TURNS = 3;
