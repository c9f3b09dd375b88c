import type { Command } from 'commander';
import { readConfig, type Config } from '../config.ts';
import { Fault } from '../domain/fault.ts';
import { requireAddress } from './api-client.ts';
import { print, type OutputOptions } from './output.ts';

/** health: what a supervisor asks. */
export function healthCommand(tcs: Command): void {
  tcs
    .command('health')
    .description('ask the service whether it answers, or whether it can issue: 0 when it does, else 69')
    .option('--ready', 'whether it can issue: the database and the test CAs are there')
    .option('--url <url>', 'where it listens (default: as TCS_HOST and TCS_PORT say)')
    .option('--json', 'one JSON value')
    .addHelpText('after', '\nExample:\n  $ tcs health --ready')
    .action(async ({ ready, url, ...output }: OutputOptions & { ready?: true; url?: string }) => {
      if (url !== undefined) requireAddress(url);
      const address = url?.replace(/\/$/, '') ?? addressOf(readConfig(process.env));
      const health = await ask(`${address}/health/${ready ? 'ready' : 'live'}`, address);
      print(output, health, () => `${address}: ${partsOf(health)}`);
    });
}

/** What `/health/live` and `/health/ready` answer. */
interface Health {
  readonly status: string;
  readonly parts: Readonly<Record<string, string>>;
  readonly warnings?: readonly string[];
}

/** @throws Fault `service-unreachable` when nothing answers in time, or something is down; `answer-unknown` for another service */
async function ask(url: string, address: string): Promise<Health> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) }).catch((cause: unknown) => {
    throw new Fault('service-unreachable', `${address} does not answer.`, {
      fix: 'Start the service, or correct --url, TCS_HOST and TCS_PORT.',
      cause,
    });
  });
  const health = (await response.json().catch(() => undefined)) as Health | undefined;
  if (health?.parts === undefined)
    throw new Fault('answer-unknown', `${address} is no Test Certificate Service.`);
  if (!response.ok) throw new Fault('service-unreachable', `${address}: ${partsOf(health)}.`);
  return health;
}

const partsOf = ({ parts, warnings = [] }: Health) =>
  [...Object.entries(parts).map(([part, state]) => `${part} ${state}`), ...warnings].join(', ');

/** Where a service with these settings listens, seen from its own machine. @throws Fault `configuration-invalid` for port 0 */
function addressOf({ host, port }: Pick<Config, 'host' | 'port'>): string {
  if (port === 0)
    throw new Fault(
      'configuration-invalid',
      'TCS_PORT is 0: the first line of the service says which it took.',
      {
        fix: 'Give that address: --url http://127.0.0.1:PORT.',
      },
    );
  const reached = ANYWHERE.get(host) ?? host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${String(port)}`;
}

const ANYWHERE = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);
/** Milliseconds. */
const PATIENCE = 5000;
