import { query, type PoolClient } from '../db/pool.ts';

/** Whoever changes what feeds change, or must lie apart from it, comes after the others, on any node, until the transaction ends. */
export async function lockFeed(db: PoolClient): Promise<void> {
  await query(db, `select pg_advisory_xact_lock(hashtextextended('the SECAS feed', 0))`);
}
