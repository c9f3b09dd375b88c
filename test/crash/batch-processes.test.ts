import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { verifyResult } from '../../src/batches/results/verify-result.ts';
import { query } from '../../src/db/query.ts';
import { createCredential } from '../../src/registry/create-credential.ts';
import { loadRegistry } from '../../src/registry/load-registry.ts';
import { parseRegistryFile } from '../../src/registry/registry-file.ts';
import { deviceLines, ndjson, PURPOSE, type BatchBody } from '../support/batch-world.ts';
import { fixedClock } from '../support/dates.ts';
import {
  authoritiesOfNow,
  COMPILED,
  startProcess,
  until,
  type RunningProcess,
} from '../support/processes.ts';
import { tcs, dataFolder } from '../support/tcs.ts';
import { onPostgres, testDatabase } from '../support/test-database.ts';

const WORLD = path.join(__dirname, '..', '..', 'src', 'cli', 'demo', 'world.yaml');

if (onPostgres) {
  test('PostgreSQL stopped four times under load, kindly and not: every item has one verdict, and nothing that was given is lost', () => {
    const words = ['scripts/with-postgres.mjs', '--durable', process.execPath, ...COMPILED];
    const ran = spawnSync(process.execPath, [...words, 'test/crash/batch-restart.ts'], {
      cwd: path.join(__dirname, '..', '..'),
      encoding: 'utf8',
      env: { ...process.env, TEST_DATABASE_URL: '' },
    });
    const told = JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '{}') as { given: number };
    process.stdout.write(`${JSON.stringify(told)}\n`);
    expect(told).toEqual({
      restarts: 4,
      batches: [{ state: 'COMPLETED', items: 600, verdicts: 600, settled: 600, issued: 600, serials: 600 }],
      prepared: 0,
      refused: [],
      given: expect.any(Number) as number,
      lost: 0,
    });
    expect(told.given).toBeGreaterThan(0);
  }, 300_000);

  describe('two web processes and two workers on one PostgreSQL', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tcs-processes-'));
    const authorities = path.join(folder, 'authorities');
    const running: RunningProcess[] = [];
    let database: Awaited<ReturnType<typeof testDatabase>>;
    let gates: pg.Client;
    let token: string;
    let webs: RunningProcess[];

    const start = async (kind: 'web' | 'worker', name: string) => {
      const settings = { TCS_BATCH_LANES: kind === 'web' ? '0' : '1', TCS_BATCH_CHUNK: '5' };
      const databaseUrl = database.url ?? '';
      const one = await startProcess({ kind, name, databaseUrl, folder, authorities, settings });
      running.push(one);
      return one;
    };

    beforeAll(async () => {
      authoritiesOfNow(authorities);
      database = await testDatabase();
      const now = new Date();
      const world = parseRegistryFile(readFileSync(WORLD, 'utf8'), WORLD);
      await loadRegistry(world, fixedClock(now), database.pool, () => Promise.resolve());
      const expiresAt = new Date(now.getTime() + 86_400_000);
      const wanted = { signifier: 'METERWORKS', role: 'PARTICIPANT_ARO', label: '', expiresAt } as const;
      ({ token } = await createCredential(wanted, now, database.pool));
      for (const statement of GATES) await query(database.pool, statement);
      gates = new pg.Client(database.url);
      await gates.connect();
      webs = await Promise.all([start('web', 'web-a'), start('web', 'web-b')]);
    }, 120_000);
    afterAll(async () => {
      await Promise.all(running.map((one) => one.kill()));
      await gates.end();
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const close = (gate: number) => gates.query(`select pg_advisory_lock(${GATE}, $1)`, [gate]);
    const open = (gate: number) => gates.query(`select pg_advisory_unlock(${GATE}, $1)`, [gate]);
    /** Processes that wait for another one in the database, at a gate or elsewhere. */
    const waiting = async (...names: string[]) => {
      const { rows } = await query<{ name: string }>(
        database.pool,
        `select distinct application_name as name from pg_stat_activity
          where application_name = any($1) and wait_event_type = 'Lock'`,
        [names],
      );
      return rows.length === names.length;
    };
    const gone = async (name: string) => {
      const { rowCount } = await query(
        database.pool,
        `select from pg_stat_activity where application_name = $1`,
        [name],
      );
      return rowCount === 0;
    };
    const submit = (web: RunningProcess, key: string, body: string) =>
      fetch(`${web.url}/v1/batches?category=DEVICE&purpose=${PURPOSE}`, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${token}`,
          'Content-Type': 'application/x-ndjson',
          'Idempotency-Key': key,
        },
        body,
      });
    const count = async (what: string) =>
      (await query<{ n: number }>(database.pool, `select count(*)::int as n from ${what}`)).rows[0]?.n ?? 0;

    test('the same Idempotency-Key sent to both at the same time gives one batch', async () => {
      await close(BATCH_GATE);
      const body = ndjson(deviceLines(7, 1));
      const both = Promise.all(webs.map((web) => submit(web, 'both', body)));
      // One holds the key and its batch is not yet committed; the other waits for what becomes of it.
      await until('both requests at once', () => waiting('web-a', 'web-b'));
      await open(BATCH_GATE);
      const answers = await both;
      expect(answers.map((one) => one.status)).toEqual([202, 202]);
      const batches = (await Promise.all(answers.map((one) => one.json()))) as BatchBody[];
      expect(batches[0]?.id).toBe(batches[1]?.id);
      expect(await count('batch')).toBe(1);
    }, 60_000);

    test('a web process that is killed while an upload arrives leaves no batch; another one takes the upload', async () => {
      const before = await count('batch');
      const doomed = await start('web', 'web-c');
      const body = ndjson(deviceLines(400, 100));
      const sending = httpRequest(`${doomed.url}/v1/batches?category=DEVICE&purpose=${PURPOSE}`, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${token}`,
          'Content-Type': 'application/x-ndjson',
          'Idempotency-Key': 'half',
          'Content-Length': Buffer.byteLength(body),
        },
      });
      const broken = new Promise((resolve) => sending.on('error', resolve));
      sending.write(body.slice(0, body.length / 2));
      const drafts = path.join(doomed.folder, 'batches');
      await until('half of the upload on disk', () =>
        readdirSync(drafts).some((name) => statSync(path.join(drafts, name)).size > 0),
      );
      await doomed.kill();
      await broken;
      expect(await count('batch')).toBe(before);
      expect(await count(`idempotency_key where key = 'half'`)).toBe(0);
      expect((await submit(webs[0]!, 'half', body)).status).toBe(202);
      expect(await count('batch')).toBe(before + 1);
    }, 60_000);

    test('a web process that is killed while it records an upload leaves no half batch', async () => {
      const before = await count('batch');
      const doomed = await start('web', 'web-d');
      const body = ndjson(deviceLines(3, 600));
      await close(UPLOAD_GATE);
      const lost = submit(doomed, 'recording', body).catch(() => 'no answer');
      await until('the upload being recorded', () => waiting('web-d'));
      await doomed.kill();
      await open(UPLOAD_GATE);
      expect(await lost).toBe('no answer');
      await until('the end of its connections', () => gone('web-d'));
      expect(await count('batch')).toBe(before);
      expect(
        await count('batch_upload u where not exists (select from batch b where b.id = u.batch_id)'),
      ).toBe(0);
      // Its client sends it again, to whoever is there.
      expect((await submit(webs[1]!, 'recording', body)).status).toBe(202);
      expect(await count('batch')).toBe(before + 1);
    }, 60_000);

    test('workers share the work; one that is killed over a chunk loses nothing', async () => {
      await close(VERDICT_GATE);
      await close(VERDICT_GATE + 1);
      const workers = await Promise.all([start('worker', 'worker-a'), start('worker', 'worker-b')]);
      const answer = await submit(webs[0]!, 'shared', ndjson(deviceLines(100, 1000)));
      const { id } = (await answer.json()) as BatchBody;
      // Each has signed a chunk and is about to record it.
      await until('both at their first verdicts', () => waiting('worker-a', 'worker-b'));
      await open(VERDICT_GATE);
      await until('one chunk of each on record', async () => (await count('seen where gate = 30')) === 2);
      await until('both at their second verdicts', () => waiting('worker-a', 'worker-b'));
      await workers[0].kill();
      await open(VERDICT_GATE + 1);
      await until('the end of its connections', () => gone('worker-a'));
      // A minute later, without the minute.
      await query(
        database.pool,
        `update batch_chunk set lease_until = clock_timestamp() where not done and lease_until is not null`,
      );
      await until('the end of all batches', async () => (await count('batch where ended_at is null')) === 0);

      const { rows } = await query(
        database.pool,
        `select distinct b.state, b.items = count(distinct i.position) and b.items = count(v.position)
                and b.items = count(distinct c.serial_number) as whole
           from batch b join batch_item i on i.batch_id = b.id
           left join batch_verdict v on v.batch_id = b.id and v.position = i.position and v.status = 'SUCCESS'
           left join certificate c on c.batch_id = b.id and c.batch_position = i.position and c.status = 'issued'
             and c.serial_number = v.serial_number group by b.id`,
      );
      expect(rows).toEqual([{ state: 'COMPLETED', whole: true }]);
      expect(await count('(select distinct process from seen where gate >= 30) as told')).toBe(2);
      // What the dead one had signed and not recorded is accounted for.
      expect(await count('certificate_intent')).toBe(0);
      expect(await count(`certificate where status = 'abandoned'`)).toBe(5);

      // Both give the same result, and it verifies.
      const results = await Promise.all(
        webs.map(async ({ url }) => {
          const result = await fetch(`${url}/v1/batches/${id}/result`, {
            headers: { Authorization: `Bearer ${token}` },
          });
          return Buffer.from(await result.arrayBuffer());
        }),
      );
      expect(results[0]!.equals(results[1]!)).toBe(true);
      const file = path.join(folder, 'result.zip');
      writeFileSync(file, results[0]!);
      const { checks } = await verifyResult(file, {});
      expect(checks.filter((one) => !one.passed)).toEqual([]);
    }, 120_000);
  });
} else
  test('on the embedded database there is one process: a worker beside it is told so', async () => {
    const { settings } = dataFolder();
    const ended = await tcs(settings, 'worker');
    expect(ended).toMatchObject({ code: 78, fault: expect.stringContaining('DATABASE_URL') as string });
  });

/** A process stops at a gate while the test holds it closed, with its transaction open. */
const GATE = 4711;
const BATCH_GATE = 10;
const UPLOAD_GATE = 20;
/** The first verdicts of each process; the second ones have the number after it. */
const VERDICT_GATE = 30;
const GATES = [
  `create table seen (process text, gate integer)`,
  `create function stop_at_gate() returns trigger language plpgsql as $$
   declare
     number integer;
   begin
     select tg_argv[0]::integer + count(*) into number from seen
      where process = current_setting('application_name') and gate >= tg_argv[0]::integer and gate < tg_argv[0]::integer + 10;
     if number < tg_argv[0]::integer + 10 then
       insert into seen values (current_setting('application_name'), number);
       perform pg_advisory_xact_lock_shared(${GATE}, number);
     end if;
     return null;
   end $$`,
  ...Object.entries({ batch: BATCH_GATE, batch_upload: UPLOAD_GATE, certificate: VERDICT_GATE }).map(
    ([table, gate]) =>
      `create trigger stop_at_gate after insert on ${table} for each statement execute function stop_at_gate(${String(gate)})`,
  ),
];
