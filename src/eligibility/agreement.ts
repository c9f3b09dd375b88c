import type { Finding } from '../domain/eligibility-question.ts';
import type { Agreement, TestingParticipant } from '../domain/participant.ts';
import type { EligibilityQuestion } from '../domain/eligibility-question.ts';

/** In force, or the reason code that says why not. Computed at use, never stored (requirements 3.2). */
export type AgreementStanding =
  | 'IN_FORCE'
  | 'AGREEMENT_NOT_EXECUTED'
  | 'AGREEMENT_NOT_YET_EFFECTIVE'
  | 'AGREEMENT_SUSPENDED'
  | 'AGREEMENT_EXPIRED'
  | 'AGREEMENT_TERMINATED'
  | 'AGREEMENT_LAPSED';

/** How an agreement stands at an instant; it runs from `effectiveFrom` until before `effectiveTo`. */
export function agreementStanding(agreement: Agreement, at: Date): AgreementStanding {
  const { state, effectiveFrom, effectiveTo } = agreement;
  switch (state) {
    case 'REQUESTED':
    case 'OFFERED':
      return 'AGREEMENT_NOT_EXECUTED';
    case 'LAPSED':
      return 'AGREEMENT_LAPSED';
    case 'TERMINATED':
      return 'AGREEMENT_TERMINATED';
    case 'SUSPENDED':
      return effectiveTo !== undefined && at >= effectiveTo ? 'AGREEMENT_EXPIRED' : 'AGREEMENT_SUSPENDED';
    case 'EXECUTED':
      if (effectiveTo !== undefined && at >= effectiveTo) return 'AGREEMENT_EXPIRED';
      return effectiveFrom !== undefined && at >= effectiveFrom ? 'IN_FORCE' : 'AGREEMENT_NOT_YET_EFFECTIVE';
  }
}

export function agreementsInForce({ agreements }: TestingParticipant, at: Date): Agreement[] {
  return agreements.filter((agreement) => agreementStanding(agreement, at) === 'IN_FORCE');
}

/** Why the agreements of a participant do not carry it, one finding each. */
export function agreementFindings({ agreements }: TestingParticipant, at: Date): Finding[] {
  return agreements.flatMap((agreement) => {
    const reason = agreementStanding(agreement, at);
    return reason === 'IN_FORCE'
      ? []
      : [{ reason, detail: `Agreement ${agreement.ref}: ${describe(agreement, reason)}.` }];
  });
}

/** What of the request an agreement does not cover. */
export function scopeFindings(
  agreement: Agreement,
  { request, participant }: Pick<EligibilityQuestion, 'request' | 'participant'>,
): Finding[] {
  const { category, purpose, environment } = request;
  const findings: Finding[] = [];
  const outside = (reason: string, what: string) =>
    findings.push({ reason, detail: `Agreement ${agreement.ref} does not cover ${what}.` });
  if (!agreement.permittedCategories.includes(category))
    outside('AGREEMENT_CATEGORY_EXCLUDED', `the category ${category}`);
  if (!agreement.permittedPurposes.includes(purpose))
    outside('AGREEMENT_PURPOSE_EXCLUDED', `the purpose ${purpose}`);
  if (environment !== undefined && !agreement.permittedEnvironments.includes(environment))
    outside('AGREEMENT_ENVIRONMENT_EXCLUDED', `the environment ${environment}`);
  const { volumeCap } = agreement;
  if (volumeCap !== undefined && (participant?.certificatesIssued ?? 0) >= volumeCap)
    findings.push({
      reason: 'AGREEMENT_VOLUME_EXCEEDED',
      detail: `Agreement ${agreement.ref} allows ${String(volumeCap)} certificates, and all are issued.`,
    });
  return findings;
}

function describe({ state, effectiveFrom, effectiveTo }: Agreement, standing: AgreementStanding): string {
  const day = (instant: Date | undefined) => instant?.toISOString().slice(0, 10) ?? 'a day not yet agreed';
  if (standing === 'AGREEMENT_EXPIRED') return `ended on ${day(effectiveTo)}`;
  if (standing === 'AGREEMENT_NOT_YET_EFFECTIVE') return `applies from ${day(effectiveFrom)}`;
  return `is ${state}`;
}
