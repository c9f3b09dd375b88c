import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { openApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import type { Database } from '../../src/db/pool.ts';
import { query } from '../../src/db/query.ts';
import { findLeftovers } from '../../src/ca/intent-store.ts';
import { ISSUING_LEASE } from '../../src/issuance/issue-application.ts';
import { sweep } from '../../src/issuance/screen-again.ts';
import { TEST_PASSPHRASE } from '../support/authorities.ts';
import { deviceCsr } from '../support/csr-builder.ts';
import { fixedClock, TEST_NOW } from '../support/dates.ts';
import { removeFolder } from '../support/embedded-folder.ts';
import { onPostgres } from '../support/test-database.ts';
import { openSurvivors, prepareOrigin, spawnVictim } from './victims.ts';

/** One of so many steps is tried; CRASH_EVERY=1 tries all. */
const EVERY = Number(process.env['CRASH_EVERY'] ?? 6);

describe(`a process killed while it issues an application, on ${onPostgres ? 'PostgreSQL' : 'the embedded database'}`, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-crash-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('is survived by it: the sweep issues what was not issued, and nothing twice', async () => {
    const { token, copy } = await prepareOrigin(folder);
    const csrs = [1, 2, 3].map((number) => deviceCsr(`00-DB-12-34-20-00-00-0${String(number)}`).pem);
    const authorities = path.join(process.env['TCS_TEST_FOLDER'] ?? '', 'authorities');
    const tally: Record<string, number> = {};

    const run = async (dieAt: number) => {
      const database = await copy(`victim-${String(dieAt)}`);
      const evidence = path.join(folder, `evidence-${String(dieAt)}`);
      const orders = { database, authorities, token, csrs, dieAt, evidence, asApplication: true };
      const ended = await spawnVictim('victim.ts', orders);
      expect(ended.signal).toBe(dieAt === 0 ? null : 'SIGKILL');
      const survivors = await openSurvivors(database);
      try {
        const left = await checkSurvivors(survivors, dieAt);
        tally[left] = (tally[left] ?? 0) + 1;
      } finally {
        await survivors.close();
      }
      if ('dataDir' in database) removeFolder(database.dataDir);
      return ended.steps;
    };

    const steps = await run(0);
    let next = 1;
    const lane = async () => {
      while (next <= steps) {
        const step = next;
        next += EVERY;
        await run(step);
      }
    };
    await Promise.all([lane(), lane()]);
    process.stdout.write(`of ${String(steps)} steps: ${JSON.stringify(tally)}\n`);
    expect(tally['ISSUING']).toBeGreaterThan(0);
    expect(tally['ISSUED']).toBeGreaterThan(0);
  }, 900_000);
});

/** Sweeps after the lease of the dead, twice; returns in which state the application was left. */
async function checkSurvivors(database: Database, dieAt: number): Promise<string> {
  const states = async () =>
    (await query<{ state: string }>(database.pool, `select state from application`)).rows.map(
      (row) => row.state,
    );
  const left = await states();
  const clock = fixedClock(new Date(TEST_NOW.getTime() + ISSUING_LEASE + 1));
  const config = readConfig({
    TCS_DATA_DIR: process.env['TCS_TEST_FOLDER'],
    TCS_KEY_PASSPHRASE: TEST_PASSPHRASE,
  });
  const app = await openApp(config, { logger: pino({ level: 'silent' }), clock, database });
  expect(await sweep(app.needs)).toMatchObject({ failed: [] });
  const { moved } = await sweep(app.needs);
  await app.close();

  const { rows } = await query<{ item: string; issued: number; recorded: boolean }>(
    database.pool,
    `select i.id as item, count(c.serial_number)::int as issued, bool_and(c.serial_number = i.serial_number) as recorded
       from application_item i left join certificate c on c.idempotency_id = i.id and c.status = 'issued' group by i.id`,
  );
  const told = await query<{ event: string }>(database.pool, `select event from notification`);
  const found = {
    dieAt,
    moved,
    states: await states(),
    items: rows.map(({ issued, recorded }) => [issued, recorded]),
  };
  const whole = left.length > 0;
  expect(found).toEqual({
    dieAt,
    moved: 0,
    states: whole ? ['ISSUED'] : [],
    items: whole ? Array(3).fill([1, true]) : [],
  });
  expect(told.rows.map((row) => row.event)).toEqual(whole ? ['application.issued'] : []);
  expect(await findLeftovers(clock.now(), database.pool)).toEqual([]);
  return left[0] ?? 'nothing';
}
