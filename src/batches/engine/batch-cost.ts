import type { Category } from '../../domain/category.ts';
import type { DemandCounts } from '../../domain/eligibility-question.ts';
import { waitsUntil } from '../../domain/live-timings.ts';
import type { Caller, TestingParticipant } from '../../domain/participant.ts';
import { findBasis } from '../../eligibility/basis.ts';
import { dailyQuota } from '../../eligibility/daily-quota.ts';
import { demandLimits } from '../../eligibility/demand-limits.ts';
import type { RuleSet } from '../../eligibility/rule-set.ts';
import type { BatchLimits } from '../batch-limits.ts';
import type { BatchRequest } from '../batch-store.ts';
import type { BatchNeeds } from '../needs.ts';
import { recentRate } from './work-rate.ts';

export const LIMITS = [
  'BATCH_ITEMS',
  'DAILY_QUOTA',
  'DAILY_TOTAL',
  'MONTHLY_DEMAND',
  'AGREEMENT_CAP',
] as const;
/** Who sets a limit: the service for everybody, an agreement, or a notice of demand that the DCC accepted. */
export const LIMIT_SETTERS = ['SERVICE', 'AGREEMENT', 'DEMAND_NOTICE'] as const;
/**
 * `RECENT_BATCHES`: by the rate of those completed last. `DRY_RUN`: as long as the dry run took, without signing and recording:
 * at least.
 */
export const DURATION_MEASURES = ['RECENT_BATCHES', 'DRY_RUN'] as const;

/**
 * What a batch would use. No money: test certificates and identifiers are free of charge (DESIGN for certificates; government
 * response, paragraphs 29 and 35, for identifiers).
 */
export interface BatchCost {
  readonly chargeable: false;
  /** By keys of test CAs, one for each certificate; the manifest takes one more of the service's own key. */
  readonly signatures: number;
  /** Parts in which it is worked on. */
  readonly chunks: number;
  /** Of the result as a ZIP, at most. */
  readonly resultOctets: number;
  readonly duration: WorkDuration;
  readonly limits: readonly LimitUse[];
}

/** How long it is worked on, once its turn has come and while nobody else's batch is. */
export interface WorkDuration {
  readonly seconds: number;
  readonly measuredBy: (typeof DURATION_MEASURES)[number];
  /** How many recent ones were looked at. */
  readonly batches?: number;
  /** With live timings: it waits for its window first. */
  readonly waitsUntil?: Date;
}

/** What of a limit is used, and what the batch would take of it. */
export interface LimitUse {
  readonly limit: (typeof LIMITS)[number];
  readonly setBy: (typeof LIMIT_SETTERS)[number];
  readonly most: number;
  readonly used: number;
  readonly takes: number;
  readonly remains: number;
  /** Items for which nothing of it is left. */
  readonly beyond: number;
  /** The reason code that they are told. */
  readonly reason: string;
}

/** What a dry run found out of the items. */
export interface RehearsedItems {
  readonly items: number;
  readonly certificates: number;
  /** Items that are told a reason. */
  readonly beyond: (reason: string) => number;
}

/**
 * How the limits of a participant stand, and what a batch would take of them: CSRs of a batch; certificates in 24 hours, its own
 * and those of all participants, and in a month (beyond them notice is wanted, or one waits: gate A10); and the cap of the
 * agreement on which it rests. What has no limit has no row.
 */
export function limitsUsed(
  { items, certificates, beyond }: RehearsedItems,
  { request, caller, participant, demand, now }: AskedBatch,
  limits: { readonly ofService: BatchLimits; readonly agreed: BatchLimits },
  ruleSet: RuleSet,
): LimitUse[] {
  const use = ({ most, used, takes, reason, ...rest }: Omit<LimitUse, 'remains' | 'beyond'>): LimitUse => {
    const remains = Math.max(0, most - used - takes);
    // Limits may have a reason in common: items that are told it are not beyond a limit of which something is left.
    return { ...rest, most, used, takes, remains, beyond: remains > 0 ? 0 : beyond(reason), reason };
  };
  const { ofService, agreed } = limits;
  const rows = [
    use({
      limit: 'BATCH_ITEMS',
      setBy: agreed.items === ofService.items ? 'SERVICE' : 'AGREEMENT',
      most: agreed.items,
      used: 0,
      takes: items,
      reason: 'BATCH_TOO_MANY_ITEMS',
    }),
  ];
  if (participant === undefined) return rows;
  const question = { request, caller, participant, now, demand };
  const { agreement } = findBasis(participant, question, ruleSet);
  const quota = dailyQuota({ question, participant, agreement, ruleSet });
  if (quota !== undefined) {
    const { most, setBy, issued } = quota;
    rows.push(
      use({ limit: 'DAILY_QUOTA', setBy, most, used: issued, takes: certificates, reason: quota.beyond }),
    );
  }
  for (const { limit, most, issued, beyond: reason } of demandLimits({ question, participant, ruleSet }))
    // Items of batches are no single requests.
    if (limit !== 'AD_HOC')
      rows.push(use({ limit, setBy: 'SERVICE', most, used: issued, takes: certificates, reason }));
  if (agreement?.volumeCap !== undefined)
    rows.push(
      use({
        limit: 'AGREEMENT_CAP',
        setBy: 'AGREEMENT',
        most: agreement.volumeCap,
        used: participant.certificatesIssued,
        takes: certificates,
        reason: 'AGREEMENT_VOLUME_EXCEEDED',
      }),
    );
  return rows;
}

/**
 * How long a number of items would be worked on.
 * @param begun  when the dry run began, by `performance.now()`: what it took counts where nothing was measured lately
 */
export async function durationOf(
  items: number,
  { category, now, begun }: { readonly category: Category; readonly now: Date; readonly begun: number },
  { issuance: { db }, timings }: Pick<BatchNeeds, 'issuance' | 'timings'>,
): Promise<WorkDuration> {
  const rate = await recentRate(category, db);
  const opens = timings && waitsUntil(now, now, timings);
  const waits = opens === undefined ? {} : { waitsUntil: opens };
  if (rate === undefined)
    return { seconds: Math.ceil((performance.now() - begun) / 1000), measuredBy: 'DRY_RUN', ...waits };
  const seconds = Math.ceil(items / rate.itemsPerSecond);
  return { seconds, measuredBy: 'RECENT_BATCHES', batches: rate.batches, ...waits };
}

/** A batch, and for whom it is asked. */
export interface AskedBatch {
  readonly request: BatchRequest;
  readonly caller: Caller;
  readonly participant: TestingParticipant | undefined;
  /** What was counted for it; absent where nothing limits that. */
  readonly demand?: DemandCounts | undefined;
  readonly now: Date;
}
