import { writeFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { authoritiesFolder, requireDataFolder, requirePassphrase } from '../app.ts';
import { readConfig, type Config } from '../config.ts';
import { systemRandom } from '../domain/serial-number.ts';
import { Fault } from '../domain/fault.ts';
import type { Authority } from '../ca/authority.ts';
import { createAuthorities, missingAuthorities } from '../ca/create-authorities.ts';
import { openHierarchy } from '../ca/hierarchy.ts';
import { loadRefused } from '../ca/refused.ts';
import { authorityName } from '../profiles/fill-profile.ts';
import { describeKey, describeValidity } from '../profiles/describe-profile.ts';
import { loadProfiles } from '../profiles/load-profiles.ts';
import type { AuthorityTemplate } from '../profiles/profile.ts';
import { formatName } from '../x509/name.ts';
import { encodePem } from '../x509/pem.ts';
import { print, shortInstant, table, type OutputOptions } from './output.ts';

/** ca init, ca list, ca export. */
export function authorityCommands(tcs: Command): void {
  const ca = tcs
    .command('ca')
    .description('the test CAs: make them, look at them, export their certificates');

  ca.command('init')
    .description('make the test CAs that are missing; shows what it will sign and asks first')
    .option('--yes', 'do not ask')
    .option('--json', 'one JSON value')
    .addHelpText('after', '\nExample:\n  $ TCS_KEY_PASSPHRASE_FILE=/run/secrets/ca tcs ca init --yes')
    .action(async (options: OutputOptions & { readonly yes?: true }) => {
      const config = readConfig(process.env);
      const passphrase = requirePassphrase(config);
      requireDataFolder(config);
      const profiles = loadProfiles(config.templatesDir);
      const folder = authoritiesFolder(config);
      const missing = missingAuthorities({ folder, profiles });
      if (missing.length > 0) {
        process.stderr.write(`To be signed, with keys in ${folder}:\n${planText(missing)}\n`);
        if (!options.yes && !(await confirmed())) throw new Fault('malformed-request', 'Nothing was signed.');
      }
      const created = createAuthorities({
        folder,
        passphrase,
        profiles,
        now: new Date(),
        fillRandom: systemRandom,
      });
      print(options, created.map(summary), () =>
        created.length === 0 ? 'Every test CA is there already.' : `Made:\n${authoritiesText(created)}`,
      );
    });

  ca.command('list')
    .description('the test CAs')
    .option('--json', 'one JSON value')
    .action((options: OutputOptions) => {
      const { authorities } = openConfigured();
      print(options, authorities.map(summary), () => authoritiesText(authorities));
    });

  ca.command('export')
    .description('the certificates of the test CAs, to standard output as one PEM bundle or into a folder')
    .option('--category <category>', 'ORGANISATION, DEVICE or DCCKI only')
    .option('--out <folder>', 'one file for each, instead of standard output')
    .option('--format <format>', 'pem or der (der with --out)', 'pem')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tcs ca export > trust-anchors.pem\n  $ tcs ca export --category DEVICE --format der --out anchors',
    )
    .action(({ category, out, format }: { category?: string; out?: string; format: string }) => {
      if (format !== 'pem' && format !== 'der')
        throw new Fault('malformed-request', '--format is pem or der.');
      const wanted = openConfigured().authorities.filter(
        (one) => category === undefined || one.category === category.toUpperCase(),
      );
      if (wanted.length === 0)
        throw new Fault('not-found', `There is no test CA of the category ${category ?? ''}.`);
      if (out === undefined && format === 'der')
        throw new Fault('malformed-request', 'DER needs --out: one file for each.');
      if (out === undefined)
        process.stdout.write(wanted.map((one) => encodePem('CERTIFICATE', one.certificate)).join(''));
      else exportTo(out, format, wanted);
    });
}

function exportTo(folder: string, format: 'pem' | 'der', authorities: readonly Authority[]): void {
  mkdirSync(folder, { recursive: true });
  for (const { name, certificate } of authorities) {
    const file = path.join(folder, `${name}.${format === 'pem' ? 'crt.pem' : 'crt'}`);
    writeFileSync(file, format === 'pem' ? encodePem('CERTIFICATE', certificate) : certificate);
    process.stderr.write(`wrote ${file}\n`);
  }
}

function openConfigured() {
  const config: Config = readConfig(process.env);
  return openHierarchy(
    {
      folder: authoritiesFolder(config),
      passphrase: requirePassphrase(config),
      profiles: loadProfiles(config.templatesDir),
      refused: loadRefused(config.templatesDir),
    },
    new Date(),
  );
}

async function confirmed(): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new Fault('malformed-request', 'There is no terminal to ask on; add --yes to sign.');
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asking.question('Sign these? [y/N] ');
  asking.close();
  return /^y(es)?$/i.test(answer.trim());
}

function planText(templates: readonly AuthorityTemplate[]): string {
  return table(
    ['authority', 'subject', 'signed by', 'key', 'validity'],
    templates.map((one) => [
      one.authority,
      formatName(authorityName(one)),
      one.issuer,
      describeKey(one.subjectPublicKeyInfo),
      describeValidity(one.validity),
    ]),
    '',
  );
}

function authoritiesText(authorities: readonly Authority[]): string {
  return table(
    ['authority', 'subject', 'kind', 'until', 'serial number'],
    authorities.map((one) => [one.name, one.subject, one.kind, shortInstant(one.notAfter), one.serialNumber]),
    'There is no test CA yet; make them with: tcs ca init',
  );
}

function summary({ name, category, kind, subject, serialNumber, notBefore, notAfter, sha256 }: Authority) {
  return { name, category, kind, subject, serialNumber, notBefore, notAfter, sha256: sha256.toString('hex') };
}
