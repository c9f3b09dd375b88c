import type { Category } from '../domain/category.ts';
import type { IssuedCertificate, RepositoryStatus } from '../domain/certificate.ts';
import type { Eui64 } from '../domain/eui64.ts';
import type { SerialNumber } from '../domain/serial-number.ts';
import { query, type Db } from '../db/query.ts';
import { CERTIFICATE_COLUMNS, toCertificate, type CertificateRow } from './certificate-store.ts';

/**
 * Whose certificates a caller reads. OWN: the participant's; ISSUED: also those that its credentials had issued on behalf
 * of others; ALL: everybody's, for independent eyes.
 */
export interface CertificateReader {
  readonly participantId: string;
  readonly reach: 'OWN' | 'ISSUED' | 'ALL';
}

/** Which certificates; absent members ask nothing. `issuedTo` is exclusive. */
export interface CertificateFilter {
  /** Signifier of the participant to whom they belong; absent: the reader's own, or for ALL everybody's. */
  readonly participant?: string;
  readonly category?: Category;
  readonly eui64?: Eui64;
  readonly serialNumber?: SerialNumber;
  readonly sha256?: Buffer;
  readonly profile?: string;
  readonly status?: RepositoryStatus;
  /** Id of the batch of which it came. */
  readonly batch?: string;
  readonly issuedFrom?: Date;
  readonly issuedTo?: Date;
}

/** Where a page begins: after this certificate, in the order newest first. */
export interface PageStart {
  readonly issuedAt: Date;
  readonly serialNumber: SerialNumber;
}

/** One page of the certificates that the reader may see, newest first, and where the next begins. `limit`: 1 to 500. */
export async function listCertificates(
  reader: CertificateReader,
  filter: CertificateFilter,
  page: { readonly limit: number; readonly after?: PageStart },
  now: Date,
  db: Db,
): Promise<{ items: IssuedCertificate[]; next?: PageStart }> {
  // A list without a name is the reader's own, whatever else he may see.
  const own = reader.reach === 'ISSUED' && filter.participant === undefined;
  const conditions = [own ? REACHES.OWN : REACHES[reader.reach], `c.status = 'issued'`];
  const values: unknown[] = [reader.participantId];
  const where = (condition: (place: string) => string, value: unknown) => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(condition(`$${String(values.length)}`));
  };
  where((place) => `p.signifier = ${place}`, filter.participant);
  where((place) => `c.category = ${place}`, filter.category);
  where((place) => `c.eui64 = ${place}`, filter.eui64);
  where((place) => `c.serial_number = ${place}`, filter.serialNumber);
  where((place) => `c.sha256 = ${place}`, filter.sha256);
  where((place) => `c.profile = ${place}`, filter.profile);
  where((place) => `c.batch_id = ${place}`, filter.batch);
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
  // No certificate has these statuses yet.
  if (filter.status === 'REVOKED' || filter.status === 'NOT_IN_USE') conditions.push('false');
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

/** The certificate if the reader may see it; `undefined` also for one that is kept from him. */
export async function findCertificate(
  reader: CertificateReader,
  serialNumber: SerialNumber,
  db: Db,
): Promise<IssuedCertificate | undefined> {
  const { rows } = await query<CertificateRow>(
    db,
    `select ${CERTIFICATE_COLUMNS} where ${REACHES[reader.reach]} and c.serial_number = $2 and c.status = 'issued'`,
    [reader.participantId, serialNumber],
  );
  return rows[0] === undefined ? undefined : toCertificate(rows[0]);
}

/** $1 is the reader's participant. */
const REACHES = {
  OWN: 'c.participant_id = $1::uuid',
  ISSUED:
    '(c.participant_id = $1::uuid or c.credential_id in (select id from credential where participant_id = $1::uuid))',
  ALL: '$1::uuid is not null',
} as const;
