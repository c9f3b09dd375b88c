import { rmSync } from 'node:fs';
import { stat, type FileHandle } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { Fault } from '../domain/fault.ts';
import { notWritten } from '../keys/new-file.ts';
import { CHANNELS } from '../domain/certificate-request.ts';
import { clientOf, isPassing, type ApiClient, type ApiOptions } from './api-client.ts';
import { print, type OutputOptions } from './output.ts';
import { interruptible, openScreen } from './screen.ts';
import { writeNew } from './write-new.ts';

/** batch result: over the API, as a participant's own program would. */
export function batchResultCommand(batch: Command): void {
  batch
    .command('result')
    .argument('<id>', 'of the batch')
    .description('fetch the result of a batch that has ended; a line that breaks is taken up where it broke')
    .requiredOption('--url <url>', 'the running service, e.g. http://127.0.0.1:8080')
    .requiredOption('--token-file <file>', 'file that holds the token; - for standard input')
    .requiredOption('--out <file>', 'where to put it, nothing being there: .zip, or .ndjson for lines')
    .option('--channel <channel>', `over which it goes out: ${CHANNELS.join(', ')}`, 'INTERNET')
    .option('--json', 'one JSON value')
    .addHelpText(
      'after',
      '\nExample:\n  $ tcs batch result 6e0f… --out meters-response.zip --url http://127.0.0.1:8080 --token-file token.txt',
    )
    .action(async (id: string, options: ResultOptions) => {
      const { out, channel } = options;
      const accept = out.endsWith('.ndjson') ? 'application/x-ndjson' : 'application/zip';
      const path = `/v1/batches/${encodeURIComponent(id)}/result?channel=${channel}`;
      // Certificates are no secret.
      await writeNew({ out, mode: 0o666 }, async (file, draft) => {
        const removed = () => {
          rmSync(draft, { force: true });
          return `Nothing was written to ${out}.`;
        };
        await interruptible(removed, () => fetchInto({ file, out }, path, accept, clientOf(options)));
      });
      const { size } = await stat(out);
      print(options, { file: out, octets: size }, () => `${out}: ${String(size)} octets`);
    });
}

interface ResultOptions extends OutputOptions, ApiOptions {
  readonly out: string;
  readonly channel: string;
}

/**
 * Fetches what stands at a path; what is there of it already is not fetched again as long as it is the very same. That it
 * is tried again, and why, is told once for each place where it breaks.
 */
async function fetchInto(
  { file, out }: Output,
  path: string,
  accept: string,
  client: ApiClient,
): Promise<void> {
  let written = 0;
  let tag = '';
  const screen = openScreen();
  for (let tries = 1; ; tries += 1)
    try {
      const range = written === 0 ? {} : { Range: `bytes=${String(written)}-`, 'If-Range': tag };
      const { body, headers, status } = await client.download(path, accept, range);
      if (status !== 206) written = 0;
      await file.truncate(written);
      tag = headers.get('etag') ?? '';
      for await (const piece of body) {
        await writeAll({ file, out }, piece, written);
        written += piece.length;
        tries = 1;
      }
      screen.end();
      return;
    } catch (error) {
      if (!(error instanceof Fault) || !goesOn(error) || tries >= MOST_TRIES) {
        screen.end();
        throw error;
      }
      const count = `${String(tries + 1)} of ${String(MOST_TRIES)}`;
      screen.draw(`${error.message} Trying again (${count}).`, `away at ${String(written)}`);
      await pause(AGAIN);
    }
}

/** A draft, and the name that it is to have. */
interface Output {
  readonly file: FileHandle;
  readonly out: string;
}

async function writeAll({ file, out }: Output, piece: Uint8Array, place: number): Promise<void> {
  for (let done = 0; done < piece.length;) {
    const { bytesWritten } = await file
      .write(piece, done, piece.length - done, place + done)
      .catch((cause: unknown) => {
        throw notWritten(out, cause);
      });
    done += bytesWritten;
  }
}

/** A batch that has not ended may take its time: that is told at once. */
const goesOn = (error: Fault) => isPassing(error) && error.code !== 'request-in-progress';

/** Milliseconds; a minute of them. */
const AGAIN = 2000;
const MOST_TRIES = 30;
