import {
  factText,
  requireTransition,
  type FactKind,
  type FactSource,
  type FactValues,
} from '../domain/facts.ts';
import { Fault } from '../domain/fault.ts';
import { violatedConstraint } from '../db/database-errors.ts';
import { query, type Transaction } from '../db/query.ts';
import { agreedRangeFault } from './agreed-ranges.ts';
import { inRegistryEntry, inTestAllocation } from './registry-entries.ts';

/** The next version of a fact. */
export interface FactChange<Kind extends FactKind = FactKind> {
  readonly participantId: string;
  readonly kind: Kind;
  /** Which agreement, officer, obligation; '' where there is one of the kind. */
  readonly key: string;
  readonly state: string;
  readonly since: Date;
  readonly value: FactValues[Kind];
  /** The version that it was thought out on, 0 for none; absent: whatever is there. */
  readonly after?: number;
}

/** Where changes come from and when they are written down. */
export interface FactOrigin {
  readonly source: FactSource;
  readonly credentialId?: string;
  readonly recordedAt: Date;
}

/**
 * Writes the next version of each fact, two statements for all. Of two who change the same version, one wins.
 * @throws Fault `conflict` when a state may not follow the present one, the fact is no longer what it was thought out on, or
 *         somebody else was faster
 */
export async function recordFacts(
  changes: readonly FactChange[],
  origin: FactOrigin,
  db: Transaction,
): Promise<void> {
  if (changes.length === 0) return;
  const latest = await findLatest(changes, db);
  const versions = changes.map((change, place) => {
    const { version, state } = latest[place] ?? { version: 0, state: '' };
    if (change.after !== undefined && change.after !== version) throw changedSince(change);
    requireTransition(change.kind, state === 'VOID' ? '' : state, change.state);
    return version + 1;
  });
  const rows = changes.map(({ participantId, kind, key, state, since, value }, place) => ({
    participant_id: participantId,
    kind,
    key,
    version: versions[place],
    state,
    since,
    value,
  }));
  try {
    await query(db, INSERT, [
      JSON.stringify(rows),
      origin.source,
      origin.credentialId ?? null,
      origin.recordedAt,
    ]);
  } catch (error) {
    throw explained(error);
  }
}

async function findLatest(
  changes: readonly FactChange[],
  db: Transaction,
): Promise<({ version: number; state: string } | undefined)[]> {
  const { rows } = await query<{ version: number | null; state: string | null }>(
    db,
    `select f.version, f.state
       from unnest($1::uuid[], $2::text[], $3::text[]) with ordinality as asked (participant_id, kind, key, place)
       left join lateral (select version, state from fact
          where participant_id = asked.participant_id and kind = asked.kind and key = asked.key
          order by version desc limit 1) as f on true
      order by asked.place`,
    [changes.map((one) => one.participantId), changes.map((one) => one.kind), changes.map((one) => one.key)],
  );
  return rows.map(({ version, state }) =>
    version === null || state === null ? undefined : { version, state },
  );
}

function changedSince(change: FactChange): Fault {
  const version = String(change.after ?? 0);
  return preparedBefore(
    `The ${factText(change)} has changed since this was prepared on its version ${version}.`,
  );
}

/** What a review was prepared on is no longer so. @param detail  what has changed */
export function preparedBefore(detail: string): Fault {
  return new Fault('conflict', detail, {
    reasons: [
      {
        reason: 'CONFLICT',
        clause: 'RFC 9110, 15.5.10',
        detail,
        fix: 'Refuse or withdraw this review, read the record as it is now, and prepare the change again.',
      },
    ],
  });
}

function explained(error: unknown): unknown {
  const constraint = violatedConstraint(error);
  if (constraint === 'fact_pkey')
    return new Fault('conflict', 'Somebody else changed this at the same time.', {
      fix: 'Read the record again, and send the change again if it is still right.',
      cause: error,
    });
  if (constraint === 'fact_agreement_ref')
    return new Fault('conflict', 'The reference belongs to another agreement.', {
      fix: 'Take a reference that no agreement has yet.',
      cause: error,
    });
  if (constraint === 'agreed_range_not_in_registry_entry')
    return inRegistryEntry('A device range of the agreement', error);
  if (constraint === 'device_id_not_in_test_allocation')
    return inTestAllocation('A device range of the agreement', error);
  return agreedRangeFault(error) ?? error;
}

const INSERT = `
  insert into fact (participant_id, kind, key, version, state, since, value, source, credential_id, recorded_at)
  select participant_id, kind, key, version, state, since, value, $2, $3, $4
    from jsonb_to_recordset($1::jsonb) as change (participant_id uuid, kind text, key text, version integer, state text,
      since timestamptz, value jsonb)`;
