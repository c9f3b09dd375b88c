import { query, type Transaction } from '../../db/query.ts';
import { withTransaction } from '../../db/transaction.ts';
import type { BatchNeeds } from '../needs.ts';
import type { Admission } from './keep-timings.ts';

/** A part of a batch that is ours for a while. */
export interface HeldChunk {
  readonly batchId: string;
  readonly number: number;
  readonly first: number;
  readonly last: number;
  /** Raised by whoever takes it over: then this holder can record nothing. */
  readonly fence: number;
  /** How often it was taken since it last went as it should. */
  readonly tries: number;
}

/** Somebody else holds the chunk now, or the batch has ended. */
export class LeaseLost extends Error {
  constructor({ batchId, number }: HeldChunk) {
    super(`chunk ${String(number)} of batch ${batchId} is no longer held`);
    this.name = 'LeaseLost';
  }
}

/**
 * Takes the next chunk: of the participant who has had the fewest turns among those that have work, and of its
 * batches the oldest of those whose turns cost least: what the DCC prepared comes first. A participant that comes new
 * begins where the others are. Whose lease is over is taken over. With live timings only what was handed in before the
 * window opened.
 */
export async function claimChunk(
  { issuance: { db, clock }, leaseSeconds }: BatchNeeds,
  admission: Exclude<Admission, 'nothing'> = 'everything',
): Promise<HeldChunk | undefined> {
  const before = admission === 'everything' ? null : admission.handedInBefore;
  return withTransaction(db, async (transaction) => {
    // Several who look at once choose alike; who comes too late for the last chunk of a batch looks again.
    for (let look = 0; look < LOOKS; look += 1) {
      const { rows } = await query<Waiting>(transaction, NEXT, [before]);
      const [next] = rows;
      if (next === undefined) return undefined;
      // The batch before its chunk, as whoever cancels it.
      await query(
        transaction,
        `update batch set state = 'PROCESSING', started_at = coalesce(started_at, $2) where id = $1 and state = 'QUEUED'`,
        [next.batchId, clock.now()],
      );
      const { rows: held } = await query<HeldChunk>(transaction, CLAIM, [next.batchId, leaseSeconds]);
      const [chunk] = held;
      if (chunk === undefined) continue;
      await query(
        transaction,
        `insert into batch_turn (participant_id, turn) values ($1, $2::bigint + $3)
         on conflict (participant_id) do update set turn = excluded.turn`,
        [next.participantId, next.turn, next.turnCost],
      );
      return chunk;
    }
    return undefined;
  });
}

/** Locks a chunk that must still be ours until the transaction ends. @throws LeaseLost */
export async function keepChunk(chunk: HeldChunk, db: Transaction): Promise<void> {
  const { rowCount } = await query(
    db,
    `select from batch_chunk where batch_id = $1 and number = $2 and fence = $3 and not done for update`,
    [chunk.batchId, chunk.number, chunk.fence],
  );
  if (rowCount !== 1) throw new LeaseLost(chunk);
}

/** Gives a chunk back, to be taken up again after a while; those of its verdicts that there are count from now on. */
export async function releaseChunk(
  chunk: HeldChunk,
  { seconds, cause }: { readonly seconds: number; readonly cause: 'FAILURE' | 'HINDRANCE' | 'QUOTA' },
  db: Transaction,
): Promise<void> {
  await query(
    db,
    `update batch_chunk k set lease_until = null, not_before = clock_timestamp() + make_interval(secs => $4),
       tries = case when $5::text = 'FAILURE' then tries else 0 end, waits_for_quota = $5 = 'QUOTA', counts = ${VERDICTS}
      where k.batch_id = $1 and k.number = $2 and k.fence = $3 and not k.done`,
    [chunk.batchId, chunk.number, chunk.fence, seconds, cause],
  );
}

/** Marks a chunk done, with its verdicts counted. */
export async function endChunk(
  { batchId, number }: Pick<HeldChunk, 'batchId' | 'number'>,
  db: Transaction,
): Promise<void> {
  await query(
    db,
    `update batch_chunk k set done = true, lease_until = null, ended_at = clock_timestamp(), counts = ${VERDICTS}
      where k.batch_id = $1 and k.number = $2`,
    [batchId, number],
  );
}

interface Waiting {
  readonly batchId: string;
  readonly participantId: string;
  readonly turnCost: number;
  readonly turn: string;
}

const LOOKS = 20;
/** Of the chunk `k`, by status. */
const VERDICTS = `(
  select coalesce(jsonb_object_agg(status, items), '{}') from (select v.status, count(*) as items from batch_verdict v
    where v.batch_id = k.batch_id and v.position between k.first_position and k.last_position group by v.status) as told)`;
const CLAIMABLE = `not k.done and (k.lease_until is null or k.lease_until < clock_timestamp())
  and (k.not_before is null or k.not_before < clock_timestamp())`;
/**
 * Start-time fair queueing: whoever has the fewest turns is next, and nobody counts as having fewer than the last one served
 * had before its turn (a turn costs 2 at most). So nobody saves turns up, nobody pays for the past, and a newcomer is
 * served at once but cannot hold up the others with ever new small batches.
 */
export const TURN_FLOOR = `select coalesce(max(turn), 0) - 2 as turn from batch_turn`;
/** Of a participant with the row `t`, if it has one. */
export const TURN = `greatest(coalesce(t.turn, 0), floor.turn)`;
const NEXT = `
  with floor as (${TURN_FLOOR}),
  waiting as (
    select distinct on (b.participant_id) b.id, b.participant_id, b.turn_cost, b.submitted_at, ${TURN} as turn
      from batch b cross join floor left join batch_turn t on t.participant_id = b.participant_id
     where b.state in ('QUEUED', 'PROCESSING') and ($1::timestamptz is null or coalesce(b.approved_at, b.submitted_at) < $1)
       and exists (select from batch_chunk k where k.batch_id = b.id and ${CLAIMABLE})
     order by b.participant_id, b.turn_cost, b.submitted_at, b.id)
  select w.id as "batchId", w.participant_id as "participantId", w.turn_cost as "turnCost", w.turn::text as turn
    from waiting w order by w.turn, w.submitted_at, w.id limit 1`;
const CLAIM = `
  update batch_chunk set fence = fence + 1, tries = tries + 1, lease_until = clock_timestamp() + make_interval(secs => $2), not_before = null,
    begun_at = clock_timestamp()
   where batch_id = $1 and number = (select k.number from batch_chunk k where k.batch_id = $1 and ${CLAIMABLE}
     order by k.number limit 1 for update skip locked)
  returning batch_id as "batchId", number, first_position as first, last_position as last, fence, tries`;
