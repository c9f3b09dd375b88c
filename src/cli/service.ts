import type { Command } from 'commander';
import { openConfiguredDatabase } from '../app.ts';
import { describeConfig, readConfig } from '../config.ts';
import { SETTINGS } from '../settings.ts';
import { migrate } from '../db/migrate.ts';
import { loadProfiles } from '../profiles/load-profiles.ts';
import { openLog } from '../logger.ts';
import { startService, stopOnSignals } from '../serve.ts';
import { print, table, type OutputOptions } from './output.ts';
import { quietLogger } from './service-parts.ts';

/** serve, migrate, config. */
export function serviceCommands(tcs: Command): void {
  tcs
    .command('serve')
    .description('run the service until it is told to stop (SIGTERM); the address is the first line')
    .addHelpText('after', '\nExample:\n  $ TCS_KEY_PASSPHRASE_FILE=/run/secrets/ca tcs serve')
    .action(async () => {
      const config = readConfig(process.env);
      const log = openLog(config);
      stopOnSignals(await startService(config, log.logger), log);
    });

  tcs
    .command('migrate')
    .description('bring the database up to date; `serve` does so too')
    .option('--json', 'one JSON value')
    .addHelpText('after', '\nExample:\n  $ DATABASE_URL=postgres://tcs@db/tcs tcs migrate')
    .action(async (options: OutputOptions) => {
      const database = await openConfiguredDatabase(readConfig(process.env), quietLogger());
      try {
        const applied = await migrate(database.pool);
        print(options, { database: database.kind, applied }, () =>
          applied.length === 0
            ? 'The database is up to date.'
            : applied.map((name) => `applied ${name}`).join('\n'),
        );
      } finally {
        await database.close();
      }
    });

  tcs
    .command('config')
    .description('the settings that hold now, without secrets')
    .option('--json', 'one JSON value')
    .addHelpText(
      'after',
      `\nExample:\n  $ tcs config --json\n\nSettings (each also as NAME_FILE, naming a file that holds the value):\n${settingsText()}`,
    )
    .action((options: OutputOptions) => {
      const config = readConfig(process.env);
      // A folder without templates would stop the start.
      loadProfiles(config.templatesDir);
      const settings = describeConfig(config);
      print(options, settings, () =>
        table(
          ['setting', 'value', 'meaning'],
          settings.map((one) => [one.name, one.value, one.meaning]),
          '',
        ),
      );
    });
}

function settingsText(): string {
  const width = Math.max(...SETTINGS.map(({ name }) => name.length));
  return SETTINGS.map((one) => `  ${one.name.padEnd(width)}  ${one.meaning} (default: ${one.default})`).join(
    '\n',
  );
}
