import type { TestEnvironment, TestingPurpose, Category } from '../domain/category.ts';
import type { IssuedCertificate } from '../domain/certificate.ts';
import type { EligibilityBasis } from '../domain/decision.ts';
import type { Eui64 } from '../domain/eui64.ts';
import type { SerialNumber } from '../domain/serial-number.ts';
import { query, type Db } from '../db/query.ts';

/** The certificate that came of an Idempotency-Key's request. */
export async function findByIdempotency(
  idempotencyId: string,
  db: Db,
): Promise<IssuedCertificate | undefined> {
  const { rows } = await query<CertificateRow>(
    db,
    `select ${CERTIFICATE_COLUMNS} where c.idempotency_id = $1 and c.status = 'issued'`,
    [idempotencyId],
  );
  return rows[0] && toCertificate(rows[0]);
}

/** The certificates of items of applications: id of the item -> its certificate. */
export async function findByItems(
  itemIds: readonly string[],
  db: Db,
): Promise<Map<string, { readonly serialNumber: SerialNumber; readonly decisionId: string }>> {
  const { rows } = await query<{ id: string; serialNumber: SerialNumber; decisionId: string }>(
    db,
    `select idempotency_id as id, serial_number as "serialNumber", decision_id as "decisionId" from certificate
      where idempotency_id = any($1::uuid[]) and status = 'issued'`,
    [itemIds],
  );
  return new Map(rows.map(({ id, ...found }) => [id, found]));
}

/** Columns and joins of an issued certificate, for every select that ends in `toCertificate`. */
export const CERTIFICATE_COLUMNS = `c.serial_number, c.category, c.profile, c.authority, p.signifier, c.purpose,
  c.environment, c.eui64, c.not_before, c.not_after, c.issued_at, c.der, c.sha256, c.public_key_sha256,
  c.decision_id, d.basis, d.rule_set, d.simulated_role
  from certificate c join participant p on p.id = c.participant_id
  join decision_set d on d.id = decision_set_id(c.decision_id)`;

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
