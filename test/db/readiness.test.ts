import path from 'node:path';
import net, { type AddressInfo } from 'node:net';
import { once } from 'node:events';
import pg from 'pg';
import request from 'supertest';
import { findReadiness, findVolatility } from '../../src/db/readiness.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import type { Pool } from '../../src/db/pool.ts';
import { query } from '../../src/db/query.ts';
import { deviceCsr } from '../support/csr-builder.ts';
import { testDatabase } from '../support/test-database.ts';
import { world } from '../support/world.ts';

test('a database that says nothing is down after a moment', async () => {
  const silent = net.createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const pool = new pg.Pool({
    connectionString: `postgres://x@127.0.0.1:${String(port)}/x`,
    connectionTimeoutMillis: 500,
  });
  const started = Date.now();
  expect(await findReadiness(pool, 100)).toBe('down');
  expect(Date.now() - started).toBeLessThan(400);
  await new Promise((resolve) => setTimeout(resolve, 600));
  await pool.end();
  silent.close();
});

test('a folder that cannot be made is told with its name, without a stack', async () => {
  const dataDir = path.join(__filename, 'database');
  await expect(openDatabase({ dataDir })).rejects.toMatchObject({
    code: 'configuration-invalid',
    message: expect.stringContaining(dataDir) as string,
  });
});

test('a PostgreSQL that forgets commits is named', async () => {
  const database = await testDatabase();
  await query(database.pool, 'set synchronous_commit = off');
  if (database.kind === 'embedded')
    expect(await findVolatility(database.pool)).toContainEqual(
      expect.stringContaining('synchronous_commit = off'),
    );
  await database.close();
});

test('a PostgreSQL that is set to forget commits is overruled, one that waits for more is not', async () => {
  const database = await testDatabase();
  const shown = async (pool: Pool) =>
    (await query<{ synchronous_commit: string }>(pool, 'show synchronous_commit')).rows[0]!
      .synchronous_commit;
  for (const [set, held] of [
    ['off', 'on'],
    ['remote_write', 'remote_write'],
  ] as const)
    if (database.url !== undefined) {
      const name = new URL(database.url).pathname.slice(1);
      await query(database.pool, `alter database ${name} set synchronous_commit = ${set}`);
      const again = await openDatabase({ url: database.url });
      expect(await shown(again.pool)).toBe(held);
      expect(await findVolatility(again.pool)).not.toContainEqual(
        expect.stringContaining('synchronous_commit'),
      );
      await again.close();
    }
  // The embedded database has no such promise to keep, and says so at the start.
  expect(['on', 'off']).toContain(await shown(database.pool));
  await database.close();
});

test('a database that only lets itself be read is 503, and the service is not ready', async () => {
  const here = await world();
  const token = await here.token('METERWORKS');
  const issue = () =>
    request(here.http)
      .post('/v1/certificates')
      .set('Authorization', `Bearer ${token}`)
      .send({
        category: 'DEVICE',
        purpose: 'DEVICE_AND_USER_SYSTEM_TESTS',
        csr: deviceCsr('00-DB-12-34-20-00-00-01').pem,
      });
  if (here.database.kind === 'embedded') {
    await query(here.database.pool, 'set default_transaction_read_only = on');
    const answer = await issue();
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5']);
    expect(answer.body.detail).toContain('read');
    const ready = await request(here.http).get('/health/ready');
    expect([ready.status, ready.body.parts.database]).toEqual([503, 'read-only']);
    await query(here.database.pool, 'set default_transaction_read_only = off');
  }
  expect((await request(here.http).get('/health/ready')).status).toBe(200);
  expect((await issue()).status).toBe(201);
  await here.close();
});
