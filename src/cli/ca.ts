import { existsSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { authoritiesFolder, requirePassphrase } from '../data-folder.ts';
import { readConfig, type Config } from '../config.ts';
import { CATEGORIES } from '../domain/category.ts';
import { formatInstant } from '../domain/instant.ts';
import { systemRandom } from '../domain/serial-number.ts';
import { Fault } from '../domain/fault.ts';
import type { Authority } from '../ca/authority.ts';
import { authorityFiles, rootsFirst } from '../ca/authority-files.ts';
import {
  findRecordedAuthorities,
  recordAuthorities,
  requireNoCurrent,
  retireAuthorities,
} from '../ca/authority-store.ts';
import { createAuthorities, missingAuthorities } from '../ca/create-authorities.ts';
import { openCertificates, openHierarchy } from '../ca/hierarchy.ts';
import type { Pool } from '../db/pool.ts';
import { loadRefused } from '../ca/refused.ts';
import { authorityName } from '../profiles/fill-profile.ts';
import { describeKey, describeValidity } from '../profiles/describe-profile.ts';
import { loadProfiles } from '../profiles/load-profiles.ts';
import type { AuthorityTemplate } from '../profiles/profile.ts';
import { formatName } from '../x509/name.ts';
import { encodePem } from '../x509/pem.ts';
import { authoritiesText, authoritySummary, printAuthorities } from './ca-list.ts';
import { print, table, type OutputOptions } from './output.ts';
import { withDatabase } from './service-parts.ts';
import { makeFolder, requireNew, writeNew } from './write-new.ts';

/** ca init, ca retire, ca list, ca export. */
export function authorityCommands(tcs: Command): void {
  const ca = tcs
    .command('ca')
    .description('the test CAs: make them, look at them, export their certificates');

  ca.command('init')
    .description('make the test CAs that are missing; shows what it will sign and asks first')
    .option('--replace', 'retire every test CA there is and make new ones; the old files are kept aside')
    .option('--yes', 'do not ask')
    .option('--json', 'one JSON value')
    .addHelpText(
      'after',
      `
Examples:
  $ TCS_KEY_PASSPHRASE_FILE=/run/secrets/ca tcs ca init --yes
  $ tcs ca init --replace                 new CAs, new trust anchors for every tester`,
    )
    .action((options: InitOptions) => {
      requirePassphrase(readConfig(process.env));
      return withDatabase(async ({ pool }, config) => {
        const created = await makeAuthorities(options, config, pool);
        print(options, created.map(authoritySummary), () =>
          created.length === 0 ? 'Every test CA is there already.' : `Made:\n${authoritiesText(created)}`,
        );
      });
    });

  ca.command('retire')
    .argument('<name>', 'a test CA, as tcs ca list shows it')
    .description(
      'let a test CA, and those that it signed, issue nothing any more; certificates keep their chain',
    )
    .requiredOption('--reason <text>', 'why; it stands in the audit')
    .option('--json', 'one JSON value')
    .addHelpText(
      'after',
      `
It is so at once, on nodes that run, too: who asks them gets 503, and batches wait. No node starts with a retired CA: move its
files out of authorities/, make another with tcs ca init, and start every node again.

Example:
  $ tcs ca retire issuing-dca --reason "key lost with node 2"`,
    )
    .action((name: string, options: OutputOptions & { readonly reason: string }) =>
      withDatabase(async ({ pool }) => {
        const retired = await retireAuthorities([name], options.reason, new Date(), pool);
        print(options, { retired }, () => `Retired: ${retired.join(', ')}.`);
      }),
    );

  ca.command('list')
    .description('the test CAs, which of them are retired, and the retired ones that they replaced')
    .option('--json', 'one JSON value')
    .addHelpText('after', '\nExample:\n  $ tcs ca list --json')
    .action((options: OutputOptions) => printAuthorities(openConfigured(), options));

  ca.command('export')
    .description('the certificates of the test CAs, to standard output as one PEM bundle or into a folder')
    .option('--category <category>', 'ORGANISATION, DEVICE or DCCKI only')
    .option('--out <folder>', 'one file for each, none being there, instead of standard output')
    .option('--format <format>', 'pem or der (der with --out)', 'pem')
    .option('--json', 'one JSON value: what was exported')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tcs ca export > trust-anchors.pem\n  $ tcs ca export --category DEVICE --format der --out anchors',
    )
    .action(async ({ category, out, format, ...options }: ExportOptions) => {
      if (format !== 'pem' && format !== 'der')
        throw new Fault('malformed-request', '--format is pem or der.');
      const wanted = openConfigured().filter(
        (one) => category === undefined || one.category === category.toUpperCase(),
      );
      if (wanted.length === 0)
        throw new Fault(
          'not-found',
          category === undefined
            ? 'There is no test CA yet; make them with: tcs ca init'
            : `There is no test CA of the category ${category}; categories are ${CATEGORIES.join(', ')}.`,
        );
      if (out === undefined && format === 'der')
        throw new Fault('malformed-request', 'DER needs --out: one file for each.');
      const written = out === undefined ? [] : await exportTo(out, format, wanted);
      const exported = wanted.map((one, place) => ({
        ...authoritySummary(one),
        certificate: encodePem('CERTIFICATE', one.certificate),
        ...(written[place] === undefined ? {} : { file: written[place] }),
      }));
      print(options, exported, () =>
        out === undefined
          ? exported.map((one) => one.certificate).join('')
          : written.map((file) => `wrote ${file}`).join('\n'),
      );
    });
}

