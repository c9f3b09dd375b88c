import { listDecisions } from '../../src/audit/decisions.ts';
import { searchEvents } from '../../src/audit/find-events.ts';
import { query, type Db } from '../../src/db/query.ts';
import { world, type World } from '../support/world.ts';

/** Of NORTHGATE the oldest few of many rows, of METERWORKS all others: who goes through the newest first looks at nearly all. */
const FEW = 30;
const MANY = 4000;

describe('lists of one participant', () => {
  let here: World;
  beforeAll(async () => {
    here = await world();
    const { pool } = here.database;
    await here.token('METERWORKS');
    const rows = `generate_series(1, ${String(MANY)}) as many (n) join participant p
      on p.signifier = case when n <= ${String(FEW)} then 'NORTHGATE' else 'METERWORKS' end`;
    await query(
      pool,
      `insert into audit_event (at, event, participant_id, object, facts)
       select '2020-01-01'::timestamptz + n * interval '1 second', 'thing.happened', p.id, n::text, '{}' from ${rows} order by many.n`,
    );
    await query(
      pool,
      `insert into decision_set (id, decided_at, credential_id, participant_id, category, purpose, channel, outcome, rule_set,
         decisions, each)
       select decision_set_id(gen_random_uuid()), '2020-01-01'::timestamptz + n * interval '1 second',
         (select id from credential limit 1), p.id, 'DEVICE', n::text, 'INTERNET', 'PASS', '2026-11-24', 1, '[{"number": 0}]'
         from ${rows}`,
    );
    await query(pool, 'analyze');
  });
  afterAll(() => here.close());

  const eventsOf = (participant: string | undefined, limit: number, db: Db, cursor?: string) =>
    searchEvents({ participant, limit, cursor, event: 'thing.' }, db);
  const decisionsOf = (signifier: string | undefined, limit: number, db: Db) =>
    listDecisions(signifier === undefined ? {} : { signifier }, { limit }, db);

  test.each([
    ['events', 'audit_event_participant', eventsOf],
    ['decisions', 'decision_set_participant', decisionsOf],
  ])('%s are found by the index of the participant', async (_what, index, list) => {
    const plans: string[] = [];
    /** Asks for the plan of what it is asked. */
    const explaining = {
      send: async (text: string, values: readonly unknown[]) => {
        const plan = await query<{ 'QUERY PLAN': string }>(
          here.database.pool,
          `explain (costs off) ${text}`,
          values,
        );
        plans.push(plan.rows.map((row) => row['QUERY PLAN']).join('\n'));
        return { ...plan, rows: [] as never[] };
      },
    };
    for (const participant of ['NORTHGATE', 'METERWORKS', undefined]) await list(participant, 10, explaining);
    const scanned = plans.map((plan) => /using (audit_event|decision_set)_\w+/.exec(plan)?.[0]);
    expect(scanned.slice(0, 2)).toEqual([`using ${index}`, `using ${index}`]);
    expect(plans[2]).not.toContain(index);
  });

  test('they are its own, newest first, page by page', async () => {
    const { pool } = here.database;
    const expected = Array.from({ length: FEW }, (_, index) => String(FEW - index));
    const found: string[] = [];
    for (let cursor: string | undefined, length = 10; length === 10;) {
      const page = await eventsOf('NORTHGATE', 10, pool, cursor);
      found.push(...page.map(({ object }) => object ?? ''));
      ({ length } = page);
      cursor = page.at(-1)?.id;
    }
    expect(found).toEqual(expected);
    const decided = await decisionsOf('NORTHGATE', 100, pool);
    expect(decided.map(({ decidedAt }) => (decidedAt.getTime() - Date.parse('2020-01-01')) / 1000)).toEqual(
      expected.map(Number),
    );
    expect([await eventsOf('NOBODY', 10, pool), await decisionsOf('NOBODY', 10, pool)]).toEqual([[], []]);
  });
});
