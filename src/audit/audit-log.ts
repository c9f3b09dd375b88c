import { query, type Db } from '../db/pool.ts';

/** One thing that happened; written in the same transaction as the fact it tells. */
export interface AuditEvent {
  readonly at: Date;
  /** `thing.happened`, e.g. `certificate.issued`. */
  readonly event: string;
  readonly participantId?: string;
  readonly credentialId?: string;
  readonly requestId?: string;
  /** What it is about: a serial number, the id of a decision, the prefix of a token. */
  readonly object?: string;
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** Appends events, one statement for all; nothing changes or removes them afterwards (database triggers). */
export async function recordEvents(events: readonly AuditEvent[], db: Db): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map((one) => ({
    at: one.at,
    event: one.event,
    participant_id: one.participantId,
    credential_id: one.credentialId,
    request_id: one.requestId,
    object: one.object,
    facts: one.facts ?? {},
  }));
  await query(
    db,
    `insert into audit_event (at, event, participant_id, credential_id, request_id, object, facts)
     select at, event, participant_id, credential_id, request_id, object, facts
       from json_to_recordset($1::json) as happened
         (at timestamptz, event text, participant_id uuid, credential_id uuid, request_id text, object text, facts jsonb)`,
    [JSON.stringify(rows)],
  );
}

/** What happened to one thing, oldest first. */
export async function listEvents(
  object: string,
  db: Db,
): Promise<(Pick<AuditEvent, 'at' | 'event'> & { readonly facts: Readonly<Record<string, unknown>> })[]> {
  const { rows } = await query<{ at: Date; event: string; facts: Readonly<Record<string, unknown>> }>(
    db,
    `select at, event, facts from audit_event where object = $1 order by id`,
    [object],
  );
  return rows;
}
