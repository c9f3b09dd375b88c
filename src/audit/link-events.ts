import type { Pool } from '../db/pool.ts';
import { query, type Transaction } from '../db/query.ts';
import { withTransaction } from '../db/transaction.ts';
import { BEGINNING, linkHash, type ChainLine, type ChainedEvent } from './audit-chain.ts';

/**
 * Links the events that are not yet in the chain, those of transactions that ended late included. One process at a time; another
 * finds nothing to do.
 * @param isStopped  asked between two parts
 * @returns how many were linked
 */
export async function linkEvents(
  pool: Pool,
  now: Date,
  isStopped: () => boolean = () => false,
): Promise<number> {
  for (let linked = 0; ;) {
    const part = isStopped() ? 0 : await withTransaction(pool, (db) => linkPart(now, db));
    linked += part;
    if (part === 0) return linked;
  }
}

/** The chain in its order, a page at a time: lines for a file that `verifyChain` follows. */
export async function* exportChain(pool: Pool): AsyncGenerator<ChainLine, void, undefined> {
  for (let after = 0; ;) {
    const { rows } = await query<ChainLine>(
      pool,
      `select position::int8::float8 as position, encode(sha256, 'hex') as sha256, ${EVENT} as event from (
         select l.position, l.sha256, e.*, sum(${SIZE}) over (order by l.position) as size
           from audit_link l join audit_event e on e.id = l.event_id where l.position > $1 order by l.position limit $2) e
        where size - ${SIZE} < $3 order by position`,
      [after, A_PART, OCTETS],
    );
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.position;
  }
}

async function linkPart(now: Date, db: Transaction): Promise<number> {
  const { rows: locks } = await query<{ ours: boolean }>(
    db,
    `select pg_try_advisory_xact_lock(hashtextextended('the audit chain', 0)) as ours`,
  );
  if (locks[0]?.ours !== true) return 0;
  const { rows: heads } = await query<{ position: number; sha256: Buffer }>(
    db,
    `select position::float8 as position, sha256 from audit_link order by position desc limit 1`,
  );
  const { rows: events } = await query<{ event: ChainedEvent }>(
    db,
    `select ${EVENT} as event from (
       select e.*, sum(${SIZE}) over (order by e.id) as size from audit_event e
        where e.id > (select coalesce(max(event_id), 0) - ${String(LATE)} from audit_link)
          and not exists (select 1 from audit_link l where l.event_id = e.id)
        order by e.id limit $1) e
      where size - ${SIZE} < $2 order by e.id`,
    [A_PART, OCTETS],
  );
  let [position, before] = [heads[0]?.position ?? 0, heads[0]?.sha256 ?? BEGINNING];
  const links = events.map(({ event }) => {
    before = linkHash(before, event);
    position += 1;
    return { position, id: event.id, sha256: before };
  });
  if (links.length > 0)
    await query(
      db,
      `insert into audit_link (position, event_id, sha256, linked_at)
       select position, id, sha256, $4 from unnest($1::bigint[], $2::bigint[], $3::bytea[]) as link (position, id, sha256)`,
      [links.map((one) => one.position), links.map((one) => one.id), links.map((one) => one.sha256), now],
    );
  return links.length;
}

const EVENT = `json_build_object('id', e.id::text, 'at', to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  'event', e.event, 'participantId', e.participant_id, 'credentialId', e.credential_id, 'requestId', e.request_id,
  'object', e.object, 'facts', e.facts)`;
/** As it is stored. */
const SIZE = 'pg_column_size(e.facts)';
/** Events of one transaction of ours, fewer when they are large: one may tell of every certificate of a part of a batch. */
const A_PART = 2_000;
const OCTETS = 8 * 1024 * 1024;
/** So many ids may be taken while a transaction that took one before is still under way. */
const LATE = 300_000;
