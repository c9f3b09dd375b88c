import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { IssuedCertificate } from '../domain/certificate.ts';
import { Fault } from '../domain/fault.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { abandonLeftovers, findByIdempotency } from '../ca/certificate-store.ts';
import { withTransaction } from '../db/pool.ts';
import { gather } from './gather.ts';
import { claimIdempotencyKey, recordRefusal, releaseClaim } from './idempotency-store.ts';
import { issueCertificates, type IssuanceResult } from './issue-certificates.ts';
import type { AskedRequest, IssuanceNeeds } from './needs.ts';

/** Issues one test certificate; `idempotencyKey` makes a repetition give the same answer and create nothing twice. */
export type IssueCertificate = (asked: AskedRequest, idempotencyKey?: string) => Promise<IssuedCertificate>;

/**
 * The use case behind `POST /v1/certificates`. Requests that arrive together are gathered into one set.
 *
 * The function it returns throws Fault `csr-refused`, `not-eligible`, `referred`, `malformed-request` with every
 * reason; `idempotency-key-reused`, `request-in-progress`; `database-unavailable`.
 */
export function issuesOneByOne(needs: IssuanceNeeds): IssueCertificate {
  const issueGathered = gather((set: readonly AskedRequest[]) => issueCertificates(set, needs), GATHERED);
  return async (asked, idempotencyKey) => {
    const result =
      idempotencyKey === undefined
        ? await issueGathered(asked)
        : await issueOnce(asked, idempotencyKey, issueGathered, needs);
    if (result instanceof Fault) throw result;
    return result;
  };
}

async function issueOnce(
  asked: AskedRequest,
  key: string,
  issue: (asked: AskedRequest) => Promise<IssuanceResult>,
  needs: IssuanceNeeds,
): Promise<IssuanceResult> {
  const { db, clock } = needs;
  const claim = await claimIdempotencyKey(
    asked.caller.credentialId,
    key,
    requestHash(asked),
    clock.now(),
    db,
  );
  if (claim.state === 'answered') return claim.fault;
  if (claim.state === 'taken') return answerOfAnother(claim.id, needs);
  if (claim.interrupted) {
    const finished = await clearInterrupted(claim.id, asked, needs);
    if (finished !== undefined) return finished;
  }
  try {
    const result = await issue({ ...asked, idempotencyId: claim.id });
    if (result instanceof Fault) await recordRefusal(claim.id, result, db);
    return result;
  } catch (error) {
    await releaseClaim(claim.id, clock.now(), db).catch(() => undefined);
    throw error;
  }
}

/** Another process, or an earlier request, has the key: its certificate, once there is one. */
async function answerOfAnother(id: string, needs: IssuanceNeeds): Promise<IssuedCertificate> {
  for (let turn = 0; turn < POLLS; turn += 1) {
    const { issued } = await findByIdempotency(id, needs.db);
    if (issued[0] !== undefined) return issued[0];
    await pause(POLL_INTERVAL);
  }
  throw new Fault(
    'request-in-progress',
    'A request with this Idempotency-Key is still being worked on; send it again shortly.',
  );
}

/** A process died over this key: its certificate if it was recorded; else its intents are abandoned before a new try. */
async function clearInterrupted(
  id: string,
  asked: AskedRequest,
  needs: IssuanceNeeds,
): Promise<IssuedCertificate | undefined> {
  const { issued, prepared } = await findByIdempotency(id, needs.db);
  if (issued[0] !== undefined) return issued[0];
  const at = needs.clock.now();
  await withTransaction(needs.db, async (db) => {
    const abandoned = await abandonLeftovers(prepared, 'interrupted; the request was repeated', at, db);
    await recordEvents(
      abandoned.map((serialNumber) => ({
        at,
        event: 'certificate.abandoned',
        credentialId: asked.caller.credentialId,
        object: serialNumber,
        facts: { reason: 'interrupted; the request was repeated' },
      })),
      db,
    );
  });
  return undefined;
}

/** SHA-256 over every member of the request, in a fixed order. */
function requestHash({ request }: AskedRequest): Buffer {
  const { csr, ...rest } = request;
  const members = Object.entries(rest).sort(([left], [right]) => (left < right ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(members)).update(csr).digest();
}

/**
 * Sets stay small enough for a smooth answer. Two at work: one computes while the other commits; with more, sets become
 * smaller, and most of what PostgreSQL does is done once a set.
 */
const GATHERED = { items: 32, inFlight: 2 };
const POLL_INTERVAL = 100;
const POLLS = 50;
