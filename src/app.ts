import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs';
import { lookup } from 'node:dns/promises';
import path from 'node:path';
import type { Express } from 'express';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { systemClock, type Clock } from './domain/clock.ts';
import { Fault } from './domain/fault.ts';
import { systemRandom, type FillRandom } from './domain/serial-number.ts';
import { recordRuleSets } from './audit/rule-sets.ts';
import { recordAuthorities } from './ca/authority-store.ts';
import { findLeftovers } from './ca/intent-store.ts';
import { openHierarchy } from './ca/hierarchy.ts';
import { loadRefused } from './ca/refused.ts';
import { migrate } from './db/migrate.ts';
import { openDatabase } from './db/open-database.ts';
import type { Database } from './db/pool.ts';
import { findVolatility } from './db/readiness.ts';
import { loadRuleSets } from './eligibility/rule-sets.ts';
import { createHttpApp } from './http/server.ts';
import { issuesOneByOne } from './issuance/issue-certificate.ts';
import { screenAgain, startSweep } from './issuance/screen-again.ts';
import type { IssuanceNeeds } from './issuance/needs.ts';
import { findExposedKeys } from './keys/key-exposure.ts';
import { DEFAULT_BATCH_LIMITS } from './batches/batch-limits.ts';
import { watchDrops } from './batches/drop-folder.ts';
import { loadItemCodes } from './batches/item-codes.ts';
import type { BatchNeeds } from './batches/needs.ts';
import { sweepResults } from './batches/sweep-results.ts';
import { startWorker, type BatchWorker } from './batches/worker.ts';
import { openDerivation, openServiceKey } from './keys/service-key.ts';
import { findFeedTrouble } from './registrar/feeds.ts';
import { loadProfiles } from './profiles/load-profiles.ts';
import { readSignerCertificate, type SignerCertificate } from './x509/detached-signature.ts';
import { startDeliveries, type Deliverer } from './webhooks/deliver.ts';
import { sweepDeliveries } from './webhooks/delivery-store.ts';
import type { WebhookNeeds } from './webhooks/needs.ts';
import { openVerifier } from './x509/verifying-threads.ts';
import packageFile from '../package.json';

/** Everything that is open, and the way to close it. */
export interface App {
  readonly http: Express;
  readonly needs: IssuanceNeeds;
  readonly batches: BatchNeeds;
  readonly webhooks: WebhookNeeds;
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
  /** How often waiting applications are looked at again; absent: never. */
  readonly sweepSeconds?: number;
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

  const exposed = findExposedKeys(authoritiesFolder(config));

