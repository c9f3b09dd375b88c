import type { BatchPlace } from '../domain/batch.ts';
import type { TestEnvironment, TestingPurpose, Category } from '../domain/category.ts';
import type { IssuedCertificate, Leftover } from '../domain/certificate.ts';
import type { Eui64 } from '../domain/eui64.ts';
import type { SerialNumber } from '../domain/serial-number.ts';
import { query, type Db, type PoolClient } from '../db/pool.ts';
import type { LintedTbs } from '../lint/lint.ts';

/** What is about to be signed, written down before the key is used. */
export interface Intent {
  readonly serialNumber: SerialNumber;
  readonly authority: string;
  readonly profile: string;
  readonly category: Category;
  readonly participantId: string;
  readonly credentialId: string;
  readonly decisionId: string;
  readonly idempotencyId?: string;
  readonly place?: BatchPlace;
  readonly purpose: TestingPurpose;
  readonly environment?: TestEnvironment;
  /** As `subjectKey` writes it. */
  readonly subject: string;
  readonly eui64?: Eui64;
  readonly publicKeySha256: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly tbs: LintedTbs;
}

/** Writes intents: after a crash they say which signatures might exist. One statement. */
export async function recordIntents(intents: readonly Intent[], at: Date, db: PoolClient): Promise<void> {
  if (intents.length === 0) return;
  await query(db, INSERT_INTENTS, [JSON.stringify(intents.map(intentRow)), at]);
}

/**
 * Turns intents into issued certificates, with their audit and their count for quotas, in one statement. Returns the serial
 * numbers that are issued now: an intent that was abandoned meanwhile is not among them; nor one whose request or batch
 * item has a certificate already, which is abandoned here. Their certificates must not be given away.
 */
export async function recordIssued(
  issued: readonly (Pick<IssuedCertificate, 'serialNumber' | 'der' | 'sha256'> & {
    readonly requestId?: string | undefined;
  })[],
  at: Date,
  db: Db,
): Promise<Set<SerialNumber>> {
  if (issued.length === 0) return new Set();
  const { rows } = await query<{ serial_number: SerialNumber }>(db, ISSUE, [
    issued.map((one) => one.serialNumber),
    issued.map((one) => one.der.toString('base64')),
    issued.map((one) => one.sha256.toString('base64')),
    issued.map((one) => one.requestId ?? null),
    at,
    new Date(Math.floor(at.getTime() / HOUR) * HOUR),
  ]);
  return new Set(rows.map((row) => row.serial_number));
}

/** Intents older than `before` that never became certificates, oldest first. */
export async function findLeftovers(before: Date, db: Db): Promise<Leftover[]> {
  const { rows } = await query<Leftover>(
    db,
    `select i.serial_number as "serialNumber", i.authority, i.profile, p.signifier as participant, i.subject,
            i.prepared_at as "preparedAt"
       from certificate_intent i join participant p on p.id = i.participant_id
      where i.prepared_at < $1 order by i.prepared_at, i.serial_number`,
    [before],
  );
  return rows;
}

/** Abandons intents, with the reason why; returns the serial numbers of those that were there. */
export async function abandonIntents(
  serialNumbers: readonly string[],
  reason: string,
  at: Date,
  db: PoolClient,
): Promise<SerialNumber[]> {
  if (serialNumbers.length === 0) return [];
  const { rows } = await query<{ serial_number: SerialNumber }>(
    db,
    `with gone as (delete from certificate_intent where serial_number = any($1) returning *)
     insert into certificate (${DETAILS}, status, tbs, abandoned_at, abandoned_reason)
     select ${DETAILS}, 'abandoned', tbs, $3, $2 from gone returning serial_number`,
    [serialNumbers, reason, at],
  );
  return rows.map((row) => row.serial_number);
}

/** Intents of requests under Idempotency-Keys, or of items of applications: id -> the intent under way. */
export async function findIntents(ids: readonly string[], db: Db): Promise<Map<string, SerialNumber>> {
  const { rows } = await query<{ id: string; serial_number: SerialNumber }>(
    db,
    `select idempotency_id as id, serial_number from certificate_intent where idempotency_id = any($1::uuid[])`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row.serial_number]));
}

