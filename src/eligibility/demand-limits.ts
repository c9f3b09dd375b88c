import type { DemandCounts } from '../domain/eligibility-question.ts';
import type { Category } from '../domain/category.ts';
import type { TestingParticipant } from '../domain/participant.ts';
import type { QuotaReason } from './gate-schemas.ts';
import type { RuleSet } from './rule-set.ts';

/** A limit of gate A10 beyond the quota of a day, where the rule set has one and it was counted. */
export interface DemandLimit {
  readonly limit: 'AD_HOC';
  readonly most: number;
  readonly issued: number;
  /** What is said of a certificate beyond it. */
  readonly beyond: QuotaReason;
  readonly detail: string;
}

/** Of whom, and for certificates of which category. */
export interface DemandCase {
  readonly question: {
    readonly request: { readonly category: Category };
    readonly demand?: DemandCounts | undefined;
  };
  readonly participant: Pick<TestingParticipant, 'signifier' | 'type'>;
  readonly ruleSet: Pick<RuleSet, 'quotas'>;
}

/** What limits the certificates of a category, as it stands; nothing where nothing does. */
export const demandLimits = (one: DemandCase): DemandLimit[] =>
  one.question.demand === undefined ? [] : [adHocLimit(one)].filter((limit) => limit !== undefined);

/**
 * Certificates by single requests in 24 hours. The live service takes the rest in batches (SEC Appendix N): so does ours, and a
 * notice of demand raises nothing.
 */
function adHocLimit({
  question: { request, demand },
  participant: { signifier, type },
  ruleSet,
}: DemandCase): DemandLimit | undefined {
  const { category } = request;
  const issued = demand?.adHocInDay;
  const most = ruleSet.quotas[category].adHoc?.perDay[type] ?? 'NONE';
  if (most === 'NONE' || issued === undefined) return undefined;
  return {
    limit: 'AD_HOC',
    most,
    issued,
    beyond: 'QUOTA_EXCEEDED',
    detail: `${signifier} has had ${String(issued)} ${category} certificates by single requests in 24 hours; there are ${String(most)}. Send more as a batch.`,
  };
}
