import type { Application, ApplicationState } from '../domain/application.ts';
import type { Caller } from '../domain/participant.ts';
import { listEvents } from '../audit/audit-log.ts';
import type { Db } from '../db/query.ts';
import { findApplications, requireApplication } from '../registry/applications.ts';

/** One thing that happened to an application. */
export interface ApplicationEvent {
  readonly at: Date;
  /** `application.referred` and so on. */
  readonly event: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Where a page of applications begins: after this one, in the order newest first. */
export interface ApplicationPageStart {
  readonly createdAt: Date;
  readonly id: string;
}

/** An application that the caller's participant has or made. @throws Fault `not-found`, also for another's */
export async function findApplication(id: string, caller: Caller, db: Db): Promise<Application> {
  return requireApplication(id, db, caller.participantId);
}

/** One page of the applications that the caller's participant has or made, newest first. `limit`: 1 to 500. */
export async function listApplications(
  filter: { readonly states?: readonly ApplicationState[] },
  page: { readonly limit: number; readonly after?: ApplicationPageStart },
  caller: Caller,
  db: Db,
): Promise<{ items: Application[]; next?: ApplicationPageStart }> {
  const found = await findApplications(
    { ...filter, readerId: caller.participantId },
    { ...page, limit: page.limit + 1 },
    db,
  );
  const items = found.slice(0, page.limit);
  const last = items.at(-1);
  return found.length > page.limit && last !== undefined
    ? { items, next: { createdAt: last.createdAt, id: last.id } }
    : { items };
}

/** What happened to an application, oldest first, as the audit has it. @throws Fault `not-found`, also for another's */
export async function findHistory(id: string, caller: Caller, db: Db): Promise<ApplicationEvent[]> {
  await requireApplication(id, db, caller.participantId);
  const events = await listEvents(id, db);
  // Who of the DCC approved is the DCC's matter.
  return events.map(({ facts, ...one }) => ({
    ...one,
    facts: Object.fromEntries(Object.entries(facts).filter(([name]) => name !== 'person')),
  }));
}
