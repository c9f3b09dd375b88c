import { createPublicKey } from 'node:crypto';
import type { Command } from 'commander';
import { verifyResult, type ResultVerdict } from '../batches/results/verify-result.ts';
import { Fault } from '../domain/fault.ts';
import { DerError } from '../x509/der.ts';
import { decodeCertificateInput } from '../x509/pem.ts';
import { batchKeysCommand } from './batch-keys.ts';
import { batchResultCommand } from './batch-result.ts';
import { batchSubmitCommand } from './batch-submit.ts';
import { print, type OutputOptions } from './output.ts';
import { MOST, readText, requireFile } from './read-file.ts';

/**
 * batch submit, result and verify; the other commands of this group are rows (`http/batch-routes.ts`). `verify` holds a
 * result against its manifest and needs neither service nor database.
 */
export function batchCommands(tcs: Command): void {
  const batch = tcs.command('batch').description('batches of CSRs and their results');
  batchSubmitCommand(batch);
  batchResultCommand(batch);
  batchKeysCommand(batch);
  batch
    .command('verify')
    .argument('<result.zip>', 'the result of a batch, as it was downloaded')
    .description('verify a result: signature, every hash, every certificate, counts and names')
    .option(
      '--key <file>',
      "the service's public key or certificate, PEM; without it the key inside is used and shown",
    )
    .option('--anchors <file>', 'trust anchors, PEM: roots and issuing CAs (tcs ca export)')
    .option('--json', 'one JSON value')
    .addHelpText(
      'after',
      '\nExit code 65 when anything is wrong.\n\nExample:\n  $ tcs batch verify morning-response.zip --key service.pem --anchors trust-anchors.pem',
    )
    .action(async (file: string, { key, anchors, ...output }: VerifyOptions) => {
      await requireFile(file);
      const verdict = await verifyResult(file, {
        ...(key === undefined ? {} : { key: readKey(key) }),
        ...(anchors === undefined ? {} : { anchors: readAnchors(anchors) }),
      });
      print(output, verdict, () => verdictText(verdict, key !== undefined));
      if (!verdict.passed) throw new Fault('result-invalid', `${file} is not as the service made it.`);
    });
}

interface VerifyOptions extends OutputOptions {
  readonly key?: string;
  readonly anchors?: string;
}

function verdictText({ checks, statement, keySha256 }: ResultVerdict, keyGiven: boolean): string {
  const about =
    statement === undefined
      ? []
      : [
          `${statement.name}: ${statement.category} for ${statement.participant}, ${statement.purpose}`,
          `batch ${statement.batch}, completed ${statement.completedAt}, issued by ${statement.issuer.name}`,
        ];
  const lines = checks.map(
    (one) => `${one.passed ? 'PASS' : 'FAIL'}  ${one.check.padEnd(20)}  ${one.detail}`,
  );
  const hint =
    keyGiven || keySha256 === undefined
      ? []
      : [
          'No --key was given: compare the SHA-256 of the key with that of GET /v1/batch-signing-key, or give that file.',
        ];
  return [...about, ...lines, ...hint].join('\n');
}

function readKey(file: string): Buffer {
  const text = readText(file, MOST.one);
  try {
    return createPublicKey(text).export({ type: 'spki', format: 'der' });
  } catch (cause) {
    throw new Fault('malformed-request', `${file} is neither a public key nor a certificate in PEM.`, {
      cause,
    });
  }
}

function readAnchors(file: string): Buffer[] {
  const blocks =
    readText(file, MOST.several).match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Fault('malformed-request', `${file} holds no certificate in PEM.`);
  try {
    return blocks.map((block) => decodeCertificateInput(Buffer.from(block)));
  } catch (cause) {
    if (cause instanceof DerError)
      throw new Fault('malformed-request', `${file}: ${cause.message}.`, { cause });
    throw cause;
  }
}
