import type { Category } from '../domain/category.ts';
import type { Agreement, TestingParticipant } from '../domain/participant.ts';
import type { QuotaReason } from './gate-schemas.ts';
import type { RuleSet } from './rule-set.ts';

/** Gate A10 in numbers. */
export interface DailyQuota {
  /** Certificates of the category in 24 hours. */
  readonly most: number;
  /** Who set it: the rule set for everybody, the agreement, or a notice of demand that the DCC accepted. */
  readonly setBy: 'SERVICE' | 'AGREEMENT' | 'DEMAND_NOTICE';
  /** In the last 24 hours. */
  readonly issued: number;
  /** What is said of a certificate beyond it. */
  readonly beyond: QuotaReason;
}

/** Of whom, when, and for certificates of which category; `agreement`: on which the request rests. */
export interface QuotaCase {
  readonly question: { readonly request: { readonly category: Category }; readonly now: Date };
  readonly participant: Pick<TestingParticipant, 'type' | 'issuedInDay' | 'demandNotices'>;
  readonly agreement: Agreement | undefined;
  readonly ruleSet: Pick<RuleSet, 'quotas'>;
}

/**
 * The quota of a participant as it stands: an agreement may have its own number, and an accepted notice of demand raises it
 * while its period lasts.
 * @returns nothing where there is none
 */
export function dailyQuota({
  question: { request, now },
  participant,
  agreement,
  ruleSet: { quotas },
}: QuotaCase): DailyQuota | undefined {
  const { beyond, perDay } = quotas[request.category];
  const usual = agreement?.dailyQuota ?? perDay[participant.type];
  if (usual === 'NONE') return undefined;
  const noticed = (participant.demandNotices ?? [])
    .filter(({ category, from, to }) => category === request.category && from <= now && now < to)
    .map((one) => one.perDay);
  const most = Math.max(usual, ...noticed);
  const setBy =
    most > usual ? 'DEMAND_NOTICE' : agreement?.dailyQuota === undefined ? 'SERVICE' : 'AGREEMENT';
  return { most, setBy, issued: participant.issuedInDay[request.category] ?? 0, beyond };
}
