import type { Database } from '../../src/db/pool.ts';
import { withTransaction } from '../../src/db/transaction.ts';
import { findFacts, listFacts } from '../../src/registry/facts.ts';
import { recordFacts, type FactChange } from '../../src/registry/record-facts.ts';
import { findParticipantRef, findParticipants } from '../../src/registry/participants.ts';
import { TEST_NOW } from '../support/dates.ts';
import { load, partyText, refusalOf } from '../support/registry-files.ts';
import { onPostgres, testDatabase } from '../support/test-database.ts';

const day = (days: number) => new Date(TEST_NOW.getTime() + days * 86_400_000);

describe(`facts, on ${onPostgres ? 'PostgreSQL' : 'the embedded database'}`, () => {
  let database: Database;
  let participantId: string;
  beforeEach(async () => {
    database = await testDatabase();
    await load(`participants:\n${partyText('NORTHGATE', 1)}`, database.pool);
    participantId = (await findParticipantRef('NORTHGATE', database.pool))!.id;
  });
  afterEach(() => database.close());

  const record = (change: Omit<FactChange, 'participantId' | 'key' | 'value'>, at = TEST_NOW) =>
    withTransaction(database.pool, (db) =>
      recordFacts(
        [{ participantId, key: '', value: {}, ...change }],
        { source: 'SECAS_FEED', recordedAt: at },
        db,
      ),
    );
  const stateAt = async (at: Date) =>
    (await findParticipants(['NORTHGATE'], at, database.pool)).get('NORTHGATE')?.membership?.state;

  test('hold from their instant on, and the question can be asked as at any', async () => {
    await record({ kind: 'MEMBERSHIP', state: 'SUSPENDED', since: day(10) });
    await record({ kind: 'MEMBERSHIP', state: 'ACTIVE', since: day(20) });
    expect(await stateAt(day(-1))).toBeUndefined(); // not yet on record
    expect(await stateAt(day(0))).toBe('ACTIVE');
    expect(await stateAt(day(10))).toBe('SUSPENDED');
    expect(await stateAt(new Date(day(10).getTime() - 1))).toBe('ACTIVE');
    expect(await stateAt(day(20))).toBe('ACTIVE');
    expect((await listFacts(participantId, database.pool, 'MEMBERSHIP')).map((one) => one.version)).toEqual([
      1, 2, 3,
    ]);
    expect(await findFacts(participantId, day(15), database.pool, 'MEMBERSHIP')).toMatchObject([
      { state: 'SUSPENDED', version: 2 },
    ]);
  });

  test('a state that may not follow is refused, and nothing is written', async () => {
    await record({ kind: 'MEMBERSHIP', state: 'WITHDRAWN', since: TEST_NOW });
    const refusal = await refusalOf(() => record({ kind: 'MEMBERSHIP', state: 'ACTIVE', since: TEST_NOW }));
    expect(refusal?.code).toBe('conflict');
    expect(await listFacts(participantId, database.pool, 'MEMBERSHIP')).toHaveLength(2);
  });

  test('of eight who change the same fact at once, one wins', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => record({ kind: 'MEMBERSHIP', state: 'SUSPENDED', since: TEST_NOW })),
    );
    expect(outcomes.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    for (const one of outcomes)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'conflict' });
    expect(await listFacts(participantId, database.pool, 'MEMBERSHIP')).toHaveLength(2);
  });

  test('a version that is on record never changes', async () => {
    for (const statement of ['update fact set state = state', 'delete from fact', 'truncate fact'])
      await expect(database.pool.query(statement)).rejects.toMatchObject({ code: '23001' });
  });
});
