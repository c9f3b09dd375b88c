import { workOnce } from '../../src/batches/engine/worker.ts';
import { query } from '../../src/db/query.ts';
import { listDecisions } from '../../src/audit/decisions.ts';
import type { Fault } from '../../src/domain/fault.ts';
import { issueCertificates } from '../../src/issuance/issue-certificates.ts';
import { replayDecision } from '../../src/issuance/replay-decision.ts';
import { batchWorld, deviceLines, type BatchBody, type BatchWorld } from '../support/batch-world.ts';
import { organisationCsr } from '../support/csr-builder.ts';
import { callerOf, deviceRequest, told } from '../support/device-requests.ts';
import { ruleSetFolder } from '../support/rule-set-folder.ts';

const BEYOND = {
  reason: 'QUOTA_EXCEEDED',
  detail: 'All participants together have had 5 DEVICE certificates in 24 hours; there are 5.',
};

let here: BatchWorld;
const device = async (signifier: string, number: string) => ({
  request: deviceRequest(number),
  caller: await callerOf(signifier, here),
});

describe('the number of certificates of all participants together, as an operator may set it', () => {
  const { folder, remove } = ruleSetFolder('everybody: { clause: SEC Appendix N, perDay: 5 }');
  beforeEach(async () => {
    here = await batchWorld({ chunkItems: 2 }, { environment: { TCS_RULE_SETS_DIR: folder } });
  });
  afterEach(() => here.close());
  afterAll(remove);

  test('counts the requests of one set, whoever asks, and lets the rest wait', async () => {
    await issueCertificates(
      [await device('METERWORKS', '20000001'), await device('NORTHGATE', '10000001')],
      here.needs,
    );
    const asked = [
      await device('NORTHGATE', '10000002'),
      await device('METERWORKS', '20000002'),
      await device('NORTHGATE', '10000003'),
      await device('METERWORKS', '20000003'),
      await device('NORTHGATE', '10000004'),
    ];
    const results = await issueCertificates(asked, here.needs);
    expect(told(results)).toEqual([...Array(3).fill('issued'), 'QUOTA_EXCEEDED', 'QUOTA_EXCEEDED']);
    expect((results[4] as Fault).reasons).toMatchObject([BEYOND]);
    const [stored] = await listDecisions({ outcome: 'QUEUE' }, { limit: 1 }, here.database.pool);
    expect(stored?.question?.demand).toEqual({ ofAllInDay: 5 });
    // Of another category there is no limit.
    const csr = organisationCsr('90-B3-D5-1F-30-01-00-00').der;
    const request = { ...deviceRequest('10000005'), category: 'ORGANISATION', csr } as const;
    expect(
      told(await issueCertificates([{ request, caller: await callerOf('NORTHGATE', here) }], here.needs)),
    ).toEqual(['issued']);
    here.clock.advance(25 * 3_600_000);
    expect(told(await issueCertificates(asked.slice(3), here.needs))).toEqual(['issued', 'issued']);
    const replay = await replayDecision(stored!, {}, here.needs.ruleSets, here.database.pool);
    expect([replay.same, replay.replayed.outcome]).toEqual([true, 'QUEUE']);
  });

  test('lets items of a batch wait across its parts, as a dry run says; they go on when it frees', async () => {
    await issueCertificates([await device('NORTHGATE', '10000001')], here.needs);
    const rehearsed = (await here.submit(deviceLines(6), { query: '&dryRun=true' })).body as {
      cost: { limits: { limit: string }[] };
    };
    expect(rehearsed).toMatchObject({ counts: { SUCCESS: 4 }, waiting: 2, failures: [] });
    expect(rehearsed.cost.limits.find((one) => one.limit === 'DAILY_TOTAL')).toEqual({
      limit: 'DAILY_TOTAL',
      setBy: 'SERVICE',
      most: 5,
      used: 1,
      takes: 4,
      remains: 0,
      beyond: 2,
      reason: 'QUOTA_EXCEEDED',
    });
    const { id } = (await here.submit(deviceLines(6))).body as BatchBody;
    const work = async () => {
      await query(here.database.pool, `update batch_chunk set not_before = null`);
      while (await workOnce(here.batches));
      return (await here.get(`/v1/batches/${id}`)).body as BatchBody;
    };
    expect(await work()).toMatchObject({
      state: 'PROCESSING',
      progress: { counts: { SUCCESS: 4 } },
      waits: { cause: 'QUOTA' },
    });
    here.clock.advance(25 * 3_600_000);
    expect(await work()).toMatchObject({ state: 'COMPLETED', progress: { counts: { SUCCESS: 6 } } });
  });
});
