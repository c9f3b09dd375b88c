import type { BatchPlace } from '../domain/batch.ts';
import type { TestEnvironment, TestingPurpose, Category } from '../domain/category.ts';
import type { IssuedCertificate, Leftover } from '../domain/certificate.ts';
import type { EligibilityBasis } from '../domain/decision.ts';
import type { Eui64 } from '../domain/eui64.ts';
import type { SerialNumber } from '../domain/serial-number.ts';
import type { LintedTbs } from '../lint/lint.ts';
import { query, type Db } from '../db/pool.ts';

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

/** Writes `prepared` rows: after a crash they say which signatures might exist. One statement. */
export async function recordIntents(intents: readonly Intent[], at: Date, db: Db): Promise<void> {
  if (intents.length === 0) return;
  await query(db, INSERT_INTENTS, [JSON.stringify(intents.map(intentRow)), at]);
}

/**
 * Turns `prepared` rows into `issued` ones, in one statement. Returns the serial numbers that are issued now: one that
 * was abandoned meanwhile is not among them, and its certificate must not be given away.
 */
export async function recordIssued(
  issued: readonly Pick<IssuedCertificate, 'serialNumber' | 'der' | 'sha256'>[],
  at: Date,
  db: Db,
): Promise<Set<SerialNumber>> {
  if (issued.length === 0) return new Set();
  const certificates = issued.map((one) => ({
    serial_number: one.serialNumber,
    der: one.der.toString('base64'),
    sha256: one.sha256.toString('base64'),
  }));
  const { rows } = await query<{ serial_number: SerialNumber }>(db, UPDATE_ISSUED, [
    JSON.stringify(certificates),
    at,
  ]);
  return new Set(rows.map((row) => row.serial_number));
}

/**
 * Counts certificates that are issued now by participant, category and hour, for quotas. It locks the rows of its hour
 * until the transaction ends: the last statement before the commit, and in one order for everybody.
 */
export async function countIssued(serialNumbers: ReadonlySet<SerialNumber>, at: Date, db: Db): Promise<void> {
  if (serialNumbers.size === 0) return;
  const hour = new Date(Math.floor(at.getTime() / HOUR) * HOUR);
  await query(
    db,
    `insert into issued_count as counted (participant_id, category, hour, certificates)
     select participant_id, category, $2, count(*)::int from certificate where serial_number = any($1)
      group by participant_id, category order by participant_id, category
     on conflict (participant_id, category, hour)
       do update set certificates = counted.certificates + excluded.certificates`,
    [[...serialNumbers], hour],
  );
}

/** Intents older than `before` that never became certificates, oldest first. */
export async function findLeftovers(before: Date, db: Db): Promise<Leftover[]> {
  const { rows } = await query<LeftoverRow>(
    db,
    `select c.serial_number, c.authority, c.profile, p.signifier, c.subject, c.prepared_at
       from certificate c join participant p on p.id = c.participant_id
      where c.status = 'prepared' and c.prepared_at < $1
      order by c.prepared_at, c.serial_number`,
    [before],
  );
  return rows.map((row) => ({
    serialNumber: row.serial_number,
    authority: row.authority,
    profile: row.profile,
    participant: row.signifier,
    subject: row.subject,
    preparedAt: row.prepared_at,
  }));
}

/** Marks leftovers abandoned, with the reason an operator gave; returns the serial numbers that were `prepared`. */
export async function abandonLeftovers(
  serialNumbers: readonly string[],
  reason: string,
  at: Date,
  db: Db,
): Promise<SerialNumber[]> {
  const { rows } = await query<{ serial_number: SerialNumber }>(
    db,
    `update certificate set status = 'abandoned', abandoned_at = $3, abandoned_reason = $2
      where serial_number = any($1) and status = 'prepared' returning serial_number`,
    [serialNumbers, reason, at],
  );
  return rows.map((row) => row.serial_number);
}

/** The certificates that came of an Idempotency-Key's request, and the intents that did not become one. */
export async function findByIdempotency(
  idempotencyId: string,
  db: Db,
): Promise<{ issued: IssuedCertificate[]; prepared: SerialNumber[] }> {
  const { rows } = await query<CertificateRow & { status: string }>(
    db,
    `select c.status, ${CERTIFICATE_COLUMNS} where c.idempotency_id = $1 and c.status <> 'abandoned'`,
    [idempotencyId],
  );
  return {
    issued: rows.filter((row) => row.status === 'issued').map(toCertificate),
    prepared: rows.filter((row) => row.status === 'prepared').map((row) => row.serial_number),
  };
}

/** What there is of many items: id of the item -> its certificate, or the intent of one. */
export async function findByItems(
  itemIds: readonly string[],
  db: Db,
): Promise<
  Map<string, { readonly serialNumber: SerialNumber; readonly decisionId: string; readonly issued: boolean }>
