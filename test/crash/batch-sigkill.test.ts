import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Database } from '../../src/db/pool.ts';
import { query } from '../../src/db/query.ts';
import { readCertificate } from '../../src/x509/read-certificate.ts';
import { deviceLines, ndjson } from '../support/batch-world.ts';
import { removeFolder } from '../support/embedded-folder.ts';
import { seededRandom } from '../support/random.ts';
import { copyDatabase, onPostgres } from '../support/test-database.ts';
import type { BatchOrders } from './batch-victim.ts';
import { openSurvivors, prepareOrigin, spawnVictim } from './victims.ts';

/**
 * CRASHES: how many steps are tried, spread over all there are; `every` for all of them. CRASH_INSTANTS: how many processes
 * are killed at a random instant, whatever they are about. CRASH_PAIRS: how often two workers are. CRASH_SEED: which steps and instants.
 * See `npm run crash`.
 */
const CRASHES = process.env['CRASHES'] ?? '8';
const INSTANTS = Number(process.env['CRASH_INSTANTS'] ?? '2');
const PAIRS = Number(process.env['CRASH_PAIRS'] ?? '1');
const SEED = Number(process.env['CRASH_SEED'] ?? '0');

describe(`a process killed at the steps of a batch, on ${onPostgres ? 'PostgreSQL' : 'the embedded database'}`, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-batch-crash-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const authorities = path.join(process.env['TCS_TEST_FOLDER'] ?? '', 'authorities');
  const good = deviceLines(6, 7000);
  const upload = ndjson([...good, { id: 'unreadable', csr: 'none' }, { id: 'twice', csr: good[0]!.csr }]);

  /** Kills a process over a batch, lets another go on, and looks; `after`: milliseconds from when it begins. */
  const prepareRuns = async (tally: Tally) => {
    const world = mkdtempSync(path.join(folder, 'world-'));
    const { token, copy } = await prepareOrigin(world);
    let runs = 0;
    return async (dieAt: number, after?: number) => {
      const name = String((runs += 1));
      const database = await copy(`victim-${name}`);
      const evidence = path.join(world, `evidence-${name}`);
      const orders = { database, authorities, token, dieAt, evidence };
      const ended = await spawnBatchVictim({ ...orders, upload }, after);
      if (after === undefined) expect(ended.signal).toBe(dieAt === 0 ? null : 'SIGKILL');
      else if (ended.signal === 'SIGKILL') tally.killed += 1;
      const before = await withDatabase(database, forgetLease);
      // A client that had no answer hands it in again; else whoever is left goes on.
      await spawnBatchVictim({ ...orders, dieAt: 0, ...(before.batches === 0 ? { upload } : {}) });
      await withDatabase(database, (survivor) => check(survivor, evidence, before, tally));
      if ('dataDir' in database) removeFolder(database.dataDir);
      return ended;
    };
  };

  test('every item has exactly one verdict after recovery, every signature is on record, what was issued keeps its octets', async () => {
    const tally = newTally();
    const run = await prepareRuns(tally);
    const steps = (await run(0)).steps;
    expect(steps).toBeGreaterThan(100);
    const wanted = CRASHES === 'every' ? steps : Number(CRASHES);
    const places = Array.from(
      { length: wanted },
      (_, index) => 1 + ((Math.floor((index * steps) / wanted) + SEED) % steps),
    );
    for (const place of places) {
      tally.killed += 1;
      await run(place);
    }
    process.stdout.write(`killed at ${String(wanted)} of ${String(steps)} steps: ${JSON.stringify(tally)}\n`);
  }, 3_600_000);

  test('the same holds for random instants', async () => {
    const tally = newTally();
    const run = await prepareRuns(tally);
    let { milliseconds } = await run(0);
    const random = seededRandom(SEED);
    while (tally.killed < INSTANTS) {
      const ended = await run(0, random.below(milliseconds));
      // Done before its instant came: it is not counted, and shows that there is less time than was thought.
      if (ended.signal === null) milliseconds = Math.min(milliseconds, ended.milliseconds);
    }
    process.stdout.write(
      `killed at ${String(INSTANTS)} random instants of ${String(milliseconds)} ms, seed ${String(SEED)}: ${JSON.stringify(tally)}\n`,
    );
  }, 3_600_000);

  if (onPostgres)
    describe('two workers at once', () => {
      const items = 60;
      const world = mkdtempSync(path.join(folder, 'shared-'));
      let origin: { readonly token: string; readonly url: string };
      /** Each run has a batch of its own that waits for workers. */
      beforeAll(async () => {
        const { token, copy } = await prepareOrigin(world);
        const database = await copy('origin');
        if (!('url' in database)) throw new TypeError('two processes need PostgreSQL');
        const upload = ndjson(deviceLines(items, 8000));
        // It dies right after the batch is handed in and queued.
        await spawnBatchVictim({
          database,
          authorities,
          token,
          upload,
          dieAt: 60,
          evidence: path.join(world, 'a'),
        });
        await withDatabase(database, forgetLease);
        origin = { token, url: database.url };
      }, 120_000);

      /** Lets two workers at a batch, a third one after them, and looks; `after`: milliseconds until both are killed. */
      const share = async (
        name: string,
        tally: Tally,
        { dieAt = 0, after }: { dieAt?: number; after?: number },
      ) => {
        const database = { url: await copyDatabase(origin.url) };
        const evidence = (who: string) => path.join(world, `${name}-${who}`);
        const orders = { database, authorities, token: origin.token };
        // Whoever dies at a step has signed before, and so has the other: they share.
        const meet = (who: string) => (after === undefined ? { meet: evidence(who) } : {});
        const both = await Promise.all([
          spawnBatchVictim({ ...orders, dieAt, evidence: evidence('b'), ...meet('c') }, after),
          spawnBatchVictim({ ...orders, dieAt: 0, evidence: evidence('c'), ...meet('b') }, after),
        ]);
        const before = await withDatabase(database, forgetLease);
        await spawnBatchVictim({ ...orders, dieAt: 0, evidence: evidence('d') });
        const signed = await withDatabase(database, async (survivor) => {
          const counts = [];
          for (const who of ['b', 'c', 'd']) {
            // Certificates and verdicts are the same for all three: they count once; signatures are each one's own.
            await check(survivor, evidence(who), before, who === 'd' ? tally : newTally(), items);
            counts.push(linesOf(path.join(evidence(who), 'signed')).length);
          }
          return counts;
        });
        tally.signed += (signed[0] ?? 0) + (signed[1] ?? 0);
        tally.killed += both.filter(({ signal }) => signal === 'SIGKILL').length;
        return { both, signed };
      };

      test('share a batch; one is killed and nothing is lost', async () => {
        const { both, signed } = await share('one', newTally(), { dieAt: 20 });
        expect(both.map(({ signal }) => signal)).toEqual(['SIGKILL', null]);
        expect(Math.min(...signed.slice(0, 2))).toBeGreaterThan(0);
      }, 120_000);

      test('both are killed at a random instant and nothing is lost', async () => {
        const tally = newTally();
        const random = seededRandom(SEED);
        let { milliseconds } = (await share('none', newTally(), {})).both[1];
        for (let run = 1; tally.killed < 2 * PAIRS; run += 1) {
          const { both } = await share(String(run), tally, { after: random.below(milliseconds) });
          for (const ended of both)
            if (ended.signal === null) milliseconds = Math.min(milliseconds, ended.milliseconds);
        }
        process.stdout.write(
          `killed at ${String(PAIRS)} random instants, two workers each time, seed ${String(SEED)}: ${JSON.stringify(tally)}\n`,
        );
      }, 3_600_000);
    });
});

