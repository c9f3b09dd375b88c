import { keepLooking, type Looking } from './keep-looking.ts';
import type { Pool } from './pool.ts';
import { query } from './query.ts';

/**
 * A server removes by itself what was deleted, and ends its log at checkpoints; the embedded engine has to be told. Looks now and again
 * how much log there is since the last checkpoint: beyond `most`, or the room that is left, it vacuums and makes another. So the
 * folder holds little more log than that, and no more is read when it is opened after a kill.
 * @param room  octets that are left where the folder is
 * @param most  octets
 * @param idle  milliseconds between two looks
 */
export function startUpkeep(pool: Pool, room: () => number, most = MOST, idle = IDLE): Looking {
  const look = async () => {
    const left = room();
    if (left < LEAST) return false;
    const { rows } = await query<{ octets: number }>(pool, SINCE_CHECKPOINT);
    if (rows.every(({ octets }) => octets < Math.min(most, left))) return false;
    // The first gives back log: on a disk that is nearly full, what is written next needs that room.
    for (const statement of ['checkpoint', 'vacuum', 'checkpoint']) await query(pool, statement);
    return false;
  };
  // Why the database could not be asked, whoever asks next is told.
  return keepLooking(look, { idle, afterError: idle }, () => undefined);
}

const SINCE_CHECKPOINT = `
  select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn)::float8 as octets from pg_control_checkpoint()`;
/** A batch of 50,000 writes about as much. Each page that is changed is written whole once after a checkpoint: more of them cost time. */
const MOST = 256 * 1024 * 1024;
/** Both write log themselves, and an engine that finds no room for its log panics. */
const LEAST = 64 * 1024 * 1024;
const IDLE = 10_000;
