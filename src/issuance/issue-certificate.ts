import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { IssuedCertificate } from '../domain/certificate.ts';
import { Fault } from '../domain/fault.ts';
import { findByIdempotency } from '../ca/certificate-store.ts';
import { findIntents } from '../ca/intent-store.ts';
import { withTransaction } from '../db/transaction.ts';
import { abandonInterrupted } from './abandon-interrupted.ts';
import { applyInstead } from './apply-instead.ts';
import { gather } from './gather.ts';
import {
  claimIdempotencyKey,
  isAnswer,
  keepHeld,
  overtaken,
  recordRefusal,
  releaseClaim,
  type HeldKey,
} from './idempotency-store.ts';
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
  const hash = requestHash(asked);
  for (let turn = 0; turn < POLLS; turn += 1) {
    const claim = await claimIdempotencyKey(credentialId, key, hash, needs.clock.now(), needs.db);
    if (claim.state === 'ours') {
      const result = await issueClaimed(claim, asked, issue, needs);
      if (!(result instanceof Fault && result.code === 'request-in-progress')) return result;
    } else {
      const issued = await findByIdempotency(claim.id, needs.db);
      if (issued !== undefined) return issued;
      if (claim.state === 'answered') return claim.fault;
    }
    await pause(POLL_INTERVAL);
  }
  throw overtaken();
}

/** @returns Fault `request-in-progress` when somebody took the key over meanwhile */
async function issueClaimed(
  claim: HeldKey & { readonly interrupted: boolean },
  asked: AskedRequest,
  issue: (asked: AskedRequest) => Promise<IssuanceResult>,
  needs: IssuanceNeeds,
): Promise<IssuanceResult> {
  const { id, fence } = claim;
  try {
    if (claim.interrupted) {
      const finished = await clearInterrupted(claim, asked, needs);
      if (finished !== undefined) return finished;
    }
    const result = await issue({ ...asked, idempotencyId: id, fence });
    if (!(result instanceof Fault) || result.code === 'request-in-progress') return result;
    // A refusal is the answer for good; a fault of ours, or a full quota, is none, and a repetition tries again. An
    // application is written together with its answer.
    if (!isAnswer(result)) await releaseClaim(claim, needs.db);
    else if (result.about.application === undefined && !(await recordRefusal(claim, result, needs.db)))
      return overtaken();
    return result;
  } catch (error) {
    if (error instanceof Fault && error.code === 'request-in-progress') return error;
    // The caller does not wait for this: the database may be what is away.
    releaseClaim(claim, needs.db).catch(() => undefined);
    throw error;
  }
}

/**
 * Somebody gave up or died over this key: the certificate if it is on record after all; else the intents are abandoned
 * before a new try, so that whoever still works under them can record nothing.
 */
async function clearInterrupted(
  held: HeldKey,
  asked: AskedRequest,
  needs: IssuanceNeeds,
): Promise<IssuedCertificate | undefined> {
  const at = needs.clock.now();
  return withTransaction(needs.db, async (db) => {
    await keepHeld([held], db);
    const intents = await findIntents([held.id], db);
    await abandonInterrupted([...intents.values()], asked.caller.credentialId, at, db);
    // Looked up behind the abandoning, which waits for whoever records a certificate at this moment.
    return findByIdempotency(held.id, db);
  });
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
const GATHERED = { items: 32, inFlight: 2, company: { enough: 8, milliseconds: 4 } };
const POLL_INTERVAL = 100;
const POLLS = 50;
