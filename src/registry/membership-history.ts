import type { Fact } from '../domain/facts.ts';
import type { Expulsion } from '../domain/feed.ts';

type Membership = Fact<'MEMBERSHIP'>;

/**
 * What held until a version of a membership began: the latest version before it that had begun then.
 * @param versions  of one participant, oldest first
 * @returns         `undefined` when there was none, or it was VOID
 */
export function heldBefore(versions: readonly Membership[], one: Membership): Membership | undefined {
  const before = versions.filter(({ version, since }) => version < one.version && since < one.since).at(-1);
  return before?.state === 'VOID' ? undefined : before;
}

/**
 * The last expulsion that stands: no later version began before it or with it, as a correction does.
 * @param versions  of one participant, oldest first
 */
export function findExpulsion(versions: readonly Membership[]): Expulsion | undefined {
  const standing = versions.filter(
    ({ state, since }, place) =>
      state === 'EXPELLED' && versions.slice(place + 1).every((later) => later.since > since),
  );
  const last = standing.at(-1);
  return last && { since: last.since, ...last.value };
}
