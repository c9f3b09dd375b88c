import type { EligibilityBasis } from '../domain/decision.ts';
import type { EligibilityQuestion, Finding } from '../domain/eligibility-question.ts';
import { rangeContains } from '../domain/eui64.ts';
import type { Agreement, MembershipState, RdpNomination, TestingParticipant } from '../domain/participant.ts';
import { agreementFindings, agreementsInForce, isReached } from './agreement.ts';
import { AGREEMENT_RULES } from './agreement-rules.ts';
import { askRules } from './rule.ts';
import type { BasisRow, RuleSet } from './rule-set.ts';

/** On what eligibility rests, and what stands against it. */
export interface BasisAnswer {
  readonly basis?: EligibilityBasis;
  /** The agreement that is the basis. */
  readonly agreement?: Agreement;
  readonly findings: readonly Finding[];
}

/** At which instant; the rest of a question tells which of several agreements covers most of it. */
export type BasisQuestion = EligibilityQuestion | Pick<EligibilityQuestion, 'now'>;

/** Gate A4: the first row of the basis table that matches the participant at this instant. */
export function findBasis(
  participant: TestingParticipant,
  question: BasisQuestion,
  ruleSet: RuleSet,
): BasisAnswer {
  const { now } = question;
  const row = ruleSet.basis.find((one) => matches(one, participant, now));
  if (row === undefined)
    return { findings: [{ reason: NO_BASIS, detail: `${participant.signifier} has no basis.` }] };
  const findings = row.reasons.map((reason) => ({ reason, detail: describe(row, participant, now) }));
  if (row.basis === undefined)
    return { findings: row.andAgreement ? [...findings, ...agreementFindings(participant, now)] : findings };
  if (row.basis !== 'BILATERAL_AGREEMENT') return { basis: row.basis, findings };
  const agreement = bestAgreement(candidates(row, participant, now), participant, question, ruleSet);
  return { basis: row.basis, agreement, findings };
}

/**
 * Of the agreements in force, the first of those that leave least of the request uncovered; of those alike, where the rule set
 * says so, the first that has the Device ID.
 */
function bestAgreement(
  [first, ...others]: readonly Agreement[],
  participant: TestingParticipant,
  question: BasisQuestion,
  ruleSet: RuleSet,
): Agreement {
  if (first === undefined)
    throw new TypeError('a row of the basis table rests on an agreement that it does not ask for');
  if (!('request' in question)) return first;
  const subject = ruleSet.settings.agreementOfDevice ? question.csr?.subject : undefined;
  const hasDevice = ({ deviceRanges }: Agreement) =>
    subject?.category !== 'DEVICE' || deviceRanges.some((range) => rangeContains(range, subject.eui64));
  // A half: it decides between those that are alike, and nothing else.
  const uncovered = (agreement: Agreement) =>
    askRules(AGREEMENT_RULES, { question, participant, agreement, ruleSet }).length +
    (hasDevice(agreement) ? 0 : 0.5);
  return others.reduce((best, other) => (uncovered(other) < uncovered(best) ? other : best), first);
}

function matches(row: BasisRow, participant: TestingParticipant, at: Date): boolean {
  return (
    row.type === participant.type &&
    (row.membership === undefined || row.membership === membershipState(participant, at)) &&
    (row.nomination === undefined || row.nomination === nominationState(participant, at)) &&
    (row.agreement === undefined ||
      (row.agreement === 'NONE'
        ? participant.agreements.length === 0
        : candidates(row, participant, at).length > 0))
  );
}

function candidates(row: BasisRow, participant: TestingParticipant, at: Date): readonly Agreement[] {
  const inForce = agreementsInForce(participant, at);
  if (row.agreement !== 'IN_FORCE_AFTER_EXPULSION') return inForce;
  const expelledAt = participant.membership?.expelledAt ?? participant.membership?.since;
  return inForce.filter(
    ({ executedAt }) => executedAt !== undefined && expelledAt !== undefined && executedAt > expelledAt,
  );
}

/** A membership that becomes active on a later day is an application until then; any other state holds as recorded. */
function membershipState({ membership }: TestingParticipant, at: Date): MembershipState | 'NONE' {
  if (membership === undefined) return 'NONE';
  return membership.state === 'ACTIVE' && !isReached(membership.since, at) ? 'APPLICANT' : membership.state;
}

function nominationState(participant: TestingParticipant, at: Date): 'ACTIVE' | 'INACTIVE' | 'NONE' {
  const current = currentNominations(participant, at);
  if (current.length === 0) return 'NONE';
  return current.some((one) => barsOf(one).length === 0) ? 'ACTIVE' : 'INACTIVE';
}

/** The nominations that have begun and not ended, whether they carry the RDP or not (`barsOf`). */
export function currentNominations(
  { nominations }: Pick<TestingParticipant, 'nominations'>,
  at: Date,
): RdpNomination[] {
  return nominations.filter(
    ({ from, to }) => isReached(from, at) && (to === undefined || at.getTime() < to.getTime()),
  );
}

/** Why a nomination carries nobody: its Network Party must be an active one (government response, paragraph 40). */
export function barsOf({
  networkPartyState,
  networkPartyStatus,
  networkPartyCategory,
}: Omit<RdpNomination, 'networkParty' | 'from' | 'to'>): string[] {
  return [
    ...(networkPartyState === 'ACTIVE' ? [] : [`its membership is ${networkPartyState}`]),
    ...(networkPartyStatus === undefined ? [] : [`its record is ${networkPartyStatus}`]),
    ...(networkPartyCategory === undefined
      ? []
      : [`it is no Network Party (its category is ${networkPartyCategory})`]),
  ];
}

/** Where only memberships are at fault, the words are those of the decisions on record: a replay repeats them. */
function describeNominators(signifier: string, nominations: readonly RdpNomination[]): string {
  const names = nominations.map((one) => one.networkParty);
  const onlyMemberships = nominations.every(
    (one) => one.networkPartyStatus === undefined && one.networkPartyCategory === undefined,
  );
  if (onlyMemberships)
    return `${signifier} is nominated only by ${names.join(', ')}, without an active membership.`;
  const each = nominations.map((one) => `${one.networkParty} (${barsOf(one).join('; ')})`);
  return `${signifier} is nominated only by ${each.join(', ')}.`;
}

function describe({ nomination }: BasisRow, participant: TestingParticipant, at: Date): string {
  const { signifier, membership } = participant;
  if (nomination === 'INACTIVE') return describeNominators(signifier, currentNominations(participant, at));
  if (nomination === 'NONE') return `${signifier} is nominated by no Network Party.`;
  if (membership === undefined) return `${signifier} has no membership or agreement that applies.`;
  const day = membership.since.toISOString().slice(0, 10);
  return isReached(membership.since, at)
    ? `${signifier} is ${membership.state} since ${day}.`
    : `${signifier} is ${membership.state} only from ${day}.`;
}

export const NO_BASIS = 'NO_MEMBERSHIP_OR_AGREEMENT';
