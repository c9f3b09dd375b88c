import type { Expulsion, FeedParty } from '../domain/feed.ts';

/**
 * Whether an expelled Party would apply again too early: it may after 12 months, or from an earlier date that the Panel set
 * (SEC Section B1.2(b); requirements 3.2). Whatever else it becomes, it becomes an APPLICANT first, and until it is more than
 * that its day may not be moved to before either. What begins before the expulsion did says that there was none: a correction.
 * @param before  as it is on record
 * @param after   as the feed has it, with `reapplicationFrom` where the Panel set a date; without, the one on record counts
 * @param last    the last expulsion of who is no longer EXPELLED, if any
 * @returns       what is wrong, in words; `undefined` when nothing is
 */
export function findEarlyReapplication(
  before: FeedParty,
  after: FeedParty,
  last?: Expulsion,
): string | undefined {
  const { signifier, membershipState: to, membershipSince: since } = after;
  if (to === undefined || since === undefined) return undefined;
  const expulsion = to === 'EXPELLED' ? expulsionOf(after) : (expulsionOf(before) ?? last);
  if (expulsion === undefined || since < expulsion.since) return undefined;
  const { expelledAt = expulsion.since } = expulsion;
  if (after.reapplicationFrom !== undefined && after.reapplicationFrom <= expelledAt)
    return `${signifier} was expelled on ${shown(expelledAt)} and may apply again from ${shown(after.reapplicationFrom)}, which is not later`;
  if (to === 'EXPELLED' || isIn(before, after)) return undefined;
  const usual = oneYearAfter(expelledAt);
  const panel = after.reapplicationFrom ?? before.reapplicationFrom ?? expulsion.reapplicationFrom;
  const [earliest, because] =
    panel !== undefined && panel > expelledAt && panel < usual
      ? [panel, 'as the Panel set it']
      : [usual, '12 months later'];
  return since >= earliest
    ? undefined
    : `${signifier} was expelled on ${shown(expelledAt)} and is ${to} from ${shown(since)}; it may apply again from ${shown(earliest)}, ${because}`;
}

function expulsionOf({
  membershipState,
  membershipSince,
  expelledAt,
  reapplicationFrom,
}: FeedParty): Expulsion | undefined {
  if (membershipState !== 'EXPELLED' || membershipSince === undefined) return undefined;
  return {
    since: membershipSince,
    ...(expelledAt === undefined ? {} : { expelledAt }),
    ...(reapplicationFrom === undefined ? {} : { reapplicationFrom }),
  };
}

/** Whether it is a Party again, taken as such before, and its row moves nothing to an earlier day. */
function isIn(before: FeedParty, { membershipState, membershipSince }: FeedParty): boolean {
  const { membershipState: from, membershipSince: since } = before;
  if (from === undefined || since === undefined || membershipSince === undefined) return false;
  if (from === membershipState && since.getTime() === membershipSince.getTime()) return true;
  return from !== 'EXPELLED' && from !== 'APPLICANT' && membershipSince >= since;
}

function oneYearAfter(instant: Date): Date {
  const later = new Date(instant);
  later.setUTCFullYear(instant.getUTCFullYear() + 1);
  return later;
}

const shown = (instant: Date) => instant.toISOString().replace('.000Z', 'Z').replace('T00:00:00Z', '');
