import type { EligibilityQuestion } from '../domain/eligibility-question.ts';
import type { Rule } from './rule.ts';
import type { RuleSet } from './rule-set.ts';

/** What is known before the participant is looked at. */
export interface Asked {
  readonly question: EligibilityQuestion;
  readonly ruleSet: RuleSet;
}

/** Gates A1, A2 and A3: for whom is asked, and whether the caller may. A caller who may not, learns nothing else. */
export const ASKER_RULES: readonly Rule<Asked>[] = [
  {
    reason: 'PARTICIPANT_UNKNOWN',
    check: (asked) =>
      mayAskFor(asked) && asked.question.participant === undefined
        ? [`Nobody is registered as ${signifierOf(asked)}.`]
        : [],
  },
  {
    reason: 'PARTICIPANT_CLOSED',
    check: (asked) =>
      mayAskFor(asked) && asked.question.participant?.status === 'CLOSED'
        ? [`The record of ${asked.question.participant.signifier} is closed.`]
        : [],
  },
  {
    reason: 'ACTOR_NOT_OF_PARTICIPANT',
    check: (asked) =>
      mayAskFor(asked)
        ? []
        : [
            `A credential of ${asked.question.caller.signifier} may not ask on behalf of another participant.`,
          ],
  },
  {
    reason: 'OFFICER_NOT_AUTHORISED',
    check: ({ question: { caller }, ruleSet: { issuingRoles } }) =>
      issuingRoles.includes(caller.role) ? [] : [`The role ${caller.role} may not ask for certificates.`],
  },
];

/** Whether the caller belongs to the participant, or is one of the DCC's who may ask on behalf of others. */
export function mayAskFor({ question, ruleSet }: Asked): boolean {
  const { caller, participant, request } = question;
  const own =
    participant === undefined
      ? signifierOf({ question, ruleSet }) === caller.signifier
      : participant.id === caller.participantId;
  const forOthers = caller.participantType === 'DCC' && ruleSet.onBehalfRoles.includes(caller.role);
  return own || (forOthers && request.onBehalfOf !== undefined);
}

const signifierOf = ({ question: { caller, request } }: Asked) => request.onBehalfOf ?? caller.signifier;
