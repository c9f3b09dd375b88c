import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { Fault } from '../domain/fault.ts';
import { verifyChain } from '../audit/audit-chain.ts';
import { exportChain, linkEvents } from '../audit/link-events.ts';
import { print, type OutputOptions } from './output.ts';
import { linesOf } from './read-file.ts';
import { withDatabase } from './service-parts.ts';
import { writeNew } from './write-new.ts';

/** audit export, audit verify: the audit as a chain of hashes, which anybody can follow without the service. */
export function auditCommands(tcs: Command): void {
  const audit =
    tcs.commands.find((one) => one.name() === 'audit') ??
    tcs.command('audit').description('audit of the registry, over the API');

  audit
    .command('export')
    .description('write the whole audit as a chain of hashes, an event a line')
    .requiredOption('--out <file>', 'the file to write; must not exist')
    .option('--json', 'one JSON value')
    .addHelpText('after', '\nExample:\n  $ tcs audit export --out audit-2026-11.ndjson')
    .action(async (options: OutputOptions & { readonly out: string }) => {
      const { out } = options;
      await writeNew({ out }, (file) =>
        withDatabase(async ({ pool }) => {
          await linkEvents(pool, new Date());
          const lines = async function* () {
            for await (const line of exportChain(pool)) yield `${JSON.stringify(line)}\n`;
          };
          await writeFile(file, lines());
        }),
      );
      const { events, head } = await verifyChain(linesOf(out));
      print(
        options,
        { file: out, events, head },
        () => `wrote ${String(events)} events to ${out}; the last hash is ${head}`,
      );
    });

  audit
    .command('verify')
    .argument('<file>', 'as audit export writes it')
    .description('follow the chain of hashes in an exported audit; needs no service and no database')
    .option('--noted <sha256>', 'a hash that was written down earlier: it must be in the chain')
    .option('--json', 'one JSON value')
    .addHelpText('after', '\nExample:\n  $ tcs audit verify audit-2026-11.ndjson --noted 5f2c...')
    .action(async (file: string, options: OutputOptions & { readonly noted?: string }) => {
      const verdict = await verifyChain(linesOf(file), options.noted);
      if (verdict.fault !== undefined)
        throw new Fault(
          'audit-broken',
          `The chain breaks: ${verdict.fault}. ${String(verdict.events)} events before it are whole.`,
        );
      if (verdict.holdsNoted === false)
        throw new Fault(
          'audit-broken',
          'The hash that was noted is not in this chain: the audit was cut or written anew.',
        );
      print(
        options,
        verdict,
        () => `${String(verdict.events)} events, all as they were linked; the last hash is ${verdict.head}`,
      );
    });
}
