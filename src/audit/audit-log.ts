import { query, type Db } from '../db/query.ts';

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
    `select at, event, facts from ${eventsOf('$1')} e order by id`,
    [object],
  );
  return rows;
}

const COLUMNS = 'id, at, event, participant_id, credential_id, request_id, object';

/** All events. Of the certificates of which one event tells for a whole set (`certificates.issued`) only the count is left. */
export const EVENTS = `(
  select ${COLUMNS}, case event when 'certificates.issued' then facts - 'certificates' else facts end as facts from audit_event)`;

/**
 * Events about an object. That the certificate of a batch was issued is told for its whole set, under the batch: of it this
 * leaves what it says of the one serial number. It has the instant of its certificates, so that not every set is looked into.
 * @param object  place of the parameter, `$1`
 */
export const eventsOf = (object: string): string => `(
  select * from ${EVENTS} told where object = ${object}
  union all
  select ${COLUMNS.replaceAll(/\w+/g, 'told.$&')}, jsonb_set(told.facts, '{certificates}',
      jsonb_build_object(c.serial_number, told.facts -> 'certificates' -> c.serial_number))
    from certificate c
    join audit_event told on told.object = c.batch_id::text and told.at = c.issued_at and told.event = 'certificates.issued'
   where c.serial_number = ${object} and told.facts -> 'certificates' ? c.serial_number)`;
