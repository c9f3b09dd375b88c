import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { keepLooking } from '../../src/db/keep-looking.ts';

/** So long that a test which slept would not end. */
const RESTS = { idle: 3_600_000, afterError: 3_600_000 };
const ignore = () => undefined;

describe('what looks for something to do', () => {
  test('looks again at once after it found something, and rests when there was nothing', async () => {
    const finds = [true, true, false];
    let looks = 0;
    const looking = keepLooking(async () => Promise.resolve(finds[looks++] ?? false), RESTS, ignore);
    while (looks < 3) await turn();
    await turn();
    await turn();
    expect(looks).toBe(3);
    await looking.stop();
  });

  test('gives timers and callers their turn between looks that never wait', async () => {
    let looks = 0;
    const look = () => {
      looks += 1;
      return Promise.resolve(true);
    };
    const looking = keepLooking(look, RESTS, ignore);
    // It ends only if timers have their turn, and callers too, who stop it.
    while (looks < 3) await pause(1);
    await looking.stop();
    expect(looks).toBeGreaterThanOrEqual(3);
  });

  test('hears who wakes it at rest, and who woke it while it looked', async () => {
    let looks = 0;
    let end: (found: boolean) => void = ignore;
    const looking = keepLooking(
      () => {
        looks += 1;
        return new Promise<boolean>((resolve) => (end = resolve));
      },
      RESTS,
      ignore,
    );
    looking.wake();
    end(false);
    await turn();
    expect(looks).toBe(2);
    end(false);
    await turn();
    expect(looks).toBe(2);
    looking.wake();
    await turn();
    expect(looks).toBe(3);
    end(false);
    await looking.stop();
  });

  test('tells of a look that failed, and looks again after its rest', async () => {
    const told: unknown[] = [];
    let looks = 0;
    const looking = keepLooking(
      () => {
        looks += 1;
        return looks === 1 ? Promise.reject(new Error('lost')) : Promise.resolve(false);
      },
      { idle: 3_600_000, afterError: 1 },
      (error) => told.push(error),
    );
    while (looks < 2) await turn();
    expect(told).toEqual([new Error('lost')]);
    await looking.stop();
  });

  test('stop waits for the looks of every lane, and there is none after', async () => {
    let looks = 0;
    let ended = 0;
    const ends: (() => void)[] = [];
    const looking = keepLooking(
      async () => {
        looks += 1;
        await new Promise<void>((resolve) => ends.push(resolve));
        ended += 1;
        return true;
      },
      RESTS,
      ignore,
      3,
    );
    expect(looks).toBe(3);
    const stopped = looking.stop();
    ends.forEach((end) => end());
    await stopped;
    expect([looks, ended]).toEqual([3, 3]);
  });
});
