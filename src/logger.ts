import { pino, type Logger } from 'pino';
import type { Config } from './config.ts';

export interface Log {
  readonly logger: Logger;
  /** Writes what is still held, for at most a second: perhaps nobody reads any more. After it nothing is written. */
  close(): Promise<void>;
}

/**
 * The service's log: one JSON line each on stdout. Lines are written in blocks of 4 KiB, at least once a second, because
 * a system call for each would cost more than the line; what must not be lost stands in the audit, not here.
 */
export function openLog(config: Pick<Config, 'logLevel'>): Log {
  const destination = pino.destination({ dest: 1, sync: false, minLength: 4096, periodicFlush: 1000 });
  // Not flushSync: it tries for ever, and blocks every signal meanwhile, when the reader of stdout is gone (EPIPE).
  const close = () =>
    new Promise<void>((resolve) => {
      const end = () => {
        destination.destroy();
        resolve();
      };
      setTimeout(end, LONGEST_FLUSH);
      destination.flush(end);
    });
  return { logger: pino({ level: config.logLevel }, destination), close };
}

/** Milliseconds. */
const LONGEST_FLUSH = 1000;
