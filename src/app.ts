import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Express } from 'express';
import type { Logger } from 'pino';
import { startBackground } from './background.ts';
import type { Config } from './config.ts';
import { authoritiesFolder, requireDataFolder, requirePassphrase } from './data-folder.ts';
import { systemClock, type Clock } from './domain/clock.ts';
import { Fault } from './domain/fault.ts';
import { systemRandom, type FillRandom } from './domain/serial-number.ts';
import { findMissingVersions, recordRuleSets } from './audit/rule-sets.ts';
import { recordAuthorities } from './ca/authority-store.ts';
import { findLeftovers } from './ca/intent-store.ts';
import { openHierarchy } from './ca/hierarchy.ts';
import { loadRefused } from './ca/refused.ts';
import type { Looking } from './db/keep-looking.ts';
import { migrate } from './db/migrate.ts';
import { openDatabase } from './db/open-database.ts';
import type { Database } from './db/pool.ts';
import { findVolatility } from './db/readiness.ts';
import { loadRuleSets, requireKeysKept } from './eligibility/rule-sets.ts';
import { createHttpApp } from './http/server.ts';
import { issuesOneByOne } from './issuance/issue-certificate.ts';
import { screenAgain, startSweep } from './issuance/screen-again.ts';
import type { IssuanceNeeds } from './issuance/needs.ts';
import { findExposedKeys } from './keys/key-exposure.ts';
import type { BatchNeeds } from './batches/needs.ts';
import { batchNeeds, webhookNeeds } from './needs.ts';
import { findFeedTrouble } from './registrar/feeds.ts';
import { loadProfiles } from './profiles/load-profiles.ts';
import { readSignerCertificate, type SignerCertificate } from './x509/detached-signature.ts';
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
  /** Ends answers that would go on for as long as something else does: the events of batches. */
  endStreams(): void;
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
  const ruleSets = loadRuleSets(config.ruleSetsDir);
  requireKeysKept(ruleSets, clock.now());
  const refused = loadRefused(config.templatesDir);
  const hierarchy = openHierarchy(
    { folder: authoritiesFolder(config), passphrase: requirePassphrase(config), profiles, refused },
    clock.now(),
  );

  const exposed = findExposedKeys(authoritiesFolder(config));

  const database = parts.database ?? (await openConfiguredDatabase(config, parts.logger));
  const verifier = openVerifier();
  let stopSweep = () => Promise.resolve();
  let background: Looking | undefined;
  const stopping = new AbortController();
  const close = async () => {
    await background?.stop();
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
      feedStaleDays: config.feedStaleDays,
      feedVanishingPercent: config.feedVanishingPercent,
      ...readFeedSigner(config),
      ...(config.testBlock === undefined ? {} : { testBlock: config.testBlock }),
      stopping: stopping.signal,
      afterChange: async (participantIds) => {
        background?.wake();
        await screenAfterChange(participantIds, needs, parts.logger);
      },
    });
    if (parts.sweepSeconds !== undefined)
      stopSweep = startSweep(needs, parts.sweepSeconds, (error) =>
        parts.logger.warn({ err: error }, 'a sweep was not whole; the next one follows'),
      );
    const work = () => {
      background = startBackground(config, { batches, webhooks, logger: parts.logger });
    };
    const notices = [...exposed, ...(await noticesOf(database, batches, config))];
    const endStreams = () => stopping.abort();
    return { http, needs, batches, webhooks, database, notices, work, endStreams, close };
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

async function noticesOf(
  database: Database,
  { issuance: { db, clock, ruleSets }, serviceKey }: BatchNeeds,
  { feedStaleDays, dropFolder }: Config,
): Promise<string[]> {
  const leftovers = await findLeftovers(clock.now(), db);
  const feed = await findFeedTrouble(clock.now(), feedStaleDays, db);
  const missing = await findMissingVersions(ruleSets.versions, db);
  return [
    ...(database.kind === 'embedded' ? [EMBEDDED] : await findVolatility(db)),
    ...(feed === undefined ? [] : [feed]),
    ...(serviceKey === undefined ? [NO_SERVICE_KEY] : []),
    ...(missing.length === 0
      ? []
      : [
          `Rule sets on record are not among those here, and do not hold: ${missing.join(', ')}; see TCS_RULE_SETS_DIR.`,
        ]),
    ...(dropFolder === undefined || existsSync(dropFolder)
      ? []
      : [`There is no folder ${dropFolder} (TCS_DROP_FOLDER); nothing is taken from it until there is.`]),
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
