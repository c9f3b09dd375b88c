import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { openConfiguredDatabase } from '../app.ts';
import { authoritiesFolder, requireDataFolder, requirePassphrase } from '../data-folder.ts';
import { readConfig, type Config } from '../config.ts';
import { systemRandom } from '../domain/serial-number.ts';
import { requireNoCurrent } from '../ca/authority-store.ts';
import { createAuthorities, missingAuthorities } from '../ca/create-authorities.ts';
import { migrate } from '../db/migrate.ts';
import type { Pool } from '../db/pool.ts';
import { writeNewFile } from '../keys/new-file.ts';
import { loadProfiles } from '../profiles/load-profiles.ts';
import { openLog } from '../logger.ts';
import { requireAddress, startService, stopOnSignals, type RunningService } from '../serve.ts';
import { listSignifiers } from '../registry/participants.ts';
import { everyCategory } from './demo/every-category.ts';
import { openDemoWorld, requireDemoDatabase, type DemoCredentials } from './demo/open-world.ts';

/** demo: the whole service with a small world in it, from nothing. */
export function demoCommand(tcs: Command): void {
  tcs
    .command('demo')
    .description(
      'run the service with demo participants; a new world begins with a certificate of each category, verified',
    )
    .option(
      '--once',
      'issue one certificate of each category over HTTP, verify them, show three refusals, and end; in a used world, too',
    )
    .addHelpText(
      'after',
      `
Obeys TCS_DATA_DIR, TCS_PORT and DATABASE_URL.

Examples:
  $ tcs demo --once
  $ TCS_DATA_DIR=/some/empty/folder TCS_PORT=0 tcs demo      a second, separate world`,
    )
    .action(async ({ once }: { readonly once?: true }) => {
      const environment = withDemoPort(process.env, once);
      const settings = readConfig(environment);
      requireDataFolder(settings);
      await requireAddress(settings);
      const log = openLog(
        once && process.env['TCS_LOG_LEVEL'] === undefined ? { logLevel: 'silent' } : settings,
      );
      const database = await openConfiguredDatabase(settings, log.logger);
      let service: RunningService | undefined;
      const close = async () => {
        await service?.close();
        await database.close();
      };
      try {
        await migrate(database.pool);
        await requireDemoDatabase(database.pool);
        const config = readConfig(withDemoPassphrase(environment, settings));
        await makeAuthorities(config, database.pool);
        const fresh = (await listSignifiers(database.pool)).length === 0;
        service = await startService(config, log.logger, { database });
        const credentials = await openDemoWorld(service.app, service.baseUrl, config.dataDir);
        // A world that is used gives no certificate at each of its starts: those of one Device ID are limited.
        if (once || fresh) process.stdout.write(await everyCategory(credentials));
        if (!once) {
          stopOnSignals({ ...service, close }, log);
          process.stdout.write(welcome(credentials, config.dataDir));
        }
      } catch (error) {
        await close();
        throw error;
      }
      if (once) await close();
    });
}

/** One round picks a free port. */
function withDemoPort(environment: NodeJS.ProcessEnv, once: true | undefined): NodeJS.ProcessEnv {
  const given = environment['TCS_PORT'] ?? environment['TCS_PORT_FILE'];
  return once && given === undefined ? { ...environment, TCS_PORT: '0' } : environment;
}

/** The demo needs no settings: it makes a passphrase of its own beside the keys. */
function withDemoPassphrase(environment: NodeJS.ProcessEnv, { dataDir }: Config): NodeJS.ProcessEnv {
  if (environment['TCS_KEY_PASSPHRASE'] !== undefined || environment['TCS_KEY_PASSPHRASE_FILE'] !== undefined)
    return environment;
  const file = path.join(dataDir, 'demo-passphrase');
  if (!existsSync(file)) writeNewFile(file, randomBytes(32).toString('base64url'), 0o600);
  return { ...environment, TCS_KEY_PASSPHRASE_FILE: file };
}

async function makeAuthorities(config: Config, pool: Pool): Promise<void> {
  const folder = authoritiesFolder(config);
  const profiles = loadProfiles(config.templatesDir);
  const missing = missingAuthorities({ folder, profiles }).map((one) => one.authority);
  await requireNoCurrent(missing, folder, pool);
  const created = createAuthorities({
    folder,
    passphrase: requirePassphrase(config),
    profiles,
    now: new Date(),
    fillRandom: systemRandom,
  });
  for (const { name, subject } of created) process.stderr.write(`made the test CA ${name} (${subject})\n`);
}

function welcome({ baseUrl }: DemoCredentials, dataDir: string): string {
  const file = path.join(dataDir, 'demo-credentials.json');
  return `
The demo world is open. Test only: nothing here is trusted by any live system.

  service      ${baseUrl}
  API          ${baseUrl}/docs
  credentials  ${file}

Try it from another terminal:

  TOKEN=$(node -p "require('${file}').accounts.find((a) => a.participant === 'METERWORKS').token")
  npm run --silent tcs -- csr --category DEVICE --eui64 00-DB-12-34-20-00-00-01 --out meter1
  curl -s ${baseUrl}/v1/certificates -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
    -d "$(node -p "JSON.stringify({ category: 'DEVICE', purpose: 'DEVICE_AND_USER_SYSTEM_TESTS', csr: require('fs').readFileSync('meter1.csr', 'utf8') })")"

Stop it with Ctrl-C.

`;
}
