import { formatEui64Range, rangesOverlap, type Eui64Range } from '../domain/eui64.ts';
import { Fault } from '../domain/fault.ts';
import { query, type Db, type Transaction } from '../db/query.ts';
import { findUngiven } from './test-block.ts';

/** A Registry Entry of the SEC Panel. */
export type NamedEntry = Eui64Range & { readonly name: string };

/** Registry Entries that ended and began; one with other ends is in both. */
export interface EntryChanges {
  readonly ended: readonly NamedEntry[];
  readonly begun: readonly NamedEntry[];
}

/** Ends the Registry Entries of these names at an instant; what began at this very instant never was. */
export async function endEntries(names: readonly string[], at: Date, db: Transaction): Promise<void> {
  if (names.length === 0) return;
  const present = `valid_to is null and name = any($1)`;
  await query(db, `delete from registry_entry where ${present} and valid_from >= $2`, [names, at]);
  await query(db, `update registry_entry set valid_to = $2 where ${present}`, [names, at]);
}

/** Begins Registry Entries at an instant; the database refuses those that overlap, or reach over Device IDs. */
export async function beginEntries(entries: readonly NamedEntry[], at: Date, db: Transaction): Promise<void> {
  if (entries.length === 0) return;
  await query(
    db,
    `insert into registry_entry (name, eui64_from, eui64_to, valid_from)
     select name, "from", "to", $2 from jsonb_to_recordset($1::jsonb) as entry (name text, "from" text, "to" text)`,
    [JSON.stringify(entries), at],
  );
}

/** The Registry Entries that have not ended, by name. */
export async function findEntries(db: Db): Promise<NamedEntry[]> {
  const { rows } = await query<NamedEntry>(
    db,
    `select name, eui64_from as "from", eui64_to as "to" from registry_entry where valid_to is null order by name`,
  );
  return rows;
}

/** The Registry Entries that there were at an instant, each with its beginning: null where it has always been. */
export async function findEntriesAt(
  at: Date,
  db: Db,
): Promise<(NamedEntry & { readonly since: Date | null })[]> {
  const { rows } = await query<NamedEntry & { readonly since: Date | null }>(
    db,
    `select name, eui64_from as "from", eui64_to as "to", nullif(valid_from, '-infinity') as since
       from registry_entry where valid_from <= $1 and (valid_to is null or valid_to > $1)`,
    [at],
  );
  return rows;
}

/**
 * Device IDs never lie in a Registry Entry of the SEC Panel (government response, paragraph 33), nor in a test-only allocation of the
 * DCC (DESIGN), the database refuses both too; nor in what the DCC has yet to give of its test block.
 * @param what       they are, in words
 * @param testBlock  absent: there is none
 * @throws Fault `conflict` when one of the ranges reaches into one
 */
export async function requireDeviceIds(
  ranges: readonly Eui64Range[],
  what: string,
  testBlock: Eui64Range | undefined,
  db: Db,
): Promise<void> {
  if (ranges.length === 0) return;
  const { rows } = await query<{ inEntry: boolean; inTest: boolean }>(
    db,
    `with range as (select * from unnest($1::text[], $2::text[]) as range (first, last))
     select exists (select from registry_entry r join range on r.eui64_from <= range.last and range.first <= r.eui64_to
              where r.valid_to is null) as "inEntry",
            exists (select from identifier_allocation i join range on i.eui64_from <= range.last and range.first <= i.eui64_to
              where i.valid_to is null and i.source = 'DCC') as "inTest"`,
    [ranges.map((one) => one.from), ranges.map((one) => one.to)],
  );
  if (rows[0]?.inEntry === true) throw inRegistryEntry(what);
  if (rows[0]?.inTest === true) throw inTestAllocation(what);
  const ungiven = testBlock && (await findUngiven(testBlock, db));
  if (ungiven !== undefined && ranges.some((one) => rangesOverlap(one, ungiven)))
    throw amongUserIds(
      `${what} reaches into ${formatEui64Range(ungiven)}, what the DCC has yet to give of its test block (TCS_TEST_BLOCK)`,
      `DESIGN; as ${PARAGRAPH_33}`,
    );
}

/** Device IDs where only User IDs and RDP IDs are (government response, paragraph 33). @param what  reaches into the entry */
export const inRegistryEntry = (what: string, cause?: unknown): Fault =>
  amongUserIds(`${what} reaches into a Registry Entry of the SEC Panel`, PARAGRAPH_33, cause);

/** Device IDs among those that the DCC gave to Users and RDPs for tests (DESIGN). @param what  reaches into the allocation */
export const inTestAllocation = (what: string, cause?: unknown): Fault =>
  amongUserIds(`${what} reaches into a test-only allocation of the DCC`, `DESIGN; as ${PARAGRAPH_33}`, cause);

function amongUserIds(where: string, clause: string, cause?: unknown): Fault {
  const detail = `${where}, which is for User IDs and RDP IDs only.`;
  return new Fault('conflict', detail, {
    reasons: [
      {
        reason: 'DEVICE_ID_IN_USER_REGISTRY',
        clause,
        detail,
        fix: "Use Device IDs of the manufacturer's own block (OUI, MA-L, MA-M or MA-S); this attempt is on record.",
      },
    ],
    ...(cause === undefined ? {} : { cause }),
  });
}

const PARAGRAPH_33 = 'government response of 26 January 2015, paragraph 33';
