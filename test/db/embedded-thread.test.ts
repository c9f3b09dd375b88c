import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { copyEmbedded } from '../support/embedded-folder.ts';
import { COMPILED } from '../support/processes.ts';

const ROOT = path.join(__dirname, '..', '..');
const folder = mkdtempSync(path.join(tmpdir(), 'tcs-thread-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs it in a process of the built service, with a database `db` in a folder and the threads that were started. */
function run(name: string, work: string) {
  const dataDir = path.join(folder, name);
  copyEmbedded(dataDir, 'database');
  const script = `
    const threads = []; process.on('worker', (thread) => threads.push(thread));
    const { openDatabase } = require('./src/db/open-database.ts');
    const { query } = require('./src/db/query.ts');
    const { withTransaction } = require('./src/db/transaction.ts');
    const outcome = (promise) => promise.then(() => 'done', (error) => error.code);
    (async () => {
      const told = {};
      const lost = [];
      const database = await openDatabase({ dataDir: ${JSON.stringify(dataDir)}, onLost: (error) => lost.push(error.message) });
      const db = database.pool;
      await query(db, 'create table kept (a integer)');
      ${work}
      await database.close();
      console.log(JSON.stringify(told));
    })();`;
  const ran = spawnSync(process.execPath, [...COMPILED, '-e', script], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(ran.stderr).toBe('');
  return JSON.parse(ran.stdout) as Record<string, unknown>;
}

describe('the embedded engine in its thread', () => {
  test('holds nobody up but who waits for its answer', () => {
    const told = run(
      'busy',
      `let turns = 0;
       const clock = setInterval(() => { turns += 1; }, 10);
       await query(db, 'select pg_sleep(1)');
       clearInterval(clock);
       told.turns = turns;`,
    );
    expect(told['turns']).toBeGreaterThan(20);
  }, 90_000);

  test('is replaced when its thread dies in a transaction: that one fails, what was committed stays', () => {
    const told = run(
      'dies',
      `await query(db, 'insert into kept values (1)');
       const given = withTransaction(db, async (client) => {
         await query(client, 'insert into kept values (2)');
         setTimeout(() => threads[0].terminate(), 100);
         await query(client, 'select pg_sleep(5)');
       });
       told.given = await outcome(given);
       // Whoever comes in the moment of its death hears of it, too.
       while ((await outcome(query(db, 'select 1'))) !== 'done');
       told.kept = (await query(db, 'select a from kept')).rows;
       told.threads = threads.length;`,
    );
    expect(told).toEqual({ given: 'database-unavailable', kept: [{ a: 1 }], threads: 2 });
  }, 90_000);

  test('is replaced when its thread dies while nobody asks, and somebody hears of it', () => {
    const told = run(
      'rests',
      `await query(db, 'insert into kept values (1)');
       await threads[0].terminate();
       await new Promise((resolve) => setTimeout(resolve, 100));
       told.kept = (await query(db, 'select a from kept')).rows;
       told.lost = lost;`,
    );
    expect(told).toEqual({ kept: [{ a: 1 }], lost: ['Connection terminated unexpectedly'] });
  }, 90_000);

  test('gives a new client a fresh session: no transaction, no settings and no statements of the one before', () => {
    const told = run(
      'fresh',
      `const client = await db.connect();
       await client.query('set search_path to nowhere');
       await client.query('begin');
       await client.query('select 1');
       client.release(true);
       told.path = (await query(db, "select current_setting('search_path') as path")).rows[0].path;
       told.one = (await query(db, 'select 1 as one')).rows[0].one;
       told.kept = (await query(db, 'select count(*)::integer as kept from kept')).rows[0].kept;`,
    );
    expect(told).toEqual({ path: expect.not.stringContaining('nowhere') as string, one: 1, kept: 0 });
  }, 90_000);
});
