import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino, type Logger } from 'pino';
import { openApp, type App } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createCredential } from '../../src/registry/create-credential.ts';
import type { CallerRole } from '../../src/domain/participant.ts';
import { TEST_PASSPHRASE } from './authorities.ts';
import { fixedClock } from './dates.ts';
import { testDatabase } from './test-database.ts';

/**
 * The whole service with the demo world, on a fresh database and in a data folder of its own, with a clock that stands still: a sweep
 * by a clock that was moved takes what others are just writing for old.
 */
export async function world(
  options: {
    readonly rateLimit?: number;
    readonly logger?: Logger;
    readonly environment?: Readonly<Record<string, string>>;
    /** Where the embedded database rests; absent: in memory. */
    readonly dataDir?: string;
  } = {},
) {
  const clock = fixedClock();
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-world-'));
  const prepared = path.join(process.env['TCS_TEST_FOLDER'] ?? '', 'authorities');
  cpSync(prepared, path.join(folder, 'authorities'), { recursive: true });
  const database = await testDatabase({ holding: 'world', ...options });
  const config = readConfig({
    TCS_DATA_DIR: folder,
    TCS_KEY_PASSPHRASE: TEST_PASSPHRASE,
    TCS_LOG_LEVEL: 'silent',
    TCS_RATE_LIMIT: String(options.rateLimit ?? 1_000_000),
    ...options.environment,
  });
  const logger = options.logger ?? pino({ level: 'silent' });
  const app: App = await openApp(config, { logger, clock, database });

  const tokens = new Map<string, string>();
  /** A token of a participant; made once for each role. */
  const token = async (signifier: string, role: CallerRole = 'PARTICIPANT_ARO'): Promise<string> => {
    const known = tokens.get(`${signifier} ${role}`);
    if (known !== undefined) return known;
    const expiresAt = new Date(clock.now().getTime() + 90 * 86_400_000);
    const made = await createCredential(
      { signifier, role, label: 'test', expiresAt, person: `test ${role}` },
      clock.now(),
      database.pool,
    );
    tokens.set(`${signifier} ${role}`, made.token);
    return made.token;
  };
  const close = async () => {
    await app.close();
    await database.close();
    rmSync(folder, { recursive: true });
  };
  return { app, http: app.http, needs: app.needs, database, clock, token, close };
}

export type World = Awaited<ReturnType<typeof world>>;
