import type { FeedParty } from '../domain/feed.ts';

/**
 * Whether an expelled Party would apply again too early: it may after 12 months, or from an earlier date that the Panel set
 * (SEC Section B1.2(b); requirements 3.2). Whatever else it becomes, it becomes an APPLICANT first.
 * @param before  as it is on record; without `expelledAt` it was expelled when that state began
 * @param after   as the feed has it, with `reapplicationFrom` where the Panel set a date
 * @returns       what is wrong, in words; `undefined` when nothing is
 */
export function findEarlyReapplication(before: FeedParty, after: FeedParty): string | undefined {
  const { signifier, membershipState: to, membershipSince: since, reapplicationFrom } = after;
  const expelledAt = before.expelledAt ?? before.membershipSince;
  if (before.membershipState !== 'EXPELLED' || to === 'EXPELLED') return undefined;
  if (to === undefined || since === undefined || expelledAt === undefined) return undefined;
  const usual = oneYearAfter(expelledAt);
  const [earliest, because] =
    reapplicationFrom !== undefined && reapplicationFrom < usual
      ? [reapplicationFrom, 'as the Panel set it']
      : [usual, '12 months later'];
  return since >= earliest
    ? undefined
    : `${signifier} was expelled on ${shown(expelledAt)} and is ${to} from ${shown(since)}; it may apply again from ${shown(earliest)}, ${because}`;
}

function oneYearAfter(instant: Date): Date {
  const later = new Date(instant);
  later.setUTCFullYear(instant.getUTCFullYear() + 1);
  return later;
}

const shown = (instant: Date) => instant.toISOString().replace('.000Z', 'Z').replace('T00:00:00Z', '');
