import type { Finding } from '../domain/eligibility-question.ts';
import type { Agreement, TestingParticipant } from '../domain/participant.ts';

/** The reason codes of agreements that are not in force. */
export const AGREEMENT_STANDINGS = [
  'AGREEMENT_NOT_EXECUTED',
  'AGREEMENT_NOT_YET_EFFECTIVE',
  'AGREEMENT_SUSPENDED',
  'AGREEMENT_EXPIRED',
  'AGREEMENT_TERMINATED',
  'AGREEMENT_LAPSED',
] as const;
/** In force, or the reason code that says why not. Computed at use, never stored (requirements 3.2). */
export type AgreementStanding = 'IN_FORCE' | (typeof AGREEMENT_STANDINGS)[number];

/** How an agreement stands at an instant: executed, and from `effectiveFrom` until before `effectiveTo`. */
export function agreementStanding(agreement: Agreement, at: Date): AgreementStanding {
  const { state, executedAt, effectiveFrom, effectiveTo } = agreement;
  const ended = effectiveTo !== undefined && !isBefore(at, effectiveTo);
  switch (state) {
    case 'REQUESTED':
    case 'OFFERED':
      return 'AGREEMENT_NOT_EXECUTED';
    case 'LAPSED':
      return 'AGREEMENT_LAPSED';
    case 'TERMINATED':
      return 'AGREEMENT_TERMINATED';
    case 'SUSPENDED':
      return ended ? 'AGREEMENT_EXPIRED' : 'AGREEMENT_SUSPENDED';
    case 'EXECUTED':
      if (!isReached(executedAt, at)) return 'AGREEMENT_NOT_EXECUTED';
      if (ended) return 'AGREEMENT_EXPIRED';
      return isReached(effectiveFrom, at) ? 'IN_FORCE' : 'AGREEMENT_NOT_YET_EFFECTIVE';
  }
}

export function agreementsInForce(
  { agreements }: Pick<TestingParticipant, 'agreements'>,
  at: Date,
): Agreement[] {
  return agreements.filter((agreement) => agreementStanding(agreement, at) === 'IN_FORCE');
}

/** Why the agreements of a participant do not carry it, one finding each. */
export function agreementFindings({ agreements }: TestingParticipant, at: Date): Finding[] {
  return agreements.flatMap((agreement) => {
    const reason = agreementStanding(agreement, at);
    return reason === 'IN_FORCE'
      ? []
      : [{ reason, detail: `Agreement ${agreement.ref} ${describe(agreement, reason)}.` }];
  });
}

/** An instant is reached when it is known and not in the future; an unknown one never is. */
export function isReached(instant: Date | undefined, at: Date): boolean {
  return instant !== undefined && instant.getTime() <= at.getTime();
}

const isBefore = (at: Date, instant: Date) => at.getTime() < instant.getTime();

function describe(
  { state, executedAt, effectiveFrom, effectiveTo }: Agreement,
  standing: AgreementStanding,
): string {
  if (standing === 'AGREEMENT_EXPIRED') return `ended on ${day(effectiveTo)}`;
  if (standing === 'AGREEMENT_NOT_YET_EFFECTIVE') return `applies from ${day(effectiveFrom)}`;
  if (standing === 'AGREEMENT_NOT_EXECUTED' && state === 'EXECUTED')
    return `has its signature on ${day(executedAt)}`;
  return `is ${state}`;
}

const day = (instant: Date | undefined) => instant?.toISOString().slice(0, 10) ?? 'a day not on record';
