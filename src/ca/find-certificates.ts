import type { Category } from '../domain/category.ts';
import type { IssuedCertificate } from '../domain/certificate.ts';
import type { Eui64 } from '../domain/eui64.ts';
import type { SerialNumber } from '../domain/serial-number.ts';
import { query, type Db } from '../db/pool.ts';
import { CERTIFICATE_COLUMNS, toCertificate, type CertificateRow } from './certificate-store.ts';

/** Which of a participant's certificates; absent members ask nothing. `issuedTo` is exclusive. */
export interface CertificateFilter {
  readonly category?: Category;
  readonly eui64?: Eui64;
  readonly serialNumber?: SerialNumber;
  readonly sha256?: Buffer;
  readonly profile?: string;
  readonly status?: 'IN_USE' | 'EXPIRED';
  readonly issuedFrom?: Date;
  readonly issuedTo?: Date;
}

/** Where a page begins: after this certificate, in the order newest first. */
export interface PageStart {
  readonly issuedAt: Date;
  readonly serialNumber: SerialNumber;
}

/** One page of a participant's certificates, newest first, and where the next begins. `limit`: 1 to 500. */
export async function listCertificates(
  participantId: string,
  filter: CertificateFilter,
  page: { readonly limit: number; readonly after?: PageStart },
  now: Date,
  db: Db,
): Promise<{ items: IssuedCertificate[]; next?: PageStart }> {
  const conditions = [`c.participant_id = $1`, `c.status = 'issued'`];
  const values: unknown[] = [participantId];
  const where = (condition: (place: string) => string, value: unknown) => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(condition(`$${String(values.length)}`));
  };
  where((place) => `c.category = ${place}`, filter.category);
  where((place) => `c.eui64 = ${place}`, filter.eui64);
  where((place) => `c.serial_number = ${place}`, filter.serialNumber);
  where((place) => `c.sha256 = ${place}`, filter.sha256);
  where((place) => `c.profile = ${place}`, filter.profile);
  where((place) => `c.issued_at >= ${place}`, filter.issuedFrom);
  where((place) => `c.issued_at < ${place}`, filter.issuedTo);
  // notAfter is inclusive to its last second (RFC 5280, 4.1.2.5).
  where(
    (place) => `c.not_after > ${place}::timestamptz - interval '1 second'`,
    filter.status === 'IN_USE' ? now : undefined,
  );
  where(
    (place) => `c.not_after <= ${place}::timestamptz - interval '1 second'`,
    filter.status === 'EXPIRED' ? now : undefined,
  );
  if (page.after !== undefined) {
    values.push(page.after.issuedAt, page.after.serialNumber);
    conditions.push(
      `(c.issued_at, c.serial_number) < ($${String(values.length - 1)}, $${String(values.length)})`,
    );
  }
  values.push(page.limit + 1);
  const { rows } = await query<CertificateRow>(
    db,
    `select ${CERTIFICATE_COLUMNS} where ${conditions.join(' and ')}
      order by c.issued_at desc, c.serial_number desc limit $${String(values.length)}`,
    values,
  );
  const items = rows.slice(0, page.limit).map(toCertificate);
  const last = items.at(-1);
  return rows.length > page.limit && last !== undefined
    ? { items, next: { issuedAt: last.issuedAt, serialNumber: last.serialNumber } }
    : { items };
}

/** The participant's own certificate; `undefined` also for one that belongs to somebody else. */
export async function findCertificate(
  participantId: string,
  serialNumber: SerialNumber,
  db: Db,
): Promise<IssuedCertificate | undefined> {
  const { rows } = await query<CertificateRow>(
    db,
    `select ${CERTIFICATE_COLUMNS} where c.serial_number = $1 and c.participant_id = $2 and c.status = 'issued'`,
    [serialNumber, participantId],
  );
  return rows[0] === undefined ? undefined : toCertificate(rows[0]);
}
