/** A time of the day in Europe/London. */
export interface TimeOfDay {
  readonly hour: number;
  readonly minute: number;
}

/** The window in which batches are worked on, every night; `to` may be on the next day. */
export interface LiveTimings {
  readonly from: TimeOfDay;
  readonly to: TimeOfDay;
}

/** Half-open: the instant at which it closes is no more of it. */
export interface Window {
  readonly opens: Date;
  readonly closes: Date;
}

/** Of the live service: 20:00 to 08:00 (SMKI Code of Connection, 3.1.1). */
export const LIVE_WINDOW: LiveTimings = { from: { hour: 20, minute: 0 }, to: { hour: 8, minute: 0 } };

/** `20:00-08:00`. @returns nothing for what is no window, also one of no length */
export function parseTimings(text: string): LiveTimings | undefined {
  const [, ...parts] = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  const [fromHour, fromMinute, toHour, toMinute] = parts.map(Number);
  if (fromHour === undefined || fromMinute === undefined || toHour === undefined || toMinute === undefined)
    return undefined;
  if (fromHour === toHour && fromMinute === toMinute) return undefined;
  return { from: { hour: fromHour, minute: fromMinute }, to: { hour: toHour, minute: toMinute } };
}

/** `20:00-08:00` */
export const formatTimings = ({ from, to }: LiveTimings): string => `${formatTime(from)}-${formatTime(to)}`;
export const formatTime = ({ hour, minute }: TimeOfDay): string =>
  `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;

/** The window that is open. */
export const windowAt = (now: Date, timings: LiveTimings): Window | undefined =>
  windowsAround(now, timings).find(({ opens, closes }) => opens <= now && now < closes);

/** The next instant after this one at which a window opens. */
export function nextOpening(after: Date, timings: LiveTimings): Date {
  const next = windowsAround(after, timings).find(({ opens }) => opens > after);
  if (next === undefined) throw new TypeError('no window opens within two days');
  return next.opens;
}

/**
 * When a batch that was handed in at an instant is worked on: now, or from then on. What comes after a window has opened waits
 * for the next one, as in the live service.
 */
export function waitsUntil(handedIn: Date, now: Date, timings: LiveTimings): Date | undefined {
  const open = windowAt(now, timings);
  return open !== undefined && handedIn < open.opens ? undefined : nextOpening(now, timings);
}

/** Those of yesterday, today, tomorrow and the day after, in Europe/London. */
function windowsAround(instant: Date, { from, to }: LiveTimings): Window[] {
  const overnight = to.hour * 60 + to.minute <= from.hour * 60 + from.minute ? 1 : 0;
  return [-1, 0, 1, 2].map((days) => ({
    opens: instantOf(instant, days, from),
    closes: instantOf(instant, days + overnight, to),
  }));
}

/**
 * The instant of a time of the day, so many days after that of an instant. Where the clocks go forward over it, it is as long
 * after midnight as always; where they go back and it comes twice, it is the first.
 */
function instantOf(instant: Date, days: number, { hour, minute }: TimeOfDay): Date {
  const { year, month, day } = wallClock(instant);
  const wanted = Date.UTC(year, month - 1, day + days, hour, minute);
  const [before, after] = [wanted - DAY, wanted + DAY].map((near) => wanted - offsetAt(near)) as [
    number,
    number,
  ];
  const fitting = [before, after].filter((one) => one + offsetAt(one) === wanted);
  return new Date(fitting.length === 0 ? before : Math.min(...fitting));
}

/** Milliseconds by which clocks in London are ahead of UTC. */
function offsetAt(instant: number): number {
  const { year, month, day, hour, minute } = wallClock(new Date(instant));
  return Date.UTC(year, month - 1, day, hour, minute) - Math.floor(instant / MINUTE) * MINUTE;
}

function wallClock(instant: Date): Record<'year' | 'month' | 'day' | 'hour' | 'minute', number> {
  const parts = LONDON.formatToParts(instant).map(({ type, value }) => [type, Number(value)] as const);
  return Object.fromEntries(parts) as ReturnType<typeof wallClock>;
}

const LONDON = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/London',
  hourCycle: 'h23',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
});
const MINUTE = 60_000;
const DAY = 86_400_000;
