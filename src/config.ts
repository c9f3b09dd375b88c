import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { Fault, type Reason } from './domain/fault.ts';
import { formatTimings, LIVE_WINDOW, parseTimings, type LiveTimings } from './domain/live-timings.ts';
import { WEBHOOK_TARGETS, type WebhookTargets } from './domain/webhook.ts';

/** The effective configuration: frozen, complete, checked. */
export interface Config {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** Embedded database, CA keys and certificates, demo credentials. */
  readonly dataDir: string;
  /** Profiles, authorities and the deny-lists. */
  readonly templatesDir: string;
  /** Absent: the embedded database in `dataDir`. */
  readonly databaseUrl?: string;
  readonly databasePoolSize: number;
  /** Opens the CA keys; absent only where none is opened, or where the demo makes its own. */
  readonly keyPassphrase?: string;
  /** File with the certificate of the SECAS feed's signer; absent: no feed is taken. */
  readonly feedCertificate?: string;
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

/** One line of the configuration table: how it is called, read, and explained. */
export interface Setting {
  readonly name: string;
  readonly key: keyof Config;
  readonly default: string;
  readonly meaning: string;
  readonly secret: boolean;
}

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
  const parsed = SCHEMA.safeParse(Object.fromEntries(values));
  if (!parsed.success)
    for (const issue of parsed.error.issues)
      faults.push(
        reason(`${issue.path.join('.')}: ${issue.message}`, 'See the configuration table of the README.'),
      );
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
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch {
    faults.push(
      reason(`${name}_FILE names ${file}, which cannot be read.`, 'Correct the path or its permissions.'),
    );
    return undefined;
  }
}

const reason = (detail: string, fix: string): Reason => ({
  reason: 'CONFIGURATION',
  clause: 'README, Configuration',
  detail,
  fix,
});

const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'a whole number')
    .transform(Number)
    .refine((value) => value >= least && value <= most, `from ${least} to ${most}`);

const SCHEMA = z.object({
  TCS_HOST: z.string().default('127.0.0.1'),
  TCS_PORT: whole(0, 65535).default(8080),
  TCS_DATA_DIR: z
    .string()
    .default('./data')
    .transform((folder) => path.resolve(folder)),
  TCS_TEMPLATES_DIR: z
    .string()
    .default(path.join(__dirname, '..', 'certs-templates'))
    .transform((folder) => path.resolve(folder)),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'begins with postgres://')
    .refine(
      (url) => URL.canParse(url),
      'is not an address; write @, :, / and # of a password as %40, %3A, %2F, %23',
    )
    .optional(),
  TCS_DATABASE_POOL: whole(1, 100).default(10),
  TCS_KEY_PASSPHRASE: z.string().min(12, 'at least 12 characters').optional(),
  TCS_FEED_CERTIFICATE: z
    .string()
    .transform((file) => path.resolve(file))
    .optional(),
  TCS_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  TCS_RATE_LIMIT: whole(1, 100_000_000).default(6000),
  TCS_TRUSTED_PROXIES: whole(0, 10).default(0),
  TCS_REQUEST_SECONDS: whole(1, 3600).default(60),
  TCS_SHUTDOWN_SECONDS: whole(1, 600).default(10),
  TCS_BATCH_ITEMS: whole(1, 500_000).default(50_000),
  TCS_BATCH_OCTETS: whole(1024, 999_999_999).default(268_435_456),
  TCS_BATCH_LANES: whole(0, 16).default(2),
  TCS_BATCH_CHUNK: whole(1, 5000).default(500),
  TCS_BATCH_RETENTION_DAYS: whole(1, 3650).default(30),
  TCS_LIVE_TIMINGS: z
    .string()
    .default('off')
    .refine(
      (text) => text === 'off' || text === 'on' || parseTimings(text) !== undefined,
      'off, on, or a window such as 20:00-08:00',
    )
    .transform((text) => (text === 'on' ? LIVE_WINDOW : parseTimings(text))),
  TCS_LABORATORY_KEYS: z.enum(['on', 'off']).default('off'),
  TCS_DROP_FOLDER: z
    .string()
    .transform((folder) => path.resolve(folder))
    .optional(),
  TCS_DROP_CREDENTIALS: z
    .string()
    .regex(
      /^[0-9a-f]{8}(,[0-9a-f]{8})*$/,
      'prefixes of tokens, as tcs token list shows them, with commas between',
    )
    .transform((text) => text.split(','))
    .optional(),
  TCS_WEBHOOK_TARGETS: z.enum(WEBHOOK_TARGETS).default('public'),
});

