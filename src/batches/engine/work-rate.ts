import type { Category } from '../../domain/category.ts';
import { query, type Db } from '../../db/query.ts';

/** How fast batches were worked on lately. */
export interface WorkRate {
  readonly itemsPerSecond: number;
  /** How many were looked at. */
  readonly batches: number;
}

/**
 * The rate of the batches of a category that were completed last, whoever's they were, while they were worked on: that of the median
 * item, so that many small batches do not decide.
 * @returns nothing when none took any time
 */
export async function recentRate(category: Category, db: Db): Promise<WorkRate | undefined> {
  const { rows } = await query<{ items: number; seconds: number }>(db, COMPLETED_LAST, [category, LOOKED_AT]);
  const all = rows.reduce((sum, { items }) => sum + items, 0);
  const rates = rows
    .map(({ items, seconds }) => ({ items, itemsPerSecond: items / seconds }))
    .sort((left, right) => left.itemsPerSecond - right.itemsPerSecond);
  let slower = 0;
  const median = rates.find(({ items }) => 2 * (slower += items) >= all);
  return median && { itemsPerSecond: median.itemsPerSecond, batches: rows.length };
}

const LOOKED_AT = 20;
const COMPLETED_LAST = `
  select w.items, w.seconds from (
    select id from batch where state = 'COMPLETED' and category = $1 and items > 0 order by ended_at desc, id limit $2) as b
    cross join lateral (select items, seconds from batch_work where batch_id = b.id and seconds > 0 offset 0) as w`;