> {
  const { rows } = await query<{
    id: string;
    serial_number: SerialNumber;
    decision_id: string;
    issued: boolean;
  }>(
    db,
    `select idempotency_id as id, serial_number, decision_id, status = 'issued' as issued from certificate
      where idempotency_id = any($1::uuid[]) and status <> 'abandoned'`,
    [itemIds],
  );
  return new Map(
    rows.map((row) => [
      row.id,
      { serialNumber: row.serial_number, decisionId: row.decision_id, issued: row.issued },
    ]),
  );
}

/** Intents of a batch's items that did not become certificates. */
export async function findPreparedOfBatch(
  { batchId, first, last }: { readonly batchId: string; readonly first: number; readonly last: number },
  db: Db,
): Promise<SerialNumber[]> {
  const { rows } = await query<{ serial_number: SerialNumber }>(
    db,
    `select serial_number from certificate
      where batch_id = $1 and batch_position between $2 and $3 and status = 'prepared'`,
    [batchId, first, last],
  );
  return rows.map((row) => row.serial_number);
}

/** Columns and joins of an issued certificate, for every select that ends in `toCertificate`. */
export const CERTIFICATE_COLUMNS = `c.serial_number, c.category, c.profile, c.authority, p.signifier, c.purpose,
  c.environment, c.eui64, c.not_before, c.not_after, c.issued_at, c.der, c.sha256, c.public_key_sha256,
  d.id as decision_id, d.basis, d.rule_set, d.simulated_role
  from certificate c join participant p on p.id = c.participant_id join decision d on d.id = c.decision_id`;

export interface CertificateRow {
  readonly serial_number: SerialNumber;
  readonly category: Category;
  readonly profile: string;
  readonly authority: string;
  readonly signifier: string;
  readonly purpose: TestingPurpose;
  readonly environment: TestEnvironment | null;
  readonly eui64: Eui64 | null;
  readonly not_before: Date;
  readonly not_after: Date;
  readonly issued_at: Date;
  readonly der: Buffer;
  readonly sha256: Buffer;
  readonly public_key_sha256: Buffer;
  readonly decision_id: string;
  readonly basis: EligibilityBasis;
  readonly rule_set: string;
  readonly simulated_role: boolean;
}

export function toCertificate(row: CertificateRow): IssuedCertificate {
  return {
    serialNumber: row.serial_number,
    category: row.category,
    profile: row.profile,
    authority: row.authority,
    participant: row.signifier,
    purpose: row.purpose,
    ...(row.environment === null ? {} : { environment: row.environment }),
    ...(row.eui64 === null ? {} : { eui64: row.eui64 }),
    notBefore: row.not_before,
    notAfter: row.not_after,
    issuedAt: row.issued_at,
    der: row.der,
    sha256: row.sha256,
    publicKeySha256: row.public_key_sha256,
    decision: {
      id: row.decision_id,
      basis: row.basis,
      ruleSet: row.rule_set,
      simulatedRole: row.simulated_role,
    },
  };
}

interface LeftoverRow {
  readonly serial_number: SerialNumber;
  readonly authority: string;
  readonly profile: string;
  readonly signifier: string;
  readonly subject: string;
  readonly prepared_at: Date;
}

const HOUR = 3_600_000;

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

const INSERT_INTENTS = `
  insert into certificate (serial_number, status, authority, profile, category, participant_id, credential_id,
    decision_id, idempotency_id, batch_id, batch_position, purpose, environment, subject, eui64, public_key_sha256, not_before,
    not_after, tbs, prepared_at)
  select serial_number, 'prepared', authority, profile, category, participant_id, credential_id,
    decision_id, idempotency_id, batch_id, batch_position, purpose, environment, subject, eui64, decode(public_key_sha256, 'base64'),
    not_before, not_after, decode(tbs, 'base64'), $2
  from jsonb_to_recordset($1::jsonb) as intent (serial_number text, authority text, profile text, category text,
    participant_id uuid, credential_id uuid, decision_id uuid, idempotency_id uuid, batch_id uuid,
    batch_position integer, purpose text, environment text, subject text, eui64 text, public_key_sha256 text, not_before timestamptz, not_after timestamptz, tbs text)`;

const UPDATE_ISSUED = `
  update certificate c
     set status = 'issued', der = decode(one.der, 'base64'), sha256 = decode(one.sha256, 'base64'), issued_at = $2, tbs = null
    from jsonb_to_recordset($1::jsonb) as one (serial_number text, der text, sha256 text)
   where c.serial_number = one.serial_number and c.status = 'prepared'
  returning c.serial_number`;
