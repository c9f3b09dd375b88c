import type { EligibilityQuestion } from '../domain/eligibility-question.ts';
import type { Rule } from './rule.ts';
import type { RuleSet } from './rule-set.ts';

/** What is known before the participant is looked at. */
export interface Asked {
  readonly question: EligibilityQuestion;
  readonly ruleSet: RuleSet;
}

/**
 * Gates A1, A2 and A3: for whom is asked, and whether the caller may. Who may not ask for the participant (A2) learns nothing
 * of it; an officer who may not ask (A3) reads every other reason, too.
 */
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
    reason: 'OFFICER_NOT_ACTIVE',
    check: ({ question: { caller } }) =>
      caller.officer === undefined || caller.officer.state === 'ACTIVE'
        ? []
        : [`The officer ${caller.officer.id} of ${caller.signifier} is ${caller.officer.state}.`],
  },
  { reason: 'OFFICER_NOT_AUTHORISED', check: checkOfficer },
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

/** Only an Authorised Responsible Officer with the category acts for a participant (SEC Appendix M). */
function checkOfficer({ question: { caller, request }, ruleSet }: Asked): readonly string[] {
  const { role, signifier, officer } = caller;
  if (!ruleSet.issuingRoles.includes(role)) return [`The role ${role} may not ask for certificates.`];
  const kind = ruleSet.officerRoles[role];
  if (kind === undefined) return [];
  if (officer === undefined) return [`No officer of ${signifier} stands behind this credential.`];
  if (officer.kind !== kind) return [`The officer ${officer.id} of ${signifier} is no ${kind}.`];
  return officer.categories.includes(request.category)
    ? []
    : [`The officer ${officer.id} of ${signifier} is not nominated for the category ${request.category}.`];
}
