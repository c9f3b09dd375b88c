import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { ENDED_STATES, type BatchState, type ItemStatus } from '../domain/batch.ts';
import { Fault } from '../domain/fault.ts';
import { ApiClient } from './api-client.ts';
import { describeValue } from './describe-value.ts';
import { print, type OutputOptions } from './output.ts';

/** batch submit, batch result: over the API, as a participant's own program would. */
export function batchTransferCommands(batch: Command): void {
  batch
    .command('submit')
    .argument('<file>', '.zip of .csr files, .ndjson or .csv')
    .description('hand a batch in; with --wait its progress is shown until its end')
    .requiredOption('--url <url>', 'the running service, e.g. http://127.0.0.1:8080')
    .requiredOption('--token-file <file>', 'file that holds the token; - for standard input')
    .requiredOption('--category <category>', 'ORGANISATION, DEVICE or DCCKI')
    .requiredOption('--purpose <purpose>', 'one of GET /v1/categories')
    .option('--environment <environment>', 'test environment')
    .option('--profile <profile>', 'without it the profile that fits each CSR')
    .option('--on-behalf-of <signifier>', 'the participant for whom the DCC asks')
    .option('--name <name>', 'names the result; without it the name of the file')
    .option('--dry-run', 'only the report it would give')
    .option('--idempotency-key <key>', 'the same key does it once; a new one each time without it')
    .option('--wait', 'show its progress until it has ended')
    .option('--json', 'one JSON value')
    .addHelpText(
      'after',
      '\nExample:\n  $ tcs batch submit meters.zip --category DEVICE --purpose DEVICE_AND_USER_SYSTEM_TESTS --wait \\\n      --url http://127.0.0.1:8080 --token-file token.txt',
    )
    .action(async (file: string, options: SubmitOptions) => {
      const client = new ApiClient(options.url, readToken(options.tokenFile));
      const answer = await client.upload(addressOf(file, options), await openUpload(file), {
        'Content-Type': contentTypeOf(file),
        'Idempotency-Key': options.idempotencyKey ?? randomUUID(),
      });
      const last = options.wait && !options.dryRun ? await watch(answer as Progress, client) : answer;
      print(options, last, () => describeValue(last));
      if (isProgress(last) && (last.state === 'REJECTED' || last.state === 'TAMPERED'))
        throw new Fault('malformed-request', `The batch is ${last.state}.`, { reasons: last.reasons });
    });

  batch
    .command('result')
    .argument('<id>', 'of the batch')
    .description('fetch the result of a batch that has ended')
    .requiredOption('--url <url>', 'the running service, e.g. http://127.0.0.1:8080')
    .requiredOption('--token-file <file>', 'file that holds the token; - for standard input')
    .requiredOption('--out <file>', 'where to put it: .zip, or .ndjson for lines')
    .option('--json', 'one JSON value')
    .addHelpText(
      'after',
      '\nExample:\n  $ tcs batch result 6e0f… --out meters-response.zip --url http://127.0.0.1:8080 --token-file token.txt',
    )
    .action(async (id: string, options: ResultOptions) => {
      const client = new ApiClient(options.url, readToken(options.tokenFile));
      const accept = options.out.endsWith('.ndjson') ? 'application/x-ndjson' : 'application/zip';
      const body = await client.download(`/v1/batches/${encodeURIComponent(id)}/result`, accept);
      const draft = `${options.out}.${String(process.pid)}.new`;
      try {
        await pipeline(Readable.fromWeb(body as never), createWriteStream(draft, { flags: 'wx' }));
        await rename(draft, options.out);
      } finally {
        await rm(draft, { force: true });
      }
      const { size } = await stat(options.out);
      print(options, { file: options.out, octets: size }, () => `${options.out}: ${String(size)} octets`);
    });
}

interface SubmitOptions extends OutputOptions {
  readonly url: string;
  readonly tokenFile: string;
  readonly category: string;
  readonly purpose: string;
  readonly environment?: string;
  readonly profile?: string;
  readonly onBehalfOf?: string;
  readonly name?: string;
  readonly dryRun?: true;
  readonly idempotencyKey?: string;
  readonly wait?: true;
}

