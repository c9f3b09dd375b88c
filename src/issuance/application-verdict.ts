import type { ApplicationItem } from '../domain/application.ts';
import type { Outcome } from '../domain/decision.ts';
import type { Reason } from '../domain/fault.ts';
import type { RuleSet } from '../eligibility/rule-set.ts';

/** Where an application goes next as a whole, and what it waits for. */
export interface Verdict {
  readonly to: 'APPROVED' | 'REFERRED' | 'WAITING' | 'REFUSED';
  readonly waitingFor: readonly string[];
  /** What an approver is asked about. */
  readonly referred: readonly Reason[];
}

/**
 * An application moves as a whole, apart from items that are refused for good: they stay behind. While a fact that may
 * change stands against one of the others it waits; then an approver is asked where one is needed; then it is issued.
 * @param curable  whether a curable reason lets it wait; else it refuses
 */
export function judgeItems(
  items: readonly Pick<ApplicationItem, 'outcome' | 'reasons'>[],
  ruleSet: Pick<RuleSet, 'reasonCodes'>,
  curable = true,
): Verdict {
  const open = items.filter(
    (item) => item.outcome !== 'REFUSE' || (curable && canBeCured(item.reasons, ruleSet)),
  );
  const waitingFor = open.flatMap((item) => causesOfWaiting(item.reasons, ruleSet));
  const referred = open
    .flatMap((item) => item.reasons)
    .filter((one) => ruleSet.reasonCodes.get(one.reason)?.outcome === 'REFER');
  return {
    to:
      open.length === 0
        ? 'REFUSED'
        : waitingFor.length > 0
          ? 'WAITING'
          : referred.length > 0
            ? 'REFERRED'
            : 'APPROVED',
    waitingFor: [...new Set(waitingFor)].sort(),
    referred: referred.filter(
      (one, place) =>
        referred.findIndex((other) => other.reason === one.reason && other.detail === one.detail) === place,
    ),
  };
}

/** Whether every reason that refuses is one that a changed fact may take away. */
export function canBeCured(
  reasons: readonly Reason[],
  { reasonCodes }: Pick<RuleSet, 'reasonCodes'>,
): boolean {
  return reasons.every(({ reason }) => {
    const code = reasonCodes.get(reason);
    return code !== undefined && (code.outcome !== 'REFUSE' || code.curable === true);
  });
}

/** The worst that reasons say: none of them, PASS. */
export function outcomeOf(
  reasons: readonly Reason[],
  { reasonCodes }: Pick<RuleSet, 'reasonCodes'>,
): Outcome {
  const found = reasons.map(({ reason }) => reasonCodes.get(reason)?.outcome ?? 'REFUSE');
  return (['REFUSE', 'REFER', 'QUEUE'] as const).find((each) => found.includes(each)) ?? 'PASS';
}

const causesOfWaiting = (reasons: readonly Reason[], { reasonCodes }: Pick<RuleSet, 'reasonCodes'>) =>
  reasons.filter(({ reason }) => reasonCodes.get(reason)?.outcome !== 'REFER').map((one) => one.reason);