/** Intents of a batch's items that did not become certificates. */
export async function findIntentsOfBatch(
  { batchId, first, last }: { readonly batchId: string; readonly first: number; readonly last: number },
  db: Db,
): Promise<SerialNumber[]> {
  const { rows } = await query<{ serial_number: SerialNumber }>(
    db,
    `select serial_number from certificate_intent where batch_id = $1 and batch_position between $2 and $3`,
    [batchId, first, last],
  );
  return rows.map((row) => row.serial_number);
}

const intentRow = (intent: Intent) => ({
  serial_number: intent.serialNumber,
  authority: intent.authority,
  profile: intent.profile,
  category: intent.category,
  participant_id: intent.participantId,
  credential_id: intent.credentialId,
  decision_id: intent.decisionId,
  idempotency_id: intent.idempotencyId,
  batch_id: intent.place?.batchId,
  batch_position: intent.place?.position,
  purpose: intent.purpose,
  environment: intent.environment,
  subject: intent.subject,
  eui64: intent.eui64,
  public_key_sha256: intent.publicKeySha256.toString('base64'),
  not_before: intent.notBefore,
  not_after: intent.notAfter,
  tbs: intent.tbs.toString('base64'),
});

/** What an intent and its certificate have in common. */
const DETAILS = `serial_number, authority, profile, category, participant_id, credential_id, decision_id, idempotency_id,
  batch_id, batch_position, purpose, environment, subject, eui64, public_key_sha256, not_before, not_after, prepared_at`;
const INSERT_INTENTS = `
  insert into certificate_intent (${DETAILS}, tbs)
  select serial_number, authority, profile, category, participant_id, credential_id, decision_id, idempotency_id,
    batch_id, batch_position, purpose, environment, subject, eui64, decode(public_key_sha256, 'base64'), not_before,
    not_after, $2, decode(tbs, 'base64')
  from json_to_recordset($1::json) as intent (serial_number text, authority text, profile text, category text,
    participant_id uuid, credential_id uuid, decision_id uuid, idempotency_id uuid, batch_id uuid,
    batch_position integer, purpose text, environment text, subject text, eui64 text, public_key_sha256 text,
    not_before timestamptz, not_after timestamptz, tbs text)`;
/**
 * Counts are locked until the transaction ends, in one order for everybody; connections that are at work at the same time
 * have rows of their own. `is true` keeps the planner from comparing each with each.
 */
const ISSUE = `
  with gone as (
    delete from certificate_intent i
     using unnest($1::text[], $2::text[], $3::text[], $4::text[]) as signed (serial_number, der, sha256, request_id)
     where i.serial_number = signed.serial_number returning i.*, signed.der, signed.sha256, signed.request_id),
  issued as (
    insert into certificate (${DETAILS}, status, der, sha256, issued_at)
    select ${DETAILS}, 'issued', decode(der, 'base64'), decode(sha256, 'base64'), $5 from gone
    on conflict do nothing returning serial_number, participant_id, category),
  twice as (
    insert into certificate (${DETAILS}, status, tbs, abandoned_at, abandoned_reason)
    select ${DETAILS}, 'abandoned', tbs, $5, 'there was a certificate already'
      from gone where serial_number not in (select serial_number from issued)),
  told as (
    insert into audit_event (at, event, participant_id, credential_id, request_id, object, facts)
    select $5, 'certificate.issued', participant_id, credential_id, request_id, serial_number,
           jsonb_build_object('sha256', encode(decode(sha256, 'base64'), 'hex'), 'decision', decision_id)
      from gone where (serial_number in (select serial_number from issued)) is true),
  counted as (
    insert into issued_count as counted (participant_id, category, hour, counter, certificates)
    select participant_id, category, $6, pg_backend_pid() % 8, count(*) from issued
     group by participant_id, category order by participant_id, category
    on conflict (participant_id, category, hour, counter)
      do update set certificates = counted.certificates + excluded.certificates)
  select serial_number from issued`;
const HOUR = 3_600_000;