type Tally = Record<'killed' | 'signed' | 'issued' | 'abandoned' | 'verdicts', number>;
const newTally = (): Tally => ({ killed: 0, signed: 0, issued: 0, abandoned: 0, verdicts: 0 });

interface Before {
  readonly batches: number;
  readonly verdicts: readonly unknown[];
  readonly issued: readonly { readonly serial_number: string; readonly der: Buffer }[];
}

/** What was on record when the process died; its leases are over. */
async function forgetLease({ pool }: Database): Promise<Before> {
  await query(
    pool,
    `update batch_chunk set lease_until = clock_timestamp() where not done and lease_until is not null`,
  );
  await query(pool, `update batch set parse_after = null`);
  const { rows: batches } = await query<{ n: number }>(pool, 'select count(*)::int as n from batch');
  const { rows: verdicts } = await query(pool, 'select * from batch_verdict order by position');
  const { rows: issued } = await query<Before['issued'][number]>(pool, ISSUED);
  return { batches: batches[0]!.n, verdicts, issued };
}

async function check(
  { pool }: Database,
  evidence: string,
  before: Before,
  tally: Tally,
  items = 8,
): Promise<void> {
  const { rows: batches } = await query(pool, 'select state, items from batch');
  expect(batches).toEqual([{ state: 'COMPLETED', items }]);
  const { rows: verdicts } = await query<{ position: number }>(
    pool,
    'select * from batch_verdict order by position',
  );
  expect(verdicts.map((one) => one.position)).toEqual(Array.from({ length: items }, (_, index) => index + 1));
  expect(verdicts).toEqual(expect.arrayContaining([...before.verdicts]));
  const { rows: issued } = await query<Before['issued'][number]>(pool, ISSUED);
  expect(issued).toEqual(expect.arrayContaining([...before.issued]));
  expect(issued).toHaveLength(items === 8 ? 6 : items);

  const { rows } = await query<{
    serial_number: string;
    status: string;
    der: Buffer | null;
    tbs: Buffer | null;
  }>(pool, 'select serial_number, status, der, tbs from certificate');
  expect((await query(pool, 'select 1 from certificate_intent')).rows).toEqual([]);
  const signed = linesOf(path.join(evidence, 'signed')).map((line) => Buffer.from(line, 'base64'));
  for (const der of signed) {
    const { tbs, facts } = readCertificate(der);
    const row = rows.find((one) => one.serial_number === facts.serialNumber.toString('hex').toUpperCase());
    expect(row?.status === 'issued' ? row.der?.equals(der) : row?.tbs?.equals(tbs)).toBe(true);
  }
  const serials = signed.map((der) => readCertificate(der).facts.serialNumber.toString('hex'));
  expect(new Set(serials).size).toBe(serials.length);
  tally.signed += signed.length;
  tally.issued += issued.length;
  tally.abandoned += rows.length - issued.length;
  tally.verdicts += verdicts.length;
}

async function withDatabase<T>(
  where: BatchOrders['database'],
  act: (database: Database) => Promise<T>,
): Promise<T> {
  const database = await openSurvivors(where);
  try {
    return await act(database);
  } finally {
    await database.close();
  }
}

const spawnBatchVictim = (orders: BatchOrders, after?: number) =>
  spawnVictim('batch-victim.ts', orders, after);
const linesOf = (file: string) =>
  existsSync(file) ? readFileSync(file, 'latin1').split('\n').filter(Boolean) : [];
const ISSUED = `select serial_number, der from certificate where status = 'issued'`;
