import { sweepResults } from '../../src/batches/results/sweep-results.ts';
import { listDependentBatches } from '../../src/batches/engine/dependent-batches.ts';
import { query } from '../../src/db/query.ts';
import { batchWorld, deviceLines, type BatchBody, type BatchWorld } from '../support/batch-world.ts';

const DAY = 86_400_000;

describe('batches that hang on an agreement', () => {
  let here: BatchWorld;
  let participantId: string;
  beforeAll(async () => {
    here = await batchWorld();
    const { rows } = await query<{ id: string }>(
      here.database.pool,
      `select id from participant where signifier = 'METERWORKS'`,
    );
    participantId = rows[0]!.id;
  });
  afterAll(() => here.close());

  let devices = 0x700;
  const submitted = async (count = 1, as = 'METERWORKS') =>
    ((await here.submit(deviceLines(count, (devices += 10)), { as })).body as BatchBody).id;
  const dependents = async (carries: boolean, limit = 10) =>
    (
      await listDependentBatches(
        { participantId, agreement: 'BA-2026-001' },
        carries,
        limit,
        here.database.pool,
      )
    ).map(({ id, certificates }) => ({ id, certificates }));

  test('are those whose certificates rest on it until their result is removed, and those not over while it carries', async () => {
    const done = await submitted(2);
    await here.work();
    here.clock.advance(1000);
    const waiting = await submitted();
    await submitted(1, 'NORTHGATE');
    const both = [
      { id: waiting, certificates: 0 },
      { id: done, certificates: 2 },
    ];
    expect(await dependents(true)).toEqual(both);
    expect(await dependents(true, 1)).toEqual(both.slice(0, 1));
    expect(await dependents(false)).toEqual(both.slice(1));

    // What was signed and given to nobody is no certificate of it.
    const lost = {
      serial_number: '0ABA',
      status: 'abandoned',
      batch_position: 3,
      tbs: '\\x30',
      der: null,
      sha256: null,
      issued_at: null,
      abandoned_at: here.clock.now(),
      abandoned_reason: 'lost',
    };
    await query(
      here.database.pool,
      `insert into certificate select lost.* from certificate c cross join jsonb_populate_record(c, $2) as lost
        where c.batch_id = $1 and c.batch_position = 1`,
      [done, lost],
    );
    expect(await dependents(false)).toEqual(both.slice(1));

    here.clock.advance(30 * DAY + 1000);
    expect((await sweepResults(here.batches)).map(({ id }) => id)).toEqual([done]);
    expect(await dependents(false)).toEqual([]);
    expect(await dependents(true)).toEqual([{ id: waiting, certificates: 0 }]);
    await here.post(`/v1/batches/${waiting}/cancellation`);
    expect(await dependents(true)).toEqual([]);
  });
});
