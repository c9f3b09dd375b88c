import type { Category } from '../domain/category.ts';
import type { RepositoryStatus } from '../domain/certificate.ts';
import { query, type Db } from '../db/query.ts';
import { restsOn, type RestingOn } from '../registry/resting-on.ts';

export interface CertificateCount {
  /** Signifier: of an RDP when it rests on the membership of a Network Party. */
  readonly participant: string;
  readonly category: Category;
  readonly status: RepositoryStatus;
  readonly certificates: number;
}

/** One of the certificates, in short. */
export interface DependentCertificate {
  readonly serialNumber: string;
  readonly participant: string;
  readonly category: Category;
  readonly subject: string;
  readonly issuedAt: Date;
  readonly notAfter: Date;
}

/** How many certificates rest on it, by participant, category and status. */
export async function countDependents(on: RestingOn, now: Date, db: Db): Promise<CertificateCount[]> {
  const { rows } = await query<CertificateCount>(
    db,
    `select p.signifier as participant, c.category,
        case when c.not_after <= $3::timestamptz - interval '1 second' then 'EXPIRED' else 'IN_USE' end as status,
        count(*)::int as certificates
       ${RESTING} group by 1, 2, 3 order by 1, 2, 3`,
    [on.participantId, on.agreement ?? null, now],
  );
  return rows;
}

/** The certificates that were issued last of those that rest on it and are in use. */
export async function listDependents(
  on: RestingOn,
  limit: number,
  now: Date,
  db: Db,
): Promise<DependentCertificate[]> {
  const { rows } = await query<DependentCertificate>(
    db,
    `select c.serial_number as "serialNumber", p.signifier as participant, c.category, c.subject,
        c.issued_at as "issuedAt", c.not_after as "notAfter"
       ${RESTING} and c.not_after > $3::timestamptz - interval '1 second'
      order by c.issued_at desc, c.serial_number desc limit $4`,
    [on.participantId, on.agreement ?? null, now, limit],
  );
  return rows;
}

/** $1 participant, $2 reference of the agreement or null, $3 now (notAfter is inclusive, RFC 5280, 4.1.2.5). */
const RESTING = `
  from certificate c join participant p on p.id = c.participant_id
  join decision_set d on d.id = decision_set_id(c.decision_id)
 where c.status = 'issued'
   and ${restsOn('c.participant_id')}`;
