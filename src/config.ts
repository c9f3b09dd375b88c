import { readBounded } from './bounded-file.ts';
import { brokenFields } from './domain/broken-fields.ts';
import { formatEui64Range, type Eui64Range } from './domain/eui64.ts';
import { Fault, type Reason } from './domain/fault.ts';
import { CONFIG_SCHEMA } from './config-schema.ts';
import { formatTimings, type LiveTimings } from './domain/live-timings.ts';
import type { WebhookTargets } from './domain/webhook.ts';
import { SETTINGS } from './settings.ts';

/** The effective configuration: frozen, complete, checked. */
export interface Config {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** Embedded database, CA keys and certificates, demo credentials. */
  readonly dataDir: string;
  /** Profiles, authorities and the deny-lists. */
  readonly templatesDir: string;
  /** A folder for each version of the rules of eligibility. */
  readonly ruleSetsDir: string;
  /** Absent: the embedded database in `dataDir`. */
  readonly databaseUrl?: string;
  readonly databasePoolSize: number;
  /** Opens the CA keys; absent only where none is opened, or where the demo makes its own. */
  readonly keyPassphrase?: string;
  /** File with the certificate of the SECAS feed's signer; absent: no feed is taken. */
  readonly feedCertificate?: string;
  /** Days after which a feed that no other followed is told as stale. */
  readonly feedStaleDays: number;
  /** Parties and RDPs on record that one feed may leave out, in 100; 0: none, 100: all. */
  readonly feedVanishingPercent: number;
  /** EUI-64s that the DCC gives out for tests only; absent: it gives none. */
  readonly testBlock?: Eui64Range;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  /** Requests a minute that one credential, or one address without a credential, may send. */
  readonly rateLimit: number;
  /** Proxies in front whose X-Forwarded-For is believed. */
  readonly trustedProxies: number;
  /** Seconds in which a whole request has to arrive. */
  readonly requestSeconds: number;
  /** Seconds that requests in flight have to finish at shutdown. */
  readonly shutdownSeconds: number;
  /** CSRs in one batch. */
  readonly batchItems: number;
  /** Octets of one batch's upload. */
  readonly batchOctets: number;
  /** Parts of batches that this process works on at a time; 0: none. */
  readonly batchLanes: number;
  /** CSRs in one such part. */
  readonly batchChunk: number;
  /** Days for which the result of a batch can be fetched. */
  readonly batchRetentionDays: number;
  /** The window in which batches are worked on, as in the live service; absent: they are at once. */
  readonly liveTimings?: LiveTimings;
  /** Keys are made for laboratories whose agreement allows it. */
  readonly laboratoryKeys: 'on' | 'off';
  /** Folder from which batches are taken; absent: none is. */
  readonly dropFolder?: string;
  /** Prefixes of the tokens as whose owners they are handed in. */
  readonly dropCredentials?: readonly string[];
  /** Where webhooks may go. */
  readonly webhookTargets: WebhookTargets;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the environment: `NAME`, or `NAME_FILE` for a value that rests in a file.
 * @throws Fault `configuration-invalid` with every fault at once: wrong values, both forms given, unknown `TCS_*` names
 */
export function readConfig(environment: Environment): Config {
  const faults: Reason[] = unknownNames(environment);
  const values = new Map<string, string>();
  for (const { name } of SETTINGS) {
    const value = readValue(name, environment, faults);
    if (value !== undefined && value !== '') values.set(name, value);
  }
  const parsed = CONFIG_SCHEMA.safeParse(Object.fromEntries(values));
  if (!parsed.success)
    for (const { path, says } of brokenFields(parsed.error))
      faults.push(reason(`${path.join('.')}: ${says}`, 'See the configuration table of the README.'));
  if (values.has('TCS_DROP_FOLDER') !== values.has('TCS_DROP_CREDENTIALS'))
    faults.push(
      reason(
        'TCS_DROP_FOLDER and TCS_DROP_CREDENTIALS go together.',
        'Set both: where files are dropped, and as whom they are handed in.',
      ),
    );
  if (faults.length > 0 || !parsed.success)
    throw new Fault('configuration-invalid', 'The configuration has faults; the service does not start.', {
      reasons: faults,
    });
  const byKey = SETTINGS.map(
    ({ name, key }) => [key, parsed.data[name as keyof typeof parsed.data]] as const,
  );
  return Object.freeze(
    Object.fromEntries(byKey.filter(([, value]) => value !== undefined)),
  ) as unknown as Config;
}

/** The effective settings for people: name, value, meaning; secrets only as given or not given. */
export function describeConfig(config: Config): { name: string; value: string; meaning: string }[] {
  return SETTINGS.map(({ name, key, meaning, secret }) => {
    const value = textOf(config, key);
    const shown = value === undefined ? '(not set)' : secret ? '(set, not shown)' : value;
    return { name, value: shown, meaning };
  });
}

function textOf(config: Config, key: keyof Config): string | undefined {
  if (key === 'liveTimings') return config.liveTimings && formatTimings(config.liveTimings);
  if (key === 'testBlock') return config.testBlock && formatEui64Range(config.testBlock);
  if (key === 'dropCredentials') return config.dropCredentials?.join(',');
  const value = config[key];
  return value === undefined ? undefined : String(value);
}

function unknownNames(environment: Environment): Reason[] {
  const known = new Set(SETTINGS.flatMap(({ name }) => [name, `${name}_FILE`]));
  return Object.keys(environment)
    .filter((name) => name.startsWith('TCS_') && !known.has(name))
    .map((name) =>
      reason(
        `${name} is not a setting of this service.`,
        `Known names: ${SETTINGS.map((one) => one.name).join(', ')}.`,
      ),
    );
}

function readValue(name: string, environment: Environment, faults: Reason[]): string | undefined {
  const file = environment[`${name}_FILE`];
  if (file === undefined || file === '') return environment[name];
  if (environment[name] !== undefined) {
    faults.push(reason(`${name} and ${name}_FILE are both set.`, 'Keep one of them.'));
    return undefined;
  }
  const content = readBounded(file, MOST_OCTETS);
  if (!('octets' in content)) {
    faults.push(
      reason(`${name}_FILE names ${file}, which ${content.wrong}.`, 'Correct the path or its permissions.'),
    );
    return undefined;
  }
  const value = content.octets.toString('utf8').replace(/\r?\n$/, '');
  // A secret that was not handed over is not a setting that was left out.
  if (value === '')
    faults.push(
      reason(`${name}_FILE names ${file}, which is empty.`, `Write the value there, or unset ${name}_FILE.`),
    );
  return value;
}

/** Of the file of a setting. */
const MOST_OCTETS = 65_536;

const reason = (detail: string, fix: string): Reason => ({
  reason: 'CONFIGURATION',
  clause: 'README, Configuration',
  detail,
  fix,
});
