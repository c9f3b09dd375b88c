import type { Config } from './config.ts';

/** One line of the configuration table: how it is called, read, and explained. */
export interface Setting {
  readonly name: string;
  readonly key: keyof Config;
  readonly default: string;
  readonly meaning: string;
  readonly secret: boolean;
}

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
    name: 'TCS_RULE_SETS_DIR',
    key: 'ruleSetsDir',
    default: 'those of the service',
    secret: false,
    meaning: 'rules of eligibility, quotas, terms, obligations',
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
    name: 'TCS_FEED_STALE_DAYS',
    key: 'feedStaleDays',
    default: '7',
    secret: false,
    meaning: 'age in days, 1 to 365, from which the last SECAS feed is told as stale',
  },
  {
    name: 'TCS_FEED_VANISHING_PERCENT',
    key: 'feedVanishingPercent',
    default: '10',
    secret: false,
    meaning: 'percentage of the Parties and RDPs on record, 0 to 100, that one SECAS feed may leave out',
  },
  {
    name: 'TCS_TEST_BLOCK',
    key: 'testBlock',
    default: 'none: no test-only ID is given',
    secret: false,
    meaning: 'EUI-64s that the DCC gives out for tests only: `FROM to TO`',
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
    meaning:
      'time in which a whole request has to arrive; an upload of a batch: time in which 16 KiB of it have to',
  },
  {
    name: 'TCS_SHUTDOWN_SECONDS',
    key: 'shutdownSeconds',
    default: '8',
    secret: false,
    meaning:
      'time for requests in flight at shutdown; below the grace of what stops it (`docker stop`: 10 s)',
  },
  {
    name: 'TCS_BATCH_ITEMS',
    key: 'batchItems',
    default: '50000',
    secret: false,
    meaning: 'CSRs in one batch, at most, unless an agreement says otherwise',
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
    meaning:
      'off; on: batches are worked on from 20:00 to 08:00 (Europe/London); or another window, as 22:30-04:00',
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
    meaning:
      'prefixes of tokens, commas between, one for each participant: as their owners files are handed in',
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