/** Every setting once; `tcs config` is made of it, and a test holds the README's table against it. */
export const SETTINGS: readonly Setting[] = [
  {
    name: 'TCS_HOST',
    key: 'host',
    default: '127.0.0.1',
    secret: false,
    meaning: 'address on which HTTP listens',
  },
  { name: 'TCS_PORT', key: 'port', default: '8080', secret: false, meaning: 'port; 0 picks a free one' },
  {
    name: 'TCS_DATA_DIR',
    key: 'dataDir',
    default: './data',
    secret: false,
    meaning: 'embedded database, CA keys, demo credentials',
  },
  {
    name: 'TCS_TEMPLATES_DIR',
    key: 'templatesDir',
    default: 'certs-templates',
    secret: false,
    meaning: 'profiles, authorities, deny-lists',
  },
  {
    name: 'DATABASE_URL',
    key: 'databaseUrl',
    default: 'none: embedded',
    secret: true,
    meaning: 'PostgreSQL 14 or newer',
  },
  {
    name: 'TCS_DATABASE_POOL',
    key: 'databasePoolSize',
    default: '10',
    secret: false,
    meaning: 'connections to PostgreSQL',
  },
  {
    name: 'TCS_KEY_PASSPHRASE',
    key: 'keyPassphrase',
    default: 'none: required outside the demo',
    secret: true,
    meaning: 'opens the CA keys',
  },
  {
    name: 'TCS_FEED_CERTIFICATE',
    key: 'feedCertificate',
    default: 'none: no feed is taken',
    secret: false,
    meaning: 'file with the certificate of who signs the SECAS feed',
  },
  {
    name: 'TCS_LOG_LEVEL',
    key: 'logLevel',
    default: 'info',
    secret: false,
    meaning: 'fatal, error, warn, info, debug, trace or silent',
  },
  {
    name: 'TCS_RATE_LIMIT',
    key: 'rateLimit',
    default: '6000',
    secret: false,
    meaning: 'requests a minute for each credential',
  },
  {
    name: 'TCS_TRUSTED_PROXIES',
    key: 'trustedProxies',
    default: '0',
    secret: false,
    meaning: 'proxies in front of the service',
  },
  {
    name: 'TCS_REQUEST_SECONDS',
    key: 'requestSeconds',
    default: '60',
    secret: false,
    meaning: 'time in which a whole request has to arrive',
  },
  {
    name: 'TCS_SHUTDOWN_SECONDS',
    key: 'shutdownSeconds',
    default: '10',
    secret: false,
    meaning: 'time for requests in flight at shutdown',
  },
  {
    name: 'TCS_BATCH_ITEMS',
    key: 'batchItems',
    default: '50000',
    secret: false,
    meaning: 'CSRs in one batch, at most',
  },
  {
    name: 'TCS_BATCH_OCTETS',
    key: 'batchOctets',
    default: '268435456',
    secret: false,
    meaning: "octets of one batch's upload, at most",
  },
  {
    name: 'TCS_BATCH_LANES',
    key: 'batchLanes',
    default: '2',
    secret: false,
    meaning: 'parts of batches this process works on at a time; 0 leaves them to `tcs worker`',
  },
  {
    name: 'TCS_BATCH_CHUNK',
    key: 'batchChunk',
    default: '500',
    secret: false,
    meaning: 'CSRs in one such part',
  },
  {
    name: 'TCS_BATCH_RETENTION_DAYS',
    key: 'batchRetentionDays',
    default: '30',
    secret: false,
    meaning: 'how long the result of a batch can be fetched',
  },
  {
    name: 'TCS_LIVE_TIMINGS',
    key: 'liveTimings',
    default: 'off',
    secret: false,
    meaning: 'off; on: batches are worked on from 20:00 to 08:00 (Europe/London); or another window',
  },
  {
    name: 'TCS_LABORATORY_KEYS',
    key: 'laboratoryKeys',
    default: 'off',
    secret: false,
    meaning: 'on: keys are made for laboratories whose agreement allows it',
  },
  {
    name: 'TCS_DROP_FOLDER',
    key: 'dropFolder',
    default: 'none',
    secret: false,
    meaning: 'folder from which batches are taken: <SIGNIFIER>/<CATEGORY>/<PURPOSE>/',
  },
  {
    name: 'TCS_DROP_CREDENTIALS',
    key: 'dropCredentials',
    default: 'none',
    secret: false,
    meaning: 'prefixes of the tokens as whose owners they are handed in, one for each participant',
  },
  {
    name: 'TCS_WEBHOOK_TARGETS',
    key: 'webhookTargets',
    default: 'public',
    secret: false,
    meaning:
      'where webhooks go: public (https), private (also to private networks), any (also http; for tests)',
  },
];
