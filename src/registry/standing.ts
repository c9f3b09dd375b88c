import type { Eui64 } from '../domain/eui64.ts';
import { query, type Db } from '../db/pool.ts';

/** What the records say about an EUI-64, beyond the participant that is to have it. */
export interface IdentifierStanding {
  /** In an active allocation, or an own device range, of another participant. */
  readonly ownedByOther: boolean;
  /** In a Registry Entry of the SEC Panel: never a Device (government response, paragraph 33). */
  readonly inCentralRegistry: boolean;
  /** Certificates with this Device ID, those being issued included. */
  readonly certificatesForDevice: number;
}

/** Answers for many identifiers in one statement, in the order of the questions. */
export async function findIdentifierStandings(
  questions: readonly { readonly signifier: string; readonly eui64: Eui64 }[],
  db: Db,
): Promise<IdentifierStanding[]> {
  const { rows } = await query<IdentifierStanding>(db, SELECT, [
    questions.map((one) => one.signifier),
    questions.map((one) => one.eui64),
  ]);
  return rows;
}

const SELECT = `
  select (exists (select 1 from identifier_allocation i
            where eui64_range(i.eui64_from, i.eui64_to, '[]') @> asked.eui64 and i.state = 'ACTIVE' and i.participant_id is distinct from p.id)
       or exists (select 1 from device_range d
            where eui64_range(d.eui64_from, d.eui64_to, '[]') @> asked.eui64 and d.delegated_by is null and d.participant_id is distinct from p.id)
         ) as "ownedByOther",
         exists (select 1 from registry_entry r
            where eui64_range(r.eui64_from, r.eui64_to, '[]') @> asked.eui64) as "inCentralRegistry",
         (select count(*)::int from certificate c
            where c.eui64 = asked.eui64 and c.category = 'DEVICE' and c.status <> 'abandoned') as "certificatesForDevice"
    from unnest($1::text[], $2::text[]) with ordinality as asked (signifier, eui64, place)
    left join participant p on p.signifier = asked.signifier
   order by asked.place`;
