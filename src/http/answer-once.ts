import { createHash, randomUUID } from 'node:crypto';
import type { Request } from 'express';
import { Fault } from '../domain/fault.ts';
import type { Caller } from '../domain/participant.ts';
import { query, type Transaction } from '../db/query.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import type { RouteAnswer } from './route.ts';

/**
 * Does an act once for each Idempotency-Key of a credential: the claim, the act and its answer are one transaction, so
 * that a second request waits for the first and then has the same answer, on any node, also after a crash. Without a
 * key it is simply done.
 * @throws Fault `idempotency-key-reused` when the key came with another request before
 */
export async function answerOnce(
  request: Request,
  caller: Caller,
  at: Date,
  db: Transaction,
  work: () => Promise<RouteAnswer>,
): Promise<{ readonly answer: RouteAnswer; readonly isNew: boolean }> {
  const key = idempotencyKeyOf(request);
  if (key === undefined) return { answer: await work(), isNew: true };
  const sha256 = createHash('sha256')
    .update(JSON.stringify([request.method, request.originalUrl, request.body ?? null]))
    .digest();
  const id = randomUUID();
  const claimed = await query(
    db,
    `insert into idempotency_key (id, credential_id, key, request_sha256, claimed_at, lease_until)
     values ($1, $2, $3, $4, $5, $5) on conflict (credential_id, key) do nothing`,
    [id, caller.credentialId, key, sha256, at],
  );
  if (claimed.rowCount === 1) {
    const answer = await work();
    const kept = { answer: { ...answer, unkept: undefined } };
    await query(db, `update idempotency_key set answer = $2 where id = $1`, [id, JSON.stringify(kept)]);
    return { answer, isNew: true };
  }
  const { rows } = await query<{ request_sha256: Buffer; answer: { readonly answer?: RouteAnswer } | null }>(
    db,
    `select request_sha256, answer from idempotency_key where credential_id = $1 and key = $2`,
    [caller.credentialId, key],
  );
  const [earlier] = rows;
  if (earlier === undefined || !earlier.request_sha256.equals(sha256) || earlier.answer?.answer === undefined)
    throw new Fault(
      'idempotency-key-reused',
      'This Idempotency-Key came before with another request; take a new key.',
    );
  return { answer: earlier.answer.answer, isNew: false };
}
