import { query } from '../../src/db/query.ts';
import { chooseAmong } from '../../src/eligibility/rule-sets.ts';
import type { RuleSet } from '../../src/eligibility/rule-set.ts';
import { claimChunk } from '../../src/batches/engine/claim-chunk.ts';
import type { BatchNeeds } from '../../src/batches/needs.ts';
import { workOnce } from '../../src/batches/engine/worker.ts';
import {
  batchWorld,
  deviceLines,
  varyAgreement,
  type BatchBody,
  type BatchWorld,
} from '../support/batch-world.ts';
import { deviceCsr } from '../support/csr-builder.ts';

interface Rehearsed {
  readonly items: number;
  readonly counts: Record<string, number>;
  readonly waiting: number;
  readonly again: number;
  readonly failures: readonly { readonly position: number }[];
  readonly cost: { readonly limits: readonly { readonly limit: string }[]; readonly duration: object };
}

/** A rule set in which 25 Device certificates may be had in 24 hours. */
const DAILY = 25;
const beyond = (reason: RuleSet['quotas']['DEVICE']['beyond']) => (ruleSet: RuleSet) => ({
  ...ruleSet,
  quotas: {
    ...ruleSet.quotas,
    DEVICE: {
      ...ruleSet.quotas.DEVICE,
      beyond: reason,
      perDay: { ...ruleSet.quotas.DEVICE.perDay, NON_PARTY: DAILY },
    },
  },
});

