import type { Decision } from '../domain/decision.ts';
import type { EligibilityQuestion } from '../domain/eligibility-question.ts';
import type { AuditEvent } from './audit-log.ts';

/** A question and its answer, on record or only asked. */
export interface Attempt {
  /** Id of the decision; absent: it was only asked, and is on record as this event alone. */
  readonly id?: string;
  readonly requestId?: string;
  readonly question: Pick<EligibilityQuestion, 'caller' | 'request' | 'now'>;
  readonly decision: Pick<Decision, 'reasons'>;
}

/**
 * Who reached for what is another's: an EUI-64 in somebody else's range (government response, paragraph 29; requirements,
 * F24), or another participant (requirements 3.3, A2). One event for each reason, of the participant who tried.
 */
export function securityEvents(attempts: readonly Attempt[]): AuditEvent[] {
  return attempts.flatMap(({ id, requestId, question: { caller, request, now }, decision }) =>
    decision.reasons.flatMap(({ reason, detail }) => {
      const event = SECURITY_EVENTS.get(reason);
      if (event === undefined) return [];
      const { credentialId, participantId, person, role } = caller;
      const { category, onBehalfOf } = request;
      const facts = { by: person, role, reason, detail, category, onBehalfOf, checked: id === undefined };
      return [
        {
          at: now,
          event,
          participantId,
          credentialId,
          ...(requestId === undefined ? {} : { requestId }),
          object: id ?? caller.signifier,
          facts,
        },
      ];
    }),
  );
}

/** Reasons of which a security officer should know, and the event under which each is on record. */
export const SECURITY_EVENTS: ReadonlyMap<string, string> = new Map([
  ['IDENTIFIER_OWNED_BY_OTHER', 'security.identifier-of-another'],
  ['ACTOR_NOT_OF_PARTICIPANT', 'security.asked-for-another'],
]);
