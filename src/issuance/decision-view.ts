import type { StoredDecision } from '../audit/decisions.ts';
import { formatEui64, parseEui64 } from '../domain/eui64.ts';
import { formatInstant } from '../domain/instant.ts';
import { testPhaseOf } from '../eligibility/purpose-rules.ts';
import { wordsOf, type RuleSet } from '../eligibility/rule-set.ts';
import { DECISION_GATES } from '../eligibility/rule-set-schema.ts';

/** What became of a rule in a decision; COVERED: an approver took it upon the DCC. */
export type RuleResult = 'KEPT' | 'BROKEN' | 'COVERED' | 'NOT_ASKED';

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
    decidedAt: formatInstant(decidedAt),
    participant,
    category: question?.request.category ?? null,
    purpose: question?.request.purpose ?? null,
    channel: question?.request.channel ?? null,
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
    onRecord: question === undefined ? null : onRecord(question),
    testPhase: question === undefined ? null : phaseOf(question.request.purpose, question.now, rules),
    goodIndustryPractice: rules.goodIndustryPractice.version,
    terms: rules.terms.version,
    rules: ruleResults(stored, rules),
  };
}

/** Every rule of the rule set, in the order of the gates: broken when it is among the reasons, kept when its gate was asked. */
function ruleResults(
  { reasons, gates, question }: Pick<StoredDecision, 'reasons' | 'gates' | 'question'>,
  rules: RuleSet,
) {
  const broken = new Set(reasons.map(({ reason }) => reason));
  const covered = new Set(question?.referral?.approvedReasons.map(({ reason }) => reason));
  const resultOf = (reason: string, gate: string): RuleResult => {
    if (broken.has(reason)) return 'BROKEN';
    if (!gates.includes(gate) || UNASKED.get(reason)?.(question)) return 'NOT_ASKED';
    return covered.has(reason) ? 'COVERED' : 'KEPT';
  };
  return DECISION_GATES.flatMap((gate) =>
    [...rules.reasonCodes.values()]
      .filter((one) => one.gate === gate && one.reserved === undefined)
      .map((code) => {
        const { clause, authority } = wordsOf(code, question?.request.category);
        return { rule: code.reason, gate, clause, authority, result: resultOf(code.reason, gate) };
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

/** What the decision looked at, with every EUI-64 as it is written. */
function onRecord({
  participant,
  csr,
  standing,
  demand,
  now,
}: NonNullable<StoredDecision['question']>): unknown {
  const whole = {
    at: now,
    participant: participant ?? null,
    csr: csr ?? null,
    standing: standing ?? null,
    ...(demand === undefined ? {} : { demand }),
  };
  return JSON.parse(JSON.stringify(whole), (name, value: unknown) =>
    typeof value === 'string' && EUI64_NAMES.has(name) ? formatted(value) : value,
  );
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
  return formatted(name);
}

function formatted(text: string): string {
  const eui64 = parseEui64(text);
  return eui64 === undefined ? text : formatEui64(eui64);
}

/** Rules that are asked of some questions only, whatever their gate, and of which they are not. */
const UNASKED = new Map<string, (question: StoredDecision['question']) => boolean>([
  // Where `beyondAgreement` is ALLOW no question says how long the certificate would be valid.
  ['VALIDITY_BEYOND_AGREEMENT', (question) => question?.validUntil === undefined],
  ['UNKNOWN_DEVICE', (question) => !question?.request.replacement],
]);
const EUI64_NAMES = new Set(['eui64', 'from', 'to']);
