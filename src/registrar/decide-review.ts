import type { Clock } from '../domain/clock.ts';
import { formatEui64, type Eui64 } from '../domain/eui64.ts';
import type { FactKind } from '../domain/facts.ts';
import type { Caller } from '../domain/participant.ts';
import type { Review, ReviewAct } from '../domain/review.ts';
import { violatedConstraint } from '../db/database-errors.ts';
import { query, type Transaction } from '../db/query.ts';
import type { IssuanceNeeds } from '../issuance/needs.ts';
import { preparedBefore, recordFacts } from '../registry/record-facts.ts';
import { findCeilingReview } from '../registry/identifiers.ts';
import { notify } from '../registry/notifications.ts';
import { inRegistryEntry, inTestAllocation } from '../registry/registry-entries.ts';
import { closeReview, requireReview } from '../registry/reviews.ts';
import { requireNominator } from './nominations.ts';

/** With what a review is decided. */
type DecisionNeeds = Pick<IssuanceNeeds, 'clock' | 'ruleSets'>;

/** A decision of the second person. */
export interface ReviewDecision {
  readonly approve: boolean;
  readonly because: string;
}

/**
 * Decides an open review and, when it is approved, does what was prepared, in the same transaction.
 * @throws Fault `not-found`, `conflict` (no longer open, expired, the record changed meanwhile, or a nomination would carry nobody
 *         any more), `role-not-permitted` when the approver prepared it or is of the participant
 */
export async function decideReview(
  id: string,
  { approve, because }: ReviewDecision,
  by: Caller,
  needs: DecisionNeeds,
  db: Transaction,
): Promise<Review> {
  const at = needs.clock.now();
  const review = await requireReview(id, db);
  await closeReview(review, { state: approve ? 'APPROVED' : 'REFUSED', because, by }, at, db);
  if (approve) await perform(review, by, at, needs, db);
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
  { id, act, participantId }: Review,
  by: Caller,
  at: Date,
  { clock, ruleSets }: DecisionNeeds,
  db: Transaction,
): Promise<void> {
  switch (act.do) {
    case 'RECORD_FACT': {
      const { kind, key, state, since = at, value, after } = act;
      if (kind === 'NOMINATION' && state === 'NOMINATED')
        await requireNominator(key, at, ruleSets.at(at), db);
      const change = { participantId, kind, key, state, since, value: value as never, after };
      await recordFacts(
        [change satisfies { kind: FactKind }],
        { source: 'DCC', credentialId: by.credentialId, recordedAt: at },
        db,
      );
      return;
    }
    case 'RAISE_DEVICE_CEILING':
      await raiseCeiling(act, id, clock, db);
      return;
    case 'ISSUE_APPLICATION':
      // The application is screened again once this is committed (issuance): its facts may have changed since.
      return;
  }
}

/**
 * From now on the Device ID has this limit and no other. Two who approve at once take turns, and now is when the turn comes: what the
 * earlier one began stays on record for its time.
 * @throws Fault `conflict` when another limit was raised for the Device ID, or a Registry Entry or a test-only allocation has come
 *         over it, since this was prepared
 */
async function raiseCeiling(
  { eui64, certificates, after }: Extract<ReviewAct, { readonly do: 'RAISE_DEVICE_CEILING' }>,
  reviewId: string,
  clock: Clock,
  db: Transaction,
): Promise<void> {
  await query(db, `select pg_advisory_xact_lock(hashtextextended('ceiling of ' || $1, 0))`, [eui64]);
  if (after !== undefined && after !== (await findCeilingReview(eui64, db)))
    throw preparedBefore(
      `Another limit was raised for the Device ID ${formatEui64(eui64 as Eui64)} since this was prepared.`,
    );
  const at = clock.now();
  const present = `eui64 = $1 and (valid_to is null or valid_to > $2)`;
  // What began at this very instant, or by a clock that is ahead, never was.
  await query(db, `delete from device_ceiling where ${present} and valid_from >= $2`, [eui64, at]);
  await query(db, `update device_ceiling set valid_to = $2 where ${present}`, [eui64, at]);
  try {
    await query(
      db,
      `insert into device_ceiling (eui64, certificates, review_id, valid_from) values ($1, $2, $3, $4)`,
      [eui64, certificates, reviewId, at],
    );
  } catch (error) {
    const what = `The Device ID ${formatEui64(eui64 as Eui64)}`;
    const constraint = violatedConstraint(error);
    if (constraint === 'device_ceiling_not_in_registry_entry') throw inRegistryEntry(what, error);
    if (constraint === 'device_id_not_in_test_allocation') throw inTestAllocation(what, error);
    throw error;
  }
}
