import type { Rule } from './rule.ts';

/** Whether the key is fit for this subject (requirements 3.4). */
export const KEY_RULES: readonly Rule[] = [
  {
    reason: 'PUBLIC_KEY_REUSED',
    check: ({ question: { standing } }) =>
      standing?.keyUsedForAnotherSubject ? ['A certificate of another subject holds this public key.'] : [],
  },
  {
    reason: 'PUBLIC_KEY_KNOWN_COMPROMISED',
    check: ({ question: { standing } }) =>
      standing?.keyKnownCompromised ? ['The public key is on the deny-list of published test keys.'] : [],
  },
];
