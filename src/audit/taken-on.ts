import { query, type Db } from '../db/query.ts';

/**
 * Signifiers of the participants that were not taken on in one act of loading, or were loaded again by another: those
 * whose record is somebody else's work.
 * @param object  under which the act is on record (`participant.loaded`)
 */
export async function findTakenOnByOthers(object: string, db: Db): Promise<string[]> {
  const { rows } = await query<{ signifier: string }>(
    db,
    `select p.signifier from participant p
      where not exists (select 1 from audit_event e
                         where e.event = 'participant.loaded' and e.object = $1 and e.at = p.created_at)
         or exists (select 1 from audit_event e where e.event = 'participant.loaded' and e.object = p.signifier)
      order by p.signifier`,
    [object],
  );
  return rows.map((row) => row.signifier);
}
