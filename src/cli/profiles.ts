import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { Fault } from '../domain/fault.ts';
import { describeProfile, formatTemplate } from '../profiles/describe-profile.ts';
import { loadProfiles } from '../profiles/load-profiles.ts';
import { print, table, type OutputOptions } from './output.ts';

/** profiles: what certificates there are. */
export function profilesCommand(tcs: Command): void {
  tcs
    .command('profiles')
    .argument('[name]', 'a profile or an authority, in full')
    .description('the certificate profiles and the authorities')
    .option('--json', 'one JSON value')
    .addHelpText('after', '\nExamples:\n  $ tcs profiles\n  $ tcs profiles device-digital-signing')
    .action((name: string | undefined, options: OutputOptions) => {
      const set = loadProfiles(readConfig(process.env).templatesDir);
      const profiles = [...set.profiles.values()];
      if (name === undefined) {
        print(options, profiles.map(describeProfile), () =>
          table(
            ['profile', 'category', 'key', 'validity', 'signed by', 'chosen'],
            profiles.map((one) => {
              const { key, validity } = describeProfile(one);
              return [one.profile, one.category, key, validity, one.authority, one.chosen];
            }),
            '',
          ),
        );
        return;
      }
      const template = set.profiles.get(name) ?? set.authorities.get(name);
      if (template === undefined)
        throw new Fault('not-found', `There is no profile ${name}; list them with: tcs profiles`);
      print(options, template, () => formatTemplate(template));
    });
}
