import { LIVE_WINDOW } from '../../src/domain/live-timings.ts';
import { query } from '../../src/db/query.ts';
import { workOnce } from '../../src/batches/engine/worker.ts';
import { batchWorld, deviceLines, type BatchBody, type BatchWorld } from '../support/batch-world.ts';

type Waiting = BatchBody & { readonly waits?: { reason: string; until: string; detail: string } };

/** It is Tuesday, 24 November 2026, noon in London. */
describe('live timings', () => {
  let here: BatchWorld;
  beforeEach(async () => {
    here = await batchWorld({ chunkItems: 2, timings: LIVE_WINDOW });
    Object.assign(here.app.batches, { timings: LIVE_WINDOW });
  });
  afterEach(() => here.close());
  const submit = async (count: number, first: number) =>
    ((await here.submit(deviceLines(count, first))).body as BatchBody).id;
  const show = async (id: string) => (await here.get(`/v1/batches/${id}`)).body as Waiting;
  const at = (instant: string) => here.clock.advance(Date.parse(instant) - here.clock.now().getTime());
  const events = async (id: string) =>
    (
      await query<{ event: string }>(
        here.database.pool,
        `select event from audit_event where object = $1 and facts ->> 'by' = 'live timings' order by id`,
        [id],
      )
    ).rows.map((one) => one.event);

  test('a batch waits for its window, rests when it closes, and goes on in the next', async () => {
    const id = await submit(6, 100);
    await here.work();
    expect(await show(id)).toMatchObject({
      state: 'QUEUED',
      items: 6,
      waits: { cause: 'LIVE_TIMINGS', until: '2026-11-24T20:00:00Z' },
    });
    expect((await show(id)).waits?.detail).toContain('before 20:00 is worked on from 20:00 to 08:00');

    at('2026-11-24T20:00:00Z');
    expect(await workOnce(here.batches)).toBe(true);
    const begun = await show(id);
    expect(begun).toMatchObject({ state: 'PROCESSING', progress: { settled: 2 } });
    expect(begun.waits).toBeUndefined();

    at('2026-11-25T08:00:00Z');
    await here.work();
    expect(await show(id)).toMatchObject({
      state: 'PAUSED',
      progress: { settled: 2 },
      waits: { until: '2026-11-25T20:00:00Z', detail: expect.stringContaining('closed before') as unknown },
    });
    expect((await here.post(`/v1/batches/${id}/resume`)).body).toMatchObject({
      detail: expect.stringContaining('rests until the nightly window opens') as unknown,
    });

    at('2026-11-25T20:00:00Z');
    await here.work();
    expect(await show(id)).toMatchObject({ state: 'COMPLETED', progress: { counts: { SUCCESS: 6 } } });
    expect(await events(id)).toEqual(['batch.paused', 'batch.resumed']);
  });

  test('what comes when the window is open waits for the next night, and lets those before it by', async () => {
    const early = await submit(2, 200);
    at('2026-11-24T20:00:00Z');
    const late = await submit(2, 210);
    await here.work();
    expect(await show(early)).toMatchObject({ state: 'COMPLETED' });
    expect(await show(late)).toMatchObject({ state: 'QUEUED', waits: { until: '2026-11-25T20:00:00Z' } });
    at('2026-11-25T20:00:00Z');
    await here.work();
    expect(await show(late)).toMatchObject({ state: 'COMPLETED' });
  });

  test('the hour of the clocks changes with the night: summer has its window an hour earlier in UTC', async () => {
    // The clocks go back in the night to 31 October 2027.
    at('2027-10-30T12:00:00Z');
    const before = await submit(2, 300);
    await here.work();
    expect((await show(before)).waits?.until).toBe('2027-10-30T19:00:00Z');
    at('2027-10-31T07:30:00Z');
    const during = await submit(2, 310);
    await here.work();
    // 07:30 in London now: the window is open until 08:00, which is 08:00 in UTC again.
    expect(await show(before)).toMatchObject({ state: 'COMPLETED' });
    expect((await show(during)).waits?.until).toBe('2027-10-31T20:00:00Z');
  });

  test('what somebody paused stays paused when a window opens; what rests can be cancelled', async () => {
    const [paused, rests] = [await submit(4, 400), await submit(8, 410)];
    at('2026-11-24T20:00:00Z');
    await workOnce(here.batches);
    await workOnce(here.batches);
    await here.post(`/v1/batches/${paused}/pause`);
    await workOnce(here.batches);
    await workOnce(here.batches);
    at('2026-11-25T08:00:00Z');
    await workOnce(here.batches);
    expect((await show(rests)).state).toBe('PAUSED');
    // Somebody holds it back: it does not go on by itself, and can be let go.
    expect((await here.post(`/v1/batches/${rests}/pause`)).body).toMatchObject({ state: 'PAUSED' });
    expect(await show(rests)).not.toHaveProperty('waits');
    expect((await here.post(`/v1/batches/${rests}/pause`)).status).toBe(409);
    expect((await here.post(`/v1/batches/${rests}/resume`)).body).toMatchObject({
      state: 'QUEUED',
      waits: { until: '2026-11-25T20:00:00Z' },
    });
    expect((await here.post(`/v1/batches/${rests}/cancellation`)).body).toMatchObject({ state: 'CANCELLED' });
    at('2026-11-25T20:00:00Z');
    await here.work();
    expect(await show(paused)).toMatchObject({ state: 'PAUSED' });
    expect((await show(paused)).waits).toBeUndefined();
  });

  test('switched off, what rests goes on at once', async () => {
    const id = await submit(4, 500);
    at('2026-11-24T20:00:00Z');
    await workOnce(here.batches);
    await workOnce(here.batches);
    at('2026-11-25T09:00:00Z');
    await here.work();
    expect(await show(id)).toMatchObject({ state: 'PAUSED' });
    const { issuance, intake, folder, chunkItems, leaseSeconds, retentionDays } = here.batches;
    while (await workOnce({ issuance, intake, folder, chunkItems, leaseSeconds, retentionDays }));
    expect(await show(id)).toMatchObject({ state: 'COMPLETED' });
  });

  test('a batch of the DCC counts as handed in when it is approved', async () => {
    const { id } = (
      await here.submit(deviceLines(1, 600), {
        as: 'DCC',
        role: 'DCC_TEST_OPERATOR',
        query: '&onBehalfOf=METERWORKS',
      })
    ).body as BatchBody;
    at('2026-11-24T21:00:00Z');
    await here.post(`/v1/batches/${id}/approval`, 'DCC', 'DCC_TEST_APPROVER');
    await here.work();
    expect(await show(id)).toMatchObject({ state: 'QUEUED', waits: { until: '2026-11-25T20:00:00Z' } });
  });
});
