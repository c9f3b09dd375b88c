import type { StoredDecision } from '../audit/decisions.ts';
import { formatEui64, parseEui64 } from '../domain/eui64.ts';
import { testPhaseOf } from '../eligibility/purpose-rules.ts';
import type { RuleSet } from '../eligibility/rule-set.ts';
import { DECISION_GATES } from '../eligibility/rule-set-schema.ts';

/** What became of a rule in a decision. */
export type RuleResult = 'KEPT' | 'BROKEN' | 'NOT_ASKED';

/** A decision in short, for lists. */
export function decisionSummary(stored: StoredDecision) {
  const {
    id,
    decidedAt,
    participant,
    outcome,
    basis,
    agreementRef,
    simulatedRole,
    ruleSet,
    reasons,
    question,
  } = stored;
  return {
    id,
    decidedAt: instant(decidedAt),
    participant,
    category: question?.request.category ?? null,
    purpose: question?.request.purpose ?? null,
    subject: stored.subject === null ? null : subjectText(stored.subject),
    outcome,
    basis,
    agreementRef,
    simulatedRole,
    ruleSet,
    reasons,
  };
}

/**
 * A decision as evidence: what was asked and by whom, the answer, and what became of every rule.
 * @param rules  the rule set that the decision names
 */
export function decisionView(stored: StoredDecision, rules: RuleSet) {
  const { question, requestId } = stored;
  return {
    ...decisionSummary(stored),
    requestId,
    request: question?.request ?? null,
    askedBy: question === undefined ? null : askedBy(question.caller),
    testPhase: question === undefined ? null : phaseOf(question.request.purpose, question.now, rules),
    goodIndustryPractice: rules.goodIndustryPractice.version,
    terms: rules.terms.version,
    rules: ruleResults(stored, rules),
  };
}

/** Every rule of the rule set, in the order of the gates: broken when it is among the reasons, kept when its gate was asked. */
export function ruleResults({ reasons, gates }: Pick<StoredDecision, 'reasons' | 'gates'>, rules: RuleSet) {
  const broken = new Set(reasons.map(({ reason }) => reason));
  return DECISION_GATES.flatMap((gate) =>
    [...rules.reasonCodes.values()]
      .filter((one) => one.gate === gate && one.reserved === undefined)
      .map(({ reason, clause, authority }) => {
        const asked: RuleResult = gates.includes(gate) ? 'KEPT' : 'NOT_ASKED';
        return {
          rule: reason,
          gate,
          clause,
          authority,
          result: broken.has(reason) ? ('BROKEN' as const) : asked,
        };
      }),
  );
}

function askedBy({
  signifier,
  role,
  officer,
  credentialId,
}: NonNullable<StoredDecision['question']>['caller']) {
  return { participant: signifier, role, officer: officer?.id ?? null, credentialId };
}

/** A purpose that came over the wire may have been none. */
function phaseOf(purpose: string, at: Date, rules: RuleSet): string | null {
  return purpose in rules.phases.purposes
    ? testPhaseOf(purpose as keyof RuleSet['phases']['purposes'], at, rules).testPhase
    : null;
}

/** `DEVICE:00db…` -> `00-DB-…`; a Signifier as it is. */
function subjectText(subject: string): string {
  const name = subject.slice(subject.indexOf(':') + 1);
  const eui64 = parseEui64(name);
  return eui64 === undefined ? name : formatEui64(eui64);
}

const instant = (at: Date) => at.toISOString().replace(/\.\d{3}Z$/, 'Z');
