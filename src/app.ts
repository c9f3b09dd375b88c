import path from 'node:path';
import type { Express } from 'express';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { systemClock, type Clock } from './domain/clock.ts';
import { Fault } from './domain/fault.ts';
import { systemRandom, type FillRandom } from './domain/serial-number.ts';
import { findLeftovers } from './ca/certificate-store.ts';
import { openHierarchy } from './ca/hierarchy.ts';
import { loadRefused } from './ca/refused.ts';
import { migrate } from './db/migrate.ts';
import { openDatabase, type Database } from './db/pool.ts';
import { findVolatility } from './db/readiness.ts';
import { loadRuleSet } from './eligibility/rule-set.ts';
import { createHttpApp } from './http/server.ts';
import { issuesOneByOne } from './issuance/issue-certificate.ts';
import type { IssuanceNeeds } from './issuance/needs.ts';
import { findExposedKeys } from './keys/key-exposure.ts';
import { loadProfiles } from './profiles/load-profiles.ts';
import packageFile from '../package.json';

/** Everything that is open, and the way to close it. */
export interface App {
  readonly http: Express;
  readonly needs: IssuanceNeeds;
  readonly database: Database;
  /** What an operator should know about this start. */
  readonly notices: readonly string[];
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
  const profiles = loadProfiles(config.templatesDir);
  const ruleSet = loadRuleSet();
  const refused = loadRefused(config.templatesDir);
  const hierarchy = openHierarchy(
    { folder: authoritiesFolder(config), passphrase: requirePassphrase(config), profiles, refused },
    clock.now(),
  );

  const exposed = findExposedKeys(authoritiesFolder(config));

  const database = parts.database ?? (await openConfiguredDatabase(config, parts.logger));
  const close = async () => {
    if (parts.database === undefined) await database.close();
  };
  try {
    if (parts.database === undefined) await migrate(database.pool);
    const needs: IssuanceNeeds = {
      db: database.pool,
      hierarchy,
      profiles,
      ruleSet,
      refusedKeys: refused.keys,
      clock,
      fillRandom: parts.fillRandom ?? systemRandom,
    };
    const http = createHttpApp({
      issuance: needs,
      issue: issuesOneByOne(needs),
      logger: parts.logger,
      rateLimit: config.rateLimit,
      trustedProxies: config.trustedProxies,
      version: packageFile.version,
      refusedNames: refused.commonNames,
      afterChange: () => Promise.resolve(),
    });
    return { http, needs, database, notices: [...exposed, ...(await noticesOf(database, needs))], close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The database that the configuration names, not yet migrated. */
export function openConfiguredDatabase(config: Config, logger: Logger): Promise<Database> {
  const onLost = (error: Error) =>
    logger.warn({ err: error }, 'a database connection was lost; the pool replaces it');
  return openDatabase(
    config.databaseUrl === undefined
      ? { dataDir: path.join(config.dataDir, 'database'), onLost }
      : { url: config.databaseUrl, poolSize: config.databasePoolSize, onLost },
  );
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

async function noticesOf(database: Database, { db, clock }: IssuanceNeeds): Promise<string[]> {
  const leftovers = await findLeftovers(clock.now(), db);
  return [
    ...(database.kind === 'embedded' ? [EMBEDDED] : await findVolatility(db)),
    ...(leftovers.length > 0
      ? [
          `${String(leftovers.length)} certificate(s) were prepared and never recorded as issued; see: tcs leftovers list`,
        ]
      : []),
  ];
}

const EMBEDDED =
  'The embedded database is not safe against power loss and serves one process only; set DATABASE_URL for PostgreSQL.';
