import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Logger } from 'pino';
import { openApp, type App, type AppParts } from './app.ts';
import type { Config } from './config.ts';
import { Fault } from './domain/fault.ts';
import { createRequestServer } from './http/broken-requests.ts';
import type { Log } from './logger.ts';

/** A running service: its address, and the way to end it. */
export interface RunningService {
  readonly baseUrl: string;
  readonly app: App;
  /** Finishes what is in flight, at most `shutdownSeconds`, then closes everything. */
  close(): Promise<void>;
}

/**
 * Opens the service and listens. The address is the first line on stdout; then the notices of the start.
 * @throws Fault as `openApp` and `requireAddress`; then nothing is left open
 */
export async function startService(
  config: Config,
  logger: Logger,
  parts: Omit<AppParts, 'logger'> = {},
): Promise<RunningService> {
  await requireAddress(config);
  const app = await openApp(config, { sweepSeconds: SWEEP_SECONDS, ...parts, logger });
  const server = createRequestServer(app.http, config.requestSeconds);
  const callers = callersOf(server);
  try {
    await listen(server, config);
  } catch (error) {
    await app.close();
    throw error;
  }
  app.work();
  const baseUrl = urlOf(server);
  process.stdout.write(`Test Certificate Service (test only) listening on ${baseUrl}\n`);
  for (const notice of app.notices) logger.warn(notice);
  let closing: Promise<void> | undefined;
  return {
    baseUrl,
    app,
    close: () => (closing ??= closeService({ server, callers }, app, config.shutdownSeconds, logger)),
  };
}

/**
 * Listens once and lets go, so that a busy port or a wrong host is told before anything is opened or made.
 * @throws Fault `address-unavailable` when the port is in use; `configuration-invalid` when this machine cannot listen there
 */
export async function requireAddress(config: Pick<Config, 'host' | 'port'>): Promise<void> {
  const server = createServer();
  await listen(server, config);
  await new Promise((resolve) => server.close(resolve));
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

/** Connections that are open, and answers that are not sent yet. */
interface Callers {
  readonly connections: ReadonlySet<Socket>;
  readonly answers: ReadonlySet<ServerResponse>;
}

function callersOf(server: Server): Callers {
  const connections = new Set<Socket>();
  const answers = new Set<ServerResponse>();
  const keep = <One extends Socket | ServerResponse>(open: Set<One>, one: One) => {
    open.add(one);
    one.once('close', () => open.delete(one));
  };
  server.on('connection', (socket: Socket) => keep(connections, socket));
  server.on('request', (_request, response: ServerResponse) => keep(answers, response));
  return { connections, answers };
}

async function closeService(
  { server, callers }: { readonly server: Server; readonly callers: Callers },
  app: App,
  seconds: number,
  logger: Logger,
): Promise<void> {
  logger.info('shutting down: no new connections, finishing requests in flight');
  const closed = new Promise((resolve) => server.close(resolve));
  app.endStreams();
  // Proxies and browsers open connections in advance: one that has said nothing yet is no idle one to Node.
  for (const socket of callers.connections) if (socket.bytesRead === 0) socket.destroy();
  // Whoever is answered from now on is told that the connection ends: another request sent into it would be lost.
  for (const response of callers.answers) endsConnection(response);
  server.prependListener('request', (_request, response: ServerResponse) => endsConnection(response));
  const impatient = setTimeout(() => server.closeAllConnections(), seconds * 1000);
  // A connection that is between two requests is idle only then: look again and again.
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  await closed;
  clearTimeout(impatient);
  clearInterval(idle);
  await app.close();
  logger.info('closed');
}

function endsConnection(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}

async function listen(server: Server, { host, port }: Pick<Config, 'host' | 'port'>): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new Fault(
        'address-unavailable',
        `Port ${String(port)} of ${host} is in use. Stop what listens there, or set TCS_PORT to another port (0 picks a free one).`,
        { cause },
      );
    if (code === 'EACCES')
      throw new Fault(
        'configuration-invalid',
        `This process may not listen on port ${String(port)}. Set TCS_PORT to 1024 or more.`,
        { cause },
      );
    throw new Fault(
      'configuration-invalid',
      `Nothing can listen on ${host} (${code}). Set TCS_HOST to an address of this machine: 127.0.0.1, or 0.0.0.0 for all.`,
      { cause },
    );
  }
}

function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${String(port)}`;
}

/** Waiting applications are looked at once a minute: what depends on time alone is at most that late. */
const SWEEP_SECONDS = 60;
