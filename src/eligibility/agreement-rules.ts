import { formatInstant } from '../domain/instant.ts';
import type { Agreement } from '../domain/participant.ts';
import type { Case, Rule } from './rule.ts';

/** What the agreement on which a request rests must cover. Other bases have no such limits. */
export const AGREEMENT_RULES: readonly Rule[] = [
  {
    reason: 'AGREEMENT_CATEGORY_EXCLUDED',
    check: covering(({ permittedCategories }, { question: { request } }) =>
      permittedCategories.includes(request.category) ? undefined : `the category ${request.category}`,
    ),
  },
  {
    reason: 'AGREEMENT_PURPOSE_EXCLUDED',
    check: covering(({ permittedPurposes }, { question: { request } }) =>
      permittedPurposes.includes(request.purpose) ? undefined : `the purpose ${request.purpose}`,
    ),
  },
  {
    // A request that names no environment is for none in particular.
    reason: 'AGREEMENT_ENVIRONMENT_EXCLUDED',
    check: covering(({ permittedEnvironments }, { question: { request } }) =>
      request.environment === undefined || permittedEnvironments.includes(request.environment)
        ? undefined
        : `the environment ${request.environment}`,
    ),
  },
  {
    reason: 'AGREEMENT_ROLE_EXCLUDED',
    check: covering(({ permittedRoles }, { question: { csr } }) => {
      const subject = csr?.subject;
      if (subject?.category !== 'ORGANISATION' || permittedRoles.includes(subject.role)) return undefined;
      return `the role ${subject.role}`;
    }),
  },
  {
    reason: 'AGREEMENT_VOLUME_EXCEEDED',
    check: covering(({ volumeCap }, { participant }) =>
      volumeCap === undefined || participant.certificatesIssued < volumeCap
        ? undefined
        : `more than ${String(volumeCap)} certificates, and ${String(participant.certificatesIssued)} are issued`,
    ),
  },
  {
    reason: 'VALIDITY_BEYOND_AGREEMENT',
    check: ({ agreement, question: { validUntil }, ruleSet: { settings } }) => {
      const end = agreement?.effectiveTo;
      if (settings.beyondAgreement === 'ALLOW' || end === undefined || validUntil === undefined) return [];
      // The last second of a validity is part of it (RFC 5280, 4.1.2.5); the end of an agreement is not.
      return validUntil.getTime() + SECOND <= end.getTime()
        ? []
        : [
            `The certificate would be valid until ${formatInstant(validUntil)}; agreement ${agreement?.ref ?? ''} ends at ${formatInstant(end)}.`,
          ];
    },
  },
];

/** Milliseconds. */
const SECOND = 1000;

function covering(
  uncovered: (agreement: Agreement, one: Case) => string | undefined,
): (one: Case) => readonly string[] {
  return (one) => {
    const what = one.agreement && uncovered(one.agreement, one);
    return one.agreement && what ? [`Agreement ${one.agreement.ref} does not cover ${what}.`] : [];
  };
}