  const database = parts.database ?? (await openConfiguredDatabase(config, parts.logger));
  const verifier = openVerifier();
  let stopSweep = () => Promise.resolve();
  let worker: BatchWorker | undefined;
  let deliverer: Deliverer | undefined;
  let drops: { stop(): Promise<void> } | undefined;
  let sweeper: NodeJS.Timeout | undefined;
  const close = async () => {
    clearInterval(sweeper);
    await drops?.stop();
    await worker?.stop();
    await deliverer?.stop();
    await stopSweep();
    await verifier.close();
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
      verifier,
      clock,
      fillRandom: parts.fillRandom ?? systemRandom,
    };
    const batches = batchNeeds(config, needs);
    const webhooks = webhookNeeds(config, needs);
    const http = createHttpApp({
      issuance: needs,
      issue: issuesOneByOne(needs),
      batches,
      webhooks,
      logger: parts.logger,
      rateLimit: config.rateLimit,
      trustedProxies: config.trustedProxies,
      version: packageFile.version,
      refusedNames: refused.commonNames,
      ...readFeedSigner(config),
      afterChange: async (participantIds) => {
        worker?.wake();
        deliverer?.wake();
        await screenAfterChange(participantIds, needs, parts.logger);
      },
    });
    if (parts.sweepSeconds !== undefined)
      stopSweep = startSweep(needs, parts.sweepSeconds, (error) =>
        parts.logger.warn({ err: error }, 'a sweep was not whole; the next one follows'),
      );
    const work = () => {
      const { logger } = parts;
      worker = startWorker(batches, config.batchLanes, (err) => logger.error({ err }, 'a batch had to wait'));
      // Who leaves batches to workers leaves this to them, too.
      if (config.batchLanes > 0)
        deliverer = startDeliveries(webhooks, (err) => logger.error({ err }, 'a webhook had to wait'));
      const { dropFolder: folder, dropCredentials: credentials = [] } = config;
      if (config.batchLanes > 0 && folder !== undefined)
        drops = watchDrops({ folder, credentials }, batches, {
          onTaken: () => worker?.wake(),
          onTrouble: (err) => logger.error({ err }, 'the drop folder was not taken whole'),
        });
      const sweep = () => {
        const before = new Date(clock.now().getTime() - config.batchRetentionDays * DAY);
        sweepDeliveries(before, database.pool).catch((err: unknown) =>
          logger.warn({ err }, 'deliveries of webhooks could not be swept'),
        );
        sweepResults(config.batchRetentionDays, batches).then(
          (swept) => swept.forEach((one) => logger.info(one, 'the result of a batch was removed')),
          (err: unknown) => logger.warn({ err }, 'results of batches could not be swept'),
        );
        findFeedTrouble(clock.now(), database.pool).then(
          (trouble) => {
            if (trouble !== undefined) logger.warn(trouble);
          },
          () => undefined,
        );
      };
      sweeper = setInterval(sweep, HOUR);
    };
    const notices = [...exposed, ...(await noticesOf(database, batches))];
    return { http, needs, batches, webhooks, database, notices, work, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Whose feed is taken. @throws Fault `configuration-invalid` when the file is no certificate that may sign */
function readFeedSigner({ feedCertificate }: Config): { feedSigner?: SignerCertificate } {
  if (feedCertificate === undefined) return {};
  try {
    return { feedSigner: readSignerCertificate(readFileSync(feedCertificate)) };
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault('configuration-invalid', `TCS_FEED_CERTIFICATE: ${feedCertificate} cannot be read.`, {
      cause,
    });
  }
}

/** What waits for facts that changed is screened at once; if that fails, the sweep comes to it. */
async function screenAfterChange(
  participantIds: readonly string[],
  needs: IssuanceNeeds,
  logger: Logger,
): Promise<void> {
  try {
    const { failed } = await screenAgain(participantIds, needs);
    for (const { application, error } of failed) logger.error({ err: error, application }, 'not screened');
  } catch (error) {
    logger.warn({ err: error }, 'waiting applications were not screened; the next sweep comes to them');
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
    laboratoryKeys: config.laboratoryKeys === 'on',
    chunkItems: config.batchChunk,
    leaseSeconds: LEASE_SECONDS,
    ...(config.liveTimings === undefined ? {} : { timings: config.liveTimings }),
  };
}

function webhookNeeds(config: Config, { db, clock }: IssuanceNeeds): WebhookNeeds {
  const derive = openDerivation({ folder: authoritiesFolder(config), passphrase: requirePassphrase(config) });
  return {
    db,
    clock,
    targets: config.webhookTargets,
    ...(derive === undefined ? {} : { derive }),
    timeoutSeconds: 10,
    leaseSeconds: LEASE_SECONDS,
    random: Math.random,
    resolve: (name) => lookup(name, { all: true }),
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
  const feed = await findFeedTrouble(clock.now(), db);
  return [
    ...(database.kind === 'embedded' ? [EMBEDDED] : await findVolatility(db)),
    ...(feed === undefined ? [] : [feed]),
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
const DAY = 24 * HOUR;
/** Longer than a chunk takes and shorter than somebody waits; a fence guards what it cannot. */
const LEASE_SECONDS = 60;
