import type { BatchState } from '../../domain/batch.ts';
import type { Category, TestingPurpose } from '../../domain/category.ts';
import { query, type Db } from '../../db/query.ts';
import { restsOn, type RestingOn } from '../../registry/resting-on.ts';

/** A batch that hangs on an agreement or a membership. */
export interface DependentBatch {
  readonly id: string;
  readonly participant: string;
  readonly name: string;
  readonly state: BatchState;
  readonly category: Category;
  readonly purpose: TestingPurpose;
  readonly submittedAt: Date;
  /** Known once it is parsed. */
  readonly items: number | null;
  /** Certificates of it that rest on the agreement or membership. */
  readonly certificates: number;
}

/**
 * Batches that hang on it, newest first: those of which a certificate rests on it and whose result can still be fetched, and
 * those that are not over while it is what their participant is eligible on.
 * @param carries  whether the participant is eligible on it now
 */
export async function listDependentBatches(
  { participantId, agreement }: RestingOn,
  carries: boolean,
  limit: number,
  db: Db,
): Promise<DependentBatch[]> {
  const { rows } = await query<DependentBatch>(
    db,
    `select b.id, p.signifier as participant, b.name, b.state, b.category, b.purpose, b.submitted_at as "submittedAt", b.items,
        coalesce(resting.certificates, 0) as certificates
       from batch b join participant p on p.id = b.participant_id
       left join (
         select c.batch_id, count(*)::int as certificates from certificate c
           join decision_set d on d.id = decision_set_id(c.decision_id)
          where c.status = 'issued' and c.batch_id is not null
            and ${restsOn('c.participant_id')}
          group by c.batch_id) as resting on resting.batch_id = b.id
      where (resting.batch_id is not null and b.result_removed_at is null)
         or (b.ended_at is null and b.participant_id = $1 and $3)
      order by b.submitted_at desc, b.id desc limit $4`,
    [participantId, agreement ?? null, carries, limit],
  );
  return rows;
}
