import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startUpkeep } from '../../src/db/embedded-upkeep.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import type { Database } from '../../src/db/pool.ts';
import { query } from '../../src/db/query.ts';
import { withTransaction } from '../../src/db/transaction.ts';
import { copyEmbedded } from '../support/embedded-folder.ts';

const MIB = 1024 * 1024;

describe('the upkeep of the embedded database', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-upkeep-'));
  const dataDir = path.join(folder, 'database');
  let database: Database;
  beforeAll(async () => {
    copyEmbedded(folder, 'database');
    database = await openDatabase({ dataDir });
    await query(database.pool, 'create table passing (octets text)');
    await query(database.pool, 'alter table passing alter column octets set storage external');
  });
  afterAll(async () => {
    await database.close();
    rmSync(folder, { recursive: true });
  });

  /** Rows of 20 MiB that come and go. */
  const passOn = () =>
    withTransaction(database.pool, async (db) => {
      await query(db, `insert into passing select repeat('x', 1024 * 1024) from generate_series(1, 20)`);
      await query(db, 'delete from passing');
    });
  const size = async () => {
    const { rows } = await query<{ octets: number }>(
      database.pool,
      `select pg_total_relation_size('passing')::float8 as octets`,
    );
    return rows[0]?.octets ?? NaN;
  };
  const segments = () =>
    readdirSync(path.join(dataDir, 'pg_wal')).filter((name) => /^[0-9A-F]{24}$/.test(name)).length;

  test.each([
    ['a log is short', 1024 * MIB, 1024 * MIB],
    ['there is hardly any room', 64 * MIB - 1, 10 * MIB],
  ])('leaves what was deleted alone while %s', async (_when, room, most) => {
    await passOn();
    const upkeep = startUpkeep(database.pool, () => room, most, 5);
    await pause(100);
    await upkeep.stop();
    expect(await size()).toBeGreaterThan(20 * MIB);
  });

  test.each([
    ['is long', 1024 * MIB, 100 * MIB],
    ['has more than the room that is left', 100 * MIB, 1024 * MIB],
  ])(
    'gives back what was deleted, and all but 64 MiB of the log, once that %s',
    async (_when, room, most) => {
      for (let time = 1; time <= 8; time += 1) await passOn();
      expect(segments()).toBeGreaterThan(9);
      const upkeep = startUpkeep(database.pool, () => room, most, 5);
      while ((await size()) > 20 * MIB) await pause(5);
      await upkeep.stop();
      // Segments have 16 MiB; one more is written to.
      expect(segments()).toBeLessThanOrEqual(5);
    },
    60_000,
  );
});
