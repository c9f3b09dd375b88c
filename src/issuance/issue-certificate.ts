import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { IssuedCertificate } from '../domain/certificate.ts';
import { Fault, type FaultCode } from '../domain/fault.ts';
import { findByIdempotency } from '../ca/certificate-store.ts';
import { abandonInterrupted } from './abandon-interrupted.ts';
import { applyInstead } from './apply-instead.ts';
import { gather } from './gather.ts';
import { claimIdempotencyKey, recordRefusal, releaseClaim } from './idempotency-store.ts';
import { issueCertificates, type IssuanceResult } from './issue-certificates.ts';
import type { AskedRequest, IssuanceNeeds } from './needs.ts';

/** Issues one test certificate; `idempotencyKey` makes a repetition give the same answer and create nothing twice. */
export type IssueCertificate = (asked: AskedRequest, idempotencyKey?: string) => Promise<IssuedCertificate>;

/**
 * The use case behind `POST /v1/certificates`. Requests that arrive together are gathered into one set. One that needs an
 * approver, or that a fact which may change stands against, becomes an application of one item.
 *
 * The function it returns throws Fault `csr-refused`, `not-eligible`, `malformed-request` with every reason; `referred`,
 * about the application and the decision; `idempotency-key-reused`, `request-in-progress`; `database-unavailable`.
 */
export function issuesOneByOne(needs: IssuanceNeeds): IssueCertificate {
  const issueGathered = gather((set: readonly AskedRequest[]) => issueCertificates(set, needs), GATHERED);
  const issueOrApply = async (asked: AskedRequest) => {
    const result = await issueGathered(asked);
    return result instanceof Fault ? applyInstead(asked, result, needs) : result;
  };
  return async (asked, idempotencyKey) => {
    const result =
      idempotencyKey === undefined
        ? await issueOrApply(asked)
        : await issueOnce(asked, idempotencyKey, issueOrApply, needs);
    if (result instanceof Fault) throw result;
    return result;
  };
}

/** The answer under an Idempotency-Key: the one there is, or ours; while somebody else works on it, theirs is waited for. */
async function issueOnce(
  asked: AskedRequest,
  key: string,
  issue: (asked: AskedRequest) => Promise<IssuanceResult>,
  needs: IssuanceNeeds,
): Promise<IssuanceResult> {
  const { credentialId } = asked.caller;
  for (let turn = 0; turn < POLLS; turn += 1) {
    const claim = await claimIdempotencyKey(
      credentialId,
      key,
      requestHash(asked),
      needs.clock.now(),
      needs.db,
    );
    if (claim.state === 'answered') return claim.fault;
    if (claim.state === 'ours') return issueClaimed(claim, asked, issue, needs);
    const { issued } = await findByIdempotency(claim.id, needs.db);
    if (issued[0] !== undefined) return issued[0];
    await pause(POLL_INTERVAL);
  }
  throw new Fault(
    'request-in-progress',
    'A request with this Idempotency-Key is still being worked on; send it again shortly.',
  );
}

async function issueClaimed(
  claim: { readonly id: string; readonly interrupted: boolean },
  asked: AskedRequest,
  issue: (asked: AskedRequest) => Promise<IssuanceResult>,
  needs: IssuanceNeeds,
): Promise<IssuanceResult> {
  const { db, clock } = needs;
  if (claim.interrupted) {
    const finished = await clearInterrupted(claim.id, asked, needs);
    if (finished !== undefined) return finished;
  }
  const release = () => releaseClaim(claim.id, clock.now(), db);
  try {
    const result = await issue({ ...asked, idempotencyId: claim.id });
    if (!(result instanceof Fault)) return result;
    // A refusal is the answer for good; a fault of ours, or a full quota, is none, and a repetition tries again. An
    // application is written together with its answer.
    if (PASSING_FAULTS.has(result.code)) await release();
    else if (result.about.application === undefined) await recordRefusal(claim.id, result, db);
    return result;
  } catch (error) {
    await release().catch(() => undefined);
    throw error;
  }
}

/** A process died over this key: its certificate if it was recorded; else its intents are abandoned before a new try. */
async function clearInterrupted(
  id: string,
  asked: AskedRequest,
  needs: IssuanceNeeds,
): Promise<IssuedCertificate | undefined> {
  const { issued, prepared } = await findByIdempotency(id, needs.db);
  if (issued[0] !== undefined) return issued[0];
  await abandonInterrupted(prepared, asked.caller.credentialId, needs);
  return undefined;
}

/** SHA-256 over every member of the request, in a fixed order. */
function requestHash({ request }: AskedRequest): Buffer {
  const { csr, ...rest } = request;
  const members = Object.entries(rest).sort(([left], [right]) => (left < right ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(members)).update(csr).digest();
}

/** Sets stay small enough for a smooth answer; four at work keep the processor busy while others commit. */
const GATHERED = { items: 32, inFlight: 4 };
const PASSING_FAULTS: ReadonlySet<FaultCode> = new Set<FaultCode>([
  'lint-failed',
  'signing-failed',
  'too-many-requests',
]);
const POLL_INTERVAL = 100;
const POLLS = 50;
