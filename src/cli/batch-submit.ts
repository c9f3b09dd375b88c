import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { Command } from 'commander';
import { CHANNELS } from '../domain/certificate-request.ts';
import { Fault } from '../domain/fault.ts';
import { clientOf, isPassing, type ApiClient, type ApiOptions } from './api-client.ts';
import { describeValue } from './describe-value.ts';
import { print, type OutputOptions } from './output.ts';
import { requireFile } from './read-file.ts';
import { interruptible, openScreen, type Screen } from './screen.ts';
import { bar, watchBatch, type WatchedBatch } from './watch-batch.ts';

/** batch submit: over the API, as a participant's own program would. */
export function batchSubmitCommand(batch: Command): void {
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
    .option(
      '--channel <channel>',
      `over which its certificates go out: ${CHANNELS.join(', ')}; INTERNET without it`,
    )
    .option('--replacement', 'for devices that have certificates already; each that has none is refused')
    .option('--on-behalf-of <signifier>', 'for the DCC: the participant for whom it is, DCC for itself')
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
      const client = clientOf(options);
      const answer = await send(file, options, client);
      if (!isBatch(answer)) {
        print(options, answer, () => describeRehearsal(answer as RehearsedBatch));
        return;
      }
      const last = options.wait ? await watchBatch(answer, client, reachOf(options)) : answer;
      const { reasons, ...rest } = last;
      print(options, last, () => [describeValue(rest), ...nextSteps(last, options)].join('\n'));
      if (last.state === 'REJECTED' || last.state === 'TAMPERED')
        throw new Fault('malformed-request', `The batch is ${last.state}.`, { reasons });
    });
}

interface SubmitOptions extends OutputOptions, ApiOptions {
  readonly category: string;
  readonly purpose: string;
  readonly environment?: string;
  readonly profile?: string;
  readonly channel?: string;
  readonly replacement?: true;
  readonly onBehalfOf?: string;
  readonly name?: string;
  readonly dryRun?: true;
  readonly idempotencyKey?: string;
  readonly wait?: true;
}

function addressOf(file: string, options: SubmitOptions): string {
  const { category, purpose, environment, profile, channel, onBehalfOf } = options;
  const name = options.name ?? path.parse(file).name.replace(/[^A-Za-z0-9._ -]/g, '-');
  const replacement = options.replacement && 'true';
  const dryRun = options.dryRun && 'true';
  const asked = { category, purpose, environment, profile, channel, replacement, onBehalfOf, name, dryRun };
  const given = Object.entries(asked).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return `/v1/batches?${new URLSearchParams(given).toString()}`;
}

function contentTypeOf(file: string): string {
  const type = CONTENT_TYPES.get(path.extname(file).toLowerCase());
  if (type !== undefined) return type;
  throw new Fault('malformed-request', `${file} ends with none of ${[...CONTENT_TYPES.keys()].join(', ')}.`);
}

/**
 * Sends the file; on a terminal one sees how far it is. Whatever breaks the line, the same Idempotency-Key makes one batch
 * of two attempts, so it is told.
 */
async function send(file: string, options: SubmitOptions, client: ApiClient): Promise<unknown> {
  const key = options.idempotencyKey ?? randomUUID();
  const again = `Send it again with --idempotency-key ${key}: if it was taken already, it still is one batch.`;
  const address = addressOf(file, options);
  const headers = { 'Content-Type': contentTypeOf(file), 'Idempotency-Key': key };
  const size = await requireFile(file);
  const screen = openScreen();
  const body = Readable.toWeb(Readable.from(told(file, size, screen), { objectMode: false }));
  return interruptible(
    () => again,
    async () => {
      try {
        return await client.upload(address, body as ReadableStream, headers);
      } catch (error) {
        if (!(error instanceof Fault) || !isPassing(error) || options.dryRun) throw error;
        throw new Fault(error.code, `${error.message} ${again}`, { reasons: error.reasons, cause: error });
      } finally {
        screen.end();
      }
    },
  );
}

/** The octets of a file, and how many of them are under way. */
async function* told(file: string, size: number, screen: Screen) {
  let sent = 0;
  for await (const piece of createReadStream(file) as AsyncIterable<Buffer>) {
    yield piece;
    sent += piece.length;
    screen.draw(`SENDING     ${bar(Math.min(1, sent / size))}  of ${(size / 1e6).toFixed(1)} MB`, '');
  }
}

const isBatch = (value: unknown): value is WatchedBatch =>
  typeof value === 'object' && value !== null && 'state' in value;

interface RehearsedBatch {
  readonly cost: object;
  readonly failures: readonly object[];
}

/** What would become of it, what it would use, and what would fail. */
const describeRehearsal = ({ cost, failures, ...rest }: RehearsedBatch): string =>
  [describeValue(rest), describeValue(cost), describeValue({ failures })].join('\n\n');

function nextSteps({ id, name, state }: WatchedBatch, options: ApiOptions): string[] {
  // With a token of that person: this one's is refused.
  if (state === 'PREPARED')
    return [
      `\nAnother person of the DCC approves it, with a token of their own:\n  tcs batch approve ${id} --url ${options.url} --token-file FILE`,
    ];
  if (state !== 'COMPLETED' && state !== 'CANCELLED') return [];
  return [
    `\nFetch its certificates and report:\n  tcs batch result ${id} --out '${name}-response.zip' ${reachOf(options)}`,
  ];
}

/** What makes another command reach the same service as the same caller. */
const reachOf = ({ url, tokenFile }: ApiOptions) => `--url ${url} --token-file ${tokenFile}`;

const CONTENT_TYPES = new Map([
  ['.zip', 'application/zip'],
  ['.ndjson', 'application/x-ndjson'],
  ['.jsonl', 'application/x-ndjson'],
  ['.csv', 'text/csv'],
]);
