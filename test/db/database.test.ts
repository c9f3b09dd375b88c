import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import type { Writable } from 'node:stream';
import pg from 'pg';
import { byteaArray } from '../../src/db/bytea-array.ts';
import { faultOf } from '../../src/db/database-errors.ts';
import { migrate } from '../../src/db/migrate.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import type { Database } from '../../src/db/pool.ts';
import { query, type Transaction } from '../../src/db/query.ts';
import { Ending, withTransaction } from '../../src/db/transaction.ts';
import { Fault } from '../../src/domain/fault.ts';
import { loadRegistry } from '../../src/registry/load-registry.ts';
import { parseRegistryFile } from '../../src/registry/registry-file.ts';
import { fixedClock } from '../support/dates.ts';
import { COMPILED } from '../support/processes.ts';
import { onPostgres, testDatabase } from '../support/test-database.ts';

const ROOT = path.join(__dirname, '..', '..');

describe(`the database, ${onPostgres ? 'PostgreSQL' : 'embedded'}`, () => {
  let database: Database & { readonly url?: string };
  beforeAll(async () => {
    database = await testDatabase();
    const world = parseRegistryFile(
      readFileSync(path.join(ROOT, 'src/cli/demo/world.yaml'), 'utf8'),
      'world.yaml',
    );
    await loadRegistry(world, fixedClock(), database.pool, () => Promise.resolve());
    await query(
      database.pool,
      `insert into credential (participant_id, role, prefix, token_sha256, created_at, expires_at)
       select id, 'PARTICIPANT_ARO', 'p', '\\x00', now(), now() from participant where signifier = 'METERWORKS'`,
    );
    await query(
      database.pool,
      `insert into decision_set (id, decided_at, credential_id, category, purpose, channel, outcome, rule_set, decisions, each)
       select decision_set_id(gen_random_uuid()), now(), id, 'DEVICE', 'X', 'INTERNET', 'REFUSE', 'v', 1, '[{"number":1}]'
         from credential`,
    );
    await query(database.pool, `insert into audit_event (at, event) values (now(), 'test.happened')`);
    await query(
      database.pool,
      `insert into public_key (sha256, subject, first_seen_at) values ('\\x01', 's', now())`,
    );
    await query(
      database.pool,
      `insert into certificate (serial_number, status, authority, profile, category, participant_id, credential_id, decision_id,
         purpose, subject, public_key_sha256, not_before, not_after, tbs, prepared_at, abandoned_reason)
       select 'AB', 'abandoned', 'a', 'p', 'DEVICE', c.participant_id, c.id, d.id, 'x', 's', '\\x01', now(), now(), '\\x00', now(), 'test'
         from credential c, decision d`,
    );
  });
  afterAll(() => database.close());

  test('migrations are applied once: a second run finds nothing to do', async () => {
    expect(await migrate(database.pool)).toEqual([]);
  });

  test.each([[[]], [['']], [['30', '', '00ff7b2c225c']]])(
    'octet strings arrive as they were: %j',
    async (hex) => {
      const octets = hex.map((one) => Buffer.from(one, 'hex'));
      const { rows } = await query(database.pool, 'select $1::bytea[] as octets', [byteaArray(octets)]);
      expect(rows).toEqual([{ octets }]);
    },
  );

  test('migrations of a newer version are refused by their name', async () => {
    await query(
      database.pool,
      `insert into schema_migration (name, run_on) values ('9999-of-tomorrow', now())`,
    );
    await expect(migrate(database.pool)).rejects.toMatchObject({
      code: 'configuration-invalid',
      reasons: [{ detail: expect.stringContaining('9999-of-tomorrow') as string }],
    });
    await query(database.pool, `delete from schema_migration where name = '9999-of-tomorrow'`);
  });

  test.each([
    ['40P01', 'in its midst'],
    ['40001', 'in its midst'],
    ['40001', 'in its ending'],
  ])('a transaction that is turned back with %s %s is run again, twice at most', async (state, place) => {
    const object = `${state} ${place}`;
    const run = async (failures: number) => {
      let turns = 0;
      await withTransaction(database.pool, async (client) => {
        turns += 1;
        await query(client, `insert into audit_event (at, event, object) values (now(), 'turn', $1)`, [
          object,
        ]);
        const raise = `do $$ begin raise exception 'x' using errcode = '${state}'; end $$`;
        const last = query(client, turns <= failures ? raise : 'select');
        return place === 'in its ending' ? new Ending(last) : last;
      });
      return turns;
    };
    expect(await run(2)).toBe(3);
    await expect(run(3)).rejects.toMatchObject({ code: 'database-unavailable' });
    const { rows } = await query(database.pool, `select 1 from audit_event where object = $1`, [object]);
    expect(rows.length).toBe(1);
  });

  describe('a transaction that ends with statements whose answers no other one waits for', () => {
    const write = (client: Transaction, object: string) =>
      query(client, `insert into audit_event (at, event, object) values (now(), 'ended', $1)`, [object]);
    const written = async () => {
      const { rows } = await query<{ object: string }>(
        database.pool,
        `select object from audit_event where event = 'ended' order by id`,
      );
      return rows.map(({ object }) => object);
    };

    test('commits them, and tells what they come to', async () => {
      const told = await withTransaction(database.pool, async (client) => {
        await write(client, 'first');
        return new Ending(write(client, 'last').then(({ rowCount }) => rowCount));
      });
      expect(told).toBe(1);
      expect(await written()).toEqual(['first', 'last']);
    });

    test('keeps nothing when one of them fails, and tells which', async () => {
      const before = await written();
      const failing = withTransaction(database.pool, async (client) => {
        await write(client, 'never');
        return new Ending(
          Promise.all([write(client, 'nor'), query(client, 'select 1 / 0'), write(client, 'neither')]),
        );
      });
      await expect(failing).rejects.toMatchObject({ code: '22012' });
      expect(await written()).toEqual(before);
    });

    test('keeps nothing when one of them cannot even be sent', async () => {
      const before = await written();
      const unsendable = {
        toPostgres: () => {
          throw new RangeError('no value');
        },
      };
      const failing = (write_: (client: Transaction) => Promise<unknown>) =>
        withTransaction(database.pool, (client) =>
          Promise.resolve(
            new Ending(Promise.all([write(client, 'never'), write_(client), write(client, 'nor')])),
          ),
        );
      await expect(failing(() => Promise.reject(new RangeError('not written')))).rejects.toThrow(
        'not written',
      );
      await expect(
        failing((client) => query(client, 'select $1::text as sent', [unsendable])),
      ).rejects.toThrow('no value');
      expect(await written()).toEqual(before);
      // The driver takes such a statement for prepared, and would for ever.
      const { rows } = await query(database.pool, 'select $1::text as sent', ['this time']);
      expect(rows).toEqual([{ sent: 'this time' }]);
    });

    test('refuses a statement that comes after COMMIT', async () => {
      const late = withTransaction(database.pool, (client) =>
        Promise.resolve(new Ending(write(client, 'in time').then(() => write(client, 'late')))),
      );
      await expect(late).rejects.toThrow('a statement after the end of its transaction');
      expect(await written()).not.toContain('late');
    });
  });

  test('what is still to come of a transaction that has failed does not get into the next one', async () => {
    const write = (client: Transaction, event: string) =>
      query(client, `insert into audit_event (at, event, object) values (now(), $1, 'straggler')`, [event]);
    let goOn = () => {};
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    let straggler: Promise<unknown> | undefined;
    const failing = withTransaction(database.pool, async (client) => {
      straggler = gate.then(() => write(client, 'too late'));
      await query(client, 'select 1 / 0');
    });
    await expect(failing).rejects.toMatchObject({ code: '22012' });
    await withTransaction(database.pool, async (client) => {
      goOn();
      await expect(straggler).rejects.toThrow('a statement after the end of its transaction');
      await write(client, 'in time');
    });
    const { rows } = await query(database.pool, `select event from audit_event where object = 'straggler'`);
    expect(rows).toEqual([{ event: 'in time' }]);
  });

  test('COMMIT leaves in one packet with the statements of an ending, and BEGIN with those of the first look', async () => {
    const client = await database.pool.connect();
    const { stream } = (client as unknown as { connection: { stream: Writable } }).connection;
    client.release();
    const packets = jest.spyOn(stream, '_writev' as never);
    const read = (transaction: Transaction) => query(transaction, 'select 1');
    await withTransaction(
      database.pool,
      (transaction) => Promise.resolve(new Ending(Promise.all([read(transaction), read(transaction)]))),
      read,
    );
    expect(packets).toHaveBeenCalledTimes(2);
    packets.mockRestore();
  });

  test('a transaction in which a statement failed is never taken for committed', async () => {
    const fail = (client: Transaction) => query(client, 'select 1 / 0').catch(() => undefined);
    const waits = withTransaction(database.pool, fail);
    await expect(waits).rejects.toMatchObject({ code: '22012' });
    const ends = withTransaction(database.pool, (client) => Promise.resolve(new Ending(fail(client))));
    await expect(ends).rejects.toMatchObject({ code: '22012' });
  });

  test.each([
    [`update decision_set set outcome = 'PASS'`],
    ['delete from decision_set'],
    [`update audit_event set event = 'other'`],
    ['delete from audit_event'],
    ['truncate audit_event cascade'],
    ['delete from certificate'],
    [`update certificate set abandoned_reason = 'another'`],
  ])('%s is refused: decisions, audit and certificates are never undone', async (statement) => {
    await expect(query(database.pool, statement)).rejects.toThrow('append-only');
  });

  test('the same serial number is impossible', async () => {
    const again = `insert into certificate select * from certificate`;
    await expect(query(database.pool, again)).rejects.toMatchObject({ code: '23505' });
  });

  test.each([
    [
      'identifier_allocation',
      `(participant_id, kind, eui64_from, eui64_to) select id, 'USER_ID', '90b3d51f3001aaaa', '90b3d51f3001bbbb'`,
    ],
    [
      'device_range',
      `(participant_id, eui64_from, eui64_to) select id, '00db12342aaaaaaa', '00db12342bbbbbbb'`,
    ],
  ])('overlapping ranges are impossible (%s)', async (table, values) => {
    const insert = `insert into ${table} ${values} from participant where signifier = 'STRANGER'`;
    await expect(query(database.pool, insert)).rejects.toMatchObject({ code: '23P01' });
  });

  test('a transaction that fails leaves nothing, and its client goes back to the pool', async () => {
    for (let time = 0; time < 15; time += 1)
      await expect(
        withTransaction(database.pool, async (client) => {
          await query(client, `insert into audit_event (at, event) values (now(), 'never.happened')`);
          throw new Error('on purpose');
        }),
      ).rejects.toThrow('on purpose');
    const { rows } = await query(database.pool, `select 1 from audit_event where event = 'never.happened'`);
    expect(rows).toEqual([]);
  });
});

