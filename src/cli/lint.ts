import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { Fault } from '../domain/fault.ts';
import { loadRefused } from '../ca/refused.ts';
import { readConfig } from '../config.ts';
import { checkCertificate, type CertificateVerdict } from '../lint/check-certificate.ts';
import { loadProfiles } from '../profiles/load-profiles.ts';
import { DerError } from '../x509/der.ts';
import { decodeCertificateInput } from '../x509/pem.ts';
import { print, type OutputOptions } from './output.ts';

/** lint: certificates against their profiles; needs neither database nor keys. */
export function lintCommand(tcs: Command): void {
  tcs
    .command('lint')
    .argument('<file...>', 'certificates, PEM or DER')
    .description('hold certificates against their profiles, rule by rule')
    .option('--profile <profile>', 'the profile; without it the one that the certificate looks like')
    .option('--json', 'one JSON value')
    .addHelpText(
      'after',
      '\nExit code 65 when any of them fails.\n\nExample:\n  $ tcs lint meter1.crt.pem gateway.crt.pem',
    )
    .action((files: readonly string[], options: OutputOptions & { readonly profile?: string }) => {
      const { templatesDir } = readConfig(process.env);
      const profiles = [...loadProfiles(templatesDir).profiles.values()];
      const { commonNames } = loadRefused(templatesDir);
      const verdicts = files.map((file) => ({
        file,
        ...checkCertificate(readCertificateOctets(file), profiles, commonNames, new Date(), options.profile),
      }));
      print(options, verdicts, () => verdicts.map(verdictText).join('\n'));
      const failed = verdicts.filter((one) => one.verdict === 'FAIL').length;
      if (failed > 0)
        throw new Fault('certificate-unreadable', `${String(failed)} of ${String(files.length)} fail.`);
    });
}

function verdictText({
  file,
  verdict,
  profile,
  findings,
}: CertificateVerdict & { readonly file: string }): string {
  const lines = findings.map(
    (one) => `  ${one.severity.padEnd(6)}${one.detail}\n        ${one.rule} (${one.clause})`,
  );
  return [`${verdict}  ${path.basename(file)}  as ${profile}`, ...lines].join('\n');
}

function readCertificateOctets(file: string): Buffer {
  let octets: Buffer;
  try {
    octets = readFileSync(file);
  } catch (cause) {
    throw new Fault('not-found', `${file} cannot be read.`, { cause });
  }
  try {
    return decodeCertificateInput(octets);
  } catch (error) {
    if (error instanceof DerError) throw new Fault('certificate-unreadable', `${file}: ${error.message}.`);
    throw error;
  }
}
