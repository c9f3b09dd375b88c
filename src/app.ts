import { accessSync, constants, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Express } from 'express';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { systemClock, type Clock } from './domain/clock.ts';
import { Fault } from './domain/fault.ts';
import { systemRandom, type FillRandom } from './domain/serial-number.ts';
import { recordRuleSets } from './audit/rule-sets.ts';
import { recordAuthorities } from './ca/authority-store.ts';
import { findLeftovers } from './ca/certificate-store.ts';
import { openHierarchy } from './ca/hierarchy.ts';
import { loadRefused } from './ca/refused.ts';
import { migrate } from './db/migrate.ts';
import { openDatabase, type Database } from './db/pool.ts';
import { loadRuleSets } from './eligibility/rule-sets.ts';
import { createHttpApp } from './http/server.ts';
import { issuesOneByOne } from './issuance/issue-certificate.ts';
import type { IssuanceNeeds } from './issuance/needs.ts';
import { DEFAULT_BATCH_LIMITS } from './batches/batch-limits.ts';
import { loadItemCodes } from './batches/item-codes.ts';
import type { BatchNeeds } from './batches/needs.ts';
import { sweepResults } from './batches/sweep-results.ts';
import { startWorker, type BatchWorker } from './batches/worker.ts';
import { openServiceKey } from './keys/service-key.ts';
import { loadProfiles } from './profiles/load-profiles.ts';
import packageFile from '../package.json';

/** Everything that is open, and the way to close it. */
export interface App {
  readonly http: Express;
  readonly needs: IssuanceNeeds;
  readonly batches: BatchNeeds;
  readonly database: Database;
  /** What an operator should know about this start. */
  readonly notices: readonly string[];
  /** Begins to work on batches, as many parts at a time as the configuration says; stopped by `close`. */
  work(): void;
  close(): Promise<void>;
}

/** What a test puts in the place of the real thing. */
export interface AppParts {
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly fillRandom?: FillRandom;
  /** An open, migrated database; the app does not close it. */
  readonly database?: Database;
}

/**
 * Opens the service, part after part: templates and rules, authorities and their keys, database, HTTP.
 * @throws Fault `profile-invalid`, `configuration-invalid`, `authority-refused`, `database-unavailable`: then nothing is left open
 */
