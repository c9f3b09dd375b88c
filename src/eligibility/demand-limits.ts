import type { Category } from '../domain/category.ts';
import type { DemandCounts } from '../domain/eligibility-question.ts';
import type { TestingParticipant } from '../domain/participant.ts';
import type { QuotaReason } from './gate-schemas.ts';
import type { RuleSet } from './rule-set.ts';

/** A limit of gate A10 beyond the quota of a day, where the rule set has one and it was counted. */
export interface DemandLimit {
  readonly limit: 'AD_HOC' | 'DAILY_TOTAL' | 'MONTHLY_DEMAND';
  /** Certificates of the category; by whom, how and in how long is said with each limit below. */
  readonly most: number;
  /** Of these, so far. */
  readonly issued: number;
  /** What is said of a certificate beyond it. */
  readonly beyond: QuotaReason;
  readonly detail: string;
}

/** Of whom, when, and for certificates of which category. */
export interface DemandCase {
  readonly question: {
    readonly request: { readonly category: Category };
    readonly demand?: DemandCounts | undefined;
    readonly now: Date;
  };
  readonly participant: Pick<TestingParticipant, 'signifier' | 'type' | 'demandNotices'>;
  readonly ruleSet: Pick<RuleSet, 'quotas'>;
}

/** What limits the certificates of a category, as it stands; nothing where nothing does. */
export const demandLimits = (one: DemandCase): DemandLimit[] =>
  one.question.demand === undefined
    ? []
    : [adHocLimit(one), totalLimit(one), monthlyLimit(one)].filter((limit) => limit !== undefined);

/**
 * Certificates by single requests in 24 hours. The live service takes the rest in batches (SEC Appendix N): so does ours, and a
 * notice of demand raises nothing. What to do is the fix of the reason, to wait; the detail tells what is not counted.
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
    detail: `${signifier} has had ${String(issued)} ${category} certificates by single requests in 24 hours; there are ${String(most)}, and items of batches are not counted.`,
  };
}

/** Certificates of all participants together in any 24 hours; the live service counts a night (SEC Appendix N). */
function totalLimit({ question: { request, demand }, ruleSet }: DemandCase): DemandLimit | undefined {
  const { category } = request;
  const issued = demand?.ofAllInDay;
  const most = ruleSet.quotas[category].everybody?.perDay ?? 'NONE';
  if (most === 'NONE' || issued === undefined) return undefined;
  return {
    limit: 'DAILY_TOTAL',
    most,
    issued,
    beyond: 'QUOTA_EXCEEDED',
    detail: `All participants together have had ${String(issued)} ${category} certificates in 24 hours; there are ${String(most)}.`,
  };
}

/**
 * Certificates in 30 days that are no exceptional demand (MP160, a proposal): a share of what the participant had in so many days
 * before, on average. Who has no month behind it, or had nothing in it, has no average; and a notice that was accepted tells of
 * the demand while its period lasts.
 */
function monthlyLimit({
  question: { request, demand, now },
  participant: { signifier, type, demandNotices = [] },
  ruleSet,
}: DemandCase): DemandLimit | undefined {
  const { category } = request;
  const { exceptional } = ruleSet.quotas[category];
  const percent = exceptional?.percent[type] ?? 'NONE';
  const month = demand?.month;
  if (exceptional === undefined || percent === 'NONE' || month === undefined) return undefined;
  const { issued, before, days } = month;
  if (days < MONTH || before === 0) return undefined;
  if (demandNotices.some((one) => one.category === category && one.from <= now && now < one.to))
    return undefined;
  const share = Math.floor((percent * before * MONTH) / (100 * days));
  const most = Math.max(exceptional.least, share);
  const average = String(Math.round((before * MONTH) / days));
  return {
    limit: 'MONTHLY_DEMAND',
    most,
    issued,
    beyond: 'NOTICE_REQUIRED',
    detail: `${signifier} has had ${String(issued)} ${category} certificates in ${String(MONTH)} days; without notice there are ${String(most)}, by its average of ${average} a month before.`,
  };
}

/** Days. */
const MONTH = 30;
