import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { verifyChain, type ChainLine } from '../../src/audit/audit-chain.ts';
import { recordEvents } from '../../src/audit/audit-log.ts';
import { exportChain, linkEvents } from '../../src/audit/link-events.ts';
import { query } from '../../src/db/query.ts';
import { TEST_NOW } from '../support/dates.ts';
import { dataFolder, tcs } from '../support/tcs.ts';
import { testDatabase } from '../support/test-database.ts';

/** eslint wants awaits in async generators; a chain is read as from a file. */
async function* linesOf(chain: readonly ChainLine[]): AsyncGenerator<string> {
  for (const line of chain) yield await Promise.resolve(JSON.stringify(line));
}

describe('the audit as a chain', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  beforeEach(async () => {
    database = await testDatabase();
  });
  afterEach(() => database.close());

  const happen = (count: number, from = 0) =>
    recordEvents(
      Array.from({ length: count }, (_one, place) => ({
        at: TEST_NOW,
        event: 'thing.happened',
        object: `thing ${String(from + place)}`,
        facts: { b: [1, { z: null, a: 'ü' }], a: from + place },
      })),
      database.pool,
    );
  const link = () => linkEvents(database.pool, TEST_NOW);
  const chain = async () => {
    const lines: ChainLine[] = [];
    for await (const line of exportChain(database.pool)) lines.push(line);
    return lines;
  };

  test('has every event once, in parts, and nothing is linked twice', async () => {
    await happen(2_500);
    expect(await link()).toBe(2_500);
    expect(await link()).toBe(0);
    await happen(3, 2_500);
    const linked = await Promise.all(Array.from({ length: 4 }, link));
    expect(linked.reduce((sum, one) => sum + one, 0)).toBe(3);
    const lines = await chain();
    expect(lines.map((one) => one.position)).toEqual(
      Array.from({ length: 2_503 }, (_one, place) => place + 1),
    );
    expect(await verifyChain(linesOf(lines))).toEqual({ events: 2_503, head: lines.at(-1)!.sha256 });
  });

  test('takes in what a slow transaction recorded under an earlier id', async () => {
    await happen(3);
    await link();
    await query(
      database.pool,
      `insert into audit_event (id, at, event) overriding system value values (0, now(), 'late.happened')`,
    );
    expect(await link()).toBe(1);
    expect((await chain()).map((one) => one.event.event).at(-1)).toBe('late.happened');
  });

  test.each<[string, (lines: ChainLine[]) => ChainLine[], RegExp]>([
    [
      'changed',
      (lines) => lines.map((one, at) => (at === 3 ? { ...one, event: { ...one.event, object: 'x' } } : one)),
      /line 4 .* is not what was linked/,
    ],
    [
      'with other facts',
      (lines) => lines.map((one, at) => (at === 3 ? { ...one, event: { ...one.event, facts: {} } } : one)),
      /line 4/,
    ],
    ['without one', (lines) => lines.filter((_one, at) => at !== 3), /line 4 has position 5/],
    ['in another order', (lines) => [lines[1]!, lines[0]!, ...lines.slice(2)], /line 1 has position 2/],
    [
      'numbered anew',
      (lines) => lines.filter((_one, at) => at !== 3).map((one, at) => ({ ...one, position: at + 1 })),
      /line 4/,
    ],
  ])('that was %s is told where', async (_what, change, fault) => {
    await happen(6);
    await link();
    const verdict = await verifyChain(linesOf(change(await chain())));
    expect(verdict.fault).toMatch(fault);
  });

  test('that was cut at its end is seen by who noted a hash', async () => {
    await happen(6);
    await link();
    const lines = await chain();
    const noted = lines.at(-1)!.sha256;
    expect(await verifyChain(linesOf(lines), noted)).toMatchObject({ holdsNoted: true });
    expect(await verifyChain(linesOf(lines.slice(0, 5)), noted)).toMatchObject({
      events: 5,
      holdsNoted: false,
    });
  });

  test.each(['update audit_link set position = position', 'delete from audit_link', 'truncate audit_link'])(
    'is append-only: %s',
    async (statement) => {
      await happen(1);
      await link();
      await expect(query(database.pool, statement)).rejects.toMatchObject({ code: '23001' });
    },
  );
});

test('tcs audit export writes it, tcs audit verify follows it without a database', async () => {
  const { folder, settings } = dataFolder();
  const out = mkdtempSync(path.join(tmpdir(), 'tcs-audit-'));
  const file = path.join(out, 'audit.ndjson');
  const world = path.join(__dirname, '../../src/cli/demo/world.yaml');
  expect((await tcs(settings, 'registry', 'load', world)).code).toBe(0);
  const exported = JSON.parse((await tcs(settings, 'audit', 'export', '--out', file, '--json')).out) as {
    events: number;
    head: string;
  };
  expect(exported.events).toBeGreaterThan(0);
  expect((await tcs(settings, 'audit', 'export', '--out', file)).code).toBe(73);
  expect(await tcs({}, 'audit', 'verify', file, '--noted', exported.head)).toMatchObject({
    code: 0,
    out: expect.stringContaining(exported.head) as string,
  });
  expect((await tcs({}, 'audit', 'verify', file, '--noted', '00')).code).toBe(65);
  writeFileSync(file, readFileSync(file, 'utf8').replace('participant.loaded', 'participant.taken'));
  expect(await tcs({}, 'audit', 'verify', file)).toMatchObject({
    code: 65,
    fault: expect.stringContaining('line 1') as string,
  });
  expect((await tcs({}, 'audit', 'verify', path.join(out, 'nothing'))).code).toBe(66);
  rmSync(out, { recursive: true });
  rmSync(folder, { recursive: true });
});
