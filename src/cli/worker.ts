import type { Command } from 'commander';
import { openApp } from '../app.ts';
import { readConfig } from '../config.ts';
import { Fault } from '../domain/fault.ts';
import { openLog } from '../logger.ts';

/** worker: works on batches without listening. */
export function workerCommand(tcs: Command): void {
  tcs
    .command('worker')
    .description(
      'work on batches beside the service, on the same PostgreSQL, until it is told to stop (SIGTERM)',
    )
    .addHelpText(
      'after',
      `
One thread of a process reads, decides, lints and signs; others, up to four and one less than there are cores, verify.
TCS_BATCH_LANES says how many parts of batches it has in its hands; with TCS_BATCH_LANES=0 the service itself takes none.

Example:
  $ DATABASE_URL=postgres://tcs@db/tcs TCS_KEY_PASSPHRASE_FILE=/run/secrets/ca tcs worker`,
    )
    .action(async () => {
      const config = readConfig(process.env);
      if (config.databaseUrl === undefined)
        throw new Fault(
          'configuration-invalid',
          'The embedded database serves one process only, which works on batches itself; a worker needs DATABASE_URL.',
        );
      const log = openLog(config);
      const { logger } = log;
      const app = await openApp(config, { logger });
      app.work();
      process.stdout.write('Test Certificate Service (test only) working on batches\n');
      for (const notice of app.notices) logger.warn(notice);
      const stopped = new Promise<void>((resolve) => {
        for (const signal of ['SIGTERM', 'SIGINT'] as const)
          process.once(signal, () => {
            process.once(signal, () => process.exit(1));
            resolve();
          });
      });
      await stopped;
      await app.close();
      await log.close();
      process.exit(0);
    });
}
