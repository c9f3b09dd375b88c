import { formatEui64, formatEui64Range, type Eui64, type Eui64Range } from '../domain/eui64.ts';
import type { DeviceType } from '../domain/category.ts';
import type { FactSource } from '../domain/facts.ts';
import { query, type Transaction } from '../db/query.ts';
import { ownedByOthers, type StatedByOther } from './owned-by-others.ts';

/** The identifiers that a participant is stated to hold, all of them. */
export interface StatedIdentifiers {
  readonly participantId: string;
  readonly allocations: readonly (Eui64Range & { readonly kind: string })[];
  readonly userIds: readonly { readonly eui64: Eui64; readonly userRole: string }[];
  readonly deviceRanges: readonly (Eui64Range & {
    readonly deviceTypes: readonly DeviceType[];
    readonly delegatedBy?: string | undefined;
  })[];
}

/**
 * Makes the stated identifiers those that the participants hold from now on: what is no longer stated ends, what is new
 * begins. All endings come first, so that a range may move from one participant to another. Test-only allocations of the DCC,
 * and the User Roles that rest on them, stay.
 * @throws Fault `registry-invalid` with every one that would end although others than a file stated it
 */
export async function replaceIdentifiers(
  stated: readonly StatedIdentifiers[],
  now: Date,
  db: Transaction,
): Promise<void> {
  const owners = stated.map((one) => one.participantId);
  const rows = TABLES.map(({ rowsOf, ...table }) => ({
    table,
    rows: JSON.stringify(stated.flatMap(rowsOf)),
  }));
  for (const { table, rows: all } of rows) {
    const ended = `${goneOf(table)} and t.source = 'TAKE_ON'`;
    // What began at this very instant never was.
    await query(db, `delete from ${table.name} t where ${ended} and valid_from >= $3`, [owners, all, now]);
    await query(db, `update ${table.name} t set valid_to = $3 where ${ended}`, [owners, all, now]);
  }
  const kept: StatedByOther[] = [];
  for (const { table, rows: all } of rows) kept.push(...(await findKept(table, owners, all, db)));
  const [first, ...others] = kept;
  if (first !== undefined) throw ownedByOthers(first, ...others);
  for (const { table, rows: all } of rows)
    await query(
      db,
      `insert into ${table.name} (participant_id, ${table.insert}, valid_from)
       select participant_id, ${table.select}, $2::timestamptz from jsonb_to_recordset($1::jsonb) as stated (${table.columns})
        where not exists (select 1 from ${table.name} t
          where t.participant_id = stated.participant_id and t.valid_to is null and ${table.same})`,
      [all, now],
    );
  await requireNoOrphans(owners, now, db);
}

/**
 * A delegation that somebody has over a range which ended just now, and that no other range of the owner holds, would outlive it.
 * @throws Fault `registry-invalid` with every one
 */
async function requireNoOrphans(owners: readonly string[], now: Date, db: Transaction): Promise<void> {
  const holds = `own.participant_id = o.id and own.delegated_by is null and own.eui64_from <= t.eui64_from
      and own.eui64_to >= t.eui64_to`;
  const { rows } = await query<{ signifier: string; source: FactSource; by: string } & Eui64Range>(
    db,
    `select p.signifier, t.source, o.signifier as by, t.eui64_from as "from", t.eui64_to as "to"
       from device_range t join participant p on p.id = t.participant_id join participant o on o.signifier = t.delegated_by
      where o.id = any($1::uuid[]) and t.valid_to is null
        and exists (select from device_range own where ${holds} and own.valid_to = $2)
        and not exists (select from device_range own where ${holds} and own.valid_to is null)
      order by p.signifier, t.id limit ${String(MOST_TOLD)}`,
    [owners, now],
  );
  const [first, ...others] = rows.map(({ from, to, ...of }) => ({
    ...of,
    fact: `delegated device range ${formatEui64Range({ from, to })}`,
  }));
  if (first !== undefined) throw ownedByOthers(first, ...others);
}

/** Rows of the participants $1 that the rows $2 do not state. */
const goneOf = ({ columns, same, stay }: Pick<IdentifierTable, 'columns' | 'same' | 'stay'>) =>
  `t.participant_id = any($1::uuid[]) and t.valid_to is null and not exists (
    select 1 from jsonb_to_recordset($2::jsonb) as stated (${columns}) where ${same})${stay}`;

