import { ENDED_STATES, type BatchState } from '../../src/domain/batch.ts';
import { approveBatch } from '../../src/batches/engine/control-batch.ts';
import { workOnce } from '../../src/batches/engine/worker.ts';
import { query } from '../../src/db/query.ts';
import { withTransaction } from '../../src/db/transaction.ts';
import { findCallers } from '../../src/registry/callers.ts';
import { hashToken } from '../../src/registry/credentials.ts';
import { deviceCsr } from '../support/csr-builder.ts';
import { batchWorld, deviceLines, type BatchBody, type BatchWorld } from '../support/batch-world.ts';

describe('a batch', () => {
  let here: BatchWorld;
  beforeAll(async () => {
    here = await batchWorld();
  });
  afterAll(() => here.close());

  let devices = 1;
  const submitted = async (options: Parameters<BatchWorld['submit']>[1] = {}) =>
    (await here.submit(deviceLines(1, (devices += 1)), options)).body as BatchBody;
  const cancel = async (id: string) => here.post(`/v1/batches/${id}/cancellation`);
  const count = async (text: string, id: string) => (await query(here.database.pool, text, [id])).rowCount;

  test.each<BatchState>([
    'APPROVED_BY_SECOND_OPERATOR',
    'PENDING',
    'PARSING',
    'PREPARED',
    'QUEUED',
    'PAUSED',
  ])('that is %s can be cancelled; of its upload nothing is kept', async (state) => {
    const { id } = await submitted();
    await query(here.database.pool, 'update batch set state = $2 where id = $1', [id, state]);
    expect(await count('select from batch_upload where batch_id = $1', id)).toBe(1);
    expect((await cancel(id)).body).toMatchObject({ state: 'CANCELLED' });
    expect(await count('select from batch_upload where batch_id = $1', id)).toBe(0);
    expect((await cancel(id)).status).toBe(409);
  });

  test.each<[BatchState, 'retry' | 'pause' | 'resume', string]>([
    ['PREPARED', 'retry', 'tcs batch approve'],
    ['PENDING', 'retry', 'Wait until it is read'],
    ['REJECTED', 'retry', 'hand the corrected file in as another batch'],
    ['TAMPERED', 'retry', 'Hand the file in again'],
    ['QUEUED', 'retry', 'Wait until it has ended'],
    ['PAUSED', 'pause', 'tcs batch resume'],
    ['PAUSED', 'retry', 'its nightly window opens goes on by itself'],
    ['COMPLETED', 'resume', 'tcs batch result'],
    ['CANCELLED', 'pause', 'If it was read'],
  ])('that is %s and cannot have its %s says what can be done with it', async (state, act, says) => {
    const { id } = await submitted();
    const become = (next: BatchState) =>
      query(here.database.pool, 'update batch set state = $2, ended_at = $3 where id = $1', [
        id,
        next,
        ENDED_STATES.includes(next) ? here.clock.now() : null,
      ]);
    await become(state);
    expect((await here.post(`/v1/batches/${id}/${act}`)).body).toMatchObject({
      status: 409,
      errors: [{ reason: 'CONFLICT', fix: expect.stringContaining(says) as string }],
    });
    await become('PENDING');
    await cancel(id);
  });

  test('is approved by nobody whose credential stands for no person', async () => {
    const as = { as: 'DCC', role: 'DCC_TEST_OPERATOR', query: '&onBehalfOf=METERWORKS' } as const;
    const { id } = await submitted(as);
    const at = here.clock.now();
    const hash = hashToken(await here.token('DCC', 'DCC_TEST_OPERATOR'));
    const [operator] = await findCallers([hash], at, here.database.pool);
    const approve = (person: string) =>
      withTransaction(here.database.pool, (db) =>
        approveBatch({ id, caller: { ...operator!, person }, at, db }),
      );
    await expect(approve('')).rejects.toMatchObject({ code: 'role-not-permitted' });
    await expect(approve('somebody else')).resolves.toMatchObject({ state: 'APPROVED_BY_SECOND_OPERATOR' });
    await cancel(id);
  });

  test('of which a worker died goes on without what that one intended', async () => {
    const { id } = await submitted();
    while ((await count('select from batch_chunk where batch_id = $1', id)) === 0)
      await workOnce(here.batches);
    const { issuance } = here.batches;
    const secondOpinions = () => Promise.reject(new Error('killed'));
    const dying = { ...issuance, verifier: { ...issuance.verifier, secondOpinions } };
    await expect(workOnce({ ...here.batches, issuance: dying })).rejects.toThrow('killed');
    expect(await count('select from certificate_intent where batch_id = $1', id)).toBe(1);
    await query(here.database.pool, 'update batch_chunk set not_before = null');
    await here.work();
    const { rows } = await query(
      here.database.pool,
      `select status, abandoned_reason as reason from certificate where batch_id = $1 order by status`,
      [id],
    );
    expect(rows).toEqual([
      { status: 'abandoned', reason: 'interrupted; the batch went on' },
      { status: 'issued', reason: null },
    ]);
  });

  test('is retried without what was there twice: of that, the first is what failed', async () => {
    const [good] = deviceLines(1, (devices += 1));
    const foreign = { id: 'foreign', csr: deviceCsr('00db12ffffffff01').pem };
    const lines = [good!, foreign, { ...good!, id: 'good-again' }, { ...foreign, id: 'foreign-again' }];
    const { id } = (await here.submit(lines)).body as BatchBody;
    await here.work();
    expect((await here.get(`/v1/batches/${id}`)).body).toMatchObject({
      progress: { counts: { SUCCESS: 1, INELIGIBLE: 1, CSR_ERROR: 2 } },
    });
    const retried = (await here.post(`/v1/batches/${id}/retry`)).body as BatchBody;
    await here.work();
    const { items } = (await here.get(`/v1/batches/${retried.id}/items`)).body as { items: { id: string }[] };
    expect(items.map((one) => one.id)).toEqual(['foreign']);
  });
});
