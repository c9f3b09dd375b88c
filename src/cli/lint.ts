import path from 'node:path';
import type { Command } from 'commander';
import { Fault } from '../domain/fault.ts';
import { loadRefused } from '../ca/refused.ts';
import { readConfig } from '../config.ts';
import { checkCertificate, type CertificateVerdict } from '../lint/check-certificate.ts';
import { loadProfiles } from '../profiles/load-profiles.ts';
import { DerError } from '../x509/der.ts';
import { decodeCertificateInput } from '../x509/pem.ts';
import { explainFault, faultValue } from './fault-text.ts';
import { print, type OutputOptions } from './output.ts';
import { MOST, readOctets } from './read-file.ts';

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
      const check = (file: string) =>
        checkCertificate(readCertificateOctets(file), profiles, commonNames, new Date(), options.profile);
      const checked = files.map((file) => checkFile(file, check));
      print(options, checked.map(plain), () => checked.map(outcomeText).join('\n'));
      const failed = checked.filter((one) => 'fault' in one || one.verdict === 'FAIL');
      const [first] = failed;
      if (first === undefined) return;
      const code = 'fault' in first && failed.length === 1 ? first.fault.code : 'certificate-unreadable';
      throw new Fault(code, `${String(failed.length)} of ${String(files.length)} fail or cannot be read.`);
    });
}

type Checked = { readonly file: string } & (CertificateVerdict | { readonly fault: Fault });

/** One that cannot be read counts and does not stop the others; a profile that is none stops all. */
function checkFile(file: string, check: (file: string) => CertificateVerdict): Checked {
  try {
    return { file, ...check(file) };
  } catch (error) {
    if (error instanceof Fault && error.code !== 'malformed-request') return { file, fault: error };
    throw error;
  }
}

const plain = (one: Checked) => ('fault' in one ? { file: one.file, fault: faultValue(one.fault) } : one);

function outcomeText(one: Checked): string {
  // The fault names the file.
  return 'fault' in one ? `NONE  ${explainFault(one.fault)}` : verdictText(one);
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
  const octets = readOctets(file, MOST.one);
  try {
    return decodeCertificateInput(octets);
  } catch (error) {
    if (error instanceof DerError) throw new Fault('certificate-unreadable', `${file}: ${error.message}.`);
    throw error;
  }
}