describe('batches beyond a quota', () => {
  let here: BatchWorld;
  let waits: BatchNeeds;
  beforeEach(async () => {
    here = await batchWorld({ chunkItems: 10 });
    waits = ruledBy(beyond('QUOTA_EXCEEDED'));
  });
  afterEach(() => here.close());

  const ruledBy = (change: (ruleSet: RuleSet) => RuleSet): BatchNeeds => {
    const ruleSets = chooseAmong(here.batches.issuance.ruleSets.versions.map(change), 'here');
    return { ...here.batches, issuance: { ...here.batches.issuance, ruleSets } };
  };
  const work = async (needs: BatchNeeds) => {
    while (await workOnce(needs));
  };
  /** What is put off is taken up again. */
  const later = () => query(here.database.pool, `update batch_chunk set not_before = null`);
  const submitted = async (...given: Parameters<BatchWorld['submit']>) =>
    (await here.submit(...given)).body as BatchBody;
  const show = async (id: string) => (await here.get(`/v1/batches/${id}`)).body as BatchBody;
  const issued = async () =>
    (
      await query<{ n: number }>(
        here.database.pool,
        `select count(*)::int as n from certificate where status = 'issued'`,
      )
    ).rows[0]!.n;

  test('an agreement has its own number of CSRs of a batch, in a dry run as well', async () => {
    await varyAgreement({ batchItems: 3 }, here.database);
    const tooMany = { reasons: [{ reason: 'BATCH_TOO_MANY_ITEMS', errorCode: 'FM:AA2' }] };
    const four = await submitted(deviceLines(4));
    const three = await submitted(deviceLines(3));
    await work(here.batches);
    expect(await show(four.id)).toMatchObject({ state: 'REJECTED', ...tooMany });
    expect(await show(three.id)).toMatchObject({ state: 'COMPLETED' });
    expect((await here.submit(deviceLines(4), { query: '&dryRun=true' })).status).toBe(413);
    // It is an agreement's, nobody else's.
    const query_ = '&onBehalfOf=DCC&dryRun=true';
    const asDcc = { as: 'DCC', role: 'DCC_TEST_OPERATOR', query: query_ } as const;
    expect((await here.submit(deviceLines(4), asDcc)).status).toBe(200);
  });

  test('what waits for a quota has no verdict, is not issued, and goes on when the quota frees', async () => {
    const { id } = await submitted(deviceLines(40));
    await work(waits);
    const told = await show(id);
    expect(told).toMatchObject({
      state: 'PROCESSING',
      items: 40,
      progress: { settled: DAILY, waiting: 15, counts: { SUCCESS: DAILY } },
      waits: { cause: 'QUOTA', until: expect.any(String) as string },
    });
    expect(told.progress).not.toHaveProperty('secondsLeft');
    expect(await issued()).toBe(DAILY);
    const { rows } = await query(
      here.database.pool,
      `select k.number, k.done, k.not_before > clock_timestamp() + interval '4 minutes' as "putOff", count(v.position)::int as verdicts
         from batch_chunk k left join batch_verdict v on v.batch_id = k.batch_id
          and v.position between k.first_position and k.last_position group by k.batch_id, k.number order by k.number`,
    );
    expect(rows).toEqual([
      { number: 1, done: true, putOff: null, verdicts: 10 },
      { number: 2, done: true, putOff: null, verdicts: 10 },
      { number: 3, done: false, putOff: true, verdicts: 5 },
      { number: 4, done: false, putOff: true, verdicts: 0 },
    ]);
    // Looked at again too early, nothing comes of it.
    await later();
    expect(await show(id)).not.toHaveProperty('waits');
    await work(waits);
    expect(await issued()).toBe(DAILY);
    // A wait is no answer: however often it is looked at, only answers are on record.
    const { rows: onRecord } = await query(
      here.database.pool,
      `select (select count(*)::int from decision) as decisions,
              (select count(*)::int from audit_event where event = 'certificate.refused') as refusals`,
    );
    expect(onRecord).toEqual([{ decisions: DAILY, refusals: 0 }]);

    here.clock.advance(25 * 3_600_000);
    await later();
    await work(waits);
    expect(await show(id)).toMatchObject({
      state: 'COMPLETED',
      progress: { settled: 40, counts: { SUCCESS: 40 } },
    });
  }, 60_000);

  test('however often it waits, it is not given up; who waits holds nobody else up', async () => {
    const { id } = await submitted(deviceLines(30));
    for (let look = 0; look < 15; look += 1) {
      await work(waits);
      await later();
    }
    const asDcc = { as: 'DCC', role: 'DCC_TEST_OPERATOR', query: '&onBehalfOf=DCC' } as const;
    const other = await submitted(deviceLines(1, 0x4000), asDcc);
    expect(await show(id)).toMatchObject({ state: 'PROCESSING' });
    await here.post(`/v1/batches/${other.id}/approval`, 'DCC', 'DCC_TEST_APPROVER');
    await work(waits);
    expect((await here.get(`/v1/batches/${other.id}`, 'DCC', 'DCC_TEST_OPERATOR')).body).toMatchObject({
      state: 'COMPLETED',
    });
    here.clock.advance(25 * 3_600_000);
    await later();
    await work(waits);
    expect(await show(id)).toMatchObject({ state: 'COMPLETED', progress: { counts: { SUCCESS: 30 } } });
  }, 60_000);

  test('a batch that waits can be cancelled: what is issued stays, the rest has its verdict', async () => {
    const { id } = await submitted(deviceLines(30));
    await work(waits);
    expect((await here.post(`/v1/batches/${id}/cancellation`)).body).toMatchObject({
      state: 'CANCELLED',
      progress: { settled: 30, counts: { SUCCESS: DAILY, WORKFLOW_ERROR: 5 } },
    });
  });

  test('a quota that wants notice is a verdict at once', async () => {
    const { id } = await submitted(deviceLines(30));
    await work(ruledBy(beyond('NOTICE_REQUIRED')));
    expect(await show(id)).toMatchObject({
      state: 'COMPLETED',
      progress: { counts: { SUCCESS: DAILY, INELIGIBLE: 5 } },
    });
    const failed = (await here.get(`/v1/batches/${id}/items?status=INELIGIBLE`)).body as {
      items: { errorCode: string }[];
    };
    expect(new Set(failed.items.map((one) => one.errorCode))).toEqual(new Set(['IN:NOTICE']));
  });

  test('a part that kills its workers ten times over is given up, and can be retried', async () => {
    const { id } = await submitted(deviceLines(3));
    await workOnce(waits);
    // Taken, and never heard of again.
    for (let tries = 0; tries < 10; tries += 1) {
      expect(await claimChunk(waits)).toMatchObject({ batchId: id, tries: tries + 1 });
      await query(
        here.database.pool,
        `update batch_chunk set lease_until = clock_timestamp() - interval '1 second'`,
      );
    }
    await work(waits);
    const items = (await here.get(`/v1/batches/${id}/items`)).body as { items: { errorCode: string }[] };
    expect(items.items.map((one) => one.errorCode)).toEqual(['WF:GIVEUP', 'WF:GIVEUP', 'WF:GIVEUP']);
    const retried = (await here.post(`/v1/batches/${id}/retry`)).body as BatchBody;
    await work(waits);
    expect(await show(retried.id)).toMatchObject({ progress: { counts: { SUCCESS: 3 } } });
  });

  describe('in a dry run', () => {
    const rehearsed = async (needs: BatchNeeds, ...given: Parameters<BatchWorld['submit']>) => {
      // What the routes work with is what was opened.
      Object.assign(here.app.batches, { issuance: needs.issuance, chunkItems: needs.chunkItems });
      const { body } = await here.submit(given[0], { ...given[1], query: '&dryRun=true' });
      return body as Rehearsed;
    };
    const limitOf = ({ cost }: Rehearsed, wanted: string) =>
      cost.limits.find(({ limit }) => limit === wanted);

    test('the file counts against the quota as a real run would', async () => {
      const lines = [...deviceLines(20), { id: 'bad', csr: 'none' }, ...deviceLines(19, 21)];
      const said = await rehearsed(waits, lines);
      expect(said).toMatchObject({
        counts: { SUCCESS: DAILY, CSR_ERROR: 1, ISSUANCE_ANOMALY: 0 },
        waiting: 14,
        failures: [{ position: 21 }],
      });
      expect(said.failures).toHaveLength(1);
      const service = { setBy: 'SERVICE', used: 0 };
      expect(said.cost.limits).toEqual([
        {
          ...service,
          limit: 'BATCH_ITEMS',
          most: 50_000,
          takes: 40,
          remains: 49_960,
          beyond: 0,
          reason: 'BATCH_TOO_MANY_ITEMS',
        },
        {
          ...service,
          limit: 'DAILY_QUOTA',
          most: DAILY,
          takes: DAILY,
          remains: 0,
          beyond: 14,
          reason: 'QUOTA_EXCEEDED',
        },
      ]);
    });

    test('what was issued before counts too, and a dry run takes nothing away', async () => {
      const sent = deviceLines(20);
      await submitted(sent);
      await work(waits);
      // As long as its twenty items took is the rate by which the next ones are costed.
      await query(
        here.database.pool,
        `update batch_chunk set begun_at = now() - interval '8 seconds', ended_at = now()`,
      );
      expect(await rehearsed(waits, sent.slice(0, 2))).toMatchObject({ counts: { SUCCESS: 2 }, again: 2 });
      const lines = deviceLines(20, 100);
      for (let turn = 0; turn < 2; turn += 1) {
        const said = await rehearsed(waits, lines);
        expect(said).toMatchObject({ counts: { SUCCESS: 5 }, waiting: 15, again: 0, failures: [] });
        expect(limitOf(said, 'DAILY_QUOTA')).toMatchObject({ used: 20, takes: 5, remains: 0, beyond: 15 });
        expect(said.cost).toMatchObject({ signatures: 5, chunks: 2 });
        expect(said.cost.duration).toEqual({ seconds: 8, measuredBy: 'RECENT_BATCHES', batches: 1 });
      }
    });

    test('the cap of an agreement is counted across the parts of a file', async () => {
      await varyAgreement({ volumeCap: 13 }, here.database);
      const said = await rehearsed(here.batches, deviceLines(30));
      expect(said.counts).toMatchObject({ SUCCESS: 13, INELIGIBLE: 17 });
      expect(limitOf(said, 'AGREEMENT_CAP')).toEqual({
        limit: 'AGREEMENT_CAP',
        setBy: 'AGREEMENT',
        most: 13,
        used: 0,
        takes: 13,
        remains: 0,
        beyond: 17,
        reason: 'AGREEMENT_VOLUME_EXCEEDED',
      });
    });

    test('the limit of a Device ID and a key that the file itself binds are counted; a duplicate uses nothing', async () => {
      const one = '00db123420999999';
      const first = deviceCsr('00db123420000001');
      const lines = [
        ...Array.from({ length: 103 }, (_, n) => ({ id: `again-${String(n)}`, csr: deviceCsr(one).pem })),
        { id: 'first', csr: first.pem },
        { id: 'twice', csr: first.pem },
        { id: 'other', csr: deviceCsr('00db123420000002', 'digitalSignature', { key: first.key }).pem },
      ];
      const said = await rehearsed(here.batches, lines);
      expect(said.counts).toMatchObject({ SUCCESS: 101, ISSUANCE_ANOMALY: 3, CSR_ERROR: 2 });
      const { id } = await submitted(lines);
      await work(here.batches);
      const { progress } = await show(id);
      expect(progress.counts).toEqual(said.counts);
    }, 60_000);
  });
});