type ExportOptions = OutputOptions & {
  readonly category?: string;
  readonly out?: string;
  readonly format: string;
};

/** One file for each; their names, in order. @throws Fault `conflict` before the first is written */
async function exportTo(
  folder: string,
  format: 'pem' | 'der',
  authorities: readonly Authority[],
): Promise<string[]> {
  const fileOf = ({ name }: Authority) =>
    path.join(folder, `${name}.${format === 'pem' ? 'crt.pem' : 'crt'}`);
  requireNew(authorities.map(fileOf));
  makeFolder(folder);
  for (const one of authorities)
    await writeNew({ out: fileOf(one), mode: 0o666 }, (file) =>
      file.writeFile(format === 'pem' ? encodePem('CERTIFICATE', one.certificate) : one.certificate),
    );
  return authorities.map(fileOf);
}

interface InitOptions extends OutputOptions {
  readonly yes?: true;
  readonly replace?: true;
}

/** Makes what is missing, or all anew, and writes it down in the database, so that every node knows. */
async function makeAuthorities(
  { yes, replace }: InitOptions,
  config: Config,
  pool: Pool,
): Promise<Authority[]> {
  const needs = {
    folder: authoritiesFolder(config),
    passphrase: requirePassphrase(config),
    profiles: loadProfiles(config.templatesDir),
    now: new Date(),
    fillRandom: systemRandom,
  };
  const { folder, profiles, now } = needs;
  const planned = replace ? rootsFirst(profiles) : missingAuthorities(needs);
  const names = planned.map((one) => one.authority);
  if (!replace) await requireNoCurrent(names, folder, pool);
  if (planned.length > 0) {
    const instead = replace ? ', in the place of those there are' : '';
    process.stderr.write(`To be signed${instead}, with keys in ${folder}:\n${planText(planned)}\n`);
    if (!yes && !(await confirmed())) throw new Fault('malformed-request', 'Nothing was signed.');
  }
  if (replace) moveAside(folder, names, now);
  const created = createAuthorities(needs);
  const { authorities } = openHierarchy({ ...needs, refused: loadRefused(config.templatesDir) }, now);
  if (replace) {
    const current = (await findRecordedAuthorities(pool)).filter((one) => one.retiredAt === null);
    const retired = current.map((one) => one.name);
    await retireAuthorities(retired, 'replaced by tcs ca init --replace', now, pool, authorities);
  } else await recordAuthorities(authorities, now, pool);
  return created;
}

/** Old certificates and keys are kept, in a folder that nobody opens. */
function moveAside(folder: string, names: readonly string[], now: Date): void {
  const aside = path.join(folder, `replaced-${formatInstant(now).replaceAll(':', '-')}`);
  const files = names
    .flatMap((name) => Object.values(authorityFiles(folder, name)))
    .filter((one) => existsSync(one));
  if (files.length > 0) mkdirSync(aside, { recursive: true, mode: 0o700 });
  for (const file of files) renameSync(file, path.join(aside, path.basename(file)));
}

/** The certificates alone: they are no secret, and no passphrase is wanted. */
function openConfigured(): Authority[] {
  const config = readConfig(process.env);
  const folder = authoritiesFolder(config);
  const profiles = loadProfiles(config.templatesDir);
  if (missingAuthorities({ folder, profiles }).length === profiles.authorities.size) return [];
  return openCertificates({ folder, profiles, refused: loadRefused(config.templatesDir) }, new Date());
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
      describeKey(one),
      describeValidity(one.validity),
    ]),
    '',
  );
}
