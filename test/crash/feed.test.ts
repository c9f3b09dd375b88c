import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Pool } from '../../src/db/pool.ts';
import { query } from '../../src/db/query.ts';
import { TEST_NOW } from '../support/dates.ts';
import { openSigningDesk } from '../support/signed-files.ts';
import { onPostgres } from '../support/test-database.ts';
import { openSurvivors, prepareOrigin, spawnVictim } from './victims.ts';

/** One of so many steps is tried; CRASH_EVERY=1 tries all. */
const EVERY = Number(process.env['CRASH_EVERY'] ?? 10);
const FEED = readFileSync(path.join(__dirname, '../../src/cli/demo/secas-feed.csv'), 'utf8')
  .replaceAll('Northgate Energy Supply Limited', 'Northgate Supply Limited')
  .replace(
    ',HALTED,SEC_PARTY,Halted Power Limited,,FICT0003,SMALL_SUPPLIER,SUSPENDED,',
    ',HALTED,SEC_PARTY,Halted Power Limited,,FICT0003,SMALL_SUPPLIER,ACTIVE,',
  );

describe(`a process killed while it takes a SECAS feed, on ${onPostgres ? 'PostgreSQL' : 'the embedded database'}`, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-crash-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('leaves all of the feed or nothing of it, and the feed can be sent again', async () => {
    const { token, copy } = await prepareOrigin(folder);
    const desk = openSigningDesk();
    const octets = Buffer.from(FEED);
    const wanted = {
      token,
      authorities: path.join(process.env['TCS_TEST_FOLDER'] ?? '', 'authorities'),
      feed: FEED,
      signature: desk.cms(octets).toString('base64'),
      signer: desk.certificate.toString('base64'),
      at: TEST_NOW.toISOString(),
    };
    desk.close();

    const look = async (database: Awaited<ReturnType<typeof copy>>) => {
      const opened = await openSurvivors(database);
      try {
        return await stateOf(opened.pool);
      } finally {
        await opened.close();
      }
    };
    const take = async (database: Awaited<ReturnType<typeof copy>>, dieAt: number) => {
      const ended = await spawnVictim('feed-victim.ts', {
        ...wanted,
        database,
        dieAt,
        evidence: path.join(folder, `evidence-${String(dieAt)}`),
      });
      expect(ended.signal).toBe(dieAt === 0 ? null : 'SIGKILL');
      return ended.steps;
    };

    const whole = await copy('whole');
    const untouched = await look(whole);
    const steps = await take(whole, 0);
    const taken = await look(whole);
    expect(taken).not.toEqual(untouched);

    const tally = { nothing: 0, all: 0 };
    const run = async (dieAt: number) => {
      const database = await copy(`victim-${String(dieAt)}`);
      await take(database, dieAt);
      const left = await look(database);
      expect([untouched, taken]).toContain(left);
      tally[left === taken ? 'all' : 'nothing'] += 1;
      return { database, left };
    };
    for (let step = 1 + EVERY; step < steps; step += EVERY) await run(step);
    await run(steps);
    const { database, left } = await run(1);
    expect(left).toEqual(untouched);
    await take(database, 0);
    expect(await look(database)).toEqual(taken);
    process.stdout.write(`of ${String(steps)} steps: ${JSON.stringify(tally)}\n`);
    expect(tally.nothing).toBeGreaterThan(1);
    expect(tally.all).toBe(1);
  }, 900_000);
});

/** Everything that a feed states, with its audit, without ids that chance makes. */
async function stateOf(pool: Pool): Promise<string> {
  const { rows } = await query<{ state: string }>(
    pool,
    `select jsonb_build_object(
       'facts', (select jsonb_agg(jsonb_build_array(p.signifier, f.kind, f.key, f.version, f.state, f.since, f.value, f.source)
                   order by p.signifier, f.kind, f.key, f.version) from fact f join participant p on p.id = f.participant_id),
       'entries', (select jsonb_agg(jsonb_build_array(name, eui64_from, eui64_to) order by name) from registry_entry),
       'allocations', (select jsonb_agg(jsonb_build_array(p.signifier, i.kind, i.eui64_from, i.eui64_to, i.valid_to is null)
                   order by i.eui64_from, i.valid_to) from identifier_allocation i join participant p on p.id = i.participant_id),
       'market', (select jsonb_agg(jsonb_build_array(p.signifier, m.scheme, m.market_participant_id, m.role_code, m.valid_to)
                   order by m.scheme, m.market_participant_id, m.role_code)
                   from market_participant_identity m join participant p on p.id = m.participant_id),
       'feeds', (select jsonb_agg(version) from feed_import),
       'events', (select jsonb_agg(event order by event) from audit_event))::text as state`,
  );
  return rows[0]?.state ?? '';
}
