import type { Command } from 'commander';
import { OUTCOMES, type Outcome } from '../domain/decision.ts';
import { Fault } from '../domain/fault.ts';
import { formatInstant } from '../domain/instant.ts';
import { isUuid } from '../domain/uuid.ts';
import { findDecision, listDecisions, type StoredDecision } from '../audit/decisions.ts';
import type { Db } from '../db/query.ts';
import { loadRuleSets } from '../eligibility/rule-sets.ts';
import { decisionSummary, decisionView } from '../issuance/decision-view.ts';
import {
  replayDecision,
  ruleSetOnRecord,
  type Difference,
  type Replay,
} from '../issuance/replay-decision.ts';
import { findParticipants } from '../registry/participants.ts';
import { print, table, type OutputOptions } from './output.ts';
import { withDatabase } from './service-parts.ts';

/** decisions list, decisions show, decisions replay. */
export function decisionCommands(tcs: Command): void {
  const decisions = tcs
    .command('decisions')
    .description('what was decided, why, and whether it would be again');

  decisions
    .command('list')
    .description('decisions, newest first')
    .option('--participant <signifier>', 'about this participant only')
    .option('--outcome <outcome>', OUTCOMES.join(', '))
    .option('--limit <number>', 'at most so many, 1 to 500', '50')
    .option('--json', 'one JSON value')
    .addHelpText('after', '\nExample:\n  $ tcs decisions list --participant OLDMETER --outcome REFUSE')
    .action(async (options: OutputOptions & ListOptions) => {
      const found = await withDatabase(async ({ pool }) =>
        listDecisions(...(await wishOf(options, pool)), pool),
      );
      print(options, found.map(decisionSummary), () => overview(found));
    });

  decisions
    .command('show')
    .argument('<id>', 'id of the decision')
    .description('one decision: what was asked, by whom, and what became of every rule')
    .option('--json', 'one JSON value')
    .addHelpText('after', '\nExample:\n  $ tcs decisions show d21fddb5-b74b-462e-a579-1272ff746f3f')
    .action(async (id: string, options: OutputOptions) => {
      const view = await withDatabase(async ({ pool }, { ruleSetsDir }) => {
        const stored = await requireDecision(id, pool);
        return decisionView(stored, await ruleSetOnRecord(stored.ruleSet, loadRuleSets(ruleSetsDir), pool));
      });
      print(options, view, () => detail(view));
    });

  decisions
    .command('replay')
    .argument('<id>', 'id of the decision')
    .description(
      'ask the same question again under the rules that were applied: the same answer, byte for byte',
    )
    .option('--as-at <instant>', 'with the facts as they were, or are, at this instant')
    .option('--with-rule-set <version>', 'under another version of the rules')
    .option('--json', 'one JSON value')
    .addHelpText('after', '\nExample:\n  $ tcs decisions replay ID --as-at 2026-12-01T00:00:00Z')
    .action(async (id: string, options: OutputOptions & ReplayWish) => {
      const { asAt, withRuleSet } = options;
      const wish = {
        ...(asAt === undefined ? {} : { asAt: parseInstant(asAt) }),
        ...(withRuleSet === undefined ? {} : { withRuleSet }),
      };
      const replay = await withDatabase(async ({ pool }, { ruleSetsDir }) =>
        replayDecision(await requireDecision(id, pool), wish, loadRuleSets(ruleSetsDir), pool),
      );
      print(options, { id, ...wish, ...replay }, () => diffText(replay));
      // 70, a fault of ours: the same question has another answer.
      if (!replay.same && asAt === undefined && withRuleSet === undefined) process.exitCode = 70;
    });
}

interface ListOptions {
  readonly participant?: string;
  readonly outcome?: string;
  readonly limit: string;
}
interface ReplayWish {
  readonly asAt?: string;
  readonly withRuleSet?: string;
}

