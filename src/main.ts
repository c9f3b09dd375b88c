import { pino } from 'pino';
import { readConfig } from './config.ts';
import { explainFault } from './cli/fault-text.ts';
import { startService, stopOnSignals } from './serve.ts';

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const logger = pino({ level: config.logLevel });
  stopOnSignals(await startService(config, logger), logger);
}

main().catch((error: unknown) => {
  process.stderr.write(`${explainFault(error)}\n`);
  process.exit(1);
});
