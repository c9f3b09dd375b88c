import type { EligibilityBasis } from '../domain/decision.ts';
import type { EligibilityQuestion, Finding } from '../domain/eligibility-question.ts';
import type { Agreement, TestingParticipant } from '../domain/participant.ts';
import { agreementFindings, agreementsInForce, scopeFindings } from './agreement.ts';
import type { BasisRow, RuleSet } from './rule-set.ts';

/** On what eligibility rests, and what stands against it. */
export interface BasisAnswer {
  readonly basis?: EligibilityBasis;
  /** The agreement that is the basis. */
  readonly agreement?: Agreement;
  readonly findings: readonly Finding[];
}

/** Gate A4: the first row of the basis table that matches the participant at this instant. */
export function findBasis(
  participant: TestingParticipant,
  question: Pick<EligibilityQuestion, 'request' | 'now'>,
  { basis: table }: Pick<RuleSet, 'basis'>,
): BasisAnswer {
  const row = table.find((one) => matches(one, participant, question.now));
  if (row === undefined)
    return {
      findings: [{ reason: 'NO_MEMBERSHIP_OR_AGREEMENT', detail: `${participant.signifier} has no basis.` }],
    };
  const findings = (row.reasons ?? []).map((reason) => ({ reason, detail: describe(row, participant) }));
  const fromAgreements = row.andAgreement ? agreementFindings(participant, question.now) : [];
  if (row.basis === undefined) return { findings: [...findings, ...fromAgreements] };
  if (row.basis !== 'BILATERAL_AGREEMENT') return { basis: row.basis, findings };
  const agreement = bestAgreement(row, participant, question);
  return { basis: row.basis, ...(agreement ? { agreement } : {}), findings };
}

/** Of the agreements in force, the one that leaves least of the request uncovered. */
function bestAgreement(
  row: BasisRow,
  participant: TestingParticipant,
  question: Pick<EligibilityQuestion, 'request' | 'now'>,
): Agreement | undefined {
  const uncovered = (agreement: Agreement) => scopeFindings(agreement, { ...question, participant }).length;
  return candidates(row, participant, question.now).sort(
    (left, right) => uncovered(left) - uncovered(right),
  )[0];
}

function matches(row: BasisRow, participant: TestingParticipant, at: Date): boolean {
  return (
    row.type === participant.type &&
    (row.membership === undefined || row.membership === (participant.membership?.state ?? 'NONE')) &&
    (row.nomination === undefined || row.nomination === nominationState(participant, at)) &&
    (row.agreement === undefined ||
      (row.agreement === 'NONE'
        ? participant.agreements.length === 0
        : candidates(row, participant, at).length > 0))
  );
}

function candidates(row: BasisRow, participant: TestingParticipant, at: Date): Agreement[] {
  const inForce = agreementsInForce(participant, at);
  if (row.agreement !== 'IN_FORCE_AFTER_EXPULSION') return inForce;
  const expelledAt = participant.membership?.expelledAt ?? participant.membership?.since;
  return inForce.filter(
    ({ executedAt }) => executedAt !== undefined && expelledAt !== undefined && executedAt > expelledAt,
  );
}

function nominationState({ nominations }: TestingParticipant, at: Date): 'ACTIVE' | 'INACTIVE' | 'NONE' {
  const current = nominations.filter(({ from, to }) => at >= from && (to === undefined || at < to));
  if (current.length === 0) return 'NONE';
  return current.some((one) => one.networkPartyState === 'ACTIVE') ? 'ACTIVE' : 'INACTIVE';
}

function describe(
  { nomination }: BasisRow,
  { signifier, membership, nominations }: TestingParticipant,
): string {
  if (nomination === 'INACTIVE')
    return `${signifier} is nominated by ${nominations.map((one) => `${one.networkParty} (${one.networkPartyState})`).join(', ')}.`;
  if (nomination === 'NONE') return `${signifier} is nominated by no Network Party.`;
  if (membership === undefined) return `${signifier} has neither a membership nor an agreement on record.`;
  return `${signifier} is ${membership.state} since ${membership.since.toISOString().slice(0, 10)}.`;
}
