import { OUTCOMES, type Decision, type Outcome } from '../domain/decision.ts';
import type { EligibilityQuestion, Finding } from '../domain/eligibility-question.ts';
import type { TestingParticipant } from '../domain/participant.ts';
import { scopeFindings } from './agreement.ts';
import { findBasis, type BasisAnswer } from './basis.ts';
import { identifierFindings, keyFindings } from './identifier-rules.ts';
import { explain, type RuleSet } from './rule-set.ts';
import { tableBFindings } from './table-b.ts';

/**
 * Answers "may they have it?". Pure: the same question and rule set give the same decision. Every gate is asked, every
 * reason is returned, the first is the primary one, and the worst outcome wins: REFUSE, REFER, QUEUE, PASS.
 *
 * A caller who asks for somebody else without being allowed to learns nothing but that.
 * @see requirements 3.3 and 3.4; government response of 26 January 2015, chapters 3 and 4
 */
export function decide(question: EligibilityQuestion, ruleSet: RuleSet): Decision {
  const actor = actorFindings(question, ruleSet);
  const { participant } = question;
  if (participant === undefined || actor.some((one) => one.reason === 'ACTOR_NOT_OF_PARTICIPANT'))
    return conclude({ findings: [] }, [...actor, ...csrFindings(question)], ruleSet);

  const basis = findBasis(participant, question, ruleSet);
  const { agreement } = basis;
  return conclude(
    basis,
    [
      ...(participant.status === 'CLOSED' ? [closed(participant)] : []),
      ...actor,
      ...basis.findings,
      ...purposeFindings(question, participant, basis, ruleSet),
      ...(agreement ? scopeFindings(agreement, question) : []),
      ...tableBFindings(question, participant, agreement, ruleSet),
      ...identifierFindings(question, participant, agreement, ruleSet),
      ...keyFindings(question),
      ...csrFindings(question),
    ],
    ruleSet,
  );
}

/** Gates A1, A2, A3: who asks, and for whom. */
function actorFindings(
  { caller, participant, request }: EligibilityQuestion,
  { issuingRoles, onBehalfRoles }: RuleSet,
): Finding[] {
  const findings: Finding[] = [];
  const forOthers = caller.participantType === 'DCC' && onBehalfRoles.includes(caller.role);
  const asksForOther = request.onBehalfOf !== undefined && request.onBehalfOf !== caller.signifier;
  if (asksForOther && !forOthers)
    findings.push({
      reason: 'ACTOR_NOT_OF_PARTICIPANT',
      detail: `A credential of ${caller.signifier} may not ask on behalf of another participant.`,
    });
  else if (participant === undefined)
    findings.push({
      reason: 'PARTICIPANT_UNKNOWN',
      detail: `Nobody is registered as ${request.onBehalfOf ?? caller.signifier}.`,
    });
  if (!issuingRoles.includes(caller.role))
    findings.push({
      reason: 'OFFICER_NOT_AUTHORISED',
      detail: `The role ${caller.role} may not ask for certificates.`,
    });
  return findings;
}

/** Gate A6. An agreement may open a purpose to a non-Party beyond the table. */
function purposeFindings(
  { request: { purpose } }: EligibilityQuestion,
  { type }: TestingParticipant,
  { agreement }: BasisAnswer,
  { purposes }: RuleSet,
): Finding[] {
  const agreed = type === 'NON_PARTY' && (agreement?.permittedPurposes.includes(purpose) ?? false);
  return purposes[type].includes(purpose) || agreed
    ? []
    : [
        {
          reason: 'PURPOSE_NOT_OPEN_TO_TYPE',
          detail: `${purpose} is not open to a participant of the type ${type}.`,
        },
      ];
}

const csrFindings = ({ csr }: EligibilityQuestion): readonly Finding[] => csr?.findings ?? [];

const closed = ({ signifier }: TestingParticipant): Finding => ({
  reason: 'PARTICIPANT_CLOSED',
  detail: `The record of ${signifier} is closed.`,
});

function conclude(
  { basis, agreement }: BasisAnswer,
  findings: readonly Finding[],
  ruleSet: RuleSet,
): Decision {
  const outcome = findings.reduce<Outcome>((worst, { reason }) => {
    const own = ruleSet.reasonCodes.get(reason)?.outcome ?? 'REFUSE';
    return OUTCOMES.indexOf(own) < OUTCOMES.indexOf(worst) ? own : worst;
  }, 'PASS');
  return {
    outcome,
    ...(basis === undefined ? {} : { basis }),
    ...(agreement === undefined ? {} : { agreementRef: agreement.ref }),
    reasons: findings.map((finding) => explain(finding, ruleSet)),
    ruleSet: ruleSet.version,
    simulatedRole: findings.some((one) => one.reason === 'SIMULATED_ROLE'),
  };
}
