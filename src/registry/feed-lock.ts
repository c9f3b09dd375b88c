import { query, type PoolClient } from '../db/pool.ts';

/** What is the feed's is written by one after the other, on any node, until the end of the transaction. */
export async function lockFeed(db: PoolClient): Promise<void> {
  await query(db, `select pg_advisory_xact_lock(hashtextextended('the SECAS feed', 0))`);
}