export async function openApp(config: Config, parts: AppParts): Promise<App> {
  const clock = parts.clock ?? systemClock;
  if (parts.database === undefined && config.databaseUrl === undefined) requireDataFolder(config);
  const profiles = loadProfiles(config.templatesDir);
  const ruleSets = loadRuleSets();
  const refused = loadRefused(config.templatesDir);
  const hierarchy = openHierarchy(
    { folder: authoritiesFolder(config), passphrase: requirePassphrase(config), profiles, refused },
    clock.now(),
  );

  const database = parts.database ?? (await openConfiguredDatabase(config, parts.logger));
  let worker: BatchWorker | undefined;
  let sweeper: NodeJS.Timeout | undefined;
  const close = async () => {
    clearInterval(sweeper);
    await worker?.stop();
    if (parts.database === undefined) await database.close();
  };
  try {
    if (parts.database === undefined) await migrate(database.pool);
    await recordRuleSets(ruleSets.versions, clock.now(), database.pool);
    await recordAuthorities(hierarchy.authorities, clock.now(), database.pool);
    const needs: IssuanceNeeds = {
      db: database.pool,
      hierarchy,
      profiles,
      ruleSets,
      refusedKeys: refused.keys,
      clock,
      fillRandom: parts.fillRandom ?? systemRandom,
    };
    const batches = batchNeeds(config, needs);
    const http = createHttpApp({
      issuance: needs,
      issue: issuesOneByOne(needs),
      batches,
      logger: parts.logger,
      rateLimit: config.rateLimit,
      trustedProxies: config.trustedProxies,
      version: packageFile.version,
      refusedNames: refused.commonNames,
      afterChange: () => {
        worker?.wake();
        return Promise.resolve();
      },
    });
    const work = () => {
      const { logger } = parts;
      worker = startWorker(batches, config.batchLanes, (err) => logger.error({ err }, 'a batch had to wait'));
      const sweep = () => {
        sweepResults(config.batchRetentionDays, batches).then(
          (swept) => swept.forEach((one) => logger.info(one, 'the result of a batch was removed')),
          (err: unknown) => logger.warn({ err }, 'results of batches could not be swept'),
        );
      };
      sweeper = setInterval(sweep, HOUR);
    };
    return { http, needs, batches, database, notices: await noticesOf(database, batches), work, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function batchNeeds(config: Config, issuance: IssuanceNeeds): BatchNeeds {
  const folder = path.join(config.dataDir, 'batches');
  requireDataFolder({ dataDir: folder });
  const serviceKey = openServiceKey({
    folder: authoritiesFolder(config),
    passphrase: requirePassphrase(config),
  });
  const limits = { ...DEFAULT_BATCH_LIMITS, items: config.batchItems, uploadOctets: config.batchOctets };
  return {
    issuance,
    intake: { limits, codes: loadItemCodes() },
    folder,
    ...(serviceKey === undefined ? {} : { serviceKey }),
    chunkItems: config.batchChunk,
    leaseSeconds: LEASE_SECONDS,
  };
}

/**
 * The database that the configuration names, not yet migrated.
 * @throws Fault `database-unavailable`; `configuration-invalid` when the data folder cannot hold the embedded one
 */
export async function openConfiguredDatabase(config: Config, logger: Logger): Promise<Database> {
  if (config.databaseUrl === undefined) requireDataFolder(config);
  const onLost = (error: Error) =>
    logger.warn({ err: error }, 'a database connection was lost; the pool replaces it');
  return openDatabase(
    config.databaseUrl === undefined
      ? { dataDir: path.join(config.dataDir, 'database'), onLost }
      : { url: config.databaseUrl, poolSize: config.databasePoolSize, onLost },
  );
}

/** Makes the data folder where it is missing. @throws Fault `configuration-invalid` when it is a file or cannot be written */
export function requireDataFolder({ dataDir }: Pick<Config, 'dataDir'>): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    accessSync(dataDir, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    const why = code === 'EEXIST' || code === 'ENOTDIR' ? 'is a file' : `cannot be used (${code})`;
    throw new Fault(
      'configuration-invalid',
      `The data folder ${dataDir} ${why}. Set TCS_DATA_DIR to a folder that this user may write.`,
      { cause },
    );
  }
}

/** Where the CA keys and certificates rest. */
export function authoritiesFolder(config: Config): string {
  return path.join(config.dataDir, 'authorities');
}

export function requirePassphrase(config: Config): string {
  if (config.keyPassphrase !== undefined) return config.keyPassphrase;
  throw new Fault(
    'configuration-invalid',
    'TCS_KEY_PASSPHRASE (or TCS_KEY_PASSPHRASE_FILE) is not set; it opens the CA keys.',
  );
}

async function noticesOf(
  database: Database,
  { issuance: { db, clock }, serviceKey }: BatchNeeds,
): Promise<string[]> {
  const leftovers = await findLeftovers(clock.now(), db);
  return [
    ...(database.kind === 'embedded' ? [EMBEDDED] : []),
    ...(serviceKey === undefined ? [NO_SERVICE_KEY] : []),
    ...(leftovers.length > 0
      ? [
          `${String(leftovers.length)} certificate(s) were prepared and never recorded as issued; see: tcs leftovers list`,
        ]
      : []),
  ];
}

const EMBEDDED =
  'The embedded database is not safe against power loss and serves one process only; set DATABASE_URL for PostgreSQL.';
const NO_SERVICE_KEY =
  'There is no key that signs results of batches, so none can be fetched; make it with: tcs ca init.';
const HOUR = 3_600_000;
/** Longer than a chunk takes and shorter than somebody waits; a fence guards what it cannot. */
const LEASE_SECONDS = 60;
