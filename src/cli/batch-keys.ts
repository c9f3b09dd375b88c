import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import { CHANNELS } from '../domain/certificate-request.ts';
import { Fault } from '../domain/fault.ts';
import { clientOf, type ApiOptions } from './api-client.ts';
import { explainFault } from './fault-text.ts';
import { print, type OutputOptions } from './output.ts';
import { writeNew } from './write-new.ts';

/** batch keys: fetches generated keys, which are given once, and acknowledges them when they are safe on the disk. */
export function batchKeysCommand(batch: Command): void {
  batch
    .command('keys')
    .argument('<id>', 'of the batch')
    .description(
      'fetch the keys that the service made, still encrypted: they are given once; a download can be repeated that broke off before the service had sent the last octet',
    )
    .requiredOption('--url <url>', 'the running service, e.g. http://127.0.0.1:8080')
    .requiredOption('--token-file <file>', 'file that holds the token; - for standard input')
    .requiredOption('--out <file>', 'where to put them, nothing being there')
    .option('--channel <channel>', `over which they go out: ${CHANNELS.join(', ')}`, 'INTERNET')
    .option('--json', 'one JSON value')
    .addHelpText(
      'after',
      '\nExample:\n  $ tcs batch keys 6e0f… --out keys.p7m --url http://127.0.0.1:8080 --token-file token.txt\n' +
        '  $ openssl cms -decrypt -binary -inform DER -in keys.p7m -inkey lab.key -out keys.zip',
    )
    .action(async (id: string, options: KeysOptions) => {
      const { out, channel } = options;
      const client = clientOf(options);
      const path = `/v1/batches/${encodeURIComponent(id)}/keys`;
      const sha256 = await writeNew({ out, once: true }, async (file) => {
        const { body, headers } = await client.download(
          `${path}?channel=${channel}`,
          'application/pkcs7-mime',
        );
        const hash = createHash('sha256');
        for await (const piece of body) {
          hash.update(piece);
          await file.writeFile(piece);
        }
        const digest = hash.digest('hex');
        if (headers.get('etag') !== `"${digest}"`)
          throw new Fault(
            'result-invalid',
            'What came is not what was sent; nothing was acknowledged. Fetch them again; if the service says that they are gone, ask for new keys with another batch.',
          );
        return digest;
      });
      // The service removes them with the last octet: without a receipt they are received all the same.
      await client.post(`${path}/receipt`, { sha256 }).catch((fault: unknown) => {
        process.stderr.write(`The keys are in ${out}; the receipt failed: ${explainFault(fault)}\n`);
      });
      print(options, { file: out, sha256 }, () => `${out}: received whole`);
    });
}

interface KeysOptions extends OutputOptions, ApiOptions {
  readonly out: string;
  readonly channel: string;
}
