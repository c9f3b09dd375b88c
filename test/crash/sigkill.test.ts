import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { openApp } from '../../src/app.ts';
import { findLeftovers } from '../../src/ca/intent-store.ts';
import { readConfig } from '../../src/config.ts';
import type { Database } from '../../src/db/pool.ts';
import { query } from '../../src/db/query.ts';
import { issuesOneByOne } from '../../src/issuance/issue-certificate.ts';
import { findCallers } from '../../src/registry/callers.ts';
import { hashToken } from '../../src/registry/credentials.ts';
import { readCertificate } from '../../src/x509/read-certificate.ts';
import { TEST_PASSPHRASE } from '../support/authorities.ts';
import { deviceCsr } from '../support/csr-builder.ts';
import { fixedClock, TEST_NOW } from '../support/dates.ts';
import { removeFolder } from '../support/embedded-folder.ts';
import { onPostgres } from '../support/test-database.ts';
import { openSurvivors, prepareOrigin, spawnVictim } from './victims.ts';

describe(`a process killed at each step of the issuing path, on ${onPostgres ? 'PostgreSQL' : 'the embedded database'}`, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-crash-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('leaves no signature unrecorded and no serial number twice, reports every leftover, and is made good by a repetition', async () => {
    const { token, copy } = await prepareOrigin(folder);
    const csrs = [1, 2].map((number) => deviceCsr(`00-DB-12-34-20-00-00-0${String(number)}`).pem);
    const tally = { killed: 0, signed: 0, given: 0, leftovers: 0 };

    const run = async (dieAt: number) => {
      const database = await copy(`victim-${String(dieAt)}`);
      const evidence = path.join(folder, `evidence-${String(dieAt)}`);
      const authorities = path.join(process.env['TCS_TEST_FOLDER'] ?? '', 'authorities');
      const ended = await spawnVictim('victim.ts', { database, authorities, token, csrs, dieAt, evidence });
      expect(ended.signal).toBe(dieAt === 0 ? null : 'SIGKILL');
      const survivors = await openSurvivors(database);
      try {
        await check(survivors, evidence, dieAt, tally);
        await repeat(survivors, token, csrs[1] ?? '');
      } finally {
        await survivors.close();
      }
      if ('dataDir' in database) removeFolder(database.dataDir);
      return ended.steps;
    };

    const steps = await run(0);
    expect(steps).toBeGreaterThan(30);
    // Two at a time: one waits for its database while the other one computes.
    let next = 1;
    const lane = async () => {
      while (next <= steps) {
        tally.killed += 1;
        await run(next++);
      }
    };
    await Promise.all([lane(), lane()]);
    process.stdout.write(`killed at ${String(steps)} steps: ${JSON.stringify(tally)}\n`);
    expect(tally.killed).toBe(steps);
    expect(tally.leftovers).toBeGreaterThan(0);
  }, 900_000);
});

/**
 * The start reports what is left, and the request that carried an Idempotency-Key, repeated after the lease of the dead,
 * ends in one certificate for that key: the old one if it was recorded, else a new one and the old intent abandoned.
 */
async function repeat(database: Database, token: string, csr: string): Promise<void> {
  const clock = fixedClock(new Date(TEST_NOW.getTime() + 1000));
  // The lease runs by the clock of the database.
  await query(database.pool, 'update idempotency_key set lease_until = now()');
  const config = readConfig({
    TCS_DATA_DIR: process.env['TCS_TEST_FOLDER'],
    TCS_KEY_PASSPHRASE: TEST_PASSPHRASE,
  });
  const app = await openApp(config, { logger: pino({ level: 'silent' }), clock, database });
  const leftovers = await findLeftovers(clock.now(), database.pool);
  expect(app.notices.filter((one) => one.includes('prepared and never recorded'))).toHaveLength(
    leftovers.length > 0 ? 1 : 0,
  );

  const [caller] = await findCallers([hashToken(token)], clock.now(), database.pool);
  const request = {
    category: 'DEVICE',
    purpose: 'DEVICE_AND_USER_SYSTEM_TESTS',
    channel: 'INTERNET',
    csr,
  } as const;
  const certificate = await issuesOneByOne(app.needs)({ request, caller: caller! }, 'the-key');
  const { rows } = await query<{ serial_number: string; status: string }>(
    database.pool,
    `select serial_number, status from certificate where idempotency_id is not null and status <> 'abandoned'`,
  );
  expect(rows).toEqual([{ serial_number: certificate.serialNumber, status: 'issued' }]);
}

interface Row {
  readonly serial_number: string;
  readonly status: string;
  readonly der: Buffer | null;
  readonly tbs: Buffer | null;
}

async function check(
  { pool }: Database,
  evidence: string,
  dieAt: number,
  tally: Record<string, number>,
): Promise<void> {
  const { rows } = await query<Row>(
    pool,
    `select serial_number, status, der, tbs from certificate
     union all select serial_number, 'prepared', null, tbs from certificate_intent`,
  );
  const signed = lines(path.join(evidence, 'signed'));
  const given = lines(path.join(evidence, 'given'));
  for (const der of signed) {
    const { tbs, facts } = readCertificate(der);
    const row = rows.find((one) => one.serial_number === facts.serialNumber.toString('hex').toUpperCase());
    // On record before it was signed: the very octets, or the whole certificate.
    expect({
      dieAt,
      recorded: row?.status === 'issued' ? row.der?.equals(der) : row?.tbs?.equals(tbs),
    }).toEqual({ dieAt, recorded: true });
  }
  for (const der of given)
    expect(rows.some((row) => row.status === 'issued' && row.der?.equals(der))).toBe(true);
  expect(new Set(signed.map((der) => readCertificate(der).facts.serialNumber.toString('hex'))).size).toBe(
    signed.length,
  );

  const leftovers = await findLeftovers(new Date(TEST_NOW.getTime() + 1000), pool);
  expect(leftovers.map((one) => String(one.serialNumber)).sort()).toEqual(
    rows
      .filter((row) => row.status === 'prepared')
      .map((row) => row.serial_number)
      .sort(),
  );
  tally['signed'] = (tally['signed'] ?? 0) + signed.length;
  tally['given'] = (tally['given'] ?? 0) + given.length;
  tally['leftovers'] = (tally['leftovers'] ?? 0) + leftovers.length;
}

function lines(file: string): Buffer[] {
  return existsSync(file)
    ? readFileSync(file, 'latin1')
        .split('\n')
        .filter(Boolean)
        .map((line) => Buffer.from(line, 'base64'))
    : [];
}
