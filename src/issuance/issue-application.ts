import type { Application, ApplicationItem } from '../domain/application.ts';
import { Fault } from '../domain/fault.ts';
import { findByItems } from '../ca/certificate-store.ts';
import { findIntents, isAuthorityRetired } from '../ca/intent-store.ts';
import { withTransaction } from '../db/transaction.ts';
import { recordItems, releaseIssuing, takeOverIssuing } from '../registry/application-steps.ts';
import { requireApplication } from '../registry/applications.ts';
import { findApplicant } from '../registry/callers.ts';
import { abandonInterrupted } from './abandon-interrupted.ts';
import { outcomeOf } from './application-verdict.ts';
import { findReferral, reasonsOf, requestsOf } from './ask-application.ts';
import { issueCertificates } from './issue-certificates.ts';
import { moveApplication } from './move-application.ts';
import type { IssuanceNeeds } from './needs.ts';

/** How long whoever issues an application has it for himself: far longer than a hundred certificates take. Milliseconds. */
export const ISSUING_LEASE = 120_000;

/**
 * Issues the items that passed of an ISSUING application whose lease is ours, by the same steps as any certificate: the
 * decision is asked again. What an interrupted process had issued is kept; its intents are abandoned.
 * @throws Fault `database-unavailable`; `conflict`, `request-in-progress` when somebody else has the application
 */
export async function issueApplication(application: Application, needs: IssuanceNeeds): Promise<Application> {
  try {
    const items = await issueItems(application, needs);
    return await finish({ ...application, items }, needs);
  } catch (error) {
    await releaseIssuing(application, needs.clock.now(), needs.db).catch(() => undefined);
    throw error;
  }
}

/** Goes on with an application whose issuer is gone. @returns it, or `undefined` when somebody else was faster */
export async function resumeApplication(id: string, needs: IssuanceNeeds): Promise<Application | undefined> {
  const now = needs.clock.now();
  const application = await requireApplication(id, needs.db);
  const leaseUntil = new Date(now.getTime() + ISSUING_LEASE);
  return (await takeOverIssuing(application, leaseUntil, now, needs.db))
    ? issueApplication({ ...application, version: application.version + 1 }, needs)
    : undefined;
}

async function issueItems(application: Application, needs: IssuanceNeeds): Promise<ApplicationItem[]> {
  const { db, clock } = needs;
  const ruleSet = needs.ruleSets.at(clock.now());
  const { caller } = await findApplicant(application.credentialId, clock.now(), db);
  const referral = await findReferral(application, db);
  const requests = await requestsOf(application, caller, referral, db);
  const earlier = await keepIssued(application, needs);
  const items = application.items.map((item) => ({ ...item, ...earlier.get(item.id) }));
  const waiting = items.filter((item) => item.outcome === 'PASS' && item.serialNumber === null);
  const results = await issueCertificates(
    requests.filter((_request, place) => waiting.some((item) => item.position === place)),
    needs,
  );
  // Who was slow, not dead, has intents of these items: he or the next one to resume ends it. So it waits for another test CA.
  const hindered = results.find(
    (one) => one instanceof Fault && (one.code === 'request-in-progress' || isAuthorityRetired(one)),
  );
  if (hindered instanceof Fault) throw hindered;
  const outcomes = new Map(waiting.map((item, place) => [item.id, results[place]]));
  return items.map((item) => {
    const result = outcomes.get(item.id);
    if (result === undefined) return item;
    if (!(result instanceof Fault))
      return { ...item, serialNumber: result.serialNumber, decisionId: result.decision.id, reasons: [] };
    const reasons = reasonsOf(result);
    const { decision = item.decisionId } = result.about;
    return { ...item, decisionId: decision, outcome: outcomeOf(reasons, ruleSet), reasons };
  });
}

/** What was issued before an interruption: item -> its certificate. Intents that did not become one are abandoned. */
async function keepIssued(
  { items, credentialId }: Application,
  needs: IssuanceNeeds,
): Promise<Map<string, Pick<ApplicationItem, 'serialNumber' | 'decisionId'>>> {
  const ids = items.map((item) => item.id);
  const intents = [...(await findIntents(ids, needs.db)).values()];
  if (intents.length > 0)
    await withTransaction(needs.db, (db) => abandonInterrupted(intents, credentialId, needs.clock.now(), db));
  // What its issuer recorded in this very moment was not abandoned.
  return findByItems(ids, needs.db);
}

async function finish(application: Application, needs: IssuanceNeeds): Promise<Application> {
  const { id, items } = application;
  const issued = items.filter((item) => item.serialNumber !== null).length;
  const to = issued === items.length ? 'ISSUED' : issued > 0 ? 'PARTLY_ISSUED' : 'FAILED';
  const serialNumbers = items.flatMap((item) => (item.serialNumber === null ? [] : [item.serialNumber]));
  const tell = `Application ${id} is ${to}: ${String(issued)} of ${String(items.length)} certificate(s) are there.`;
  return withTransaction(needs.db, async (db) => {
    await recordItems(items, db);
    return moveApplication(application, { to, facts: { serialNumbers }, tell }, needs.clock.now(), db);
  });
}
