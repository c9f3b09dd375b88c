import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { copyEmbedded } from '../support/embedded-folder.ts';
import { COMPILED } from '../support/processes.ts';

const ROOT = path.join(__dirname, '..', '..');
const folder = mkdtempSync(path.join(tmpdir(), 'tcs-thread-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Messages `Query` of the protocol. */
const SELECT_1 = `Buffer.from('Q\\0\\0\\0\\x0dselect 1\\0')`;
const SLEEP = `Buffer.from('Q\\0\\0\\0\\x17select pg_sleep(1)\\0')`;

/** Runs it in a process of the built service that knows a folder `dataDir` and the threads that were started. */
function run(name: string, work: string) {
  const dataDir = path.join(folder, name);
  copyEmbedded(dataDir, 'database');
  const script = `
    const threads = []; process.on('worker', (thread) => threads.push(thread));
    const dataDir = ${JSON.stringify(dataDir)};
    const outcome = (promise) => promise.then(() => 'done', (error) => error.code);
    (async () => {
      const told = {};
      ${work}
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

/** With a database `db` in that folder. */
const runOnDatabase = (name: string, work: string) =>
  run(
    name,
    `const { openDatabase } = require('./src/db/open-database.ts');
     const { query } = require('./src/db/query.ts');
     const { withTransaction } = require('./src/db/transaction.ts');
     const lost = [];
     const database = await openDatabase({ dataDir, onLost: (error) => lost.push(error.message) });
     const db = database.pool;
     await query(db, 'create table kept (a integer)');
     ${work}
     await database.close();`,
  );

/** With `startEngine`. */
const runOnEngine = (name: string, work: string) =>
  run(name, `const { startEngine } = require('./src/db/start-engine.ts'); ${work}`);

describe('the embedded engine in its thread', () => {
  test('holds nobody up but who waits for its answer', () => {
    const told = runOnDatabase(
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
    const told = runOnDatabase(
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
    const told = runOnDatabase(
      'rests',
      `await query(db, 'insert into kept values (1)');
       await threads[0].terminate();
       await new Promise((resolve) => setTimeout(resolve, 100));
       told.kept = (await query(db, 'select a from kept')).rows;
       told.lost = lost;`,
    );
    expect(told).toEqual({
      kept: [{ a: 1 }],
      lost: expect.arrayContaining([
        'Connection terminated unexpectedly',
        "The embedded database's thread ended (1).",
      ]) as string[],
    });
  }, 90_000);

  test('is replaced when it fails, and somebody hears why', () => {
    const told = runOnEngine(
      'fails',
      `let engine;
       const heard = new Promise((resolve) => { engine = startEngine({}, resolve); });
       const { dial, close } = await engine;
       (await dial()).postMessage(null);
       told.engine = (await heard).name;
       const port = await dial();
       const answer = new Promise((resolve) => port.on('message', resolve));
       port.postMessage(${SELECT_1});
       told.answer = Buffer.from(await answer).includes('SELECT 1');
       await close();`,
    );
    expect(told).toEqual({ engine: 'TypeError', answer: true });
  }, 90_000);

  test('is replaced by one thread, whoever comes meanwhile, and by none when its folder cannot be opened', () => {
    const told = runOnEngine(
      'replaced',
      `const { readFileSync, writeFileSync } = require('node:fs');
       const file = dataDir + '/PG_VERSION';
       const version = readFileSync(file);
       const gone = [];
       const engine = await startEngine({ dataDir }, (error) => gone.push(error.message));
       await threads[0].terminate();
       await Promise.all([engine.dial(), engine.dial()]);
       told.two = threads.length;
       await threads[1].terminate();
       writeFileSync(file, '9');
       told.without = await engine.dial().then(() => 'opened', (error) => error.message);
       writeFileSync(file, version);
       told.again = await outcome(engine.dial());
       told.gone = gone.length;
       await engine.close();`,
    );
    expect(told).toEqual({
      two: 2,
      without: 'PGlite failed to initialize properly',
      again: 'done',
      gone: 2,
    });
  }, 90_000);

  test.each([
    ['in a statement', `query(db, text)`],
    // The engine gives up in the COMMIT, goes on to the statement behind it, and waits for its own lock.
    [
      'before another statement of the same packet',
      `withTransaction(db, (in_) => new Ending(query(in_, text)))`,
    ],
  ])(
    'is replaced when it panics %s, for its log had no room: what it had committed stays',
    (where, asked) => {
      const told = runOnDatabase(
        `panics ${where}`,
        `const { execFileSync } = require('node:child_process');
       const { Ending } = require('./src/db/transaction.ts');
       const limit = (octets) => execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=' + octets + ':']);
       await query(db, 'insert into kept values (1)');
       // The segment of the log that there is has 16 MiB; no other can be made.
       limit(16 * 1024 * 1024 - 1);
       const text = 'insert into kept select n from generate_series(1, 10000) n';
       do told.given = await outcome(${asked}); while (told.given === 'done');
       limit('unlimited');
       while ((await outcome(query(db, 'select 1'))) !== 'done');
       told.kept = (await query(db, 'select count(*)::integer as first from kept')).rows[0].first % 10000;
       told.threads = threads.length;
       told.why = lost.filter((one) => one.includes('panicked: could not write')).length;`,
      );
      expect(told).toEqual({ given: 'database-unavailable', kept: 1, threads: 2, why: 1 });
    },
    90_000,
  );

  test('goes on when somebody writes into its log what a panic looks like', () => {
    const told = runOnDatabase(
      'feigns',
      `const line = '2026-11-24 12:00:00.000 UTC [42] PANIC:  nothing';
       await query(db, "do $$ begin raise warning e'" + line + "\\n" + line + "'; end $$");
       told.refused = await outcome(query(db, 'select $1::integer', [line + '\\n' + line]));
       told.threads = threads.length;`,
    );
    expect(told).toEqual({ refused: '22P02', threads: 1 });
  }, 90_000);

  test('tells what fails while it closes', () => {
    const told = run(
      'failing',
      `const { startEngine } = require('./src/db/start-engine.ts');
       const heard = [];
       const { close, dial } = await startEngine({ dataDir }, (error) => heard.push(error.name));
       const port = await dial();
       const answer = new Promise((resolve) => port.once('message', resolve));
       port.postMessage(${SELECT_1});
       await answer;
       // While it sleeps it is told to end; at what comes then it fails.
       port.postMessage(${SLEEP});
       port.postMessage(null);
       await new Promise((resolve) => setTimeout(resolve, 100));
       await close();
       told.heard = heard;`,
    );
    expect(told).toEqual({ heard: ['TypeError'] });
  }, 90_000);

  test('leaves no thread behind when it is closed, not even one that was just starting', () => {
    const told = runOnEngine(
      'closed',
      `const engine = await startEngine({ dataDir }, () => undefined);
       await threads[0].terminate();
       const late = outcome(engine.dial());
       await engine.close();
       told.late = await late;
       told.left = threads.filter((thread) => thread.threadId !== -1).length;
       told.after = await engine.dial().catch((error) => error.message);
       told.threads = threads.length;`,
    );
    expect(told).toEqual({ late: 'done', left: 0, after: 'the embedded database is closed', threads: 2 });
  }, 90_000);

  test('gives a new client a fresh session: no transaction, no settings and no statements of the one before', () => {
    const told = runOnDatabase(
      'fresh',
      `const client = await db.connect();
       await client.query('set search_path to nowhere');
       await client.query('begin');
       await client.query({ name: 'one', text: 'select 1' });
       client.release(true);
       told.path = (await query(db, "select current_setting('search_path') as path")).rows[0].path;
       told.one = (await query(db, 'select 1 as one')).rows[0].one;
       told.kept = (await query(db, 'select count(*)::integer as kept from kept')).rows[0].kept;`,
    );
    expect(told).toEqual({ path: expect.not.stringContaining('nowhere') as string, one: 1, kept: 0 });
  }, 90_000);
});
