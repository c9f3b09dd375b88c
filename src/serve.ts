import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { openApp, type App } from './app.ts';
import type { Config } from './config.ts';
import type { Log } from './logger.ts';

/** A running service: its address, and the way to end it. */
export interface RunningService {
  readonly baseUrl: string;
  readonly app: App;
  /** Finishes what is in flight, at most `shutdownSeconds`, then closes everything. */
  close(): Promise<void>;
}

/** Opens the service and listens. The address is the first line on stdout; then the notices of the start. */
export async function startService(config: Config, logger: Logger): Promise<RunningService> {
  const app = await openApp(config, { logger });
  const server = createServer(app.http);
  try {
    server.listen(config.port, config.host);
    await once(server, 'listening');
  } catch (error) {
    await app.close();
    throw error;
  }
  const baseUrl = urlOf(server);
  process.stdout.write(`Test Certificate Service (test only) listening on ${baseUrl}\n`);
  for (const notice of app.notices) logger.warn(notice);
  let closing: Promise<void> | undefined;
  return {
    baseUrl,
    app,
    close: () => (closing ??= closeService(server, app, config.shutdownSeconds, logger)),
  };
}

/** Ends the process on SIGTERM or SIGINT after requests in flight are answered; a second signal ends it at once. */
export function stopOnSignals(service: RunningService, log: Log): void {
  const end = (code: number) => void log.close().then(() => process.exit(code));
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      process.once(signal, () => end(1));
      service.close().then(
        () => end(0),
        (error: unknown) => {
          log.logger.error({ err: error }, 'shutdown failed');
          end(1);
        },
      );
    });
}

async function closeService(server: Server, app: App, seconds: number, logger: Logger): Promise<void> {
  logger.info('shutting down: no new connections, finishing requests in flight');
  const closed = new Promise((resolve) => server.close(resolve));
  const impatient = setTimeout(() => server.closeAllConnections(), seconds * 1000);
  // A connection that is between two requests is idle only then: look again and again.
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  await closed;
  clearTimeout(impatient);
  clearInterval(idle);
  await app.close();
  logger.info('closed');
}

function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${String(port)}`;
}
