import { Fault } from '../domain/fault.ts';
import { violatedConstraint } from '../db/database-errors.ts';
import { query, withTransaction, type Pool, type PoolClient } from '../db/pool.ts';
import type { RegistryEntry, RegistryFile } from './registry-file.ts';

/** How much of each was loaded. */
export interface LoadReport {
  readonly participants: number;
  readonly agreements: number;
  readonly allocations: number;
  readonly deviceRanges: number;
  readonly registryEntries: number;
}

/**
 * Loads a checked registry file in one transaction: for every participant that it names it is the whole truth; others
 * stay as they are.
 * @param record  writes the audit, in the same transaction
 * @throws Fault `registry-invalid` when a range overlaps one in the database, or a name is nobody's; then nothing is loaded
 */
export async function loadRegistry(
  file: RegistryFile,
  now: Date,
  pool: Pool,
  record: (client: PoolClient) => Promise<void>,
): Promise<LoadReport> {
  try {
    await withTransaction(pool, async (db) => {
      for (const { name, from, to } of file.registryEntries)
        await query(
          db,
          `insert into registry_entry (name, eui64_from, eui64_to) values ($1, $2, $3)
           on conflict (name) do update set eui64_from = excluded.eui64_from, eui64_to = excluded.eui64_to`,
          [name, from, to],
        );
      for (const entry of file.participants) await loadParticipant(entry, now, db);
      // Ranges and nominations name other participants: all of those are there by now.
      for (const entry of file.participants) await clearRanges(entry, db);
      for (const entry of file.participants) await loadRanges(entry, db);
      for (const entry of file.participants) await loadNominations(entry, db);
      await record(db);
    });
  } catch (error) {
    throw explained(error);
  }
  const sum = (count: (entry: RegistryEntry) => number) =>
    file.participants.reduce((total, entry) => total + count(entry), 0);
  return {
    participants: file.participants.length,
    agreements: sum((entry) => entry.agreements.length),
    allocations: sum((entry) => entry.allocations.length),
    deviceRanges: sum((entry) => entry.deviceRanges.length),
    registryEntries: file.registryEntries.length,
  };
}

async function loadParticipant(entry: RegistryEntry, now: Date, db: PoolClient): Promise<void> {
  await query(
    db,
    `insert into participant (signifier, type, legal_name, status, party_category, non_party_kind, gateway_connection, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (signifier) do update set type = excluded.type, legal_name = excluded.legal_name, status = excluded.status,
       party_category = excluded.party_category, non_party_kind = excluded.non_party_kind, gateway_connection = excluded.gateway_connection`,
    [
      entry.signifier,
      entry.type,
      entry.legalName,
      entry.status,
      entry.partyCategory ?? null,
      entry.nonPartyKind ?? null,
      entry.gatewayConnection,
      now,
    ],
  );
  await query(db, `delete from membership where participant_id = ${OWN}`, [entry.signifier]);
  const { membership } = entry;
  if (membership !== undefined)
    await query(
      db,
      `insert into membership (participant_id, state, since, expelled_at) values (${OWN}, $2, $3, $4)`,
      [entry.signifier, membership.state, membership.since, membership.expelledAt ?? null],
    );
  await query(db, `delete from agreement where participant_id = ${OWN}`, [entry.signifier]);
  for (const one of entry.agreements)
    await query(
      db,
      `insert into agreement (participant_id, ref, state, executed_at, effective_from, effective_to, permitted_categories,
         permitted_purposes, permitted_environments, permitted_roles, device_ranges, volume_cap, gateway_permitted)
       values (${OWN}, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
      [
        entry.signifier,
        one.ref,
        one.state,
        one.executedAt ?? null,
        one.effectiveFrom ?? null,
        one.effectiveTo ?? null,
        one.permittedCategories,
        one.permittedPurposes,
        one.permittedEnvironments,
        one.permittedRoles,
        JSON.stringify(one.deviceRanges),
        one.volumeCap ?? null,
        one.gatewayPermitted,
      ],
    );
}

async function clearRanges({ signifier }: RegistryEntry, db: PoolClient): Promise<void> {
  for (const table of ['identifier_allocation', 'user_id_role_assignment', 'device_range'])
    await query(db, `delete from ${table} where participant_id = ${OWN}`, [signifier]);
  await query(db, `delete from rdp_nomination where rdp_id = ${OWN}`, [signifier]);
}

async function loadRanges({ signifier, ...entry }: RegistryEntry, db: PoolClient): Promise<void> {
  await query(
    db,
    `insert into identifier_allocation (participant_id, kind, state, eui64_from, eui64_to)
     select ${OWN}, kind, state, "from", "to" from jsonb_to_recordset($2::jsonb) as one (kind text, state text, "from" text, "to" text)`,
    [signifier, JSON.stringify(entry.allocations)],
  );
  await query(
    db,
    `insert into user_id_role_assignment (participant_id, eui64, user_role)
     select ${OWN}, eui64, "userRole" from jsonb_to_recordset($2::jsonb) as one (eui64 text, "userRole" text)`,
    [signifier, JSON.stringify(entry.userIds)],
  );
  await query(
    db,
    `insert into device_range (participant_id, eui64_from, eui64_to, device_types, delegated_by)
     select ${OWN}, "from", "to", array(select jsonb_array_elements_text("deviceTypes")), "delegatedBy"
       from jsonb_to_recordset($2::jsonb) as one ("from" text, "to" text, "deviceTypes" jsonb, "delegatedBy" text)`,
    [signifier, JSON.stringify(entry.deviceRanges)],
  );
}

async function loadNominations({ signifier, nominatedBy }: RegistryEntry, db: PoolClient): Promise<void> {
  for (const { networkParty, from, to } of nominatedBy) {
    const { rowCount } = await query(
      db,
      `insert into rdp_nomination (rdp_id, network_party_id, valid_from, valid_to)
       select ${OWN}, n.id, $3, $4 from participant n
        where n.signifier = $2 and n.party_category in ('ELECTRICITY_NETWORK', 'GAS_NETWORK')`,
      [signifier, networkParty, from, to ?? null],
    );
    if (rowCount !== 1)
      throw new Fault(
        'registry-invalid',
        `${networkParty}, who nominates ${signifier}, is no Network Party here or in the file; nothing was loaded.`,
      );
  }
}

const OWN = '(select id from participant where signifier = $1)';

/** What the database refused, in words. */
function explained(error: unknown): unknown {
  const constraint = violatedConstraint(error);
  if (constraint === undefined) return error;
  const { detail } = error as { detail?: string };
  return new Fault(
    'registry-invalid',
    `${CONSTRAINTS.get(constraint) ?? `The database refuses the file (${constraint}).`} Nothing was loaded. ${detail ?? ''}`.trim(),
    { cause: error },
  );
}

const CONSTRAINTS = new Map([
  ['identifier_allocation_no_overlap', 'An allocation overlaps one of another participant.'],
  ['device_range_no_overlap', 'A device range overlaps one of another participant.'],
  ['registry_entry_eui64_range_excl', 'A Registry Entry overlaps another.'],
  ['user_id_role_assignment_pkey', 'A User ID is assigned to the same User Role twice.'],
  ['agreement_pkey', 'The reference of an agreement belongs to another participant.'],
]);
