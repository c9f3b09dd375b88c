import { describeValue } from '../../../src/cli/describe-value.ts';
import { openScreen } from '../../../src/cli/screen.ts';
import { paceOf, progressLine, type Look, type WatchedBatch } from '../../../src/cli/watch-batch.ts';

const batch = (state: WatchedBatch['state'], settled: number, success = settled): WatchedBatch => ({
  id: 'b',
  name: 'meters',
  state,
  items: 50_000,
  progress: { settled, counts: counts(success), perSecond: 10 },
  reasons: [],
});
const counts = (success: number) => ({
  SUCCESS: success,
  CSR_ERROR: 0,
  INELIGIBLE: 0,
  ISSUANCE_ANOMALY: 0,
  CA_ERROR: 0,
  WORKFLOW_ERROR: 0,
});

test.each([
  ['not parsed yet', { ...batch('PENDING', 0), items: null }, undefined, 'PENDING'],
  [
    'half done',
    batch('PROCESSING', 25_000),
    9800,
    'PROCESSING  [########........]   50%  25,000 of 50,000  9,800/s  3 s left',
  ],
  [
    'some failed',
    batch('PROCESSING', 25_000, 24_988),
    9800,
    'PROCESSING  [########........]   50%  25,000 of 50,000  9,800/s  3 s left  12 failed',
  ],
  [
    'slow',
    batch('PROCESSING', 0),
    10,
    'PROCESSING  [................]    0%  0 of 50,000  10/s  83 min left',
  ],
  [
    'very slow',
    batch('PROCESSING', 0),
    1,
    'PROCESSING  [................]    0%  0 of 50,000  1/s  14 h left',
  ],
  [
    'resting: nobody knows how long',
    batch('PAUSED', 10),
    10,
    'PAUSED      [................]    0%  10 of 50,000  10/s',
  ],
  [
    'waiting for its window',
    { ...batch('QUEUED', 0), waits: { cause: 'LIVE_TIMINGS', until: '2026-11-24T20:00:00Z' } },
    undefined,
    'QUEUED      [................]    0%  0 of 50,000  live timings: goes on at 2026-11-24T20:00:00Z',
  ],
  [
    'waiting for a quota',
    { ...batch('PROCESSING', 25_000), waits: { cause: 'QUOTA', until: '2026-11-24T20:05:00Z' } },
    0,
    'PROCESSING  [########........]   50%  25,000 of 50,000  0/s  quota used up: looked at again at 2026-11-24T20:05:00Z',
  ],
  [
    'at its end',
    batch('COMPLETED', 50_000),
    4000,
    'COMPLETED   [################]  100%  50,000 of 50,000  4,000/s',
  ],
] as const)('progress: %s', (_, given, pace, line) => expect(progressLine(given, pace)).toBe(line));

test('the pace is that of the last half minute; what went before a pause does not count', () => {
  const looks: Look[] = [];
  const pace = (state: WatchedBatch['state'], settled: number, second: number) =>
    paceOf(batch(state, settled), looks, second * 1000);
  // The service's own average, until there is one of ours.
  expect(pace('PROCESSING', 0, 0)).toBe(10);
  expect(pace('PROCESSING', 1000, 10)).toBe(100);
  expect(pace('PROCESSING', 1000, 40)).toBe(25);
  expect(pace('PROCESSING', 1000, 60)).toBe(0);
  expect(pace('PAUSED', 1000, 70)).toBe(10);
  expect(pace('PROCESSING', 1000, 80)).toBe(10);
  expect(pace('PROCESSING', 2000, 84)).toBe(250);
});

describe('where progress is shown', () => {
  const draw = (options: { isTTY?: boolean; columns?: number }) => {
    let written = '';
    const screen = openScreen({
      ...options,
      write: (text: string | Uint8Array) => (written += String(text)) !== '',
    });
    screen.draw('first line', 'a');
    screen.draw('second line', 'a');
    screen.draw('third', 'b');
    screen.draw('never', '');
    screen.end();
    return written;
  };
  test('a terminal has one line, never longer than it is wide', () =>
    expect(draw({ isTTY: true, columns: 9 })).toBe(
      '\r\u001b[Kfirst li\r\u001b[Ksecond l\r\u001b[Kthird\r\u001b[Knever\n',
    ));
  test('a file has a line for each change', () => expect(draw({})).toBe('first line\nthird\n'));
});

const REASON = { reason: 'A', clause: 'D 1', detail: 'b.', fix: 'Do c.' };
test.each([
  ['a word', 'word', 'word'],
  ['what is in it', { a: 1, bc: { d: null, e: ['x', 'y'] }, f: [] }, 'a   1\nbc  d -, e (x, y)\nf   -'],
  ['nothing in what is in it', { a: [{ b: [], c: {} }] }, 'a  b -, c -'],
  ['things below each other', { why: [{ a: 1 }, { a: 2, b: { c: 3 } }] }, 'why  a 1\n     a 2, b (c 3)'],
  ['a list', { items: [{ a: 1, b: { c: 2 } }], nextCursor: 'n' }, 'a  b\n-  ---\n1  c 2\nMore: --cursor n'],
  ['a list of nothing', { items: [] }, 'There are none.'],
  [
    'reasons in a list',
    { items: [{ id: 1, why: [REASON, REASON] }] },
    'id  why\n--  ------------\n1   A: b.; A: b.',
  ],
  ['reasons below each other', { why: [REASON, REASON] }, 'why  A: b. Do c. (D 1)\n     A: b. Do c. (D 1)'],
  ['what is no reason', { why: [{ reason: 'A', detail: 'b.' }] }, 'why  reason A, detail b.'],
] as const)('values for people: %s', (_, value, text) => expect(describeValue(value)).toBe(text));

test('a list shows the columns that are chosen', () =>
  expect(describeValue({ items: [{ a: 1, b: 2 }] }, ['b'])).toBe('b\n-\n2'));
