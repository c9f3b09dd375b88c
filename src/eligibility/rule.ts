import type { EligibilityQuestion, Finding } from '../domain/eligibility-question.ts';
import type { Agreement, TestingParticipant } from '../domain/participant.ts';
import type { RuleSet } from './rule-set.ts';

/** What the rules about a participant look at: the question, and the agreement on which it rests, if it does. */
export interface Case {
  readonly question: EligibilityQuestion;
  readonly participant: TestingParticipant;
  readonly agreement: Agreement | undefined;
  readonly ruleSet: RuleSet;
}

/** One rule: a reason code of the rule set, and in words every way in which a case breaks it; empty when it is kept. */
export interface Rule<Facts = Case> {
  readonly reason: string;
  readonly check: (facts: Facts) => readonly string[];
}

/**
 * Asks every rule, in their order; every broken one is a finding. A rule whose code a rule set does not have was not yet a
 * rule when it was in effect, and is not asked.
 */
export function askRules<Facts extends { readonly ruleSet: RuleSet }>(
  rules: readonly Rule<Facts>[],
  facts: Facts,
): Finding[] {
  const { reasonCodes } = facts.ruleSet;
  const findings: Finding[] = [];
  for (const { reason, check } of rules)
    if (reasonCodes.has(reason)) for (const detail of check(facts)) findings.push({ reason, detail });
  return findings;
}
