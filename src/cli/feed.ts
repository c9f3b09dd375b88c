import path from 'node:path';
import type { Command } from 'commander';
import { Fault } from '../domain/fault.ts';
import { clientOf, isPassing, type ApiOptions } from './api-client.ts';
import { print, type OutputOptions } from './output.ts';
import { MOST, readOctets } from './read-file.ts';

/** feeds import: the SECAS feed and its signature, over the API of a running service. */
export function feedCommands(tcs: Command): void {
  const feeds =
    tcs.commands.find((one) => one.name() === 'feeds') ??
    tcs.command('feeds').description('feeds of the registry, over the API');
  feeds
    .command('import')
    .argument('<file>', 'the feed, .csv or .xlsx')
    .description(
      'send the SECAS feed with its detached signature; everything is taken, or nothing (SECAS_FEED)',
    )
    .requiredOption('--signature <file>', 'CMS, or the signature alone')
    .requiredOption('--url <url>', 'the running service, e.g. http://127.0.0.1:8080')
    .requiredOption('--token-file <file>', 'file that holds the token; - for standard input')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--json', 'one JSON value')
    .addHelpText(
      'after',
      '\nExample:\n  $ openssl cms -sign -binary -in feed.csv -signer secas.pem -inkey secas.key -outform DER -out feed.p7s\n' +
        '  $ tcs feeds import feed.csv --signature feed.p7s --dry-run --url http://127.0.0.1:8080 --token-file secas.txt\n\n' +
        `Where no answer comes: ${AGAIN}`,
    )
    .action(async (file: string, options: FeedOptions) => {
      const client = clientOf(options);
      const asked = new URLSearchParams({
        fileName: path.basename(file),
        dryRun: String(options.dryRun ?? false),
      });
      const body = new Blob([new Uint8Array(readOctets(file, MOST.text))]).stream();
      const headers = {
        'Content-Type': typeOf(file),
        'Feed-Signature': readOctets(options.signature, MOST.several).toString('base64'),
      };
      const report = (await client
        .upload(`/v1/feeds?${asked.toString()}`, body, headers)
        .catch((error: unknown) => {
          throw options.dryRun ? error : withWayOn(error);
        })) as { readonly applied: boolean; readonly text: string };
      const outcome = report.applied ? 'Taken.' : 'Nothing was changed.';
      print(options, report, () => `${report.text.trimEnd()}\n${outcome}`);
    });
}

interface FeedOptions extends OutputOptions, ApiOptions {
  readonly signature: string;
  readonly dryRun?: true;
}

/** Without an answer nobody knows whether the feed was taken; then the fault says what is safe to do. */
function withWayOn(error: unknown): unknown {
  if (!(error instanceof Fault) || !(isPassing(error) || error.code === 'answer-unknown')) return error;
  return new Fault(error.code, error.message, { reasons: error.reasons, fix: AGAIN, cause: error });
}

/** An import is one transaction (docs/secas-feed.md). */
const AGAIN =
  'Send the same file again: a feed is taken as a whole or not at all, and one that was taken is refused as no newer version. ' +
  'tcs feeds list shows which version holds.';

const typeOf = (file: string) =>
  /\.xlsx$/i.test(file) ? 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' : 'text/csv';
