import { randomUUID } from 'node:crypto';
import { Fault, type Reason } from '../domain/fault.ts';
import { formatInstant } from '../domain/instant.ts';
import { isSamePerson, type Caller } from '../domain/participant.ts';
import type { Review, ReviewAct, ReviewKind, ReviewState } from '../domain/review.ts';
import { query, type Db, type Transaction } from '../db/query.ts';
import { reviveDates } from './facts.ts';

/** What somebody wants a second person to decide. */
export interface NewReview {
  readonly kind: ReviewKind;
  readonly participantId: string;
  readonly act: ReviewAct;
  readonly summary: string;
  readonly reasons?: readonly Reason[];
  readonly preparedBy: Pick<Caller, 'credentialId' | 'person'>;
  /** How long it may wait; days. */
  readonly days?: number;
}

/** Opens a review; it waits 14 days unless said otherwise (DESIGN). */
export async function openReview(wanted: NewReview, now: Date, db: Transaction): Promise<Review> {
  const id = randomUUID();
  const expiresAt = new Date(now.getTime() + (wanted.days ?? 14) * DAY);
  await query(
    db,
    `insert into review (id, kind, participant_id, state, act, summary, reasons, prepared_by, prepared_person, prepared_at, expires_at)
     values ($1, $2, $3, 'OPEN', $4, $5, $6, $7, $8, $9, $10)`,
    [
      id,
      wanted.kind,
      wanted.participantId,
      JSON.stringify(wanted.act),
      wanted.summary,
      JSON.stringify(wanted.reasons ?? []),
      wanted.preparedBy.credentialId,
      wanted.preparedBy.person,
      now,
      expiresAt,
    ],
  );
  return requireReview(id, db);
}

/**
 * Closes an open review; of two who decide at once, one wins.
 * @throws Fault `conflict` when it is no longer open or has expired; `role-not-permitted` when the approver prepared it
 *         or is of the participant whom it is about
 */
export async function closeReview(
  review: Review,
  decision: { readonly state: 'APPROVED' | 'REFUSED'; readonly because: string; readonly by: Caller },
  now: Date,
  db: Transaction,
): Promise<void> {
  const { by, state, because } = decision;
  const own = isSamePerson(by.person, review.preparedPerson) || by.participantId === review.participantId;
  if (by.person === '' || own) throw secondPersonNeeded(review, by);
  if (review.state === 'OPEN' && review.expiresAt <= now)
    throw new Fault('conflict', `This review expired at ${formatInstant(review.expiresAt)}.`, {
      fix: 'Have it prepared again, and decide it in time.',
    });
  const { rowCount } = await query(
    db,
    `update review set state = $2, decided_by = $3, decided_person = $4, decided_at = $5, decided_because = $6
      where id = $1 and state = 'OPEN'`,
    [review.id, state, by.credentialId, by.person, now, because],
  );
  if (rowCount !== 1) throw noLongerOpen();
}

/** Ends an open review by its preparer's wish. @throws Fault `conflict` when it is no longer open */
export async function withdrawReview(review: Review, by: Caller, now: Date, db: Transaction): Promise<void> {
  if (!isSamePerson(by.person, review.preparedPerson))
    throw new Fault('role-not-permitted', 'Only who prepared a review withdraws it.');
  if (!(await endReview(review.id, by, now, db))) throw noLongerOpen();
}

/**
 * Ends an open review whose subject is gone, whoever wishes it.
 * @param by  absent: the service by itself
 * @returns   whether it was open
 */
export async function endReview(
  id: string,
  by: Pick<Caller, 'credentialId' | 'person'> | undefined,
  now: Date,
  db: Transaction,
): Promise<boolean> {
  const { rowCount } = await query(
    db,
    `update review set state = 'WITHDRAWN', decided_by = $2, decided_person = $3, decided_at = $4 where id = $1 and state = 'OPEN'`,
    [id, by?.credentialId ?? null, by?.person ?? null, now],
  );
  return rowCount === 1;
}

/** Marks open reviews whose time is over; returns them. */
export async function expireReviews(now: Date, db: Transaction): Promise<Review[]> {
  const { rows: expired } = await query<{ id: string }>(
    db,
    `update review set state = 'EXPIRED', decided_at = $1 where state = 'OPEN' and expires_at <= $1 returning id`,
    [now],
  );
  if (expired.length === 0) return [];
  const { rows } = await query<Review>(db, `${SELECT} where r.id = any($1::uuid[]) order by r.id`, [
    expired.map(({ id }) => id),
  ]);
  return rows.map(revive);
}

/** @throws Fault `not-found`; `participantId`: also when it is about somebody else */
export async function requireReview(id: string, db: Db, participantId?: string): Promise<Review> {
  const { rows } = await query<Review>(
    db,
    `${SELECT} where r.id = $1 and ($2::uuid is null or r.participant_id = $2)`,
    [id, participantId ?? null],
  );
  const [review] = rows;
  if (review === undefined) throw new Fault('not-found', 'There is no such review.');
  return revive(review);
}

/** Reviews, newest first; absent members ask nothing. */
export async function listReviews(
  filter: { readonly participantId?: string; readonly state?: ReviewState; readonly kind?: ReviewKind },
  page: { readonly limit: number; readonly after?: { readonly at: Date; readonly id: string } },
  db: Db,
): Promise<Review[]> {
  const { rows } = await query<Review>(
    db,
    `${SELECT} where ($1::uuid is null or r.participant_id = $1) and ($2::text is null or r.state = $2)
        and ($3::text is null or r.kind = $3) and ($4::timestamptz is null or (r.prepared_at, r.id) < ($4, $5::uuid))
      order by r.prepared_at desc, r.id desc limit $6`,
    [
      filter.participantId ?? null,
      filter.state ?? null,
      filter.kind ?? null,
      page.after?.at ?? null,
      page.after?.id ?? null,
      page.limit,
    ],
  );
  return rows.map(revive);
}

const revive = (review: Review): Review => ({ ...review, act: reviveDates(review.act) as ReviewAct });

const noLongerOpen = () =>
  new Fault('conflict', 'This review is no longer open.', {
    fix: 'Read how it ended (GET /v1/reviews/{id}); prepare another if it is still wanted.',
  });

function secondPersonNeeded(review: Review, by: Caller): Fault {
  const detail =
    by.participantId === review.participantId
      ? `${by.person} belongs to ${review.participant}, whom it is about.`
      : `${by.person || 'A credential of nobody'} prepared it.`;
  return new Fault('role-not-permitted', 'A second person decides, who is not of the participant.', {
    reasons: [
      {
        reason: 'SECOND_PERSON_NEEDED',
        clause: 'DESIGN',
        detail,
        fix: 'Have another approver of the DCC decide it.',
      },
    ],
  });
}

const SELECT = `
  select r.id, r.kind, p.signifier as participant, r.participant_id as "participantId", r.state, r.act, r.summary, r.reasons,
    r.prepared_person as "preparedPerson", r.prepared_at as "preparedAt", r.expires_at as "expiresAt",
    r.decided_person as "decidedPerson", r.decided_at as "decidedAt", r.decided_because as "decidedBecause"
  from review r join participant p on p.id = r.participant_id`;
const DAY = 86_400_000;