test.each<[string, boolean]>([
  ['57P01', true],
  ['08006', true],
  ...['53300', '25006', '53100', '53200', '53400', '55P03', '40P01', '40001', '28000', '28P01', '3D000'].map(
    (code): [string, boolean] => [code, true],
  ),
  ['ECONNREFUSED', true],
  ['23505', false],
  ['42601', false],
])('an error %s means that the database is away: %s', (code, away) => {
  const fault = faultOf(Object.assign(new Error('text'), { code }));
  expect(fault instanceof Fault && fault.code === 'database-unavailable').toBe(away);
});

test('a socket that is missing is a database that is away, a file of ours is not', async () => {
  const away = await openDatabase({ url: 'postgres://nobody@%2Fno-folder/nothing' }).then(
    async (database) => {
      const asked = query(database.pool, 'select 1');
      return asked.finally(() => database.close()).catch((error: unknown) => error);
    },
    (error: unknown) => error,
  );
  expect(away).toMatchObject({ code: 'database-unavailable' });
  const database = await testDatabase();
  const missing = withTransaction(database.pool, () => readFile('/no-folder/upload'));
  await expect(missing).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open' });
  await database.close();
});

describe('the folder of the embedded database', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-folder-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const dataDir = path.join(folder, 'a'.repeat(60), 'b'.repeat(60), 'database');

  test('is refused to a second process, with advice, and free again when the first is killed', async () => {
    const script = `require('./test/support/compiled.cjs'); const { openDatabase } = require('./src/db/open-database.ts');
      openDatabase({ dataDir: ${JSON.stringify(dataDir)} }).then(() => { console.log('open'); setInterval(() => {}, 1000); });`;
    const first = spawn(process.execPath, ['-e', script], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => first.stdout.once('data', resolve));
    await expect(openDatabase({ dataDir })).rejects.toMatchObject({
      code: 'database-unavailable',
      message: expect.stringContaining('DATABASE_URL') as string,
    });
    first.kill('SIGKILL');
    await new Promise((resolve) => first.once('exit', resolve));
    const second = await openDatabase({ dataDir });
    await second.close();
  }, 60_000);
});

