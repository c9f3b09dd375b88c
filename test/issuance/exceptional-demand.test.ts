import { listDecisions } from '../../src/audit/decisions.ts';
import { workOnce } from '../../src/batches/engine/worker.ts';
import { query } from '../../src/db/query.ts';
import { withTransaction } from '../../src/db/transaction.ts';
import type { Fault } from '../../src/domain/fault.ts';
import { issueCertificates } from '../../src/issuance/issue-certificates.ts';
import { replayDecision } from '../../src/issuance/replay-decision.ts';
import { findParticipantRef } from '../../src/registry/participants.ts';
import { recordFacts } from '../../src/registry/record-facts.ts';
import { batchWorld, deviceLines, type BatchBody, type BatchWorld } from '../support/batch-world.ts';
import { callerOf, deviceRequest, told } from '../support/device-requests.ts';
import { ruleSetFolder } from '../support/rule-set-folder.ts';

const SHARE =
  'exceptional: { clause: DESIGN, percent: { SEC_PARTY: 150, RDP: 150, NON_PARTY: 150, DCC: NONE, DCC_SERVICE_PROVIDER: 150 }, months: 2, least: 0 }';
const DAY = 86_400_000;

let here: BatchWorld;
const daysAgo = (days: number) => new Date(here.clock.now().getTime() - days * DAY);

/** What METERWORKS had, so many days ago. */
const had = async (certificates: number, days: number) => {
  const { id } = (await findParticipantRef('METERWORKS', here.database.pool))!;
  await query(
    here.database.pool,
    `insert into issued_count (participant_id, category, hour, counter, certificates)
     values ($1, 'DEVICE', date_trunc('hour', $2::timestamptz), 9, $3)`,
    [id, daysAgo(days), certificates],
  );
};
/** A notice that the DCC accepted. */
const noticed = async (key: string, from: Date, to: Date) => {
  const { id } = (await findParticipantRef('METERWORKS', here.database.pool))!;
  const value = { category: 'DEVICE', perDay: 1000, from, to } as const;
  const about = { participantId: id, kind: 'DEMAND_NOTICE', key } as const;
  for (const state of ['GIVEN', 'ACCEPTED'])
    await withTransaction(here.database.pool, (db) =>
      recordFacts(
        [{ ...about, state, since: here.clock.now(), value }],
        { source: 'DCC', recordedAt: here.clock.now() },
        db,
      ),
    );
};
let next = 1;
const issue = async (count: number) => {
  const caller = await callerOf('METERWORKS', here);
  const asked = Array.from({ length: count }, () => ({
    request: deviceRequest(`20${(next++).toString(16).padStart(6, '0')}`),
    caller,
  }));
  return issueCertificates(asked, here.needs);
};

describe('exceptional demand, where an operator sets a share of the own monthly average', () => {
  const { folder, remove } = ruleSetFolder(SHARE);
  beforeEach(async () => {
    here = await batchWorld({ chunkItems: 2 }, { environment: { TCS_RULE_SETS_DIR: folder } });
    next = 1;
  });
  afterEach(() => here.close());
  afterAll(remove);

  test('wants notice, the requests of one set and those of the month before counted', async () => {
    await had(4, 90);
    await had(8, 45);
    // Of the two months before this one, 8: 4 a month on average. Then 6 are no exception.
    await had(3, 29);
    const results = await issue(5);
    expect(told(results)).toEqual([...Array(3).fill('issued'), 'NOTICE_REQUIRED', 'NOTICE_REQUIRED']);
    expect((results[3] as Fault).reasons).toMatchObject([
      {
        detail:
          'METERWORKS has had 6 DEVICE certificates in 30 days; without notice there are 6, by its average of 4 a month before.',
        fix: expect.stringContaining('notice of the demand') as string,
      },
    ]);
    const [stored] = await listDecisions({ outcome: 'REFUSE' }, { limit: 1 }, here.database.pool);
    expect(stored?.question?.demand).toEqual({ month: { issued: 6, before: 8, days: 60 } });
    here.clock.advance(40 * DAY);
    const replay = await replayDecision(stored!, {}, here.needs.ruleSets, here.database.pool);
    expect([replay.same, replay.replayed.outcome]).toEqual([true, 'REFUSE']);
  });

  test('is none of who has no month behind it', async () => {
    await had(1, 59);
    expect(told(await issue(3))).toEqual(Array(3).fill('issued'));
    here.clock.advance(2 * DAY);
    expect(told(await issue(1))).toEqual(['NOTICE_REQUIRED']);
  });

  test('is told by an accepted notice, and what was had under it does not count when its period is over', async () => {
    await had(4, 60.5);
    expect(told(await issue(7))).toEqual([...Array(6).fill('issued'), 'NOTICE_REQUIRED']);
    await noticed(
      'one',
      new Date(here.clock.now().getTime() + DAY),
      new Date(here.clock.now().getTime() + 2 * DAY),
    );
    expect(told(await issue(1))).toEqual(['NOTICE_REQUIRED']);
    here.clock.advance(1.5 * DAY);
    expect(told(await issue(8))).toEqual(Array(8).fill('issued'));
    here.clock.advance(DAY);
    const [beyond] = await issue(1);
    expect((beyond as Fault).reasons[0]?.detail).toContain('has had 6 DEVICE certificates in 30 days');
    // A month later the six are over.
    here.clock.advance(28 * DAY);
    expect(told(await issue(1))).toEqual(['issued']);
  });

  test('is refused item by item of a batch, across its parts; a dry run says so before', async () => {
    await had(2, 60.5);
    const rehearsed = (await here.submit(deviceLines(5), { query: '&dryRun=true' })).body as {
      cost: { limits: { limit: string }[] };
    };
    expect(rehearsed).toMatchObject({ counts: { SUCCESS: 3, INELIGIBLE: 2 } });
    expect(rehearsed.cost.limits.find((one) => one.limit === 'MONTHLY_DEMAND')).toEqual({
      limit: 'MONTHLY_DEMAND',
      setBy: 'SERVICE',
      most: 3,
      used: 0,
      takes: 3,
      remains: 0,
      beyond: 2,
      reason: 'NOTICE_REQUIRED',
    });
    expect(rehearsed.cost.limits.find((one) => one.limit === 'DAILY_QUOTA')).toMatchObject({ beyond: 0 });
    const { id } = (await here.submit(deviceLines(5))).body as BatchBody;
    while (await workOnce(here.batches));
    expect((await here.get(`/v1/batches/${id}`)).body).toMatchObject({
      state: 'COMPLETED',
      progress: { counts: { SUCCESS: 3, INELIGIBLE: 2 } },
    });
    const items = (await here.get(`/v1/batches/${id}/items?status=INELIGIBLE`)).body as {
      items: { errorCode: string }[];
    };
    expect(items.items.map((one) => one.errorCode)).toEqual(['IN:NOTICE', 'IN:NOTICE']);
    next = 100;
    expect(told(await issue(1))).toEqual(['NOTICE_REQUIRED']);
  });
});
