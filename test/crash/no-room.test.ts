import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { verifyResult } from '../../src/batches/results/verify-result.ts';
import { workOnce } from '../../src/batches/engine/worker.ts';
import { query } from '../../src/db/query.ts';
import { createCredential } from '../../src/registry/create-credential.ts';
import { loadRegistry } from '../../src/registry/load-registry.ts';
import { parseRegistryFile } from '../../src/registry/registry-file.ts';
import {
  batchWorld,
  deviceLines,
  ndjson,
  PURPOSE,
  type BatchBody,
  type BatchWorld,
} from '../support/batch-world.ts';
import { fixedClock } from '../support/dates.ts';
import { authoritiesOfNow, startProcess, until, type RunningProcess } from '../support/processes.ts';
import { onPostgres, testDatabase } from '../support/test-database.ts';

const WORLD = path.join(__dirname, '..', '..', 'src', 'cli', 'demo', 'world.yaml');

describe('a database without room', () => {
  let here: BatchWorld;
  beforeAll(async () => {
    here = await batchWorld({ chunkItems: 4 });
    await query(
      here.database.pool,
      `create function no_room() returns trigger language plpgsql as $$
       begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`,
    );
  });
  afterAll(async () => {
    await here.close();
  });
  const fill = (table: string) =>
    query(
      here.database.pool,
      `create trigger no_room before insert on ${table} for each statement execute function no_room()`,
    );
  /** What is put off is taken up again. */
  const later = async () => {
    await query(here.database.pool, `update batch_chunk set not_before = null`);
    await query(here.database.pool, `update batch set parse_after = null`);
  };
  const clear = (table: string) => query(here.database.pool, `drop trigger no_room on ${table}`);
  const count = async (what: string) =>
    (await query<{ n: number }>(here.database.pool, `select count(*)::int as n from ${what}`)).rows[0]!.n;

  test.each([['batch'], ['batch_upload'], ['audit_event']])(
    'for the upload (%s): 503 with Retry-After, nothing on record; the same request is taken once there is room',
    async (table) => {
      const before = await count('batch');
      const lines = deviceLines(3, 100);
      await fill(table);
      const answer = await here.submit(lines, { key: table });
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5']);
      expect(answer.body).toMatchObject({ detail: expect.stringContaining('no room') as string });
      expect(await count('batch')).toBe(before);
      expect(readdirSync(here.batches.folder)).toEqual([]);
      await clear(table);
      expect((await here.submit(lines, { key: table })).status).toBe(202);
      expect(await count('batch')).toBe(before + 1);
      await here.work();
    },
  );

  test.each([
    ['batch_item'],
    ['decision_set'],
    ['intent_set'],
    ['certificate'],
    ['batch_failure'],
    ['audit_event'],
  ])(
    'while a batch is worked on (%s): however long it lasts nothing is given up, and it goes on',
    async (table) => {
      const { id } = (await here.submit([{ id: 'bad', csr: 'none' }, ...deviceLines(10, 200)]))
        .body as BatchBody;
      if (table !== 'batch_item') await workOnce(here.batches);
      await fill(table);
      for (let tries = 0; tries < 14; tries += 1) {
        await later();
        await expect(workOnce(here.batches)).rejects.toMatchObject({
          code: 'database-unavailable',
          cause: { code: '53100' },
        });
      }
      await clear(table);
      await later();
      await here.work();
      expect((await here.get(`/v1/batches/${id}`)).body).toMatchObject({
        state: 'COMPLETED',
        progress: { settled: 11, counts: { SUCCESS: 10, CSR_ERROR: 1 } },
      });
      expect(await count(`certificate where status = 'issued' and batch_id = '${id}'`)).toBe(10);
      expect(await count('certificate_intent')).toBe(0);
    },
    60_000,
  );
});

if (onPostgres)
  test('a disk without room: uploads and results are 503, batches wait without harm to others, and all goes on in the same process', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tcs-no-room-'));
    const authorities = path.join(folder, 'authorities');
    const running: RunningProcess[] = [];
    const database = await testDatabase();
    try {
      authoritiesOfNow(authorities);
      const now = new Date();
      const world = parseRegistryFile(readFileSync(WORLD, 'utf8'), WORLD);
      await loadRegistry(world, fixedClock(now), database.pool, () => Promise.resolve());
      const expiresAt = new Date(now.getTime() + 86_400_000);
      const wanted = { signifier: 'METERWORKS', role: 'PARTICIPANT_ARO', label: '', expiresAt } as const;
      const { token } = await createCredential(wanted, now, database.pool);
      const start = async (name: string, lanes: string, fileOctets?: number) => {
        const databaseUrl = database.url ?? '';
        const settings = { TCS_BATCH_LANES: lanes };
        const limit = fileOctets === undefined ? {} : { fileOctets };
        const one = await startProcess({
          kind: 'web',
          name,
          databaseUrl,
          folder,
          authorities,
          settings,
          ...limit,
        });
        running.push(one);
        return one;
      };
      const roomy = await start('roomy', '0');
      const full = await start('full', '1', ROOM);
      const limit = (octets: string) =>
        execFileSync('prlimit', ['--pid', String(full.child.pid), `--fsize=${octets}:`]);
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/x-ndjson' };
      const submit = (web: RunningProcess, count: number, first: number) =>
        fetch(`${web.url}/v1/batches?category=DEVICE&purpose=${PURPOSE}`, {
          method: 'POST',
          headers,
          body: ndjson(deviceLines(count, first)),
        });
      const show = async (id: string) =>
        (await (await fetch(`${roomy.url}/v1/batches/${id}`, { headers })).json()) as BatchBody;
      const result = (id: string) => fetch(`${full.url}/v1/batches/${id}/result`, { headers });

      const refused = await submit(full, 200, 1);
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '60']);
      expect(await refused.json()).toMatchObject({
        type: 'urn:problem:tcs:storage-full',
        detail: expect.stringContaining('no room on its disk') as string,
      });
      expect((await query(database.pool, 'select from batch')).rowCount).toBe(0);

      // Taken in by another process; the full one is the only one that works on it.
      const large = (await (await submit(roomy, 200, 1)).json()) as BatchBody;
      const small = (await (await submit(full, 3, 1000)).json()) as BatchBody;
      await until('the small one completed', async () => (await show(small.id)).state === 'COMPLETED');
      await until('the log', () => full.log().includes('storage-full'));
      expect(await show(large.id)).toMatchObject({ state: 'PARSING', items: null });

      limit('unlimited');
      await until('the large one completed', async () => (await show(large.id)).state === 'COMPLETED');
      expect((await show(large.id)).progress.counts).toMatchObject({ SUCCESS: 200 });
      limit(String(ROOM));
      expect((await result(large.id)).status).toBe(503);
      expect(readdirSync(path.join(full.folder, 'batches'))).toEqual([]);
      limit('unlimited');
      const fetched = await result(large.id);
      expect(fetched.status).toBe(200);
      const file = path.join(folder, 'result.zip');
      writeFileSync(file, Buffer.from(await fetched.arrayBuffer()));
      expect((await verifyResult(file, {})).passed).toBe(true);
    } finally {
      await Promise.all(running.map((one) => one.kill()));
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }, 120_000);

/** Octets of the largest file that the full process may write. */
const ROOM = 32 * 1024;
