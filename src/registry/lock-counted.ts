import type { ParticipantType } from '../domain/participant.ts';
import { query, type Transaction } from '../db/query.ts';

/**
 * Locks what caps count until the transaction ends, so that what is counted next stays true: participants with a
 * volume cap in an agreement, and Device IDs. One order for everybody: two sets never wait for each other in a circle.
 * @param limited  types of participant of which something else is counted one by one: locked too
 */
export async function lockCounted(
  signifiers: readonly string[],
  deviceIds: readonly string[],
  limited: readonly ParticipantType[],
  db: Transaction,
): Promise<void> {
  await query(
    db,
    `select pg_advisory_xact_lock(name) from (
       select distinct hashtextextended(name, 0) as name from (
         select 'participant ' || p.signifier as name from participant p
          where p.signifier = any($1) and (p.type = any($3) or exists (
            select 1 from fact f where f.participant_id = p.id and f.kind = 'AGREEMENT' and f.value ? 'volumeCap'))
         union all
         select 'device ' || id from unnest($2::text[]) as id) as counted
       order by 1) as ordered`,
    [signifiers, deviceIds, limited],
  );
}
