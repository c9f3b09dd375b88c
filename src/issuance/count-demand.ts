import { CATEGORIES, type Category } from '../domain/category.ts';
import type { DemandCounts, MonthlyDemand } from '../domain/eligibility-question.ts';
import { PARTICIPANT_TYPES, type ParticipantType } from '../domain/participant.ts';
import type { Db } from '../db/query.ts';
import type { RuleSet } from '../eligibility/rule-set.ts';
import {
  countAdHoc,
  countMonths,
  countOfAll,
  type Counted,
  type Limited,
} from '../registry/count-certificates.ts';
import { isAdHoc, signifierOf, type UndecidedRequest } from './undecided-request.ts';

/** Answers for a request of a participant with what was counted; `undefined` where nothing limits it. */
export type Demand = (signifier: string, read: UndecidedRequest) => DemandCounts | undefined;

/**
 * Counts what the rule set limits beyond the quota of a day, for the participants and categories of a set.
 * @returns nothing where it limits none of it: then nothing is looked up
 */
export async function countDemand(
  requests: readonly UndecidedRequest[],
  ruleSet: RuleSet,
  now: Date,
  db: Db,
): Promise<Demand | undefined> {
  const adHoc = adHocLimited(requests, ruleSet);
  const monthly = monthlyLimited(requests, ruleSet);
  const together = limitedTogether(requests, ruleSet);
  if (adHoc.length === 0 && monthly.length === 0 && together.length === 0) return undefined;
  const signifiers = [...new Set(requests.map(signifierOf))];
  const [days, months, ofAll] = await Promise.all([
    adHoc.length === 0 ? [] : countAdHoc(signifiers, adHoc, now, db),
    monthly.length === 0 ? [] : countMonths(signifiers, monthly, now, db),
    together.length === 0 ? [] : countOfAll(together, now, db),
  ]);
  const ofDay = new Map(days.map((one) => [nameOf(one), one.certificates]));
  const ofMonth = new Map(months.map((one) => [nameOf(one), monthOf(one)]));
  const byAll = new Map(ofAll.map(({ category, certificates }) => [category, certificates]));
  return (signifier, read) => {
    const { category } = read.asked.request;
    const name = nameOf({ signifier, category });
    const adHocInDay = isAdHoc(read) ? ofDay.get(name) : undefined;
    const ofAllInDay = byAll.get(category);
    const month = ofMonth.get(name);
    if (adHocInDay === undefined && ofAllInDay === undefined && month === undefined) return undefined;
    return {
      ...(adHocInDay === undefined ? {} : { adHocInDay }),
      ...(ofAllInDay === undefined ? {} : { ofAllInDay }),
      ...(month === undefined ? {} : { month }),
    };
  };
}

/** Types of participant whose single requests, among these, are limited. */
export const adHocTypes = (requests: readonly UndecidedRequest[], ruleSet: RuleSet): ParticipantType[] => [
  ...new Set(adHocLimited(requests, ruleSet).map(({ type }) => type)),
];

function adHocLimited(requests: readonly UndecidedRequest[], { quotas }: RuleSet): Limited[] {
  const single = requests.filter(isAdHoc);
  return CATEGORIES.flatMap((category) => {
    const { adHoc } = quotas[category];
    if (adHoc === undefined || !isAsked(category, single)) return [];
    return typesWith(adHoc.perDay).map((type) => ({ category, type }));
  });
}

/** Categories of which all participants together have a limit. */
const limitedTogether = (requests: readonly UndecidedRequest[], { quotas }: RuleSet): Category[] =>
  CATEGORIES.filter(
    (category) => (quotas[category].everybody?.perDay ?? 'NONE') !== 'NONE' && isAsked(category, requests),
  );

function monthlyLimited(requests: readonly UndecidedRequest[], { quotas }: RuleSet) {
  return CATEGORIES.flatMap((category) => {
    const { exceptional } = quotas[category];
    if (exceptional === undefined || !isAsked(category, requests)) return [];
    const { percent, months } = exceptional;
    return typesWith(percent).map((type) => ({ category, type, months }));
  });
}

const isAsked = (category: Category, requests: readonly UndecidedRequest[]) =>
  requests.some((read) => read.asked.request.category === category);

const typesWith = (numbers: Readonly<Record<ParticipantType, number | 'NONE'>>) =>
  PARTICIPANT_TYPES.filter((type) => numbers[type] !== 'NONE');

const nameOf = ({ signifier, category }: Counted) => `${signifier} ${category}`;
const monthOf = ({ issued, before, days }: MonthlyDemand): MonthlyDemand => ({ issued, before, days });
