import path from 'node:path';
import { z } from 'zod';
import { RULE_SETS } from './eligibility/rule-sets.ts';
import { parseEui64Range } from './domain/eui64.ts';
import { FEED_STALE_DAYS, FEED_VANISHING_PERCENT } from './domain/feed.ts';
import { LIVE_WINDOW, parseTimings } from './domain/live-timings.ts';
import { WEBHOOK_TARGETS } from './domain/webhook.ts';
import { MOST_BATCH_ITEMS } from './domain/batch.ts';

const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'a whole number')
    .transform(Number)
    .refine((value) => value >= least && value <= most, `from ${least} to ${most}`);

/** How each setting is read from its text, and what it is when it is not given. */
export const CONFIG_SCHEMA = z.object({
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
  TCS_RULE_SETS_DIR: z
    .string()
    .default(RULE_SETS)
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
  TCS_FEED_STALE_DAYS: whole(1, 365).default(FEED_STALE_DAYS),
  TCS_FEED_VANISHING_PERCENT: whole(0, 100).default(FEED_VANISHING_PERCENT),
  TCS_TEST_BLOCK: z
    .string()
    .refine(
      (text) => parseEui64Range(text) !== undefined,
      'a range of EUI-64s, such as 90-B3-D5-1F-40-00-00-00 to 90-B3-D5-1F-4F-FF-FF-FF',
    )
    .transform(parseEui64Range)
    .optional(),
  TCS_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  TCS_RATE_LIMIT: whole(1, 100_000_000).default(6000),
  TCS_TRUSTED_PROXIES: whole(0, 10).default(0),
  TCS_REQUEST_SECONDS: whole(1, 3600).default(60),
  TCS_SHUTDOWN_SECONDS: whole(1, 600).default(8),
  TCS_BATCH_ITEMS: whole(1, MOST_BATCH_ITEMS).default(50_000),
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