/** What is not stated and stays all the same, because it is not a file's: asked after the endings, it misses none that came meanwhile. */
async function findKept(
  { name, told, ...table }: Omit<IdentifierTable, 'rowsOf'>,
  owners: readonly string[],
  all: string,
  db: Transaction,
): Promise<StatedByOther[]> {
  const { rows } = await query<{ signifier: string; source: FactSource; row: StoredIdentifier }>(
    db,
    `select p.signifier, t.source, to_json(t) as row from ${name} t join participant p on p.id = t.participant_id
      where ${goneOf(table)} order by p.signifier, t.id limit ${String(MOST_TOLD)}`,
    [owners, all],
  );
  return rows.map(({ row, ...of }) => ({
    ...of,
    fact: told(row),
    ...(row.delegated_by == null ? {} : { by: row.delegated_by }),
  }));
}

/** As the database tells a row of any of the tables. */
interface StoredIdentifier {
  readonly eui64: Eui64;
  readonly eui64_from: Eui64;
  readonly eui64_to: Eui64;
  readonly kind: string;
  readonly user_role: string;
  readonly delegated_by?: string | null;
}

interface IdentifierTable {
  readonly name: string;
  /** A row in words. */
  readonly told: (row: StoredIdentifier) => string;
  /** Columns of a stated row. */
  readonly columns: string;
  readonly insert: string;
  readonly select: string;
  /** When a row on record, t, is the stated one. */
  readonly same: string;
  /** What more is asked of a row on record, t, that ends because it is not stated; empty: nothing. */
  readonly stay: string;
  readonly rowsOf: (one: StatedIdentifiers) => readonly object[];
}

const TABLES: readonly IdentifierTable[] = [
  {
    name: 'identifier_allocation',
    told: ({ kind, eui64_from: from, eui64_to: to }) =>
      `${kind} allocation ${formatEui64Range({ from, to })}`,
    columns: 'participant_id uuid, kind text, "from" text, "to" text',
    insert: 'kind, eui64_from, eui64_to',
    select: 'kind, "from", "to"',
    same: `t.participant_id = stated.participant_id and t.kind = stated.kind
      and t.eui64_from = stated."from" and t.eui64_to = stated."to"`,
    stay: ` and t.source <> 'DCC'`,
    rowsOf: ({ participantId, allocations }) =>
      allocations.map((one) => ({ participant_id: participantId, ...one })),
  },
  {
    name: 'user_id_role_assignment',
    told: ({ eui64, user_role: role }) => `User Role ${role} of ${formatEui64(eui64)}`,
    columns: 'participant_id uuid, eui64 text, "userRole" text',
    insert: 'eui64, user_role',
    select: 'eui64, "userRole"',
    same: 't.participant_id = stated.participant_id and t.eui64 = stated.eui64 and t.user_role = stated."userRole"',
    stay: ` and not exists (select 1 from identifier_allocation i
      where i.participant_id = t.participant_id and i.valid_to is null and i.source = 'DCC'
        and t.eui64 between i.eui64_from and i.eui64_to)`,
    rowsOf: ({ participantId, userIds }) => userIds.map((one) => ({ participant_id: participantId, ...one })),
  },
  {
    name: 'device_range',
    told: ({ eui64_from: from, eui64_to: to, delegated_by: owner }) =>
      `${owner == null ? 'device range' : 'delegated device range'} ${formatEui64Range({ from, to })}`,
    columns: 'participant_id uuid, "from" text, "to" text, "deviceTypes" jsonb, "delegatedBy" text',
    insert: 'eui64_from, eui64_to, device_types, delegated_by',
    select: '"from", "to", array(select jsonb_array_elements_text("deviceTypes")), "delegatedBy"',
    same: `t.participant_id = stated.participant_id and t.eui64_from = stated."from" and t.eui64_to = stated."to"
      and t.device_types = array(select jsonb_array_elements_text(stated."deviceTypes"))
      and t.delegated_by is not distinct from stated."delegatedBy"`,
    stay: '',
    rowsOf: ({ participantId, deviceRanges }) =>
      deviceRanges.map((one) => ({ participant_id: participantId, ...one })),
  },
];
/** Of each kind, in one answer. */
const MOST_TOLD = 100;
