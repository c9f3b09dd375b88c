import {
  formatTimings,
  LIVE_WINDOW,
  nextOpening,
  parseTimings,
  waitsUntil,
  windowAt,
  type LiveTimings,
} from '../../../src/domain/live-timings.ts';

const timings = (text: string): LiveTimings => {
  const parsed = parseTimings(text);
  if (parsed === undefined) throw new Error(`${text} is no window`);
  return parsed;
};
const text = (instant: Date | undefined) => instant?.toISOString().slice(0, 16);

test.each(['20:00-08:00', '00:00-23:59', '23:59-00:00'])('%s is a window', (window) =>
  expect(formatTimings(timings(window))).toBe(window),
);
test.each(['', 'on', '20:00', '24:00-08:00', '20:60-08:00', '8:00-20:00', '20:00-20:00', '20:00-08:00 '])(
  '"%s" is none',
  (window) => expect(parseTimings(window)).toBeUndefined(),
);

/** Of each instant: the window that is open, and the next that opens. London is at UTC in winter, an hour ahead in summer. */
test.each([
  ['in winter, by day', '2026-11-24T12:00Z', undefined, '2026-11-24T20:00'],
  ['at its opening', '2026-11-24T20:00Z', '2026-11-24T20:00 2026-11-25T08:00', '2026-11-25T20:00'],
  ['after midnight', '2026-11-25T03:00Z', '2026-11-24T20:00 2026-11-25T08:00', '2026-11-25T20:00'],
  ['just before its end', '2026-11-25T07:59Z', '2026-11-24T20:00 2026-11-25T08:00', '2026-11-25T20:00'],
  ['at its end', '2026-11-25T08:00Z', undefined, '2026-11-25T20:00'],
  ['in summer', '2026-07-01T12:00Z', undefined, '2026-07-01T19:00'],
  ['in summer, at its opening', '2026-07-01T19:00Z', '2026-07-01T19:00 2026-07-02T07:00', '2026-07-02T19:00'],
  [
    'the night in which the clocks go forward',
    '2026-03-29T02:00Z',
    '2026-03-28T20:00 2026-03-29T07:00',
    '2026-03-29T19:00',
  ],
  [
    'the night in which the clocks go back',
    '2026-10-25T02:00Z',
    '2026-10-24T19:00 2026-10-25T08:00',
    '2026-10-25T20:00',
  ],
  [
    'an hour after midnight in London, not yet in UTC',
    '2026-06-30T23:30Z',
    '2026-06-30T19:00 2026-07-01T07:00',
    '2026-07-01T19:00',
  ],
  ['at the turn of the year', '2026-12-31T23:59Z', '2026-12-31T20:00 2027-01-01T08:00', '2027-01-01T20:00'],
] as const)('20:00 to 08:00: %s (%s)', (_, now, open, next) => {
  const at = new Date(now);
  const window = windowAt(at, LIVE_WINDOW);
  expect(window && `${text(window.opens) ?? ''} ${text(window.closes) ?? ''}`).toBe(open);
  expect(text(nextOpening(at, LIVE_WINDOW))).toBe(next);
});

test.each([
  [
    '01:30, which there is not when the clocks go forward',
    '01:30-05:00',
    '2026-03-29T00:00Z',
    '2026-03-29T01:30',
  ],
  [
    '01:30, which comes twice when they go back: the first',
    '01:30-05:00',
    '2026-10-25T00:00Z',
    '2026-10-25T00:30',
  ],
  ['a window by day', '09:00-17:00', '2026-11-24T17:00Z', '2026-11-25T09:00'],
])('opens next: %s', (_, window, now, next) =>
  expect(text(nextOpening(new Date(now), timings(window)))).toBe(next),
);

test('a window that ends when clocks go back is as long as the clock on the wall says', () =>
  expect(text(windowAt(new Date('2026-10-25T00:45Z'), timings('01:30-02:30'))?.closes)).toBe(
    '2026-10-25T02:30',
  ));

/** Handed in, seen at, and until when it waits. */
test.each([
  ['before the window, by day', '2026-11-24T19:59Z', '2026-11-24T19:59Z', '2026-11-24T20:00'],
  ['before the window, in it', '2026-11-24T19:59Z', '2026-11-24T20:00Z', undefined],
  ['as it opens', '2026-11-24T20:00Z', '2026-11-24T21:00Z', '2026-11-25T20:00'],
  ['in the window, in it', '2026-11-25T03:00Z', '2026-11-25T04:00Z', '2026-11-25T20:00'],
  ['in the window, in the next', '2026-11-25T03:00Z', '2026-11-25T20:00Z', undefined],
  ['unfinished when it closed', '2026-11-24T12:00Z', '2026-11-25T08:00Z', '2026-11-25T20:00'],
])('a batch handed in %s', (_, handedIn, now, until) =>
  expect(text(waitsUntil(new Date(handedIn), new Date(now), LIVE_WINDOW))).toBe(until),
);
