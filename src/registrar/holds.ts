import { randomUUID } from 'node:crypto';
import type { HoldCause } from '../domain/facts.ts';
import { Fault } from '../domain/fault.ts';
import type { Review } from '../domain/review.ts';
import { findNominated } from '../issuance/nominated-rdps.ts';
import { presentFact, proposeFact, type Acting } from './acting.ts';

/**
 * Prepares a hold: while it lasts, what is asked for is referred, and nothing is issued or downloaded that no approver has let
 * pass; a second person approves the hold (requirements 3.3, A11). It holds none of the RDPs that a Network Party nominates, and says so.
 */
export async function proposeHold(
  acting: Acting,
  { cause, because }: { readonly cause: HoldCause; readonly because: string },
): Promise<Review> {
  const { participant, at, db } = acting;
  const value = { cause, because };
  const rdps = (await findNominated(participant.signifier, at, db)).map((one) => one.participant);
  const beside = rdps.length === 0 ? '' : `; not held with it: ${rdps.join(', ')}, which it nominates`;
  return proposeFact(
    acting,
    'HOLD',
    { kind: 'HOLD', key: randomUUID(), state: 'PLACED', value },
    `Hold ${participant.signifier} (${cause}): ${because}${beside}`,
  );
}

/** Prepares the end of a hold. @throws Fault `not-found`, `conflict` when it is released already */
export async function proposeRelease(
  acting: Acting,
  { id, because }: { readonly id: string; readonly because: string },
): Promise<Review> {
  const present = await presentFact(acting, 'HOLD', id);
  if (present === undefined) throw new Fault('not-found', 'There is no such hold.');
  return proposeFact(
    acting,
    'HOLD',
    { kind: 'HOLD', key: id, state: 'RELEASED', value: { cause: present.value.cause, because } },
    `Release the hold (${present.value.cause}) of ${acting.participant.signifier}: ${because}`,
  );
}
