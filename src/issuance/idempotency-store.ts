import { randomUUID } from 'node:crypto';
import { Fault, type FaultCode, type FaultSubject, type Reason } from '../domain/fault.ts';
import { query, type Db, type Transaction } from '../db/query.ts';

/**
 * How long a claim holds before a retry may take the work over, by the clock of the database: longer than every timeout
 * of `db/pool.ts`. Milliseconds.
 */
const LEASE = 120_000;

/** A key that is held. Whoever takes it over raises the fence: then this holder can neither answer nor issue. */
export interface HeldKey {
  readonly id: string;
  readonly fence: number;
}

/** What became of a request that carries an Idempotency-Key. */
export type Claim =
  /** Nobody works on it: go ahead under this id. `interrupted`: somebody gave up or died over it before. */
  | (HeldKey & { readonly state: 'ours'; readonly interrupted: boolean })
  /** It was refused; the same refusal again. */
  | { readonly state: 'answered'; readonly id: string; readonly fault: Fault }
  /** Somebody works on it, or finished with a certificate that `id` finds. */
  | { readonly state: 'taken'; readonly id: string };

/**
 * Claims an Idempotency-Key of a credential.
 * @param requestSha256  of everything that makes the request what it is
 * @throws Fault `idempotency-key-reused` when the key came with another request before
 */
export async function claimIdempotencyKey(
  credentialId: string,
  key: string,
  requestSha256: Buffer,
  now: Date,
  db: Db,
): Promise<Claim> {
  const id = randomUUID();
  const inserted = await query(
    db,
    `insert into idempotency_key (id, credential_id, key, request_sha256, claimed_at, lease_until)
     values ($1, $2, $3, $4, $5, ${LEASE_END}) on conflict (credential_id, key) do nothing`,
    [id, credentialId, key, requestSha256, now],
  );
  if (inserted.rowCount === 1) return { state: 'ours', id, fence: 1, interrupted: false };

  const { rows } = await query<{ id: string; request_sha256: Buffer; answer: StoredFault | null }>(
    db,
    `select id, request_sha256, answer from idempotency_key where credential_id = $1 and key = $2`,
    [credentialId, key],
  );
  const [earlier] = rows;
  if (earlier === undefined)
    throw new Fault('request-in-progress', 'The Idempotency-Key is being released; send the request again.');
  if (!earlier.request_sha256.equals(requestSha256))
    throw new Fault(
      'idempotency-key-reused',
      'This Idempotency-Key came before with another request; take a new key.',
    );
  if (earlier.answer !== null) return { state: 'answered', id: earlier.id, fault: restore(earlier.answer) };

  const taken = await query<{ fence: number }>(
    db,
    `update idempotency_key set lease_until = ${LEASE_END}, fence = fence + 1
      where id = $1 and lease_until <= clock_timestamp() and answer is null returning fence`,
    [earlier.id],
  );
  const [held] = taken.rows;
  return held === undefined
    ? { state: 'taken', id: earlier.id }
    : { state: 'ours', id: earlier.id, fence: held.fence, interrupted: true };
}

/**
 * Makes sure, until the transaction ends, that nobody takes these keys over.
 * @throws Fault `request-in-progress` when somebody has taken one over or answered it already
 */
export async function keepHeld(keys: readonly HeldKey[], db: Transaction): Promise<void> {
  if (keys.length === 0) return;
  const { rowCount } = await query(
    db,
    `select 1 from idempotency_key k join unnest($1::uuid[], $2::integer[]) as held (id, fence)
         on held.id = k.id and held.fence = k.fence
      where k.answer is null order by k.id for no key update of k`,
    [keys.map((one) => one.id), keys.map((one) => one.fence)],
  );
  if (rowCount !== keys.length) throw overtaken();
}

/** What a holder is told whose key somebody else has taken over: that one's answer counts. */
export const overtaken = (): Fault =>
  new Fault(
    'request-in-progress',
    'A request with this Idempotency-Key is still being worked on; send it again shortly.',
  );

/** Whether a fault is an answer for good: a refusal is; a fault of the service is none, and a repetition tries again. */
export const isAnswer = (fault: Fault): boolean => ANSWERS.has(fault.code);

/**
 * Keeps a refusal as the answer; a certificate is its own answer and always wins.
 * @returns whether it is the answer: `false` when somebody has taken the key over
 */
export async function recordRefusal({ id, fence }: HeldKey, fault: Fault, db: Db): Promise<boolean> {
  const { code, message: detail, reasons, about } = fault;
  const answer: StoredFault = { code, detail, reasons, about };
  const { rowCount } = await query(
    db,
    `update idempotency_key set answer = $3 where id = $1 and fence = $2 and answer is null
        and not exists (select 1 from certificate c where c.idempotency_id = $1 and c.status = 'issued')`,
    [id, fence, JSON.stringify(answer)],
  );
  return rowCount === 1;
}

/** The refusal that was kept as the answer, if there is one. */
export async function findRefusal(id: string, db: Db): Promise<Fault | undefined> {
  const { rows } = await query<{ answer: StoredFault | null }>(
    db,
    `select answer from idempotency_key where id = $1`,
    [id],
  );
  return rows[0]?.answer ? restore(rows[0].answer) : undefined;
}

/** Gives a key back after a fault that is not the caller's, so that a retry need not wait for the lease. */
export async function releaseClaim({ id, fence }: HeldKey, db: Db): Promise<void> {
  await query(db, `update idempotency_key set lease_until = clock_timestamp() where id = $1 and fence = $2`, [
    id,
    fence,
  ]);
}

interface StoredFault {
  readonly code: FaultCode;
  readonly detail: string;
  readonly reasons: readonly Reason[];
  readonly about?: FaultSubject;
}

/** Member by member: the database keeps what an object says, and not in which order. */
const restore = ({ code, detail, reasons, about = {} }: StoredFault): Fault =>
  new Fault(code, detail, {
    reasons: reasons.map(({ reason, clause, detail: what, fix }) => ({ reason, clause, detail: what, fix })),
    about: {
      ...(about.decision === undefined ? {} : { decision: about.decision }),
      ...(about.application === undefined ? {} : { application: about.application }),
    },
  });

const LEASE_END = `clock_timestamp() + interval '${String(LEASE)} milliseconds'`;
const ANSWERS: ReadonlySet<FaultCode> = new Set<FaultCode>([
  'csr-refused',
  'not-eligible',
  'referred',
  'malformed-request',
]);
