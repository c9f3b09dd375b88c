import type { Clock } from '../../src/domain/clock.ts';

/** The instant at which tests happen. */
export const TEST_NOW = new Date('2026-11-24T12:00:00Z');

/** A clock that stands still until it is moved. */
export function fixedClock(start: Date = TEST_NOW): Clock & { advance(milliseconds: number): void } {
  let now = start;
  return { now: () => now, advance: (milliseconds) => (now = new Date(now.getTime() + milliseconds)) };
}
