import { eui64After, formatEui64Range, rangesOverlap, type Eui64, type Eui64Range } from '../domain/eui64.ts';
import { Fault } from '../domain/fault.ts';
import { query, type Db } from '../db/query.ts';
import type { RegistryFile } from './registry-file.ts';

/**
 * From the test block the DCC gives: no file begins anything there, given already or not (DESIGN; requirements, F26), and no feed does
 * (`test-only-ranges.ts`); Device IDs that are stated over HTTP are held against what is yet to be given, and the database holds them
 * against what is given. What is on record as the file states it began before the block was set, and is told where the DCC gives.
 * Only behind `lockFeed`.
 * @throws Fault `registry-invalid` with everything that the file would begin there
 */
export async function requireOutsideTestBlock(file: RegistryFile, block: Eui64Range, db: Db): Promise<void> {
  const within = statedRanges(file).filter((one) => rangesOverlap(one, block));
  if (within.length === 0) return;
  const { rows } = await query<StatedRange>(db, ON_RECORD, [block.from, block.to]);
  const onRecord = new Set(rows.map(shown));
  const reaching = within.map(shown).filter((one) => !onRecord.has(one));
  if (reaching.length === 0) return;
  const where = `the test block ${formatEui64Range(block)} (TCS_TEST_BLOCK)`;
  throw new Fault('registry-invalid', `The file reaches into ${where}; nothing was loaded.`, {
    reasons: reaching.map((one) => ({
      reason: 'CONFLICT',
      clause: 'DESIGN',
      detail: `${one} reaches into ${where}, from which the DCC gives test-only identifiers.`,
      fix: 'State other EUI-64s; or have the operator set TCS_TEST_BLOCK to EUI-64s that the DCC holds for tests alone.',
    })),
  });
}

/** What the DCC has yet to give of its test block: all behind what it ever gave there; `undefined`: it gave the last. */
export async function findUngiven(block: Eui64Range, db: Db): Promise<Eui64Range | undefined> {
  const { rows } = await query<{ last: Eui64 | null }>(
    db,
    `select max(eui64_to) as last from identifier_allocation
      where source = 'DCC' and eui64_from <= $2 and eui64_to >= $1`,
    [block.from, block.to],
  );
  const last = rows[0]?.last ?? null;
  if (last === null) return block;
  return last < block.to ? { from: eui64After(last, 1), to: block.to } : undefined;
}

/** Something on EUI-64s, in words. */
type StatedRange = Eui64Range & { readonly what: string };

const shown = ({ what, ...range }: StatedRange) => `The ${what}, ${formatEui64Range(range)},`;

function statedRanges({ registryEntries, participants }: RegistryFile): StatedRange[] {
  return [
    ...registryEntries.map(({ name, from, to }) => ({ what: `Registry Entry ${name}`, from, to })),
    ...participants.flatMap(({ signifier, allocations, deviceRanges, agreements }) => [
      ...allocations.map(({ kind, from, to }) => ({ what: `${kind} allocation of ${signifier}`, from, to })),
      ...deviceRanges.map(({ from, to }) => ({ what: `device range of ${signifier}`, from, to })),
      ...agreements.flatMap((agreement) =>
        agreement.deviceRanges.map(({ from, to }) => ({
          what: `device range of the agreement ${agreement.ref}`,
          from,
          to,
        })),
      ),
    ]),
  ];
}

/** The same of what is on record, others than test-only allocations of the DCC. */
const ON_RECORD = `
  select what, "from", "to" from (
    select 'Registry Entry ' || name as what, eui64_from as "from", eui64_to as "to" from registry_entry where valid_to is null
     union all
    select i.kind || ' allocation of ' || p.signifier, i.eui64_from, i.eui64_to
      from identifier_allocation i join participant p on p.id = i.participant_id where i.valid_to is null and i.source <> 'DCC'
     union all
    select 'device range of ' || p.signifier, d.eui64_from, d.eui64_to
      from device_range d join participant p on p.id = d.participant_id where d.valid_to is null
     union all
    select 'device range of the agreement ' || latest.key, agreed ->> 'from', agreed ->> 'to' from (
      select distinct on (participant_id, key) key, state, value from fact where kind = 'AGREEMENT'
       order by participant_id, key, version desc) as latest
      cross join lateral jsonb_array_elements(latest.value -> 'deviceRanges') as agreed where latest.state <> 'VOID') as held
   where "from" collate "C" <= $2 and "to" collate "C" >= $1`;
