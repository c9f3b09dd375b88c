import type { IssuedCertificate } from '../domain/certificate.ts';
import { hasPassed } from '../domain/decision.ts';
import { Fault } from '../domain/fault.ts';
import type { SerialNumber } from '../domain/serial-number.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { recordDecisions } from '../audit/decisions.ts';
import { requireCurrent } from '../ca/authority-store.ts';
import { isAuthorityRetired, recordIntents } from '../ca/intent-store.ts';
import { prepare, sign, type PreparedCertificate } from '../ca/issue.ts';
import { bindKeys } from '../ca/public-keys.ts';
import { recordIssued } from '../ca/record-issued.ts';
import { isConstraintViolation, violatedConstraint } from '../db/database-errors.ts';
import type { Transaction } from '../db/query.ts';
import { Ending, withTransaction } from '../db/transaction.ts';
import { askRequests, claimOf, decideRequests, type DecidedRequest } from './decide-requests.ts';
import type { EarlierRequests } from './earlier-requests.ts';
import { keepHeld, overtaken, type HeldKey } from './idempotency-store.ts';
import type { AskedRequest, IssuanceNeeds } from './needs.ts';
import { readRequests, type ReadRequest } from './read-requests.ts';
import { inTurns } from './in-turns.ts';
import { decisionRecord, refusal, refusalEvents } from './refusal.ts';

/** A certificate, or why there is none. */
export type IssuanceResult = IssuedCertificate | Fault;

/** What would be signed, or why nothing would. */
export interface RehearsedCertificate {
  readonly result: Intended;
  /** It would be signed although its key was bound to its subject before. */
  readonly again: boolean;
}

/** What is done in the transactions of a set: it holds, or fails, with them. */
export interface SetCompanion {
  /** First, before anything is decided: whoever lost the right to issue the set throws. */
  hold(db: Transaction): Promise<void>;
  /** Last, with what became of each request, in their order. */
  record(results: readonly IssuanceResult[], db: Transaction): Promise<void>;
}

/**
 * Issues a set of test certificates, one or five hundred, by the same steps. Results stand in the order of the
 * requests, and one that fails never harms its neighbours.
 *
 * @param secondOpinion  `every`: each certificate is read back and verified by OpenSSL; `sampled`: the first of the
 *                       set and one in a hundred
 * @throws Fault `database-unavailable` for the whole set; then at most intents remain
 */
export async function issueCertificates(
  asked: readonly AskedRequest[],
  needs: IssuanceNeeds,
  secondOpinion: 'every' | 'sampled' = 'every',
  companion: SetCompanion = NOBODY,
): Promise<IssuanceResult[]> {
  const requests = await readRequests(asked, needs);
  const { intended, sets } = await recordIntended(requests, needs, companion);
  const signed = await inTurns(intended, (one) => (one instanceof Fault ? one : signOne(one, needs)));
  const confirmed = await confirm(signed, intended, secondOpinion, needs);
  return recordSigned(confirmed, sets, requests, needs, companion);
}

/**
 * What `issueCertificates` would come to, up to the signature: decided, filled and linted. Nothing is recorded, no key
 * is bound, and no key of a CA is used.
 * @param at       the instant at which all of it is asked
 * @param earlier  what was rehearsed before, as if it had been issued
 * @throws Fault `authority-refused` for the whole set when one of their test CAs was retired
 */
export async function rehearseCertificates(
  asked: readonly AskedRequest[],
  needs: IssuanceNeeds,
  at: Date,
  earlier: EarlierRequests,
): Promise<RehearsedCertificate[]> {
  const requests = await readRequests(asked, needs);
  const decided = await askRequests(requests, needs, at, needs.db, 'IN_TURN', earlier);
  const rehearsed = await inTurns(decided, (one) => {
    const result = prepareOne(one, needs, at);
    return { result, again: one.isKeyOnRecord && !(result instanceof Fault) };
  });
  const signers = rehearsed.flatMap(({ result }) => (result instanceof Fault ? [] : [result.signedBy]));
  await requireCurrent([...new Set(signers)], needs.db);
  return rehearsed;
}

type Intended = PreparedCertificate | Fault;

interface Recorded {
  /** In the order of the requests. */
  readonly intended: readonly Intended[];
  /** Ids of the sets of intents in which they are on record. */
  readonly sets: readonly string[];
}

/** Decides, prepares and lints, and writes down the decisions and what will be signed: one transaction. */
async function recordIntended(
  requests: readonly ReadRequest[],
  needs: IssuanceNeeds,
  companion: SetCompanion,
): Promise<Recorded> {
  const at = needs.clock.now();
  try {
    const look = async (db: Transaction) => {
      const [, , looked] = await Promise.all([
        companion.hold(db),
        keepHeld(requests.flatMap(heldKey), db),
        decideRequests(requests, needs, at, db),
      ]);
      return looked;
    };
    const record = async (db: Transaction, decided: readonly DecidedRequest[]) => {
      const intended = await inTurns(decided, (one) => prepareOne(one, needs, at));
      const prepared = intended.flatMap((one) => (one instanceof Fault ? [] : [one]));
      const passed = decided.filter((one) => one.decision.outcome === 'PASS');
      const decisions = decided.filter(isAnswer).map((one) => decisionRecord(one, at));
      const events = decided.flatMap((one, position) =>
        isAnswer(one) ? refusalEvents(one, intended[position], at) : [],
      );
      const written = Promise.all([
        recordDecisions(decisions, db),
        recordIntents(prepared, at, db),
        bindKeys(passed.map(claimOf), at, db),
        recordEvents(events, db),
      ]);
      return new Ending(written.then(([, sets]) => ({ intended, sets })));
    };
    return await withTransaction(needs.db, record, look);
  } catch (error) {
    if (requests.length === 1) return { intended: [answerTo(error, requests[0])], sets: [] };
    // A row that the database refuses takes the whole statement with it: then each request stands for itself.
    if (!isOvertaken(error) && !isAuthorityRetired(error) && !isConstraintViolation(error)) throw error;
    const alone: Recorded[] = [];
    for (const request of requests) alone.push(await recordIntended([request], needs, companion));
    return { intended: alone.flatMap((one) => one.intended), sets: alone.flatMap((one) => one.sets) };
  }
}

