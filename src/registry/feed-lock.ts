import { query, type Transaction } from '../db/query.ts';

/** Whoever changes what feeds change, or must lie apart from it, comes after the others, on any node, until the transaction ends. */
export async function lockFeed(db: Transaction): Promise<void> {
  await query(db, `select pg_advisory_xact_lock(hashtextextended('the SECAS feed', 0))`);
}
