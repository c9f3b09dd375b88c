import type { FactKind } from '../domain/facts.ts';
import type { Caller } from '../domain/participant.ts';
import type { Review, ReviewAct } from '../domain/review.ts';
import { query, type PoolClient } from '../db/pool.ts';
import { recordFacts } from '../registry/facts.ts';
import { notify } from '../registry/notifications.ts';
import { closeReview, requireReview } from '../registry/reviews.ts';

/** A decision of the second person. */
export interface ReviewDecision {
  readonly approve: boolean;
  readonly because: string;
}

/**
 * Decides an open review and, when it is approved, does what was prepared, in the same transaction.
 * @throws Fault `not-found`, `conflict` (no longer open, expired, or the record changed meanwhile), `role-not-permitted`
 *         when the approver prepared it or is of the participant
 */
export async function decideReview(
  id: string,
  { approve, because }: ReviewDecision,
  by: Caller,
  at: Date,
  db: PoolClient,
): Promise<Review> {
  const review = await requireReview(id, db);
  await closeReview(review, { state: approve ? 'APPROVED' : 'REFUSED', because, by }, at, db);
  if (approve) await perform(review.act, review.participantId, by, review, at, db);
  const decided = await requireReview(id, db);
  await notify(
    [
      {
        participantId: review.participantId,
        at,
        event: approve ? 'review.approved' : 'review.refused',
        object: id,
        text: `${review.summary} ${approve ? 'Approved' : 'Refused'}: ${because}`,
      },
    ],
    db,
  );
  return decided;
}

async function perform(
  act: ReviewAct,
  participantId: string,
  by: Caller,
  review: Review,
  at: Date,
  db: PoolClient,
): Promise<void> {
  switch (act.do) {
    case 'RECORD_FACT': {
      const { kind, key, state, since = at, value, after } = act;
      const change = { participantId, kind, key, state, since, value: value as never, after };
      await recordFacts(
        [change satisfies { kind: FactKind }],
        { source: 'DCC', credentialId: by.credentialId, recordedAt: at },
        db,
      );
      return;
    }
    case 'RAISE_DEVICE_CEILING':
      await query(
        db,
        `insert into device_ceiling (eui64, certificates, review_id) values ($1, $2, $3)
         on conflict (eui64) do update set certificates = excluded.certificates, review_id = excluded.review_id`,
        [act.eui64, act.certificates, review.id],
      );
      return;
    case 'ISSUE_APPLICATION':
      // The application is screened again once this is committed (issuance): its facts may have changed since.
      return;
  }
}
