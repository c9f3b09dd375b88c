import type { Category } from '../domain/category.ts';
import type { ParticipantType } from '../domain/participant.ts';
import { query, type Db } from '../db/query.ts';

/** Certificates of which category, to whom, are limited. */
export interface Limited {
  readonly category: Category;
  readonly type: ParticipantType;
}

/** How many a participant had of a category. */
export interface Counted {
  readonly signifier: string;
  readonly category: Category;
  readonly certificates: number;
}

/**
 * Certificates that participants had by single requests in the 24 hours before an instant, and those that are about to be signed:
 * one by one. A row for each participant and category that is limited, also where there were none.
 */
export async function countAdHoc(
  signifiers: readonly string[],
  limited: readonly Limited[],
  at: Date,
  db: Db,
): Promise<Counted[]> {
  const { rows } = await query<Counted>(
    db,
    `select p.signifier, limited.category,
       (select count(*)::int from certificate c
         where c.participant_id = p.id and c.category = limited.category and c.batch_id is null and c.status = 'issued'
           and c.issued_at > $4::timestamptz - interval '24 hours')
       + (select coalesce(sum(cardinality(s.serial_numbers)), 0)::int from intent_set s
           where s.participant_id = p.id and s.category = limited.category and s.batch_id is null
             and s.prepared_at > $4 - interval '24 hours') as certificates
       from participant p join unnest($2::text[], $3::text[]) as limited (category, type) on limited.type = p.type
      where p.signifier = any($1)`,
    [signifiers, limited.map((one) => one.category), limited.map((one) => one.type), at],
  );
  return rows;
}
