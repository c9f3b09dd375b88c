import {
  claimChunk,
  keepChunk,
  LeaseLost,
  releaseChunk,
  type HeldChunk,
} from '../../src/batches/engine/claim-chunk.ts';
import { workOnce } from '../../src/batches/engine/worker.ts';
import { query } from '../../src/db/query.ts';
import { withTransaction } from '../../src/db/transaction.ts';
import { batchWorld, deviceLines, type BatchWorld } from '../support/batch-world.ts';

describe('a part of a batch', () => {
  let here: BatchWorld;
  let first: HeldChunk;
  beforeEach(async () => {
    here = await batchWorld({ chunkItems: 1 });
    await here.submit(deviceLines(2));
    // Its upload is read.
    expect(await workOnce(here.batches)).toBe(true);
    first = (await claimChunk(here.batches))!;
  });
  afterEach(() => here.close());

  const keep = (chunk: HeldChunk) => withTransaction(here.database.pool, (db) => keepChunk(chunk, db));
  const release = (chunk: HeldChunk, cause: 'FAILURE' | 'HINDRANCE') =>
    withTransaction(here.database.pool, (db) => releaseChunk(chunk, { seconds: 0, cause }, db));
  const leaseEnds = () =>
    query(here.database.pool, `update batch_chunk set lease_until = now() - interval '1 second'`);

  test('is one worker’s until the lease is over: the next one is given another, and then none', async () => {
    expect(first).toMatchObject({ number: 1, fence: 1, tries: 1 });
    expect(await claimChunk(here.batches)).toMatchObject({ number: 2, fence: 1 });
    expect(await claimChunk(here.batches)).toBeUndefined();
    await expect(keep(first)).resolves.toBeUndefined();
  });

  test('that was taken over can neither be kept nor given back by who had it', async () => {
    await leaseEnds();
    const second = (await claimChunk(here.batches))!;
    expect(second).toMatchObject({ number: first.number, fence: 2, tries: 2 });
    await expect(keep(first)).rejects.toThrow(LeaseLost);
    await release(first, 'HINDRANCE');
    await expect(keep(second)).resolves.toBeUndefined();
    expect(await claimChunk(here.batches)).toMatchObject({ number: 2 });
    expect(await claimChunk(here.batches)).toBeUndefined();
  });

  test('that is done is nobody’s', async () => {
    await query(here.database.pool, 'update batch_chunk set done = true where number = $1', [first.number]);
    await expect(keep(first)).rejects.toThrow(LeaseLost);
  });

  test('counts the tries that failed, and not those that something else hindered', async () => {
    await release(first, 'FAILURE');
    const again = (await claimChunk(here.batches))!;
    expect(again).toMatchObject({ number: 1, fence: 2, tries: 2 });
    await release(again, 'HINDRANCE');
    expect(await claimChunk(here.batches)).toMatchObject({ number: 1, fence: 3, tries: 1 });
  });

  /** Works on both parts; what became of their items. */
  const outcomes = async () => {
    await leaseEnds();
    await here.work();
    const { rows } = await query<{ outcome: string }>(
      here.database.pool,
      `select coalesce(v.reasons -> 0 ->> 'reason', v.status) as outcome
         from batch_item i join batch_verdict v using (batch_id, position) order by position`,
    );
    return rows.map(({ outcome }) => outcome);
  };

  test('that failed ten times is given up with its items; at the tenth time it is not yet', async () => {
    const triedBefore = (number: number, tries: number) =>
      query(here.database.pool, 'update batch_chunk set tries = $2 where number = $1', [number, tries]);
    await triedBefore(1, 9);
    await triedBefore(2, 10);
    expect(await outcomes()).toEqual(['SUCCESS', 'BATCH_GIVEN_UP']);
  });

  test('whose batch came under a credential that is revoked meanwhile issues nothing', async () => {
    await query(here.database.pool, 'update credential set revoked_at = $1', [here.clock.now()]);
    expect(await outcomes()).toEqual(['BATCH_CREDENTIAL_REVOKED', 'BATCH_CREDENTIAL_REVOKED']);
    const { rows } = await query(here.database.pool, 'select from certificate');
    expect(rows).toHaveLength(0);
  });
});
