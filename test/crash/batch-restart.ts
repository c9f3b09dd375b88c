// Run through scripts/with-postgres.mjs, on a server of its own: stops it again and again under a service that works on a
// batch and issues single certificates, kindly and not, and tells what is on record in the end.
import { cpSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import request from 'supertest';
import { openApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { query } from '../../src/db/query.ts';
import { createCredential } from '../../src/registry/create-credential.ts';
import { loadRegistry } from '../../src/registry/load-registry.ts';
import { parseRegistryFile } from '../../src/registry/registry-file.ts';
import { TEST_PASSPHRASE } from '../support/authorities.ts';
import { deviceLines, ndjson, PURPOSE } from '../support/batch-world.ts';
import { deviceCsr } from '../support/csr-builder.ts';
import { fixedClock } from '../support/dates.ts';
import { startServer, stopServer } from '../support/server-control.ts';

const ITEMS = 600;
/** How the server ends, each time when so many more items have their verdict. */
const STOPS = [
  [40, 'fast'],
  [200, 'immediate'],
  [350, 'immediate'],
  [450, 'fast'],
] as const;

async function main(): Promise<void> {
  const clock = fixedClock();
  const dataDir = mkdtempSync(path.join(tmpdir(), 'tcs-batch-restart-'));
  const prepared = path.join(process.env['TCS_TEST_FOLDER'] ?? '', 'authorities');
  cpSync(prepared, path.join(dataDir, 'authorities'), { recursive: true });
  const config = readConfig({
    TCS_DATA_DIR: dataDir,
    TCS_KEY_PASSPHRASE: TEST_PASSPHRASE,
    TCS_BATCH_CHUNK: '10',
    DATABASE_URL: process.env['TEST_DATABASE_URL'],
  });
  const app = await openApp(config, { logger: pino({ level: 'silent' }), clock });
  const { pool } = app.database;
  const world = parseRegistryFile(readFileSync('src/cli/demo/world.yaml', 'utf8'), 'world.yaml');
  await loadRegistry(world, clock, pool, () => Promise.resolve());
  const expiresAt = new Date('2027-01-01');
  const wanted = { signifier: 'METERWORKS', role: 'PARTICIPANT_ARO', label: '', expiresAt } as const;
  const { token } = await createCredential(wanted, clock.now(), pool);
  const post = (where: string) => request(app.http).post(where).set('Authorization', `Bearer ${token}`);

  let stopped = false;
  const statuses: Record<number, number> = {};
  const given: string[] = [];
  const load = async () => {
    for (let number = 0; !stopped; number += 1) {
      const csr = deviceCsr(`00db123428${number.toString(16).padStart(6, '0')}`).pem;
      const answer = await post('/v1/certificates').send({ category: 'DEVICE', purpose: PURPOSE, csr });
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      if (answer.status === 201) given.push((answer.body as { serialNumber: string }).serialNumber);
      await pause(answer.status === 503 ? 50 : 5);
    }
  };

  await post(`/v1/batches?category=DEVICE&purpose=${PURPOSE}`)
    .set('Content-Type', 'application/x-ndjson')
    .send(ndjson(deviceLines(ITEMS)));
  app.work();
  const loading = load();
  const settled = () => number(`select count(*)::int as n from batch_verdict`);
  let restarts = 0;
  for (const [verdicts, mode] of STOPS) {
    while ((await settled()) < verdicts) await pause(10);
    stopServer(mode);
    await pause(200);
    startServer();
    restarts += 1;
    // A minute later, without the minute: leases whose holders could not give them back.
    await pause(500);
    await query(pool, `update batch_chunk set lease_until = clock_timestamp() where not done`);
  }
  while ((await number(`select count(*)::int as n from batch where ended_at is null`)) > 0) await pause(50);
  stopped = true;
  await loading;

  const { rows } = await query<Record<string, unknown>>(
    pool,
    `select b.state, b.items, count(v.position)::int as verdicts, count(distinct v.position)::int as settled,
            count(c.serial_number)::int as issued, count(distinct c.serial_number)::int as serials
       from batch b join batch_item i on i.batch_id = b.id
       left join batch_verdict v on v.batch_id = b.id and v.position = i.position and v.status = 'SUCCESS'
       left join certificate c on c.batch_id = b.id and c.batch_position = i.position and c.status = 'issued' group by b.id`,
  );
  const kept = await query(
    pool,
    `select from certificate where status = 'issued' and serial_number = any($1)`,
    [given],
  );
  const told = {
    restarts,
    batches: rows,
    // Of the batch: every intent that did not become a certificate is accounted for.
    prepared: await number(`select count(*)::int as n from certificate_intent where batch_id is not null`),
    refused: Object.keys(statuses).filter((status) => !['201', '503'].includes(status)),
    given: given.length,
    lost: given.length - (kept.rowCount ?? 0),
  };
  process.stdout.write(`${JSON.stringify(told)}\n`);
  await app.close();

  /** One number, as soon as the database answers. */
  async function number(sql: string): Promise<number> {
    for (;;)
      try {
        return (await query<{ n: number }>(pool, sql)).rows[0]?.n ?? 0;
      } catch {
        await pause(100);
      }
  }
}

void main();
