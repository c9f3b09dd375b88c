// Run through scripts/with-postgres.mjs, on a server of its own: stops it under a running service and starts it again.
import { cpSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import request from 'supertest';
import { openApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createCredential } from '../../src/registry/create-credential.ts';
import { loadRegistry } from '../../src/registry/load-registry.ts';
import { parseRegistryFile } from '../../src/registry/registry-file.ts';
import { TEST_PASSPHRASE } from '../support/authorities.ts';
import { deviceCsr } from '../support/csr-builder.ts';
import { fixedClock } from '../support/dates.ts';
import { startServer, stopServer } from '../support/server-control.ts';

async function main(): Promise<void> {
  const clock = fixedClock();
  const dataDir = mkdtempSync(path.join(tmpdir(), 'tcs-restart-'));
  const prepared = path.join(process.env['TCS_TEST_FOLDER'] ?? '', 'authorities');
  cpSync(prepared, path.join(dataDir, 'authorities'), { recursive: true });
  const config = readConfig({
    TCS_DATA_DIR: dataDir,
    TCS_KEY_PASSPHRASE: TEST_PASSPHRASE,
    DATABASE_URL: process.env['TEST_DATABASE_URL'],
  });
  const app = await openApp(config, { logger: pino({ level: 'silent' }), clock });
  const { pool } = app.database;
  const world = parseRegistryFile(readFileSync('src/cli/demo/world.yaml', 'utf8'), 'world.yaml');
  await loadRegistry(world, clock, pool, () => Promise.resolve());
  const wanted = {
    signifier: 'METERWORKS',
    role: 'PARTICIPANT_ARO',
    label: '',
    expiresAt: new Date('2027-01-01'),
  } as const;
  const { token } = await createCredential(wanted, clock.now(), pool);
  const issue = (last: string) =>
    request(app.http)
      .post('/v1/certificates')
      .set('Authorization', `Bearer ${token}`)
      .send({
        category: 'DEVICE',
        purpose: 'DEVICE_AND_USER_SYSTEM_TESTS',
        csr: deviceCsr(`00-DB-12-34-20-00-00-${last}`).pem,
      });

  const before = (await issue('01')).status;
  stopServer('fast');
  const refused = await issue('02');
  const away = {
    issue: refused.status,
    retryAfter: refused.headers['retry-after'],
    ready: (await request(app.http).get('/health/ready')).status,
    live: (await request(app.http).get('/health/live')).status,
  };
  startServer();
  const after = (await issue('02')).status;
  process.stdout.write(`${JSON.stringify({ before, away, after })}\n`);
  await app.close();
}

void main();
