import { createHash, hash, randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../../domain/fault.ts';
import { recordEvents } from '../../audit/audit-log.ts';
import { query, type Transaction } from '../../db/query.ts';
import { withTransaction } from '../../db/transaction.ts';
import { notify } from '../../registry/notifications.ts';
import { DerError, DerReader, TAG } from '../../x509/der.ts';
import { decodeCsrText } from '../../x509/pem.ts';
import { announceBatch } from '../announce-batch.ts';
import type { BatchItem } from '../batch-item.ts';
import { limitsOf } from '../batch-limits.ts';
import { findBatch, type Batch } from '../batch-store.ts';
import { refusedBatch } from '../container-error.ts';
import { isWithoutRoom, roomFault } from '../disk-room.ts';
import { generateItems } from '../laboratory/generate-items.ts';
import { GENERATION } from '../laboratory/generation.ts';
import type { BatchNeeds } from '../needs.ts';
import { readItems } from '../containers/read-items.ts';
import { TURN, TURN_FLOOR } from './claim-chunk.ts';

/**
 * Parses one batch that waits for it: QUEUED with its items and chunks, REJECTED with what is wrong, or TAMPERED. All in
 * one transaction, which holds the row: whoever dies over it lets go, and another begins anew, ten seconds after the last one
 * began at the earliest. One that cannot be parsed for a fault of ours waits ten seconds, others go before it, and after ten tries it is
 * REJECTED: what kills a process again and again must not do so for ever.
 * @returns whether there was one
 */
export async function parseBatch(needs: BatchNeeds): Promise<boolean> {
  const { db } = needs.issuance;
  const { rows } = await query<{ id: string; tries: number }>(db, TAKE);
  const [taken] = rows;
  if (taken === undefined) return false;
  const { id, tries } = taken;
  try {
    if (tries > MOST_TRIES)
      throw refusedBatch([{ reason: 'BATCH_NOT_READ', detail: NOT_READ }], needs.intake.codes);
    await withTransaction(db, async (transaction) => {
      const { rowCount } = await query(
        transaction,
        // Waited for: who looks for one at the same moment has it locked for that moment.
        `select from batch where id = $1 and state = 'PARSING' and parse_tries = $2 for update`,
        [id, tries],
      );
      const batch = rowCount === 1 ? await findBatch(id, transaction) : undefined;
      if (batch !== undefined) await parseHeld(batch, needs, transaction);
    });
  } catch (error) {
    if (error instanceof Fault && REFUSALS.has(error.code)) await reject(id, error, needs);
    else {
      // A full disk is nobody's fault: however long it lasts, nothing is given up.
      await query(db, PUT_OFF, [id, isWithoutRoom(error) ? 1 : 0]).catch(() => undefined);
      throw error;
    }
  }
  return true;
}

async function parseHeld(batch: Batch, needs: BatchNeeds, db: Transaction): Promise<void> {
  const at = needs.issuance.clock.now();
  const file = path.join(needs.folder, `parse-${randomUUID()}`);
  try {
    const sha256 = await fetchUpload(batch.id, file, db);
    if (!sha256.equals(batch.uploadSha256)) {
      await end(batch, 'TAMPERED', [], at, db);
      return;
    }
    const items = await insertItems(batch, file, needs, db);
    const chunks = Math.ceil(items / needs.chunkItems);
    await query(
      db,
      `insert into batch_chunk (batch_id, number, first_position, last_position)
       select $1, number, (number - 1) * $2 + 1, least(number * $2, $3) from generate_series(1, $4::integer) as number`,
      [batch.id, needs.chunkItems, items, chunks],
    );
    await query(db, `update batch set state = 'QUEUED', items = $2 where id = $1`, [batch.id, items]);
    await query(db, `delete from batch_upload where batch_id = $1`, [batch.id]);
    await recordEvents([{ ...about(batch), at, event: 'batch.queued', facts: { items } }], db);
    await announceBatch(batch.id, 'batch.queued', at, db);
  } catch (error) {
    throw roomFault(error);
  } finally {
    await rm(file, { force: true });
  }
}

/** Writes the upload into a file again. @returns its SHA-256 as it is now */
async function fetchUpload(id: string, file: string, db: Transaction): Promise<Buffer> {
  const sha256 = createHash('sha256');
  const handle = await open(file, 'wx', 0o600);
  try {
    for (let piece = 0; ; piece += 1) {
      const { rows } = await query<{ octets: Buffer }>(
        db,
        `select octets from batch_upload where batch_id = $1 and piece = $2`,
        [id, piece],
      );
      const [found] = rows;
      if (found === undefined) return sha256.digest();
      sha256.update(found.octets);
      await handle.writeFile(found.octets);
    }
  } finally {
    await handle.close();
  }
}

async function insertItems(batch: Batch, file: string, needs: BatchNeeds, db: Transaction): Promise<number> {
  const earlier = new Map<string, number>();
  let rows: object[] = [];
  let items = 0;
  let sent: Promise<unknown> = Promise.resolve();
  // While the database writes a part, the next one is read.
  const send = async () => {
    await sent;
    sent = query(db, INSERT_ITEMS, [batch.id, JSON.stringify(rows)]);
    // Whether it failed is asked before the next one is sent; what is wrong in the file may be told before.
    sent.catch(() => undefined);
    rows = [];
  };
  const { intake, issuance } = needs;
  const limits = await limitsOf(batch.participant, intake.limits, issuance.clock.now(), db);
  const found =
    batch.contentType === GENERATION
      ? generateItems(batch, file, needs, db)
      : readItems({ file, contentType: batch.contentType }, { ...intake, limits });
  for await (const item of found) {
    items += 1;
    rows.push(itemRow(item, earlier));
    if (rows.length === ROWS) await send();
  }
  if (rows.length > 0) await send();
  await sent;
  return items;
}

function itemRow({ position, id, fileName, csr, deviceType }: BatchItem, earlier: Map<string, number>) {
  const asked = askedHash(csr);
  const duplicateOf = asked === undefined ? undefined : earlier.get(asked);
  if (asked !== undefined && duplicateOf === undefined) earlier.set(asked, position);
  // PostgreSQL has no NUL and no half of a surrogate pair in texts; a CSR with one cannot be read anyway, and still
  // cannot without.
  const text = csr.replaceAll(/[\0\p{Surrogate}]/gu, '\u{fffd}');
  return { position, id, file_name: fileName, csr: text, device_type: deviceType, duplicate_of: duplicateOf };
}

/** What a CSR asks for, whoever signed it and when: two that ask for the very same are duplicates. */
export function askedHash(csr: string): string | undefined {
  try {
    const der = decodeCsrText(csr);
    const info = new DerReader(der).enter(TAG.SEQUENCE, 'the request').takeTlv('what is asked');
    return hash('sha256', info, 'base64');
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

async function reject(id: string, fault: Fault, { issuance: { db, clock } }: BatchNeeds): Promise<void> {
  await withTransaction(db, async (transaction) => {
    const { rows } = await query<{ id: string }>(
      transaction,
      `select id from batch where id = $1 and state = 'PARSING' for update`,
      [id],
    );
    const batch = rows.length === 0 ? undefined : await findBatch(id, transaction);
    if (batch !== undefined) await end(batch, 'REJECTED', fault.reasons, clock.now(), transaction);
  });
}

async function end(
  batch: Batch,
  state: 'REJECTED' | 'TAMPERED',
  reasons: Fault['reasons'],
  at: Date,
  db: Transaction,
): Promise<void> {
  await query(db, `update batch set state = $2, reasons = $3, ended_at = $4 where id = $1`, [
    batch.id,
    state,
    JSON.stringify(reasons),
    at,
  ]);
  await query(db, `delete from batch_upload where batch_id = $1`, [batch.id]);
  const event = state === 'TAMPERED' ? 'batch.tampered' : 'batch.rejected';
  const facts = { reasons: reasons.map(({ reason }) => reason) };
  await recordEvents([{ ...about(batch), at, event, facts }], db);
  const text =
    state === 'TAMPERED'
      ? `Batch ${batch.name} is not what was received; nothing was issued.`
      : `Batch ${batch.name} was refused as a whole; nothing was issued.`;
  await notify([{ participantId: batch.participantId, at, event, object: batch.id, text }], db);
  await announceBatch(batch.id, event, at, db);
}

/** Who and what an event of a batch is about. */
export const about = ({ id, participantId, credentialId }: Batch) => ({
  participantId,
  credentialId,
  object: id,
});

const ROWS = 1000;
const REFUSALS = new Set(['malformed-request', 'too-large']);
const MOST_TRIES = 10;
const NOT_READ = 'The service failed to read it again and again.';
/** About what 500 CSRs are. */
const PART_OCTETS = 262_144;
/**
 * Of the participant who is next, as for a chunk. To be read is a turn, too, but for what is smaller than a part: that costs next to
 * nothing, and whoever hands in one small batch after the other would spend all turns on reading. Whoever took one has ten seconds to
 * lock it; until then nobody else takes it.
 */
const TAKE = `
  with floor as (${TURN_FLOOR}),
  next as (
    select b.id, b.participant_id, b.turn_cost, b.upload_octets, ${TURN} as turn
      from batch b cross join floor left join batch_turn t on t.participant_id = b.participant_id
     where b.state in ('PENDING', 'PARSING') and (b.parse_after is null or b.parse_after < clock_timestamp())
     order by ${TURN}, b.turn_cost, b.submitted_at, b.id limit 1 for no key update of b skip locked),
  turned as (
    insert into batch_turn (participant_id, turn)
      select participant_id, turn + turn_cost from next where upload_octets >= ${String(PART_OCTETS)}
      on conflict (participant_id) do update set turn = excluded.turn)
  update batch b set state = 'PARSING', parse_tries = b.parse_tries + 1, parse_after = clock_timestamp() + interval '10 seconds'
    from next where b.id = next.id
  returning b.id, b.parse_tries as tries`;
const PUT_OFF = `
  update batch set parse_after = clock_timestamp() + interval '10 seconds', parse_tries = parse_tries - $2::smallint
   where id = $1 and state = 'PARSING'`;
const INSERT_ITEMS = `
  insert into batch_item (batch_id, position, id, file_name, csr, device_type, duplicate_of)
  select $1, position, id, file_name, csr, device_type, duplicate_of from json_to_recordset($2::json)
    as one (position integer, id text, file_name text, csr text, device_type text, duplicate_of integer)`;
