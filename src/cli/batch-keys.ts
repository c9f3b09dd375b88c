import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, open, rm } from 'node:fs/promises';
import type { Command } from 'commander';
import { Fault } from '../domain/fault.ts';
import { clientOf, type ApiOptions } from './api-client.ts';
import { print, type OutputOptions } from './output.ts';

/** batch keys: fetches generated keys, and only when they are safe on the disk tells the service to remove them. */
export function batchKeysCommand(batch: Command): void {
  batch
    .command('keys')
    .argument('<id>', 'of the batch')
    .description(
      'fetch the keys that the service made, still encrypted, and acknowledge them: the service then removes them',
    )
    .requiredOption('--url <url>', 'the running service, e.g. http://127.0.0.1:8080')
    .requiredOption('--token-file <file>', 'file that holds the token; - for standard input')
    .requiredOption('--out <file>', 'where to put them, nothing being there')
    .option('--keep', 'do not acknowledge: they can be fetched again')
    .option('--json', 'one JSON value')
    .addHelpText(
      'after',
      '\nExample:\n  $ tcs batch keys 6e0f… --out keys.p7m --url http://127.0.0.1:8080 --token-file token.txt\n' +
        '  $ openssl cms -decrypt -binary -inform DER -in keys.p7m -inkey lab.key -out keys.zip',
    )
    .action(async (id: string, options: KeysOptions) => {
      const { out } = options;
      const client = clientOf(options);
      const path = `/v1/batches/${encodeURIComponent(id)}/keys`;
      if (existsSync(out)) throw isThere(out);
      const draft = `${out}.${String(process.pid)}.new`;
      const file = await open(draft, 'wx', 0o600).catch((cause: unknown) => {
        throw new Fault('output-unwritable', `${out} cannot be written.`, { cause });
      });
      const sha256 = createHash('sha256');
      try {
        const { body, headers } = await client.download(path, 'application/pkcs7-mime');
        for await (const piece of body) {
          sha256.update(piece);
          await file.writeFile(piece);
        }
        await file.sync();
        await file.close();
        const digest = sha256.copy().digest('hex');
        if (headers.get('etag') !== `"${digest}"`)
          throw new Fault(
            'result-invalid',
            'The keys did not come whole; nothing was acknowledged. Fetch them again.',
          );
        await link(draft, out).catch((cause: unknown) => {
          throw (cause as NodeJS.ErrnoException).code === 'EEXIST' ? isThere(out) : cause;
        });
      } finally {
        await file.close().catch(() => undefined);
        await rm(draft, { force: true });
      }
      const told = { file: out, sha256: sha256.digest('hex'), acknowledged: options.keep !== true };
      if (told.acknowledged) await client.post(`${path}/receipt`, { sha256: told.sha256 });
      print(
        options,
        told,
        () =>
          `${out}: ${told.acknowledged ? 'received; the service no longer has them' : 'received; the service still has them'}`,
      );
    });
}

interface KeysOptions extends OutputOptions, ApiOptions {
  readonly out: string;
  readonly keep?: true;
}

const isThere = (out: string) => new Fault('conflict', `${out} is there already; it was left as it is.`);
