import type { Command } from 'commander';
import { Fault } from '../domain/fault.ts';
import { parseSerialNumber } from '../domain/serial-number.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { abandonIntents, findLeftovers } from '../ca/intent-store.ts';
import { withTransaction } from '../db/transaction.ts';
import { print, shortInstant, table, type OutputOptions } from './output.ts';
import { withDatabase } from './service-parts.ts';

/** leftovers list, leftovers abandon. */
export function leftoverCommands(tcs: Command): void {
  const leftovers = tcs
    .command('leftovers')
    .description('signatures that were intended and never confirmed, because a process died in between');

  leftovers
    .command('list')
    .description('prepared certificates that never became issued')
    .option('--json', 'one JSON value')
    .addHelpText('after', '\nExample:\n  $ tcs leftovers list')
    .action(async (options: OutputOptions) => {
      const found = await withDatabase(({ pool }) => findLeftovers(new Date(), pool));
      print(options, found, () =>
        table(
          ['serial number', 'prepared', 'authority', 'profile', 'participant', 'subject'],
          found.map((one) => [
            one.serialNumber,
            shortInstant(one.preparedAt),
            one.authority,
            one.profile,
            one.participant,
            one.subject,
          ]),
          'There are none: every intended signature is on record.',
        ),
      );
    });

  leftovers
    .command('abandon')
    .argument('<serial...>', 'serial numbers as leftovers list shows them')
    .requiredOption('--reason <text>', 'why it is safe to give them up')
    .description('mark them abandoned; their serial numbers are never used again')
    .option('--json', 'one JSON value: the serial numbers')
    .addHelpText(
      'after',
      '\nExample:\n  $ tcs leftovers abandon 611CEA5B1A84A87687A11F94B9943DFD --reason "power cut, given to nobody"',
    )
    .action(async (serials: readonly string[], options: OutputOptions & { readonly reason: string }) => {
      const { reason } = options;
      const serialNumbers = serials.map((text) => {
        const serialNumber = parseSerialNumber(text);
        if (serialNumber === undefined) throw new Fault('malformed-request', `${text} is no serial number.`);
        return serialNumber;
      });
      const at = new Date();
      const abandoned = await withDatabase(({ pool }) =>
        withTransaction(pool, async (db) => {
          const marked = await abandonIntents(serialNumbers, reason, at, db);
          await recordEvents(
            marked.map((object) => ({ at, event: 'certificate.abandoned', object, facts: { reason } })),
            db,
          );
          return marked;
        }),
      );
      const others = serialNumbers.filter((one) => !abandoned.includes(one));
      if (options.json || abandoned.length > 0)
        print(options, abandoned, () => abandoned.map((one) => `abandoned ${one}`).join('\n'));
      if (others.length > 0) throw new Fault('not-found', `No leftovers: ${others.join(', ')}.`);
    });
}
