import { randomUUID } from 'node:crypto';
import type { BatchPlace } from '../domain/batch.ts';
import type { TestEnvironment, TestingPurpose, Category } from '../domain/category.ts';
import type { Leftover } from '../domain/certificate.ts';
import { Fault } from '../domain/fault.ts';
import type { Eui64 } from '../domain/eui64.ts';
import type { SerialNumber } from '../domain/serial-number.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { byteaArray } from '../db/bytea-array.ts';
import { query, type Db, type Transaction } from '../db/query.ts';
import type { LintedTbs } from '../lint/lint.ts';
import { DETAILS, takeIntents } from './take-intents.ts';

/** What is about to be signed, written down before the key is used. */
export interface Intent {
  readonly serialNumber: SerialNumber;
  readonly authority: string;
  /** SHA-256 of the certificate of the authority: others may have its name. */
  readonly authoritySha256: Buffer;
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

/**
 * Writes intents: after a crash they say which signatures might exist. One statement; those that are alike are one row, a set.
 * Until the transaction ends nobody retires their authorities.
 * @returns ids of the sets
 * @throws Fault `authority-refused` when one of their authorities was retired
 */
export async function recordIntents(
  intents: readonly Intent[],
  at: Date,
  db: Transaction,
): Promise<readonly string[]> {
  if (intents.length === 0) return [];
  const sets = alikeSets(intents);
  const each = sets.flat();
  let last = 0;
  const rows = sets.map((set) => setRow(set, last + 1, (last += set.length)));
  const recorded = await query(db, INSERT_SETS, [
    JSON.stringify(rows),
    at,
    each.map((one) => one.serialNumber),
    each.map((one) => one.decisionId),
    each.map((one) => one.place?.position ?? null),
    each.map((one) => one.subject),
    each.map((one) => one.eui64 ?? null),
    byteaArray(each.map((one) => one.publicKeySha256)),
    byteaArray(each.map((one) => one.tbs)),
  ]);
  if (recorded.rowCount !== rows.length) throw authorityRetired();
  return rows.map((row) => row.id);
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
  db: Transaction,
): Promise<SerialNumber[]> {
  if (serialNumbers.length === 0) return [];
  const { rows } = await query<{ serial_number: SerialNumber }>(db, ABANDON, [serialNumbers, reason, at]);
  return rows.map((row) => row.serial_number);
}

/** Abandons every intent under these authorities, with its audit: nobody was given their certificates, and nobody will be. */
export async function abandonUnder(
  authorities: readonly string[],
  reason: string,
  at: Date,
  db: Transaction,
): Promise<void> {
  const { rows } = await query<{ serial_number: SerialNumber }>(
    db,
    'select serial_number from certificate_intent where authority = any($1)',
    [authorities],
  );
  const serialNumbers = rows.map((row) => row.serial_number);
  const abandoned = await abandonIntents(serialNumbers, reason, at, db);
  await recordEvents(
    abandoned.map((object) => ({ at, event: 'certificate.abandoned', object, facts: { reason } })),
    db,
  );
}

/** Intents of requests under Idempotency-Keys, or of items of applications: id -> the intent under way. */
export async function findIntents(ids: readonly string[], db: Db): Promise<Map<string, SerialNumber>> {
  const { rows } = await query<{ id: string; serial_number: SerialNumber }>(
    db,
    `select idempotency_id as id, serial_numbers[1] as serial_number from intent_set where idempotency_id = any($1::uuid[])`,
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

/** Intents of the same kind, for the same participant, asked for by the same credential, for the same batch or none. */
function alikeSets(intents: readonly Intent[]): Intent[][] {
  const sets: Intent[][] = [];
  for (const intent of intents) {
    const set = sets.find(([first]) => first !== undefined && areAlike(first, intent));
    if (set === undefined) sets.push([intent]);
    else set.push(intent);
  }
  return sets;
}

const areAlike = (one: Intent, other: Intent): boolean =>
  one.idempotencyId === undefined &&
  other.idempotencyId === undefined &&
  one.place?.batchId === other.place?.batchId &&
  one.participantId === other.participantId &&
  one.credentialId === other.credentialId &&
  one.authority === other.authority &&
  one.profile === other.profile &&
  one.category === other.category &&
  one.purpose === other.purpose &&
  one.environment === other.environment &&
  one.notBefore.getTime() === other.notBefore.getTime() &&
  one.notAfter.getTime() === other.notAfter.getTime();

/** `first`, `last`: where its intents stand among all of the statement, from 1. */
function setRow([one]: readonly Intent[], first: number, last: number) {
  if (one === undefined) throw new TypeError('a set without an intent');
  return {
    id: randomUUID(),
    authority: one.authority,
    authority_sha256: one.authoritySha256.toString('hex'),
    profile: one.profile,
    category: one.category,
    participant_id: one.participantId,
    credential_id: one.credentialId,
    idempotency_id: one.idempotencyId,
    batch_id: one.place?.batchId,
    purpose: one.purpose,
    environment: one.environment,
    not_before: one.notBefore,
    not_after: one.notAfter,
    first,
    last,
  };
}

/** Whether a node could record no intent, for its test CA was retired since it started. */
export const isAuthorityRetired = (error: unknown): error is Fault =>
  error instanceof Fault && error.code === 'authority-refused';

/** What whoever wants a certificate of a retired test CA is told. */
export const authorityRetired = () =>
  new Fault('authority-refused', 'The test CA was retired; nothing is issued under it any more.', {
    reasons: [
      {
        reason: 'AUTHORITY_RETIRED',
        clause: 'docs/architecture.md, Runbook',
        detail: 'The test CA of the certificate was retired, and this node has no other yet.',
        fix: 'Send the request again once the DCC has put a new test CA in its place.',
      },
    ],
  });

const INSERT_SETS = `
  with alike as materialized (
    select * from json_to_recordset($1::json) as alike (id uuid, authority text, authority_sha256 text, profile text,
      category text, participant_id uuid, credential_id uuid, idempotency_id uuid, batch_id uuid, purpose text,
      environment text, not_before timestamptz, not_after timestamptz, first integer, last integer)),
  current as materialized (
    select sha256 from authority_certificate
     where sha256 in (select decode(authority_sha256, 'hex') from alike) and retired_at is null for share)
  insert into intent_set (id, authority, profile, category, participant_id, credential_id, idempotency_id, batch_id, purpose,
    environment, not_before, not_after, prepared_at, serial_numbers, decision_ids, batch_positions, subjects, eui64s,
    public_key_sha256s, tbs)
  select id, authority, profile, category, participant_id, credential_id, idempotency_id, batch_id, purpose,
    environment, not_before, not_after, $2, ($3::text[])[first:last], ($4::uuid[])[first:last], ($5::integer[])[first:last],
    ($6::text[])[first:last], ($7::text[])[first:last], ($8::bytea[])[first:last], ($9::bytea[])[first:last]
  from alike where decode(authority_sha256, 'hex') in (select sha256 from current)`;
const ABANDON = `
  with ${takeIntents('serial_numbers && $1::text[]', 'select distinct unnest($1::text[]) as serial_number, true as taken')}
  insert into certificate (${DETAILS}, status, tbs, abandoned_at, abandoned_reason)
  select ${DETAILS}, 'abandoned', tbs, $3, $2 from matched where set_id is not null and taken returning serial_number`;
