import { dailyQuota } from './daily-quota.ts';
import { demandLimits } from './demand-limits.ts';
import { QUOTA_REASONS, type QuotaReason } from './gate-schemas.ts';
import { outstandingObligations } from './obligations.ts';
import type { Case, Rule } from './rule.ts';
import { gatewayAbsent } from './table-b.ts';

/** Gates A7 to A11: terms, security obligations, channel, quota, holds (requirements 3.3). */
export const ADMISSION_RULES: readonly Rule[] = [
  {
    reason: 'TERMS_NOT_ACCEPTED',
    check: ({ participant, ruleSet: { terms } }) =>
      terms.exempt.includes(participant.type) || participant.termsAccepted.includes(terms.version)
        ? []
        : [`${participant.signifier} has not accepted version ${terms.version} of the terms.`],
  },
  { reason: 'SECURITY_OBLIGATION_OUTSTANDING', check: outstandingObligations },
  {
    reason: 'CHANNEL_NOT_PERMITTED',
    check: ({ question: { request }, ruleSet: { categories } }) => {
      const { channels } = categories[request.category];
      return channels.includes(request.channel)
        ? []
        : [`${request.category} certificates go over ${channels.join(' or ')}, not over ${request.channel}.`];
    },
  },
  {
    reason: 'GATEWAY_CONNECTION_ABSENT',
    check: (one) => {
      const absent = one.question.request.channel === 'DCC_GATEWAY' ? gatewayAbsent(one) : undefined;
      return absent === undefined ? [] : [absent];
    },
  },
  ...QUOTA_REASONS.map((reason): Rule => ({ reason, check: (one) => checkQuota(reason, one) })),
  {
    reason: 'PARTICIPANT_ON_HOLD',
    check: ({ participant }) =>
      participant.holds.map(
        ({ cause, because }) => `${participant.signifier} is on hold (${cause}): ${asSentence(because)}`,
      ),
  },
];

/** Whatever limits the number of certificates: those of earlier requests of the same set are included. */
const checkQuota = (reason: QuotaReason, one: Case): readonly string[] => [
  ...checkDailyQuota(reason, one),
  ...demandLimits(one).flatMap(({ beyond, most, issued, detail }) =>
    beyond === reason && issued >= most ? [detail] : [],
  ),
];

/** Certificates of the last 24 hours. */
function checkDailyQuota(reason: QuotaReason, one: Case): readonly string[] {
  const { question, participant, ruleSet } = one;
  const { category } = question.request;
  if (ruleSet.quotas[category].beyond !== reason) return [];
  const quota = dailyQuota(one);
  if (quota === undefined || quota.issued < quota.most) return [];
  return [
    `${participant.signifier} has had ${String(quota.issued)} ${category} certificates in 24 hours; there are ${String(quota.most)}.`,
  ];
}

const asSentence = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`);
