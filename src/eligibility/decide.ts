import { OUTCOMES, type Decision, type Outcome } from '../domain/decision.ts';
import type { EligibilityQuestion, Finding } from '../domain/eligibility-question.ts';
import type { Agreement } from '../domain/participant.ts';
import { ADMISSION_RULES } from './admission-rules.ts';
import { AGREEMENT_RULES } from './agreement-rules.ts';
import { ASKER_RULES, mayAskFor } from './asker-rules.ts';
import { findBasis, type BasisAnswer } from './basis.ts';
import { IDENTIFIER_RULES } from './identifier-rules.ts';
import { KEY_RULES } from './key-rules.ts';
import { PURPOSE_RULES } from './purpose-rules.ts';
import { askRules, type Case } from './rule.ts';
import { explain, type RuleSet } from './rule-set.ts';
import { DECISION_GATES } from './rule-set-schema.ts';
import { tableBFindings } from './table-b.ts';

/**
 * Answers "may they have it?". Pure: the same question and rule set give the same decision. Every gate is asked, every
 * reason is returned, the first is the primary one, and the worst outcome wins: REFUSE, REFER, QUEUE, PASS.
 * A caller who asks for somebody else without being allowed to learns nothing but that. A finding that would refer the
 * request, and that an approver covered, no longer counts; one that refuses it always does. A profile that does not fit
 * refuses whatever the rules say: nobody is asked to approve what can never be issued.
 *
 * @throws TypeError when a CSR comes without what the records say of it, or unread and yet without a finding
 * @see requirements 3.3 and 3.4; government response of 26 January 2015, chapters 3 and 4
 */
export function decide(question: EligibilityQuestion, ruleSet: RuleSet): Decision {
  requireWhole(question);
  const asker = askRules(ASKER_RULES, { question, ruleSet });
  const csr = question.csr?.findings ?? [];
  const { participant } = question;
  if (participant === undefined || !mayAskFor({ question, ruleSet }))
    return conclude({ findings: [] }, [...asker, ...csr], gatesOf(ASKER_GATES, question), question, ruleSet);

  const basis = findBasis(participant, question, ruleSet);
  const one: Case = { question, participant, agreement: basis.agreement, ruleSet };
  return conclude(
    basis,
    [
      ...asker,
      ...basis.findings,
      ...askRules(PURPOSE_RULES, one),
      ...askRules(ADMISSION_RULES, one),
      ...askRules(AGREEMENT_RULES, one),
      ...tableBFindings(one),
      ...askRules(IDENTIFIER_RULES, one),
      ...askRules(KEY_RULES, one),
      ...csr,
    ],
    gatesOf(DECISION_GATES, question, basis.agreement),
    question,
    ruleSet,
  );
}

/** Of these gates, those whose rules could be asked: rules about a CSR, its subject, an agreement only where there is one. */
function gatesOf(
  gates: readonly string[],
  { csr, request }: EligibilityQuestion,
  agreement?: Agreement,
): readonly string[] {
  const unasked = new Set<string>();
  if (csr === undefined) unasked.add('CSR').add('KEY');
  if (csr?.subject === undefined) {
    unasked.add('IDENTIFIER');
    // Without a subject nobody knows which row of table B to ask.
    if (request.category === 'ORGANISATION') unasked.add('B');
  }
  if (agreement === undefined) unasked.add('AGREEMENT');
  return unasked.size === 0 ? gates : gates.filter((gate) => !unasked.has(gate));
}

function conclude(
  { basis, agreement }: BasisAnswer,
  findings: readonly Finding[],
  gates: readonly string[],
  { request, referral, unfitProfile = [] }: EligibilityQuestion,
  ruleSet: RuleSet,
): Decision {
  const distinct = findings.filter((finding, place) => findings.findIndex(isSame(finding)) === place);
  // What an approver covered was referred: of a refusal nothing can be covered.
  const standing = distinct.filter(
    (finding) =>
      ruleSet.reasonCodes.get(finding.reason)?.outcome !== 'REFER' ||
      !referral?.approvedReasons.some(isSame(finding)),
  );
  const found = new Set<Outcome | undefined>(
    standing.map(({ reason }) => ruleSet.reasonCodes.get(reason)?.outcome),
  );
  if (unfitProfile.length > 0) found.add('REFUSE');
  const outcome = OUTCOMES.find((each) => found.has(each)) ?? 'PASS';
  if (outcome === 'PASS' && basis === undefined)
    throw new TypeError('nothing stands against a request that rests on nothing');
  return {
    outcome,
    ...(basis === undefined ? {} : { basis }),
    ...(agreement === undefined ? {} : { agreementRef: agreement.ref }),
    reasons: [...standing.map((finding) => explain(finding, ruleSet, request.category)), ...unfitProfile],
    ruleSet: ruleSet.version,
    gates,
    simulatedRole: distinct.some((one) => one.reason === 'SIMULATED_ROLE'),
  };
}

const isSame =
  ({ reason, detail }: Finding) =>
  (other: Finding) =>
    other.reason === reason && other.detail === detail;

/** A rule that cannot be asked must not count as kept. */
function requireWhole({ request, csr, standing }: EligibilityQuestion): void {
  if (csr === undefined) return;
  if (csr.subject !== undefined && standing === undefined)
    throw new TypeError('a CSR is judged together with what the records say of its identifier and key');
  const whole = csr.keyUsage !== undefined && csr.subject?.category === request.category;
  if (!whole && csr.findings.length === 0)
    throw new TypeError('a CSR that could not be read for its category has at least one finding');
}

const ASKER_GATES = ['A1', 'A2', 'A3', 'CSR'] as const;
