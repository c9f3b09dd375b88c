import { Command } from 'commander';
import packageFile from '../../package.json';
import { auditCommands } from './audit.ts';
import { batchCommands } from './batch.ts';
import { authorityCommands } from './ca.ts';
import { csrCommand } from './csr.ts';
import { decisionCommands } from './decisions.ts';
import { demoCommand } from './demo.ts';
import { feedCommands } from './feed.ts';
import { healthCommand } from './health.ts';
import { issueCommand } from './issue.ts';
import { leftoverCommands } from './leftovers.ts';
import { lintCommand } from './lint.ts';
import { profilesCommand } from './profiles.ts';
import { registryCommands } from './registry.ts';
import { routeCommands } from './route-commands.ts';
import { serviceCommands } from './service.ts';
import { tokenCommands } from './token.ts';
import { workerCommand } from './worker.ts';

/**
 * The operators' command line: the same use cases as over HTTP, the same faults.
 * @param tellUsage  is given the words about wrong usage, before they are thrown
 */
export function program(tellUsage: (text: string) => void = toStandardError): Command {
  const tcs = new Command('tcs')
    .description(
      'Test Certificate Service: test certificates for Testing Participants of smart metering. Test only.',
    )
    .version(packageFile.version)
    // What stands after a command is the command's: `terms accept --version` is no question about this program.
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .showHelpAfterError('(add --help for usage)')
    .configureOutput({ writeErr: tellUsage })
    .exitOverride();
  for (const add of [
    serviceCommands,
    healthCommand,
    workerCommand,
    authorityCommands,
    registryCommands,
    decisionCommands,
    tokenCommands,
    csrCommand,
    issueCommand,
    lintCommand,
    profilesCommand,
    batchCommands,
    leftoverCommands,
    routeCommands,
    feedCommands,
    auditCommands,
    demoCommand,
  ])
    add(tcs);
  tcs.addHelpText(
    'after',
    `
Examples:
  $ tcs demo --once                       one certificate of each category, from nothing
  $ tcs ca init                           make the test CAs (asks first)
  $ tcs registry load participants.yaml   who may receive certificates
  $ tcs token create --participant NORTHGATE --role PARTICIPANT_ARO
  $ tcs serve

Settings are environment variables: tcs config --help`,
  );
  for (const command of commandsOf(tcs)) {
    command.exitOverride();
    const [first] = command.commands;
    if (first !== undefined)
      command.addHelpText(
        'after',
        `\nEach command shows an example:\n  $ tcs ${command.name()} ${first.name()} --help`,
      );
  }
  return tcs;
}

function toStandardError(text: string): void {
  process.stderr.write(text);
}

function commandsOf(command: Command): Command[] {
  return command.commands.flatMap((one) => [one, ...commandsOf(one)]);
}