/** An item of a batch that waits for a quota is asked again and again until it has its answer: only that goes on record. */
const isAnswer = ({ read: { asked }, decision }: DecidedRequest): boolean =>
  decision.outcome !== 'QUEUE' || asked.place === undefined;

const heldKey = ({ asked: { idempotencyId: id, fence } }: ReadRequest): HeldKey[] =>
  id === undefined || fence === undefined ? [] : [{ id, fence }];

/** What a request alone is told; throws what is no answer. An item of a batch waits for the test CA that comes. */
function answerTo(error: unknown, request: ReadRequest | undefined): Fault {
  if (isOvertaken(error)) return overtaken();
  if (isAuthorityRetired(error) && request?.asked.place === undefined) return error;
  throw error;
}

/** Somebody took the Idempotency-Key over, or works under it. */
const isOvertaken = (error: unknown): boolean =>
  (error instanceof Fault && error.code === 'request-in-progress') ||
  violatedConstraint(error) === 'certificate_intent_idempotency';

function prepareOne(decided: DecidedRequest, needs: IssuanceNeeds, now: Date): Intended {
  const { read, decision, participant, id } = decided;
  const { subject } = read.reading;
  if (!hasPassed(decision) || participant === undefined) return refusal(decided);
  const { asked, profile, key } = read;
  if (!key || !profile || profile instanceof Fault || !subject)
    throw new TypeError('a request passed unread');
  try {
    return prepare({ decision, decisionId: id, participant, ...asked, profile, subject, key }, needs, now);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

function signOne(prepared: PreparedCertificate, needs: IssuanceNeeds): IssuanceResult {
  try {
    return sign(prepared, needs.clock.now());
  } catch (cause) {
    return notAccepted(prepared, cause);
  }
}

/** Lets OpenSSL read the finished certificates back and verify them: what it objects to is not given to anybody. */
async function confirm(
  signed: readonly IssuanceResult[],
  intended: readonly Intended[],
  secondOpinion: 'every' | 'sampled',
  { verifier }: IssuanceNeeds,
): Promise<IssuanceResult[]> {
  const results = [...signed];
  const asked = signed.flatMap((one, position) => {
    const prepared = intended[position];
    if (one instanceof Fault || prepared === undefined || prepared instanceof Fault) return [];
    if (secondOpinion === 'sampled' && position % 100 !== 0) return [];
    return [{ position, prepared, der: one.der, issuerKey: prepared.signedBy.publicKey }];
  });
  const opinions = await verifier.secondOpinions(asked);
  asked.forEach(({ position, prepared }, place) => {
    const opinion = opinions[place];
    if (opinion !== true) results[position] = notAccepted(prepared, opinion);
  });
  return results;
}

const notAccepted = ({ serialNumber }: PreparedCertificate, cause: unknown) =>
  new Fault(
    'signing-failed',
    `The certificate ${serialNumber} was not accepted after signing; it stays recorded as prepared.`,
    { cause },
  );

/** Writes down the certificates that exist now, with whatever the companion has to say: one transaction. */
async function recordSigned(
  results: readonly IssuanceResult[],
  sets: readonly string[],
  requests: readonly ReadRequest[],
  needs: IssuanceNeeds,
  companion: SetCompanion,
): Promise<IssuanceResult[]> {
  const at = needs.clock.now();
  const signed = results.flatMap((one, position) => {
    if (one instanceof Fault) return [];
    const { serialNumber, der, sha256 } = one;
    return [{ serialNumber, der, sha256, requestId: requests[position]?.asked.requestId }];
  });
  const outcome = (recorded: ReadonlySet<SerialNumber>) =>
    results.map((one, position) => {
      if (one instanceof Fault || recorded.has(one.serialNumber)) return one;
      return requests[position]?.asked.fence === undefined ? abandoned(one) : overtaken();
    });
  // A statement alone is a transaction.
  if (companion === NOBODY) return outcome(await recordIssued(signed, sets, at, needs.db));
  return withTransaction(needs.db, async (db) => {
    await companion.hold(db);
    const final = outcome(await recordIssued(signed, sets, at, db));
    await companion.record(final, db);
    return final;
  });
}

const abandoned = ({ serialNumber }: IssuedCertificate) =>
  new Fault(
    'signing-failed',
    `The intent ${serialNumber} was abandoned before its certificate was recorded.`,
  );

const NOBODY: SetCompanion = {
  hold: () => Promise.resolve(),
  record: () => Promise.resolve(),
};
