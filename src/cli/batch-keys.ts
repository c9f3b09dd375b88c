import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, open, rm } from 'node:fs/promises';
import type { Command } from 'commander';
import { Fault } from '../domain/fault.ts';
import { clientOf, type ApiOptions } from './api-client.ts';
import { print, type OutputOptions } from './output.ts';

/** batch keys: fetches generated keys, which are given once, and acknowledges them when they are safe on the disk. */
export function batchKeysCommand(batch: Command): void {
  batch
    .command('keys')
    .argument('<id>', 'of the batch')
    .description(
      'fetch the keys that the service made, still encrypted: they are given once; a download that breaks off can be repeated',
    )
    .requiredOption('--url <url>', 'the running service, e.g. http://127.0.0.1:8080')
    .requiredOption('--token-file <file>', 'file that holds the token; - for standard input')
    .requiredOption('--out <file>', 'where to put them, nothing being there')
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
      let arrived = false;
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
            'What came is not what was sent; nothing was acknowledged. Fetch them again; if the service says that they are gone, ask for new keys with another batch.',
          );
        arrived = true;
        // Nobody else has them now: where they cannot have their name, they stay under that of the draft.
        await link(draft, out).catch((cause: unknown) => {
          throw new Fault('conflict', `The keys are in ${draft}; ${out} could not be written.`, { cause });
        });
        await rm(draft, { force: true });
      } finally {
        await file.close().catch(() => undefined);
        if (!arrived) await rm(draft, { force: true });
      }
      const told = { file: out, sha256: sha256.digest('hex'), acknowledged: true };
      await client.post(`${path}/receipt`, { sha256: told.sha256 });
      print(options, told, () => `${out}: received; the service no longer has them`);
    });
}

interface KeysOptions extends OutputOptions, ApiOptions {
  readonly out: string;
}

const isThere = (out: string) => new Fault('conflict', `${out} is there already; it was left as it is.`);