describe('the embedded database is closed', () => {
  /** Runs it in a process of its own, which an unhandled rejection ends and a busy engine holds. */
  const run = (work: string) => {
    const script = `require('./test/support/compiled.cjs');
      const { openDatabase } = require('./src/db/open-database.ts');
      const { query } = require('./src/db/query.ts');
      const { withTransaction } = require('./src/db/transaction.ts');
      const LOST = "do $$ begin raise exception 'x' using errcode = '57P01'; end $$";
      (async () => {
        const database = await openDatabase();
        const outcome = (promise) => promise.then(() => 'done', (error) => error.code);
        const told = [];
        ${work}
        await database.close();
        told.push(await outcome(query(database.pool, 'select 1')));
        setTimeout(() => console.log(JSON.stringify(told)), 300);
      })();`;
    const ran = spawnSync(process.execPath, ['-e', script], { cwd: ROOT, encoding: 'utf8', timeout: 60_000 });
    return { told: ran.stdout.trim(), fault: ran.stderr };
  };

  test.each([
    [
      'right after a statement that failed',
      `told.push(await outcome(query(database.pool, 'select bad')));`,
      '42703',
    ],
    [
      'while statements of a transaction that was given up are on their way',
      `told.push(await outcome(withTransaction(database.pool, (client) =>
         Promise.all([LOST, 'select pg_sleep(0.2)', 'select 2'].map((text) => query(client, text))))));`,
      'database-unavailable',
    ],
  ])(
    '%s, and refuses later ones',
    (_what, work, outcome) => {
      expect(run(work)).toEqual({ told: JSON.stringify([outcome, 'database-unavailable']), fault: '' });
    },
    90_000,
  );
});

