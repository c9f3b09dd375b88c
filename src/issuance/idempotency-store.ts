import { randomUUID } from 'node:crypto';
import { Fault, type FaultCode, type Reason } from '../domain/fault.ts';
import { query, type Db } from '../db/pool.ts';

/** How long a claim holds before a retry may take the work over: far longer than any set takes. Milliseconds. */
export const LEASE = 30_000;

/** What became of a request that carries an Idempotency-Key. */
export type Claim =
  /** Nobody works on it: go ahead under this id. `interrupted`: a process died over it before. */
  | { readonly state: 'ours'; readonly id: string; readonly interrupted: boolean }
  /** It was refused; the same refusal again. */
  | { readonly state: 'answered'; readonly fault: Fault }
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
  const lease = new Date(now.getTime() + LEASE);
  const inserted = await query(
    db,
    `insert into idempotency_key (id, credential_id, key, request_sha256, claimed_at, lease_until)
     values ($1, $2, $3, $4, $5, $6) on conflict (credential_id, key) do nothing`,
    [id, credentialId, key, requestSha256, now, lease],
  );
  if (inserted.rowCount === 1) return { state: 'ours', id, interrupted: false };

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
  if (earlier.answer !== null) return { state: 'answered', fault: restore(earlier.answer) };

  const taken = await query(
    db,
    `update idempotency_key set lease_until = $2 where id = $1 and lease_until <= $3 and answer is null`,
    [earlier.id, lease, now],
  );
  return taken.rowCount === 1
    ? { state: 'ours', id: earlier.id, interrupted: true }
    : { state: 'taken', id: earlier.id };
}

/** Keeps a refusal as the answer; a certificate is its own answer. */
export async function recordRefusal(id: string, fault: Fault, db: Db): Promise<void> {
  const { code, message: detail, reasons, decision } = fault;
  const answer: StoredFault = { code, detail, reasons, ...(decision === undefined ? {} : { decision }) };
  await query(db, `update idempotency_key set answer = $2 where id = $1`, [id, JSON.stringify(answer)]);
}

/** Gives a claim back after a fault that is not the caller's, so that a retry need not wait for the lease. */
export async function releaseClaim(id: string, now: Date, db: Db): Promise<void> {
  await query(db, `update idempotency_key set lease_until = $2 where id = $1`, [id, now]);
}

interface StoredFault {
  readonly code: FaultCode;
  readonly detail: string;
  readonly reasons: readonly Reason[];
  readonly decision?: string;
}

/** Member by member: the database keeps what an object says, and not in which order. */
const restore = ({ code, detail, reasons, decision }: StoredFault): Fault =>
  new Fault(code, detail, {
    reasons: reasons.map((one) => ({
      reason: one.reason,
      clause: one.clause,
      detail: one.detail,
      fix: one.fix,
    })),
    decision,
  });