async function wishOf({ participant, outcome, limit }: ListOptions, db: Db) {
  if (outcome !== undefined && !(OUTCOMES as readonly string[]).includes(outcome))
    throw new Fault('malformed-request', `${outcome} is none of ${OUTCOMES.join(', ')}.`);
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > 500)
    throw new Fault('malformed-request', `--limit is a number from 1 to 500, not ${limit}.`);
  const found =
    participant === undefined
      ? undefined
      : (await findParticipants([participant], new Date(), db)).get(participant);
  if (participant !== undefined && found === undefined)
    throw new Fault('not-found', `Nobody is registered as ${participant}.`);
  const filter = {
    ...(found === undefined ? {} : { participantId: found.id }),
    ...(outcome === undefined ? {} : { outcome: outcome as Outcome }),
  };
  return [filter, { limit: Number(limit) }] as const;
}

async function requireDecision(id: string, db: Db): Promise<StoredDecision> {
  const found = isUuid(id.toLowerCase()) ? await findDecision(id, db) : undefined;
  if (found === undefined) throw new Fault('not-found', `There is no decision ${id}.`);
  return found;
}

function parseInstant(text: string): Date {
  const instant = new Date(text);
  if (/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?Z)?$/.test(text) && !Number.isNaN(instant.getTime()))
    return instant;
  throw new Fault(
    'malformed-request',
    `${text} is no day (2026-11-24) or instant (2026-11-24T09:00:00Z) in UTC.`,
  );
}

function overview(found: readonly StoredDecision[]): string {
  return table(
    ['id', 'decided', 'participant', 'category', 'outcome', 'basis or reasons'],
    found.map((one) => [
      one.id,
      formatInstant(one.decidedAt),
      one.participant ?? '-',
      one.question?.request.category ?? '-',
      one.outcome,
      one.outcome === 'PASS'
        ? (one.basis ?? '')
        : [...new Set(one.reasons.map(({ reason }) => reason))].join(', '),
    ]),
    'Nothing has been decided yet.',
  );
}

function detail(view: ReturnType<typeof decisionView>): string {
  const { request, askedBy } = view;
  const lines: [string, string][] = [
    ['decision', `${view.id} of ${view.decidedAt}`],
    ['outcome', `${view.outcome}${view.simulatedRole ? ' (simulated role)' : ''}`],
    ['basis', [view.basis ?? 'none', view.agreementRef].filter(Boolean).join(', ')],
    ['participant', view.participant ?? '-'],
    ['asked by', askedBy ? `${askedBy.participant} ${askedBy.role} ${askedBy.officer ?? ''}`.trim() : '-'],
    [
      'asked for',
      request
        ? [request.category, request.purpose, request.environment, request.channel].filter(Boolean).join(', ')
        : '-',
    ],
    ['subject', view.subject ?? '-'],
    [
      'rules',
      `${view.ruleSet}, ${view.testPhase ?? 'no'} phase, Good Industry Practice ${view.goodIndustryPractice}, terms ${view.terms}`,
    ],
  ];
  return [
    ...lines.map(([name, value]) => `${name.padEnd(13)}${value}`),
    ...view.reasons.map(
      ({ reason, clause, detail: what, fix }) => `\n  ${reason}\n    ${what} ${fix}\n    (${clause})`,
    ),
    '',
    table(
      ['gate', 'rule', 'result', 'clause'],
      view.rules.map(({ gate, rule, result, clause }) => [gate, rule, result, clause]),
      '',
    ),
  ].join('\n');
}

function diffText({ recorded, replayed, same, differences }: Replay): string {
  if (same) return `The same answer, byte for byte: ${recorded.outcome} under rule set ${recorded.ruleSet}.`;
  const line = ({ what, recorded: before, replayed: after }: Difference) =>
    [before === undefined ? [] : [`- ${what} ${before}`], after === undefined ? [] : [`+ ${what} ${after}`]]
      .flat()
      .join('\n');
  return [`On record ${recorded.outcome}; so asked ${replayed.outcome}.`, ...differences.map(line)].join(
    '\n',
  );
}
