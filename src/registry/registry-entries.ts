import type { Eui64Range } from '../domain/eui64.ts';
import { Fault } from '../domain/fault.ts';
import { query, type Db } from '../db/pool.ts';

/**
 * Device IDs never lie in a Registry Entry of the SEC Panel (government response, paragraph 33); the database refuses it too.
 * @throws Fault `conflict` when one of the ranges reaches into one
 */
export async function requireOutsideRegistryEntries(
  ranges: readonly Eui64Range[],
  what: string,
  db: Db,
): Promise<void> {
  if (ranges.length === 0) return;
  const { rowCount } = await query(
    db,
    `select 1 from registry_entry r join unnest($1::text[], $2::text[]) as range (first, last)
         on r.eui64_from <= range.last and range.first <= r.eui64_to limit 1`,
    [ranges.map((one) => one.from), ranges.map((one) => one.to)],
  );
  if (rowCount !== 0) throw inRegistryEntry(what);
}

/** Device IDs where only User IDs and RDP IDs are (government response, paragraph 33). @param what  reaches into the entry */
export function inRegistryEntry(what: string, cause?: unknown): Fault {
  const detail = `${what} reaches into a Registry Entry of the SEC Panel, which is for User IDs and RDP IDs only.`;
  return new Fault('conflict', detail, {
    reasons: [
      {
        reason: 'DEVICE_ID_IN_USER_REGISTRY',
        clause: 'government response of 26 January 2015, paragraph 33',
        detail,
        fix: "Use Device IDs of the manufacturer's own block (OUI, MA-L, MA-M or MA-S); this attempt is on record.",
      },
    ],
    ...(cause === undefined ? {} : { cause }),
  });
}
