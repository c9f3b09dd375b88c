import type { Category } from '../domain/category.ts';
import type { MonthlyDemand } from '../domain/eligibility-question.ts';
import type { ParticipantType } from '../domain/participant.ts';
import { query, type Db } from '../db/query.ts';

/** Certificates of which category, to whom, are limited. */
export interface Limited {
  readonly category: Category;
  readonly type: ParticipantType;
}

/** Of which participant and category something was counted. */
export interface Counted {
  readonly signifier: string;
  readonly category: Category;
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
): Promise<(Counted & { readonly certificates: number })[]> {
  const { rows } = await query<Counted & { certificates: number }>(
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

/**
 * Certificates of categories that all participants together had in the 24 hours before an instant, by the hour, as quotas are
 * counted. Looked up participant by participant: the key of `issued_count` begins with it.
 */
export async function countOfAll(
  categories: readonly Category[],
  at: Date,
  db: Db,
): Promise<{ readonly category: Category; readonly certificates: number }[]> {
  const { rows } = await query<{ category: Category; certificates: number }>(
    db,
    `select limited.category, coalesce(sum(had.certificates), 0)::int as certificates
       from unnest($1::text[]) as limited (category) cross join participant p
       cross join lateral (
         select sum(i.certificates) as certificates from issued_count i
          where i.participant_id = p.id and i.category = limited.category
            and i.hour > $2::timestamptz - interval '24 hours' and i.hour <= $2) as had
      group by limited.category`,
    [categories, at],
  );
  return rows;
}

/**
 * Certificates that participants had in the 30 days before an instant, and in so many months of 30 days before those: by the hour,
 * as quotas are counted. Hours of which notice was accepted are not counted in the last 30 days: what was told is not exceptional.
 */
export async function countMonths(
  signifiers: readonly string[],
  limited: readonly (Limited & { readonly months: number })[],
  at: Date,
  db: Db,
): Promise<(Counted & MonthlyDemand)[]> {
  const { rows } = await query<Counted & MonthlyDemand>(
    db,
    `with noticed as (
       select participant_id, value ->> 'category' as category, (value ->> 'from')::timestamptz as begins,
         (value ->> 'to')::timestamptz as ends
         from (select distinct on (f.participant_id, f.key) f.participant_id, f.state, f.value
                 from fact f join participant p on p.id = f.participant_id
                where p.signifier = any($1) and f.kind = 'DEMAND_NOTICE' and f.since <= $5
                order by f.participant_id, f.key, f.version desc) as latest
        where state = 'ACCEPTED')
     select p.signifier, limited.category,
       (select coalesce(sum(i.certificates), 0)::int from issued_count i
         where i.participant_id = p.id and i.category = limited.category and i.hour > month.begins and i.hour <= $5
           and not exists (select from noticed n where n.participant_id = p.id and n.category = i.category
             and n.begins < i.hour + interval '1 hour' and i.hour < n.ends)) as issued,
       (select coalesce(sum(i.certificates), 0)::int from issued_count i
         where i.participant_id = p.id and i.category = limited.category and i.hour <= month.begins
           and i.hour > month.begins - make_interval(days => 30 * limited.months)) as before,
       (select coalesce(greatest(0, least(30 * limited.months,
             floor(extract(epoch from month.begins - min(i.hour)) / 86400))), 0)::int
          from issued_count i where i.participant_id = p.id and i.category = limited.category) as days
       from participant p
       join unnest($2::text[], $3::text[], $4::int[]) as limited (category, type, months) on limited.type = p.type
       cross join (select $5::timestamptz - interval '30 days' as begins) as month
      where p.signifier = any($1)`,
    [
      signifiers,
      limited.map((one) => one.category),
      limited.map((one) => one.type),
      limited.map((one) => one.months),
      at,
    ],
  );
  return rows;
}
