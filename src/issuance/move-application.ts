import type { Application, ApplicationState } from '../domain/application.ts';
import { WEBHOOK_EVENTS } from '../domain/webhook.ts';
import type { Caller } from '../domain/participant.ts';
import { recordEvents } from '../audit/audit-log.ts';
import type { Transaction } from '../db/query.ts';
import { stepApplication, type StepChanges } from '../registry/application-steps.ts';
import { notify } from '../registry/notifications.ts';
import { announce } from '../webhooks/announce.ts';

/** One step of an application. */
export interface Move {
  readonly to: ApplicationState;
  readonly changes?: StepChanges;
  /** Who acts; absent: the service by itself. */
  readonly by?: Pick<Caller, 'credentialId'>;
  /** What the audit is to know beside the states. */
  readonly facts?: Readonly<Record<string, unknown>>;
  /** What the participant is told; absent: nothing. */
  readonly tell?: string;
}

/**
 * Takes an application to its next state, writes down that it did, and tells the participant: one transaction, one winner.
 * @throws Fault `conflict` when the state may not follow, or somebody else was faster
 */
export async function moveApplication(
  application: Application,
  { to, changes = {}, by, facts = {}, tell }: Move,
  at: Date,
  db: Transaction,
): Promise<Application> {
  const { id, participantId, state, version } = application;
  await stepApplication(application, to, changes, at, db);
  const event = `application.${to.toLowerCase()}`;
  const { waitingFor = [], reasons = application.reasons } = changes;
  await recordEvents(
    [
      {
        at,
        event,
        participantId,
        ...(by === undefined ? {} : { credentialId: by.credentialId }),
        object: id,
        facts: {
          from: state,
          ...(waitingFor.length === 0 ? {} : { waitingFor }),
          ...(reasons.length === 0 ? {} : { reasons: reasons.map((one) => one.reason) }),
          ...facts,
        },
      },
    ],
    db,
  );
  if (tell !== undefined) await notify([{ participantId, at, event, object: id, text: tell }], db);
  const told = to === state ? undefined : WEBHOOK_EVENTS.find((one) => one === event);
  if (told !== undefined)
    await announce(
      { participantIds: [participantId], event: told, at, about: { application: { id, state: to } } },
      db,
    );
  return {
    ...application,
    state: to,
    stateSince: to === state ? application.stateSince : at,
    version: version + 1,
    waitingFor,
    reasons,
    reviewId: changes.reviewId ?? application.reviewId,
    termsVersion: changes.termsVersion ?? application.termsVersion,
  };
}
