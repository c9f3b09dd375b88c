import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { pino } from 'pino';
import request from 'supertest';
import { openApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { migrate } from '../../src/db/migrate.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import type { Database } from '../../src/db/pool.ts';
import { query } from '../../src/db/query.ts';
import { createCredential } from '../../src/registry/create-credential.ts';
import { loadRegistry } from '../../src/registry/load-registry.ts';
import { parseRegistryFile } from '../../src/registry/registry-file.ts';
import { TEST_PASSPHRASE } from '../support/authorities.ts';
import { codeBlocks } from '../support/code-blocks.ts';
import { deviceCsr } from '../support/csr-builder.ts';
import { fixedClock } from '../support/dates.ts';
import { serverUrl } from '../support/test-database.ts';
import { WORLD_TEXT } from '../support/world-text.ts';

/** A database with the two roles of the page, and how to open it as one of them; their names are their own on a shared server. */
async function databaseOfTwoRoles({ granted = true } = {}) {
  const url = serverUrl;
  const suffix = `_${randomBytes(4).toString('hex')}`;
  const [roles] = codeBlocks('docs/operations.md').filter((one) => one.language === 'sql');
  const text = granted ? roles!.text : roles!.text.replace(/^alter default privileges[^;]*;/m, '');
  const statements = text.replaceAll(/tcs_(owner|service)/g, `tcs_$1${suffix}`);
  const role = (name: 'owner' | 'service') => `tcs_${name}${suffix}`;
  if (url === undefined) {
    const database = await openDatabase();
    const client = await database.pool.connect();
    await client.query(statements);
    client.release();
    // One connection is all there is: it changes its role.
    const as = async (name: 'owner' | 'service'): Promise<Database> => {
      await query(database.pool, `set session authorization ${role(name)}`);
      return { ...database, close: () => Promise.resolve() };
    };
    return { as, role, drop: () => database.close() };
  }
  const own = new URL(url);
  own.pathname = `/tcs_roles${suffix}`;
  const administer = async (at: string, text: string) => {
    const client = new pg.Client(at);
    await client.connect();
    await client.query(text);
    await client.end();
  };
  await administer(url, `create database ${own.pathname.slice(1)} template template0`);
  await administer(own.href, statements);
  const as = (name: 'owner' | 'service'): Promise<Database> => {
    const there = new URL(own);
    there.username = role(name);
    return openDatabase({ url: there.href });
  };
  const drop = async () => {
    await administer(url, `drop database ${own.pathname.slice(1)} with (force)`);
    await administer(url, `drop role ${role('owner')}, ${role('service')}`);
  };
  return { as, role, drop };
}

test('with the two roles of the page, one migrates and the other serves and can undo nothing', async () => {
  const { as, role, drop } = await databaseOfTwoRoles();
  const early = await as('service');
  await expect(migrate(early.pool)).rejects.toMatchObject({
    code: 'configuration-invalid',
    reasons: [
      {
        detail: expect.stringMatching(
          `^${role('service')} may not apply the migrations 0001-.*; ${role('owner')} may\\.$`,
        ) as string,
        fix: expect.stringMatching(`^Apply them as ${role('owner')}: tcs migrate`) as string,
      },
    ],
  });
  await early.close();

  const owner = await as('owner');
  expect((await migrate(owner.pool)).length).toBeGreaterThan(0);
  await owner.close();

  const clock = fixedClock();
  const database = await as('service');
  expect(await migrate(database.pool)).toEqual([]);
  const config = readConfig({
    TCS_DATA_DIR: process.env['TCS_TEST_FOLDER'],
    TCS_KEY_PASSPHRASE: TEST_PASSPHRASE,
  });
  const app = await openApp(config, { logger: pino({ level: 'silent' }), clock, database });
  const file = parseRegistryFile(WORLD_TEXT, 'world.yaml');
  await loadRegistry(file, clock, database.pool, () => Promise.resolve());
  const wanted = { signifier: 'METERWORKS', role: 'PARTICIPANT_ARO', label: '', person: 'aro' } as const;
  const expiresAt = new Date(clock.now().getTime() + 86_400_000);
  const { token } = await createCredential({ ...wanted, expiresAt }, clock.now(), database.pool);
  const issued = await request(app.http)
    .post('/v1/certificates')
    .set('Authorization', `Bearer ${token}`)
    .send({
      category: 'DEVICE',
      purpose: 'DEVICE_AND_USER_SYSTEM_TESTS',
      csr: deviceCsr('00-DB-12-34-20-00-00-01').pem,
    });
  expect(issued.status).toBe(201);

  for (const statement of [
    `update audit_event set event = 'other'`,
    'delete from decision_set',
    'truncate audit_event',
    'alter table audit_event disable trigger all',
    'drop trigger audit_event_append_only on audit_event',
    'create or replace function refuse_change() returns trigger language plpgsql as $$ begin return null; end $$',
    'drop table audit_event',
    `set session_replication_role = 'replica'`,
    'create table public.mine (id int)',
  ])
    await expect(query(database.pool, statement)).rejects.toMatchObject({
      code: expect.stringMatching(/^(23001|42501)$/) as string,
    });
  await app.close();
  await database.close();
  await drop();
}, 90_000);

test('a role to which nothing of the tables is granted is told who owns them, and where to read on', async () => {
  const { as, role, drop } = await databaseOfTwoRoles({ granted: false });
  const owner = await as('owner');
  await migrate(owner.pool);
  await owner.close();
  const service = await as('service');
  await expect(migrate(service.pool)).rejects.toMatchObject({
    code: 'configuration-invalid',
    reasons: [
      {
        detail: `${role('owner')} owns the tables, and nothing is granted to ${role('service')}.`,
        fix: expect.stringMatching(/docs\/operations\.md, Two roles in PostgreSQL\.$/) as string,
      },
    ],
  });
  await service.close();
  await drop();
}, 90_000);