/** What only a real server can show. */
if (onPostgres)
  describe('a real PostgreSQL', () => {
    test('two processes that start at once migrate once', async () => {
      const database = await testDatabase();
      await query(database.pool, 'drop schema public cascade');
      await query(database.pool, 'create schema public');
      const other = await openDatabase({ url: database.url ?? '' });
      const applied = await Promise.all([migrate(database.pool), migrate(other.pool)]);
      expect(applied.flat()).toEqual(
        readdirSync(path.join(ROOT, 'src/db/migrations')).map((file) => path.parse(file).name),
      );
      await other.close();
      await database.close();
    });

    test('a migration waits for another as long as it takes, whatever limits the database has', async () => {
      const database = await testDatabase();
      const name = new URL(database.url ?? '').pathname.slice(1);
      // PostgreSQL 17 and later have the last one.
      const { rows } = await query<{ name: string }>(
        database.pool,
        `select name from pg_settings where name in
           ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')`,
      );
      expect(rows.length).toBeGreaterThanOrEqual(3);
      for (const limit of rows)
        await query(database.pool, `alter database ${name} set ${limit.name} = '200ms'`);
      const other = new pg.Client(database.url);
      await other.connect();
      await other.query('select pg_advisory_lock(7346001)');
      const migrated = migrate(database.pool);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await other.end();
      expect(await migrated).toEqual([]);
      await database.close();
    });

    test('a server that says nothing costs a moment: readiness is told, statements are given up', async () => {
      const database = await testDatabase();
      const holder = await openDatabase({ url: database.url ?? '' });
      await withTransaction(holder.pool, async (client) => {
        await query(client, 'lock table audit_event in access exclusive mode');
        const started = Date.now();
        const { port } = new URL(database.url ?? '');
        const silent = net.createServer().listen(0, '127.0.0.1');
        await once(silent, 'listening');
        const url = (database.url ?? '').replace(
          `:${port}/`,
          `:${String((silent.address() as AddressInfo).port)}/`,
        );
        await expect(openDatabase({ url })).rejects.toMatchObject({ code: 'database-unavailable' });
        expect(Date.now() - started).toBeLessThan(10_000);
        silent.close();
        await expect(query(database.pool, 'select 1 from audit_event')).rejects.toMatchObject({
          code: 'database-unavailable',
        });
      });
      await holder.close();
      await database.close();
    }, 60_000);

    test('connections that the server ends are replaced', async () => {
      const lost: Error[] = [];
      const database = await testDatabase();
      const other = await openDatabase({ url: database.url ?? '', onLost: (error) => lost.push(error) });
      await query(other.pool, 'select 1');
      await query(
        database.pool,
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      );
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect((await query<{ one: number }>(other.pool, 'select 1 as one')).rows).toEqual([{ one: 1 }]);
      expect(lost.length).toBeGreaterThan(0);
      await other.close();
      await database.close();
    });

    test('while it is restarted the service answers 503 with Retry-After, and then works again', () => {
      const words = ['scripts/with-postgres.mjs', process.execPath, ...COMPILED, 'test/db/restart.ts'];
      const ran = spawnSync(process.execPath, words, {
        cwd: ROOT,
        encoding: 'utf8',
        env: { ...process.env, TEST_DATABASE_URL: '' },
      });
      expect(JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '{}')).toEqual({
        before: 201,
        away: { issue: 503, retryAfter: '5', ready: 503, live: 200 },
        after: 201,
      });
    }, 120_000);
  });
else process.stdout.write('What only a real PostgreSQL can show is tested by: npm run test:pg\n');
