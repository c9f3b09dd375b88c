import type { Fact, FactKind, FactSource, FactValues } from '../domain/facts.ts';
import { requireTransition } from '../domain/facts.ts';
import type { Caller } from '../domain/participant.ts';
import type { Review, ReviewKind } from '../domain/review.ts';
import type { Db, Transaction } from '../db/query.ts';
import { findLatestFacts } from '../registry/facts.ts';
import { recordFacts } from '../registry/record-facts.ts';
import type { ParticipantRef } from '../registry/participants.ts';
import { openReview } from '../registry/reviews.ts';

/** Whose record is looked at, as of when. */
export interface Looking {
  readonly participant: ParticipantRef;
  readonly at: Date;
  readonly db: Db;
}

/** Who acts on whose record, when, and in which transaction. */
export interface Acting extends Looking {
  readonly caller: Caller;
  readonly db: Transaction;
}

/** The next version of a fact, of the kind's own state machine and value. */
export interface NextFact<Kind extends FactKind = FactKind> {
  readonly kind: Kind;
  readonly key?: string;
  readonly state: string;
  /** Absent: now. */
  readonly since?: Date;
  readonly value: FactValues[Kind];
}

/** Writes a fact as taken from the caller. @throws Fault `conflict` when the state may not follow the present one */
export async function recordFact<Kind extends FactKind>(acting: Acting, fact: NextFact<Kind>): Promise<void> {
  const { caller, participant, at, db } = acting;
  const change = { key: '', since: at, ...fact, participantId: participant.id };
  const origin = { source: sourceOf(caller), credentialId: caller.credentialId, recordedAt: at };
  await recordFacts([change], origin, db);
}

/**
 * Prepares a fact that a second person must approve; its transition is checked now and again at the approval, which holds
 * for the version on which it was prepared and for no later one.
 * @throws Fault `conflict` when the state may not follow the present one
 */
export async function proposeFact<Kind extends FactKind>(
  acting: Acting,
  kind: ReviewKind,
  fact: NextFact<Kind>,
  summary: string,
): Promise<Review> {
  const { caller, participant, at, db } = acting;
  const { key = '', state, since, value } = fact;
  const latest = await latestFact(acting, fact.kind, key);
  requireTransition(fact.kind, latest === undefined || latest.state === 'VOID' ? '' : latest.state, state);
  const after = latest?.version ?? 0;
  const act = {
    do: 'RECORD_FACT',
    kind: fact.kind,
    key,
    state,
    value,
    after,
    ...(since ? { since } : {}),
  } as const;
  return openReview({ kind, participantId: participant.id, act, summary, preparedBy: caller }, at, db);
}

/** The latest version of a fact of the participant, begun or not; `undefined` also for one that was void. */
export async function presentFact<Kind extends FactKind>(
  { participant, db }: Pick<Acting, 'participant' | 'db'>,
  kind: Kind,
  key = '',
): Promise<Fact<Kind> | undefined> {
  const fact = await latestFact({ participant, db }, kind, key);
  return fact?.state === 'VOID' ? undefined : (fact as Fact<Kind> | undefined);
}

async function latestFact(
  { participant, db }: Pick<Acting, 'participant' | 'db'>,
  kind: FactKind,
  key: string,
): Promise<Fact | undefined> {
  const facts = (await findLatestFacts([participant.id], db)).get(participant.id) ?? [];
  return facts.find((one) => one.kind === kind && one.key === key);
}

function sourceOf({ role }: Caller): FactSource {
  if (role === 'SECAS_FEED') return 'SECAS_FEED';
  return role.startsWith('PARTICIPANT_') ? 'PARTICIPANT' : 'DCC';
}
