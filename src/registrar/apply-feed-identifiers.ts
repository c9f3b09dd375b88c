import { formatEui64, type Eui64 } from '../domain/eui64.ts';
import { Fault } from '../domain/fault.ts';
import type { FeedAllocation, FeedMarketParticipant, FeedRegistryEntry } from '../domain/feed.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { query, type Transaction } from '../db/query.ts';
import type { RecordDiff } from '../registry/feed-diff.ts';
import { beginEntries, endEntries } from '../registry/registry-entries.ts';

type Ids = ReadonlyMap<string, string>;

/** Registry Entries of the SEC Panel end and begin at this instant; one with other ends does both. */
export async function applyEntries(
  { added, changed, ended }: RecordDiff<FeedRegistryEntry>,
  at: Date,
  db: Transaction,
): Promise<void> {
  const gone = [...ended, ...changed.map((one) => one.before)].map((one) => one.name);
  await endEntries(gone, at, db);
  const come = [...added, ...changed.map((one) => one.after)];
  await beginEntries(
    come.map(({ name, euiFrom, euiTo }) => ({ name, from: euiFrom, to: euiTo })),
    at,
    db,
  );
}

/**
 * Allocations end and begin at this instant; the same one with other dates, or for another environment, does both, so that
 * what was on record before it was corrected stays there. What began at this very instant never was.
 */
export async function applyAllocations(
  { added, changed, ended }: RecordDiff<FeedAllocation>,
  ids: Ids,
  at: Date,
  db: Transaction,
): Promise<void> {
  const gone = [...ended, ...changed.map((one) => one.before)];
  if (gone.length > 0) {
    const present = `i.valid_to is null and ${SAME_ALLOCATION}`;
    const values = [rowsOf(gone, ids), at];
    await query(
      db,
      `delete from identifier_allocation i using ${ALLOCATIONS} where ${present} and i.valid_from >= $2`,
      values,
    );
    await query(
      db,
      `update identifier_allocation i set valid_to = $2 from ${ALLOCATIONS} where ${present}`,
      values,
    );
  }
  const come = [...added, ...changed.map((one) => one.after)];
  if (come.length > 0)
    await query(
      db,
      `insert into identifier_allocation (participant_id, kind, eui64_from, eui64_to, environment, requested_at, allocated_at,
         source, valid_from)
       select participant_id, "identifierKind", "euiFrom", "euiTo", environment, "allocationRequestedAt", "allocatedAt",
         'SECAS_FEED', $2 from ${ALLOCATIONS}`,
      [rowsOf(come, ids), at],
    );
}

/**
 * Ends the User Roles of User IDs that a participant no longer has: whoever has them now says which Role they are to have.
 * What it ends is on record.
 */
export async function endRolesWithoutAllocation(
  participantIds: readonly string[],
  credentialId: string,
  at: Date,
  db: Transaction,
): Promise<void> {
  if (participantIds.length === 0) return;
  const { rows } = await query<{ participantId: string; eui64: Eui64; userRole: string }>(
    db,
    `update user_id_role_assignment r set valid_to = greatest($2, r.valid_from + interval '1 microsecond')
      where r.participant_id = any($1::uuid[]) and r.valid_to is null and not exists (
        select from identifier_allocation i where i.participant_id = r.participant_id and i.kind = 'USER_ID'
           and i.valid_to is null and r.eui64 between i.eui64_from and i.eui64_to)
      returning r.participant_id as "participantId", r.eui64, r.user_role as "userRole"`,
    [participantIds, at],
  );
  const events = rows.map(({ participantId, eui64, userRole }) => ({
    at,
    event: 'user-role.ended',
    participantId,
    credentialId,
    object: formatEui64(eui64),
    facts: { userRole, because: 'its allocation ended' },
  }));
  await recordEvents(events, db);
}

/** Market Participant identities; one that moves to another Party or User ID ends and begins. */
export async function applyMarketParticipants(
  { added, changed, ended }: RecordDiff<FeedMarketParticipant>,
  ids: Ids,
  at: Date,
  db: Transaction,
): Promise<void> {
  const gone = [...ended, ...changed.map((one) => one.before)];
  if (gone.length > 0)
    await query(
      db,
      `update market_participant_identity m set valid_to = greatest($2, m.valid_from + interval '1 microsecond')
         from ${MARKETS} where m.valid_to is null and m.scheme = one.scheme
          and m.market_participant_id = one."marketParticipantId" and m.role_code = one."roleCode"`,
      [rowsOf(gone, ids), at],
    );
  const come = [...added, ...changed.map((one) => one.after)];
  if (come.length > 0)
    await query(
      db,
      `insert into market_participant_identity (participant_id, scheme, market_participant_id, role_code, user_id, source, valid_from)
       select participant_id, scheme, "marketParticipantId", "roleCode", "userId", 'SECAS_FEED', $2 from ${MARKETS}`,
      [rowsOf(come, ids), at],
    );
}

/** JSON of records with the id of their participant. @throws Fault `feed-invalid` for a Signifier that is nobody's */
function rowsOf(records: readonly { readonly signifier: string; readonly row?: number }[], ids: Ids): string {
  const unknown = records.filter(({ signifier }) => !ids.has(signifier));
  if (unknown.length > 0)
    throw new Fault(
      'feed-invalid',
      'The feed names participants that are not on record; nothing was applied.',
      {
        reasons: unknown.slice(0, 200).map(({ signifier, row }) => ({
          reason: 'FEED_NOT_APPLICABLE',
          clause: 'docs/secas-feed.md',
          detail: `row ${String(row ?? '?')}: nobody is registered as ${signifier}`,
          fix: 'Add a PARTY row for it, or correct the Signifier.',
        })),
      },
    );
  return JSON.stringify(records.map((record) => ({ ...record, participant_id: ids.get(record.signifier) })));
}

const ALLOCATIONS = `jsonb_to_recordset($1::jsonb) as one (participant_id uuid, "identifierKind" text, "euiFrom" text,
  "euiTo" text, environment text, "allocationRequestedAt" timestamptz, "allocatedAt" timestamptz)`;
const SAME_ALLOCATION = `i.participant_id = one.participant_id and i.kind = one."identifierKind"
  and i.eui64_from = one."euiFrom" and i.eui64_to = one."euiTo"`;
const MARKETS = `jsonb_to_recordset($1::jsonb) as one (participant_id uuid, scheme text, "marketParticipantId" text,
  "roleCode" text, "userId" text)`;
