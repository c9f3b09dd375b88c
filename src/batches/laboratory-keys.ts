import { Fault } from '../domain/fault.ts';
import { query, type Db, type PoolClient } from '../db/pool.ts';
import type { Batch } from './batch-store.ts';
import { GENERATION } from './generation.ts';

/** Generated keys of a batch: a CMS message that only its recipient opens. */
export interface LaboratoryKeys {
  /** Of the message. */
  readonly sha256: Buffer;
  readonly octets: number;
  readonly acknowledgedAt: Date | null;
  readonly removedAt: Date | null;
}

/** Puts a message on record, piece by piece. */
export async function storeKeys(
  made: { batchId: string; recipientSha256: Buffer; sha256: Buffer; message: Buffer; at: Date },
  db: PoolClient,
): Promise<void> {
  const { batchId, recipientSha256, sha256, message, at } = made;
  await query(
    db,
    `insert into laboratory_keys (batch_id, recipient_sha256, sha256, octets, made_at) values ($1, $2, $3, $4, $5)`,
    [batchId, recipientSha256, sha256, message.length, at],
  );
  for (let piece = 0; piece * PIECE < message.length; piece += 1)
    await query(db, `insert into laboratory_keys_piece (batch_id, piece, octets) values ($1, $2, $3)`, [
      batchId,
      piece,
      message.subarray(piece * PIECE, (piece + 1) * PIECE),
    ]);
}

/**
 * The generated keys of a batch while they are to be had: from when they are made until they are acknowledged.
 * @throws Fault `conflict` for a batch of CSRs, before they are made, and once they are gone: then nobody has them any more
 */
export async function requireKeys(batch: Batch, db: Db): Promise<LaboratoryKeys> {
  const keys = await findKeys(batch, db);
  if (keys.acknowledgedAt !== null)
    throw new Fault(
      'conflict',
      `The keys were received and removed on ${keys.acknowledgedAt.toISOString()}; the service cannot give them again.`,
      { fix: 'Ask for new keys with another batch.' },
    );
  return keys;
}

/** The message, piece by piece. */
export async function* keyPieces({ id }: Batch, db: Db): AsyncGenerator<Buffer, void, undefined> {
  for (let piece = 0; ; piece += 1) {
    const { rows } = await query<{ octets: Buffer }>(
      db,
      `select octets from laboratory_keys_piece where batch_id = $1 and piece = $2`,
      [id, piece],
    );
    const [found] = rows;
    if (found === undefined) return;
    yield found.octets;
  }
}

/**
 * Removes the keys of a batch because their recipient has them whole: it names their hash. The same word again changes nothing.
 * @throws Fault `conflict` for another hash, and as `requireKeys`
 */
export async function acknowledgeKeys(
  batch: Batch,
  sha256: string,
  at: Date,
  db: PoolClient,
): Promise<{ readonly acknowledgedAt: Date }> {
  await query(db, `select from laboratory_keys where batch_id = $1 for update`, [batch.id]);
  const keys = await findKeys(batch, db);
  if (keys.sha256.toString('hex') !== sha256.toLowerCase())
    throw new Fault('conflict', 'This is not the SHA-256 of the keys: they are kept.', {
      fix: 'Fetch them again, whole, and acknowledge the SHA-256 of what arrived.',
    });
  if (keys.acknowledgedAt !== null) return { acknowledgedAt: keys.acknowledgedAt };
  await query(db, `delete from laboratory_keys_piece where batch_id = $1`, [batch.id]);
  await query(db, `update laboratory_keys set acknowledged_at = $2 where batch_id = $1`, [batch.id, at]);
  return { acknowledgedAt: at };
}

/** Ends the time in which generated keys can be fetched. */
export async function removeKeys(batchIds: readonly string[], at: Date, db: PoolClient): Promise<void> {
  await query(db, `delete from laboratory_keys_piece where batch_id = any($1)`, [batchIds]);
  await query(
    db,
    `update laboratory_keys set removed_at = $2 where batch_id = any($1) and acknowledged_at is null and removed_at is null`,
    [batchIds, at],
  );
}

async function findKeys({ id, contentType, state, retryOf }: Batch, db: Db): Promise<LaboratoryKeys> {
  const { rows } = await query<LaboratoryKeys>(
    db,
    `select sha256, octets, acknowledged_at as "acknowledgedAt", removed_at as "removedAt" from laboratory_keys
      where batch_id = $1`,
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
  if (keys.removedAt !== null)
    throw new Fault(
      'conflict',
      `The keys could be fetched until ${keys.removedAt.toISOString()}; nobody has them any more.`,
      { fix: 'Ask for new keys with another batch.' },
    );
  return keys;
}

const PIECE = 1024 * 1024;
