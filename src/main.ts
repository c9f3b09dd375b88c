import { readConfig } from './config.ts';
import { exitCodeOf, explainFault } from './cli/fault-text.ts';
import { openLog } from './logger.ts';
import { startService, stopOnSignals } from './serve.ts';

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = openLog(config);
  stopOnSignals(await startService(config, log.logger), log);
}

main().catch((error: unknown) => {
  process.stderr.write(`${explainFault(error)}\n`);
  process.exit(exitCodeOf(error));
});