interface ResultOptions extends OutputOptions {
  readonly url: string;
  readonly tokenFile: string;
  readonly out: string;
}

/** What the command line reads of a batch object. */
interface Progress {
  readonly id: string;
  readonly state: BatchState;
  readonly items: number | null;
  readonly progress: {
    readonly settled: number;
    readonly counts: Readonly<Record<ItemStatus, number>>;
    readonly perSecond?: number;
    readonly secondsLeft?: number;
  };
  readonly reasons: Fault['reasons'];
}

const isProgress = (value: unknown): value is Progress =>
  typeof value === 'object' && value !== null && 'state' in value;

function addressOf(file: string, options: SubmitOptions): string {
  const { category, purpose, environment, profile, onBehalfOf, dryRun } = options;
  const name = options.name ?? path.parse(file).name.replace(/[^A-Za-z0-9._ -]/g, '-');
  const asked = { category, purpose, environment, profile, onBehalfOf, name, dryRun: dryRun && 'true' };
  const given = Object.entries(asked).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return `/v1/batches?${new URLSearchParams(given).toString()}`;
}

function contentTypeOf(file: string): string {
  const type = CONTENT_TYPES.get(path.extname(file).toLowerCase());
  if (type !== undefined) return type;
  throw new Fault('malformed-request', `${file} ends with none of ${[...CONTENT_TYPES.keys()].join(', ')}.`);
}

async function openUpload(file: string): Promise<ReadableStream> {
  await stat(file).catch((cause: unknown) => {
    throw new Fault('not-found', `${file} cannot be read.`, { cause });
  });
  return Readable.toWeb(createReadStream(file)) as ReadableStream;
}

/** Looks again and again until the end, and draws a bar on a terminal's stderr; elsewhere a line for each change of state. */
async function watch(first: Progress, client: ApiClient): Promise<Progress> {
  let told = '';
  for (let batch = first; ;) {
    const line = progressLine(batch);
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
    else if (batch.state !== told) process.stderr.write(`${line}\n`);
    told = batch.state;
    if (ENDED_STATES.includes(batch.state) || batch.state === 'PREPARED') {
      if (process.stderr.isTTY) process.stderr.write('\n');
      return batch;
    }
    await pause(LOOK);
    batch = (await client.get(`/v1/batches/${batch.id}`)) as Progress;
  }
}

/** `PROCESSING  [############............]  50%  25,000 of 50,000  9,800/s  3 s left  12 failed` */
export function progressLine({ state, items, progress }: Progress): string {
  if (items === null) return state;
  const { settled, counts, perSecond, secondsLeft } = progress;
  const share = items === 0 ? 1 : settled / items;
  const done = Math.round(share * BAR);
  const number = (value: number) => value.toLocaleString('en-GB');
  const failed = settled - counts.SUCCESS;
  return [
    state.padEnd(10),
    `[${'#'.repeat(done)}${'.'.repeat(BAR - done)}]`,
    `${String(Math.floor(share * 100)).padStart(3)}%`,
    `${number(settled)} of ${number(items)}`,
    ...(perSecond === undefined ? [] : [`${number(perSecond)}/s`]),
    ...(secondsLeft === undefined ? [] : [`${number(secondsLeft)} s left`]),
    ...(failed === 0 ? [] : [`${number(failed)} failed`]),
  ].join('  ');
}

function readToken(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').trim();
  } catch (cause) {
    throw new Fault('not-found', `${file} cannot be read.`, { cause });
  }
}

const CONTENT_TYPES = new Map([
  ['.zip', 'application/zip'],
  ['.ndjson', 'application/x-ndjson'],
  ['.jsonl', 'application/x-ndjson'],
  ['.csv', 'text/csv'],
]);
const BAR = 24;
/** Milliseconds. */
const LOOK = 500;
