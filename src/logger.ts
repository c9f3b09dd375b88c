import { pino, type Logger } from 'pino';
import type { Config } from './config.ts';

/**
 * The service's log: one JSON line each on stdout. Lines are written in blocks of 4 KiB, at least once a second, because
 * a system call for each would cost more than the line; what must not be lost stands in the audit, not here.
 */
export function openLog(config: Pick<Config, 'logLevel'>): { readonly logger: Logger; flush(): void } {
  const destination = pino.destination({ dest: 1, sync: false, minLength: 4096, periodicFlush: 1000 });
  return { logger: pino({ level: config.logLevel }, destination), flush: () => destination.flushSync() };
}
