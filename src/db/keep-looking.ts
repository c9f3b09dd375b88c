import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';

/** What goes on in this process until it is stopped. */
export interface Looking {
  /** There may be something to do: look at once. */
  wake(): void;
  /** Finishes what is in its hands. */
  stop(): Promise<void>;
}

/** Milliseconds. */
interface Rests {
  /** After a look that found nothing: how late is heard what another process put down, at most. */
  readonly idle: number;
  /** After a look that failed. */
  readonly afterError: number;
}

/**
 * Looks for something to do again and again: at once after it found something, or whenever it is woken. Who wakes it during
 * a look is heard after it.
 * @param look     does what there is to do now. @returns whether there was anything
 * @param onError  what went wrong in a look; it is looked again
 * @param lanes    looks at a time: while one waits for the database another computes
 */
export function keepLooking(
  look: () => Promise<boolean>,
  { idle, afterError }: Rests,
  onError: (error: unknown) => void,
  lanes = 1,
): Looking {
  let stopped = false;
  let woken = new AbortController();
  const wake = () => {
    woken.abort();
    woken = new AbortController();
  };
  const lane = async () => {
    while (!stopped) {
      const { signal } = woken;
      const rest = await look().then(
        (found) => (found ? 0 : idle),
        (error: unknown) => {
          onError(error);
          return afterError;
        },
      );
      // The embedded database answers within a turn of the event loop: callers and timers get theirs between looks.
      if (rest === 0) await turn();
      else await pause(rest, undefined, { signal }).catch(() => undefined);
    }
  };
  const running = Promise.all(Array.from({ length: lanes }, lane));
  return {
    wake,
    stop: async () => {
      stopped = true;
      wake();
      await running;
    },
  };
}
