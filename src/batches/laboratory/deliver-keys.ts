import { createHash } from 'node:crypto';
import { Fault } from '../../domain/fault.ts';
import type { Caller } from '../../domain/participant.ts';
import { recordEvents } from '../../audit/audit-log.ts';
import { query, type Db } from '../../db/query.ts';
import { withTransaction } from '../../db/transaction.ts';
import type { IssuanceNeeds } from '../../issuance/needs.ts';
import type { Batch } from '../batch-store.ts';
import type { Fetched } from '../require-fetchable.ts';
import { PIECE_OCTETS, requireKeys } from './laboratory-keys.ts';

/** A download of generated keys; while its lease lasts there is no other one of them. */
export interface KeyDownload {
  readonly batchId: string;
  readonly fence: number;
  /** Of the message. */
  readonly sha256: Buffer;
  readonly octets: number;
}

/**
 * Begins a download of the keys of a batch. Its lease is a minute, which `holdDownload` renews; whoever dies over it holds nobody up for
 * longer.
 * @throws Fault `request-in-progress` while there is another one; `gone` and `conflict` as `requireKeys`
 */
export async function beginDownload(batch: Batch, db: Db): Promise<KeyDownload> {
  const { rows } = await query<KeyDownload>(
    db,
    `update laboratory_keys set download_fence = download_fence + 1, download_until = ${LEASE}
      where batch_id = $1 and ${TO_BE_HAD} and (download_until is null or download_until < clock_timestamp())
     returning batch_id as "batchId", download_fence as fence, sha256, octets`,
    [batch.id],
  );
  const [begun] = rows;
  if (begun !== undefined) return begun;
  throw await whyNot(batch, db);
}

/**
 * Renews the lease of a download until it is told to end: a piece may be read slower than a lease lasts. Where it cannot be renewed,
 * another download may begin, and the next piece or the record of this one finds out.
 * @param every  milliseconds
 */
export function holdDownload({ batchId, fence }: KeyDownload, db: Db, every = BETWEEN_RENEWALS): () => void {
  const timer = setInterval(() => {
    query(db, RENEWAL, [batchId, fence]).catch(() => undefined);
  }, every).unref();
  return () => {
    clearInterval(timer);
  };
}

/**
 * The message, piece by piece, the last one only when the whole of it is what was made.
 * @throws Fault `request-in-progress` when somebody else has the download by now, `gone` when the keys are no longer there: what was sent
 *         of it must break off; TypeError when they are not what was made
 */
export async function* keyPieces(
  { batchId, fence, sha256, octets }: KeyDownload,
  batch: Batch,
  db: Db,
): AsyncGenerator<Buffer, void, undefined> {
  const seen = createHash('sha256');
  for (let piece = 0; piece * PIECE_OCTETS < octets; piece += 1) {
    const { rows } = await query<{ octets: Buffer }>(db, NEXT_PIECE, [batchId, fence, piece]);
    const [found] = rows;
    if (found === undefined) throw await whyNot(batch, db);
    seen.update(found.octets);
    if ((piece + 1) * PIECE_OCTETS >= octets && !seen.digest().equals(sha256))
      throw new TypeError('the keys on record are not those that were made');
    yield found.octets;
  }
}

/** A download that broke off: what was sent of it was not delivered, and the next one can begin. */
export async function endDownload({ batchId, fence }: KeyDownload, db: Db): Promise<void> {
  await query(
    db,
    `update laboratory_keys set download_until = null where batch_id = $1 and download_fence = $2`,
    [batchId, fence],
  );
}

/**
 * The keys were sent to their last octet: that is on record, and they are removed, in one act. Where it cannot be recorded, they stay to
 * be had (decision 13).
 * @throws TypeError when this download no longer has them, so that nothing is delivered twice on record
 */
export async function recordDelivery(
  { id, participantId }: Batch,
  { credentialId, person }: Caller,
  { channel, requestId }: Fetched,
  { sha256, fence }: KeyDownload,
  { db, clock }: Pick<IssuanceNeeds, 'db' | 'clock'>,
): Promise<void> {
  const at = clock.now();
  const facts = { by: person, channel, sha256: sha256.toString('hex') };
  const event = {
    at,
    event: 'batch.keys.delivered',
    participantId,
    credentialId,
    requestId,
    object: id,
    facts,
  };
  await withTransaction(db, async (transaction) => {
    const { rowCount } = await query(
      transaction,
      `update laboratory_keys set delivered_at = $2, delivered_credential = $3, delivered_person = $4, download_until = null
        where batch_id = $1 and delivered_at is null and download_fence = $5`,
      [id, at, credentialId, person, fence],
    );
    if (rowCount !== 1) throw new TypeError('another download of these keys began meanwhile');
    await query(transaction, `delete from laboratory_keys_piece where batch_id = $1`, [id]);
    await recordEvents([event], transaction);
  });
}

/** Why a download does not have the keys: they are no longer to be had, or another one has them. */
async function whyNot(batch: Batch, db: Db): Promise<Fault> {
  await requireKeys(batch, db);
  return new Fault('request-in-progress', 'The keys are being fetched: they are given once.', {
    fix: 'Wait until that download has ended. If it breaks off, they can be fetched again; after one that died, in a minute at the latest.',
  });
}

const LEASE = `clock_timestamp() + interval '1 minute'`;
/** Milliseconds: two renewals may fail. */
const BETWEEN_RENEWALS = 20_000;
const TO_BE_HAD = `delivered_at is null and acknowledged_at is null and removed_at is null`;
/** One that comes after the end of the download begins no lease anew. */
const RENEWAL = `update laboratory_keys set download_until = ${LEASE}
  where batch_id = $1 and download_fence = $2 and download_until is not null and ${TO_BE_HAD}`;
const NEXT_PIECE = `
  with held as (${RENEWAL} returning batch_id)
  select p.octets from laboratory_keys_piece p join held on held.batch_id = p.batch_id where p.piece = $3`;
