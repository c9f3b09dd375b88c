import { Fault } from '../domain/fault.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { linkEvents } from '../audit/link-events.ts';
import { withTransaction } from '../db/transaction.ts';
import { recordScreened } from '../registry/application-steps.ts';
import { findMovable, type MovableApplications } from '../registry/applications.ts';
import { expireReviews } from '../registry/reviews.ts';
import { resumeApplication } from './issue-application.ts';
import type { IssuanceNeeds } from './needs.ts';
import { screenApplication } from './screen-application.ts';
import { reconsiderReferral, settleReferral } from './settle-referral.ts';

/** What a turn did; `failed`: applications that could not be looked at, and why. */
export interface ScreenedAgain {
  readonly moved: number;
  readonly failed: readonly { readonly application: string; readonly error: unknown }[];
}

/**
 * After a change of facts of participants: screens their waiting applications again, settles referrals that were decided, and
 * resumes what an interrupted process was issuing. One that fails never harms its neighbours. Somebody waits for this: what
 * is too much for now, the sweep comes to.
 * @throws Fault `database-unavailable`
 */
export async function screenAgain(
  participantIds: readonly string[],
  needs: IssuanceNeeds,
): Promise<ScreenedAgain> {
  if (participantIds.length === 0) return { moved: 0, failed: [] };
  const found = await findMovable({ participantIds, limit: AT_ONCE }, needs.clock.now(), needs.db);
  return moveAll(found, needs, () => false);
}

/** @param isStopped  asked before each: whether somebody wants this to end */
async function moveAll(
  found: MovableApplications,
  needs: IssuanceNeeds,
  isStopped: () => boolean,
): Promise<ScreenedAgain> {
  const failed: { application: string; error: unknown }[] = [];
  let moved = 0;
  const each = async (
    ids: readonly string[],
    act: (id: string, needs: IssuanceNeeds) => Promise<unknown>,
  ) => {
    for (const id of ids) {
      if (isStopped()) return;
      try {
        await act(id, needs);
        moved += 1;
      } catch (error) {
        if (error instanceof Fault && error.code === 'database-unavailable') throw error;
        // Somebody else was faster: then it is looked at.
        if (error instanceof Fault && (error.code === 'conflict' || error.code === 'request-in-progress'))
          continue;
        failed.push({ application: id, error });
        // Whoever fails again and again must not stand before the others for ever.
        await recordScreened(id, needs.clock.now(), needs.db);
      }
    }
  };
  await each(found.toResume, resumeApplication);
  await each(found.toSettle, settleReferral);
  await each(found.toReconsider, reconsiderReferral);
  await each(found.toScreen, screenApplication);
  return { moved, failed };
}

/**
 * One turn of the sweep: reviews whose time is over end, and every application that may move is looked at, however many there
 * are, because any reason may depend on time. Then what happened is linked into the audit's chain.
 */
export async function sweep(
  needs: IssuanceNeeds,
  isStopped: () => boolean = () => false,
): Promise<ScreenedAgain> {
  const at = needs.clock.now();
  await withTransaction(needs.db, async (db) => {
    const expired = await expireReviews(at, db);
    await recordEvents(
      expired.map(({ id, participantId, kind }) => ({
        at,
        event: 'review.expired',
        participantId,
        object: id,
        facts: { kind },
      })),
      db,
    );
  });
  const moved = await moveAll(await findMovable({}, needs.clock.now(), needs.db), needs, isStopped);
  await linkEvents(needs.db, needs.clock.now(), isStopped);
  return moved;
}

/**
 * Sweeps now and again until it is stopped; turns never overlap, and any number of processes may sweep.
 * @param onTrouble  told of what failed; the next turn comes all the same
 * @returns stop: resolves when no turn is under way any more
 */
export function startSweep(
  needs: IssuanceNeeds,
  seconds: number,
  onTrouble: (error: unknown) => void = () => undefined,
): () => Promise<void> {
  let stopped = false;
  let turn: Promise<void> = Promise.resolve();
  const takeTurn = async () => {
    try {
      const { failed } = await sweep(needs, () => stopped);
      for (const { error } of failed) onTrouble(error);
    } catch (error) {
      onTrouble(error);
    }
    if (!stopped) timer = schedule();
  };
  const schedule = () =>
    setTimeout(() => {
      turn = takeTurn();
    }, seconds * 1000).unref();
  let timer = schedule();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await turn;
  };
}

/** Applications that a change of facts moves before it is answered. */
const AT_ONCE = 500;
