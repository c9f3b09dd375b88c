import { Fault } from '../../domain/fault.ts';
import { query, type Db, type Transaction } from '../../db/query.ts';
import type { Batch } from '../batch-store.ts';
import { GENERATION } from './generation.ts';

/** Generated keys of a batch: a CMS message that only its recipient opens. */
export interface LaboratoryKeys {
  /** Of the message. */
  readonly sha256: Buffer;
  readonly octets: number;
  /** Sent to their last octet, to whom, and removed. */
  readonly deliveredAt: Date | null;
  readonly deliveredCredential: string | null;
  readonly deliveredPerson: string | null;
  readonly acknowledgedAt: Date | null;
  readonly removedAt: Date | null;
}

/** Puts a message on record, piece by piece. */
export async function storeKeys(
  made: { batchId: string; recipientSha256: Buffer; sha256: Buffer; message: Buffer; at: Date },
  db: Transaction,
): Promise<void> {
  const { batchId, recipientSha256, sha256, message, at } = made;
  await query(
    db,
    `insert into laboratory_keys (batch_id, recipient_sha256, sha256, octets, made_at) values ($1, $2, $3, $4, $5)`,
    [batchId, recipientSha256, sha256, message.length, at],
  );
  for (let piece = 0; piece * PIECE_OCTETS < message.length; piece += 1)
    await query(db, `insert into laboratory_keys_piece (batch_id, piece, octets) values ($1, $2, $3)`, [
      batchId,
      piece,
      message.subarray(piece * PIECE_OCTETS, (piece + 1) * PIECE_OCTETS),
    ]);
}

/**
 * The generated keys of a batch while they are to be had: from when they are made until they are delivered or acknowledged.
 * @throws Fault `gone` once they are, and when their time is over: then they never come again; `conflict` for a batch of CSRs, and
 *         before they are made
 */
export async function requireKeys(batch: Batch, db: Db): Promise<LaboratoryKeys> {
  const keys = await findKeys(batch, db);
  const ended = endOf(keys);
  if (ended !== undefined)
    throw new Fault('gone', `The keys were ${ended}, and removed; the service cannot give them again.`, {
      fix: 'Ask for new keys with another batch.',
    });
  return keys;
}

/**
 * Their recipient says that it has the keys of a batch whole, and names their hash: if they are there yet, they are removed. The same
 * word again changes nothing.
 * @throws Fault `conflict` for another hash, for a batch of CSRs, before they are made, and when their time is over
 */
export async function acknowledgeKeys(
  batch: Batch,
  sha256: string,
  at: Date,
  db: Transaction,
): Promise<{ readonly acknowledgedAt: Date }> {
  await query(db, `select from laboratory_keys where batch_id = $1 for update`, [batch.id]);
  const keys = await findKeys(batch, db);
  if (keys.sha256.toString('hex') !== sha256.toLowerCase()) {
    const ended = endOf(keys);
    if (ended !== undefined)
      throw new Fault('conflict', `This is not the SHA-256 of the keys, which were ${ended}.`, {
        fix: 'Read the file again. If it is not what was sent, ask for new keys with another batch.',
      });
    throw new Fault('conflict', 'This is not the SHA-256 of the keys: they are kept.', {
      fix: 'Fetch them again, whole, and acknowledge the SHA-256 of what arrived.',
    });
  }
  if (keys.removedAt !== null)
    throw new Fault('conflict', `The keys were ${endOf(keys) ?? ''}: a receipt comes too late.`, {
      fix: 'None is needed: the service no longer has them.',
    });
  if (keys.acknowledgedAt !== null) return { acknowledgedAt: keys.acknowledgedAt };
  await query(db, `delete from laboratory_keys_piece where batch_id = $1`, [batch.id]);
  await query(db, `update laboratory_keys set acknowledged_at = $2 where batch_id = $1`, [batch.id, at]);
  return { acknowledgedAt: at };
}

/** Ends the time in which generated keys can be fetched. */
export async function removeKeys(batchIds: readonly string[], at: Date, db: Transaction): Promise<void> {
  // Rows before pieces, as whoever delivers or acknowledges does: they wait for each other, and neither for ever.
  await query(
    db,
    `update laboratory_keys set removed_at = $2
      where batch_id = any($1) and delivered_at is null and acknowledged_at is null and removed_at is null`,
    [batchIds, at],
  );
  await query(db, `delete from laboratory_keys_piece where batch_id = any($1)`, [batchIds]);
}

async function findKeys({ id, contentType, state, retryOf }: Batch, db: Db): Promise<LaboratoryKeys> {
  const { rows } = await query<LaboratoryKeys>(
    db,
    `select sha256, octets, delivered_at as "deliveredAt", delivered_credential as "deliveredCredential",
            delivered_person as "deliveredPerson", acknowledged_at as "acknowledgedAt", removed_at as "removedAt"
       from laboratory_keys where batch_id = $1`,
    [id],
  );
  const [keys] = rows;
  if (keys === undefined)
    throw new Fault(
      'conflict',
      retryOf !== null && contentType === GENERATION
        ? `The keys are those of batch ${retryOf}, which this one tries again.`
        : contentType === GENERATION
          ? `The batch is ${state}; its keys are not made.`
          : 'The keys of this batch were made by whoever sent its CSRs; the service never had them.',
    );
  return keys;
}

/** How it came that they are no longer to be had; nothing while they are. */
function endOf(keys: LaboratoryKeys): string | undefined {
  const { deliveredAt, deliveredPerson, deliveredCredential, acknowledgedAt, removedAt } = keys;
  if (deliveredAt !== null) {
    const who = deliveredPerson || `the credential ${deliveredCredential ?? ''}`;
    return `delivered to ${who} on ${deliveredAt.toISOString()}`;
  }
  if (acknowledgedAt !== null) return `acknowledged on ${acknowledgedAt.toISOString()}`;
  return removedAt === null ? undefined : `kept until ${removedAt.toISOString()}`;
}

/** Of a piece of a message; the last one may be smaller. */
export const PIECE_OCTETS = 1024 * 1024;
