import type { IssuedCertificate } from '../domain/certificate.ts';
import type { SerialNumber } from '../domain/serial-number.ts';
import { byteaArray } from '../db/bytea-array.ts';
import { query, type Db } from '../db/query.ts';
import { DETAILS, takeIntents } from './take-intents.ts';

/**
 * Turns intents into issued certificates, with their audit and their count for quotas, in one statement. Returns the serial
 * numbers that are issued now: an intent that was abandoned meanwhile is not among them; nor one whose request or batch item
 * has a certificate already, which is abandoned here. Their certificates must not be given away. What was intended in the
 * same sets and is not issued stays as it was.
 * @param sets  ids of the sets in which the intents are, as `recordIntents` told them
 */
export async function recordIssued(
  issued: readonly (Pick<IssuedCertificate, 'serialNumber' | 'der' | 'sha256'> & {
    readonly requestId?: string | undefined;
  })[],
  sets: readonly string[],
  at: Date,
  db: Db,
): Promise<Set<SerialNumber>> {
  if (issued.length === 0) return new Set();
  const { rows } = await query<{ serial_number: SerialNumber }>(db, ISSUE, [
    sets,
    issued.map((one) => one.serialNumber),
    byteaArray(issued.map((one) => one.der)),
    byteaArray(issued.map((one) => one.sha256)),
    issued.map((one) => one.requestId ?? null),
    at,
    new Date(Math.floor(at.getTime() / HOUR) * HOUR),
  ]);
  return new Set(rows.map((row) => row.serial_number));
}

/**
 * Of a batch one event tells of all of them. Counts are locked until the transaction ends, in one order for everybody;
 * connections that are at work at the same time have rows of their own. `is true` keeps the planner from comparing each with
 * each.
 */
const ISSUE = `
  with ${takeIntents(
    'id = any($1::uuid[])',
    `select *, true as taken from unnest($2::text[], $3::bytea[], $4::bytea[], $5::text[])
       as signed (serial_number, der, sha256, request_id)`,
  )},
  issued as (
    insert into certificate (${DETAILS}, status, der, sha256, issued_at)
    select ${DETAILS}, 'issued', der, sha256, $6 from matched where set_id is not null and taken
    on conflict do nothing returning serial_number, participant_id, category),
  twice as (
    insert into certificate (${DETAILS}, status, tbs, abandoned_at, abandoned_reason)
    select ${DETAILS}, 'abandoned', tbs, $6, 'there was a certificate already'
      from matched where set_id is not null and taken and serial_number not in (select serial_number from issued)),
  recorded as materialized (
    select * from matched where (serial_number in (select serial_number from issued)) is true),
  told as (
    insert into audit_event (at, event, participant_id, credential_id, request_id, object, facts)
    select $6, 'certificate.issued', participant_id, credential_id, request_id, serial_number,
           jsonb_build_object('sha256', encode(sha256, 'hex'), 'decision', decision_id)
      from recorded where batch_id is null
    union all
    select $6, 'certificates.issued', participant_id, credential_id, null, batch_id::text,
           jsonb_build_object('first', min(batch_position), 'last', max(batch_position), 'count', count(*), 'certificates',
             jsonb_object_agg(serial_number, jsonb_build_object('sha256', encode(sha256, 'hex'), 'decision', decision_id)))
      from recorded where batch_id is not null group by participant_id, credential_id, batch_id),
  counted as (
    insert into issued_count as counted (participant_id, category, hour, counter, certificates)
    select participant_id, category, $7, pg_backend_pid() % 8, count(*) from issued
     group by participant_id, category order by participant_id, category
    on conflict (participant_id, category, hour, counter)
      do update set certificates = counted.certificates + excluded.certificates)
  select serial_number from issued`;
const HOUR = 3_600_000;
