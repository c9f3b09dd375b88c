import { setTimeout as pause } from 'node:timers/promises';
import { ENDED_STATES, type BatchState, type ItemStatus } from '../domain/batch.ts';
import { Fault } from '../domain/fault.ts';
import { isPassing, type ApiClient } from './api-client.ts';
import { interruptible, openScreen, type Screen } from './screen.ts';

/** What the command line reads of a batch object. */
export interface WatchedBatch {
  readonly id: string;
  readonly state: BatchState;
  readonly name: string;
  readonly items: number | null;
  readonly progress: {
    readonly settled: number;
    readonly counts: Readonly<Record<ItemStatus, number>>;
    readonly perSecond?: number;
  };
  /** Why nothing happens now, and when it goes on. */
  readonly waits?: { readonly cause: 'LIVE_TIMINGS' | 'QUOTA'; readonly until: string };
  readonly reasons: Fault['reasons'];
}

/**
 * Looks again and again until a batch has ended, or waits for a second person, and shows its progress. A service that does
 * not answer is asked again for ten minutes: the batch is safe there. Ctrl-C ends the looking, not the batch.
 * @param reach  the options with which another command finds the same service
 * @throws Fault as the service answered
 */
export async function watchBatch(
  first: WatchedBatch,
  client: ApiClient,
  reach: string,
  screen = openScreen(),
): Promise<WatchedBatch> {
  const goesOn = `The batch goes on at the service. Look at it with: tcs batch show ${first.id} ${reach}`;
  return interruptible(
    () => goesOn,
    async () => {
      const looks: Look[] = [];
      try {
        for (let batch = first; ;) {
          screen.draw(progressLine(batch, paceOf(batch, looks)), markOf(batch));
          if (ENDED_STATES.includes(batch.state) || batch.state === 'PREPARED') return batch;
          await pause(LOOK);
          batch = await lookAgain(batch, client, screen, goesOn);
        }
      } finally {
        screen.end();
      }
    },
  );
}

async function lookAgain(
  { id, state }: WatchedBatch,
  client: ApiClient,
  screen: Screen,
  goesOn: string,
): Promise<WatchedBatch> {
  for (let tries = 1; ; tries += 1)
    try {
      return (await client.get(`/v1/batches/${id}`)) as WatchedBatch;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (!isPassing(error) || tries === MOST_TRIES)
        throw new Fault(error.code, `${error.message} ${goesOn}`, { reasons: error.reasons, cause: error });
      // A connection that the service let go of while nothing was asked is no news.
      if (tries > 1) screen.draw(`${state}  ${error.message} Asking again.`, 'away');
      await pause(AGAIN);
    }
}

/** When something was seen, in milliseconds of a clock that only goes forward, and how many items were settled. */
export interface Look {
  readonly at: number;
  readonly settled: number;
}

/**
 * Items a second as it goes now: over the looks of the last half minute, which this keeps in `looks`. What went before a
 * pause does not count; before there are two looks the service's own average is what is known.
 */
export function paceOf(
  { state, progress: { settled, perSecond } }: Pick<WatchedBatch, 'state' | 'progress'>,
  looks: Look[],
  at = performance.now(),
): number | undefined {
  if (state !== 'PROCESSING') {
    looks.length = 0;
    return perSecond;
  }
  looks.push({ at, settled });
  while (looks.length > 2 && at - (looks[1]?.at ?? at) > WINDOW) looks.shift();
  const [first] = looks;
  const seconds = first === undefined ? 0 : (at - first.at) / 1000;
  return first === undefined || seconds < 2 ? perSecond : (settled - first.settled) / seconds;
}

/** `PROCESSING  [########........]   50%  25,000 of 50,000  9,800/s  3 s left  12 failed` */
export function progressLine({ state, items, progress, waits }: WatchedBatch, pace?: number): string {
  if (items === null) return state;
  const { settled, counts } = progress;
  const failed = settled - counts.SUCCESS;
  const isMoving = state === 'PROCESSING' && pace !== undefined && pace > 0;
  return [
    state.padEnd(10),
    bar(items === 0 ? 1 : settled / items),
    `${number(settled)} of ${number(items)}`,
    ...(pace === undefined ? [] : [`${number(Math.round(pace))}/s`]),
    ...(isMoving ? [`${duration(Math.ceil((items - settled) / pace))} left`] : []),
    ...(failed === 0 ? [] : [`${number(failed)} failed`]),
    ...(waits === undefined ? [] : [`${WAITS[waits.cause]} at ${waits.until}`]),
  ].join('  ');
}

const WAITS = { LIVE_TIMINGS: 'live timings: goes on', QUOTA: 'quota used up: looked at again' } as const;

/** `[########........]   50%` of 0 to 1. */
export function bar(share: number): string {
  const done = Math.round(share * BAR);
  return `[${'#'.repeat(done)}${'.'.repeat(BAR - done)}]  ${String(Math.floor(share * 100)).padStart(3)}%`;
}

/** A line of its own, where nothing can be drawn over: for each state, and for each tenth of the items. */
const markOf = ({ state, items, progress }: WatchedBatch) =>
  `${state} ${String(Math.floor((10 * progress.settled) / (items ?? 1)))}`;

const duration = (seconds: number) =>
  seconds < 120
    ? `${String(seconds)} s`
    : seconds < 7200
      ? `${String(Math.round(seconds / 60))} min`
      : `${String(Math.round(seconds / 3600))} h`;

const number = (value: number) => value.toLocaleString('en-GB');

const BAR = 16;
/** Milliseconds. */
const LOOK = 500;
const AGAIN = 2000;
const WINDOW = 30_000;
/** Ten minutes of them. */
const MOST_TRIES = 300;
