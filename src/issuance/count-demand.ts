import { CATEGORIES, type Category } from '../domain/category.ts';
import type { DemandCounts } from '../domain/eligibility-question.ts';
import { PARTICIPANT_TYPES, type ParticipantType } from '../domain/participant.ts';
import type { Db } from '../db/query.ts';
import type { RuleSet } from '../eligibility/rule-set.ts';
import { countAdHoc, type Limited } from '../registry/count-demand.ts';
import { isAdHoc, signifierOf, type UndecidedRequest } from './earlier-requests.ts';

/** What was counted for a request of a participant; `undefined` where nothing limits it. */
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
  const limited = adHocLimited(requests, ruleSet);
  if (limited.length === 0) return undefined;
  const signifiers = [...new Set(requests.filter(isAdHoc).map(signifierOf))];
  const adHoc = new Map<string, number>();
  for (const { signifier, category, certificates } of await countAdHoc(signifiers, limited, now, db))
    adHoc.set(`${signifier} ${category}`, certificates);
  return (signifier, read) => {
    const adHocInDay = isAdHoc(read) ? adHoc.get(`${signifier} ${read.asked.request.category}`) : undefined;
    return adHocInDay === undefined ? undefined : { adHocInDay };
  };
}

/** Types of participant whose single requests, among these, are limited. */
export const adHocTypes = (requests: readonly UndecidedRequest[], ruleSet: RuleSet): ParticipantType[] => [
  ...new Set(adHocLimited(requests, ruleSet).map(({ type }) => type)),
];

function adHocLimited(requests: readonly UndecidedRequest[], { quotas }: RuleSet): Limited[] {
  const isAsked = (category: Category) =>
    requests.some((read) => read.asked.request.category === category && isAdHoc(read));
  return CATEGORIES.flatMap((category) => {
    const { adHoc } = quotas[category];
    if (adHoc === undefined || !isAsked(category)) return [];
    return PARTICIPANT_TYPES.filter((type) => adHoc.perDay[type] !== 'NONE').map((type) => ({
      category,
      type,
    }));
  });
}
