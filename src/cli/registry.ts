import type { Command } from 'commander';
import { systemClock } from '../domain/clock.ts';
import { Fault } from '../domain/fault.ts';
import { formatEui64 } from '../domain/eui64.ts';
import type { TestingParticipant } from '../domain/participant.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { entryEvents } from '../audit/entry-events.ts';
import { findBasis } from '../eligibility/basis.ts';
import type { RuleSet } from '../eligibility/rule-set.ts';
import { loadRuleSets } from '../eligibility/rule-sets.ts';
import { loadRegistry } from '../registry/load-registry.ts';
import { findWholeParticipant, listSignifiers } from '../registry/participants.ts';
import { parseRegistryFile } from '../registry/registry-file.ts';
import { print, table, type OutputOptions } from './output.ts';
import { MOST, readText } from './read-file.ts';
import { withDatabase } from './service-parts.ts';

/** registry load, registry show. */
export function registryCommands(tcs: Command): void {
  const registry = tcs.command('registry').description('who may receive certificates');

  registry
    .command('load')
    .argument('<file>', 'YAML; - for standard input')
    .description('load participants; the whole file is checked first, and nothing is half loaded')
    .option('--json', 'one JSON value')
    .addHelpText(
      'after',
      '\nExample:\n  $ tcs registry load participants.yaml\n\nThe form of the file: docs/registry-file.md',
    )
    .action(async (file: string, options: OutputOptions) => {
      const parsed = parseRegistryFile(readText(file, MOST.text), file, systemClock.now());
      const report = await withDatabase(({ pool }, { testBlock }) =>
        loadRegistry(
          parsed,
          systemClock,
          pool,
          (transaction, entries, at) =>
            recordEvents(
              [
                ...parsed.participants.map(({ signifier }) => ({
                  at,
                  event: 'participant.loaded',
                  object: signifier,
                  facts: { file },
                })),
                ...entryEvents(entries, at, { file }),
              ],
              transaction,
            ),
          testBlock,
        ),
      );
      print(
        options,
        report,
        () =>
          `Loaded ${String(report.participants)} participants, ${String(report.agreements)} agreements, ` +
          `${String(report.allocations)} allocations, ${String(report.deviceRanges)} device ranges.`,
      );
    });

  registry
    .command('show')
    .argument('[signifier]', 'one participant in full; all in short without it')
    .description('participants, and on what their eligibility rests now')
    .option('--json', 'one JSON value')
    .addHelpText('after', '\nExamples:\n  $ tcs registry show\n  $ tcs registry show NORTHGATE --json')
    .action(async (signifier: string | undefined, options: OutputOptions) => {
      const found = await withDatabase(async ({ pool }, { ruleSetsDir }) => {
        const signifiers = signifier === undefined ? await listSignifiers(pool) : [signifier];
        const now = new Date();
        const ruleSet = loadRuleSets(ruleSetsDir).at(now);
        const all = await Promise.all(signifiers.map((one) => findWholeParticipant(one, now, pool)));
        return all.flatMap((one) => (one === undefined ? [] : [{ ...one, ...basisOf(one, now, ruleSet) }]));
      });
      const [only] = found;
      if (signifier !== undefined && only === undefined)
        throw new Fault('not-found', `Nobody is registered as ${signifier}.`);
      print(options, signifier === undefined ? found : only, () =>
        signifier === undefined ? overview(found) : detail(only),
      );
    });
}

/** A participant, and on what its eligibility rests now, or why on nothing. */
type Shown = TestingParticipant & { readonly basis: string | null; readonly reasons: readonly string[] };

function basisOf(
  participant: TestingParticipant,
  now: Date,
  ruleSet: RuleSet,
): Pick<Shown, 'basis' | 'reasons'> {
  const { basis, findings } = findBasis(participant, { now }, ruleSet);
  return { basis: basis ?? null, reasons: findings.map((one) => one.reason) };
}

const basisText = ({ basis, reasons }: Shown) => basis ?? reasons.join(', ');

function overview(participants: readonly Shown[]): string {
  return table(
    ['signifier', 'type', 'name', 'basis now'],
    participants.map((one) => [one.signifier, one.type, one.legalName, basisText(one)]),
    'Nobody is registered yet; load a file with: tcs registry load FILE',
  );
}

function detail(participant: Shown | undefined): string {
  if (participant === undefined) return '';
  const range = ({
    from,
    to,
  }: {
    from: Parameters<typeof formatEui64>[0];
    to: Parameters<typeof formatEui64>[0];
  }) => `${formatEui64(from)} to ${formatEui64(to)}`;
  const { membership } = participant;
  const lines: [string, string][] = [
    ['signifier', participant.signifier],
    ['name', participant.legalName],
    [
      'type',
      [participant.type, participant.partyCategory, participant.nonPartyKind].filter(Boolean).join(', '),
    ],
    ['status', participant.status],
    ['basis now', basisText(participant)],
    [
      'membership',
      membership ? `${membership.state} since ${membership.since.toISOString().slice(0, 10)}` : '-',
    ],
    ...participant.agreements.map((one): [string, string] => [
      'agreement',
      `${one.ref} ${one.state}, ${one.effectiveFrom?.toISOString().slice(0, 10) ?? '?'} to ${one.effectiveTo?.toISOString().slice(0, 10) ?? 'open'}, ${one.permittedCategories.join(' ')}`,
    ]),
    ...participant.nominations.map((one): [string, string] => [
      'nominated by',
      `${one.networkParty} (${[one.networkPartyState, one.networkPartyStatus, one.networkPartyCategory].filter(Boolean).join(', ')})`,
    ]),
    ...participant.allocations.map((one): [string, string] => [one.kind, `${range(one)} ${one.state}`]),
    ...participant.roleAssignments.map((one): [string, string] => [
      'user role',
      `${formatEui64(one.eui64)} ${one.userRole}`,
    ]),
    ...participant.deviceRanges.map((one): [string, string] => [
      'device range',
      `${range(one)}${one.delegatedBy === undefined ? '' : ` delegated by ${one.delegatedBy}`}`,
    ]),
    ['gateway', participant.gatewayConnection ? 'connected' : 'no connection on record'],
  ];
  return lines.map(([name, value]) => `${name.padEnd(14)}${value}`).join('\n');
}
