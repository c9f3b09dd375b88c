import request from 'supertest';
import { listDecisions } from '../../src/audit/decisions.ts';
import { workOnce } from '../../src/batches/engine/worker.ts';
import { query, type Db } from '../../src/db/query.ts';
import type { Fault } from '../../src/domain/fault.ts';
import { loadRuleSets } from '../../src/eligibility/rule-sets.ts';
import { countDemand } from '../../src/issuance/count-demand.ts';
import { decisionView } from '../../src/issuance/decision-view.ts';
import { issueCertificates } from '../../src/issuance/issue-certificates.ts';
import { replayDecision } from '../../src/issuance/replay-decision.ts';
import { sweep } from '../../src/issuance/screen-again.ts';
import { batchWorld, deviceLines, PURPOSE, type BatchBody, type BatchWorld } from '../support/batch-world.ts';
import { deviceCsr } from '../support/csr-builder.ts';
import { TEST_NOW } from '../support/dates.ts';
import { callerOf, deviceRequest, told } from '../support/device-requests.ts';
import { OWN_VERSION, ruleSetFolder } from '../support/rule-set-folder.ts';

const FOUR = `adHoc: { clause: SEC Appendix N, perDay: { SEC_PARTY: NONE, RDP: 4, NON_PARTY: 4, DCC: NONE, DCC_SERVICE_PROVIDER: 4 } }`;
const BEYOND = {
  reason: 'QUOTA_EXCEEDED',
  detail:
    'METERWORKS has had 4 DEVICE certificates by single requests in 24 hours; there are 4, and items of batches are not counted.',
  fix: 'Ask again later: the number of the last 24 hours falls by itself.',
};

/** How their Device IDs go on after 00db1234. */
const BLOCKS = { METERWORKS: '20', NORTHGATE: '10' };

let here: BatchWorld;
const close = () => here.close();
/** So many requests of a participant, for its Device IDs from a place on. */
const askedOf = async (count: number, from: number, signifier: keyof typeof BLOCKS = 'METERWORKS') => {
  const caller = await callerOf(signifier, here);
  return Array.from({ length: count }, (_one, place) => ({
    request: deviceRequest(`${BLOCKS[signifier]}${(from + place).toString(16).padStart(6, '0')}`),
    caller,
  }));
};
const issue = async (...asked: Parameters<typeof askedOf>) =>
  issueCertificates(await askedOf(...asked), here.needs);
const post = async (path: string, body: object) =>
  request(here.http)
    .post(path)
    .set('Authorization', `Bearer ${await here.token('METERWORKS')}`)
    .send({ category: 'DEVICE', purpose: PURPOSE, ...body });
const csr = (place: number) => deviceCsr(`00db123420${place.toString(16).padStart(6, '0')}`).pem;
/** The decision that let a request wait. */
const waiting = async () => (await listDecisions({ outcome: 'QUEUE' }, { limit: 1 }, here.database.pool))[0]!;

describe('the number of single requests in 24 hours, as an operator may set it', () => {
  const { folder, remove } = ruleSetFolder(FOUR);
  beforeEach(async () => {
    here = await batchWorld({}, { environment: { TCS_RULE_SETS_DIR: folder } });
  });
  afterEach(close);
  afterAll(remove);

  test('counts the requests of one set, and those before it', async () => {
    expect(here.needs.ruleSets.at(TEST_NOW).version).toBe(OWN_VERSION);
    expect(told(await issue(2, 1))).toEqual(['issued', 'issued']);
    const results = await issue(4, 3);
    expect(told(results)).toEqual(['issued', 'issued', 'QUOTA_EXCEEDED', 'QUOTA_EXCEEDED']);
    expect((results[3] as Fault).reasons).toMatchObject([BEYOND]);
  });

  test('is kept by sets that are at work at the same time', async () => {
    const sets = await Promise.all([3, 20, 40].map((from) => askedOf(3, from)));
    const results = await Promise.all(sets.map((set) => issueCertificates(set, here.needs)));
    expect(told(results.flat()).sort()).toEqual([
      ...Array(5).fill('QUOTA_EXCEEDED'),
      ...Array(4).fill('issued'),
    ]);
  });

  test('counts what is about to be signed, and frees to the minute', async () => {
    await issue(1, 1);
    here.clock.advance(30 * 60_000);
    await issue(2, 2);
    // Somebody has recorded an intent and not signed yet.
    await query(
      here.database.pool,
      `with one as (select * from certificate where eui64 = '00db123420000001')
       insert into intent_set (id, authority, profile, category, participant_id, credential_id, purpose, not_before, not_after,
         prepared_at, serial_numbers, decision_ids, batch_positions, subjects, eui64s, public_key_sha256s, tbs)
       select gen_random_uuid(), authority, profile, category, participant_id, credential_id, purpose, not_before, not_after,
         issued_at, array['0A'], array[decision_id], array[null::int], array[subject], array[eui64], array[public_key_sha256],
         array[der] from one`,
    );
    expect(told(await issue(1, 4))).toEqual(['QUOTA_EXCEEDED']);
    here.clock.advance(23.5 * 3_600_000);
    expect(told(await issue(3, 5))).toEqual(['issued', 'issued', 'QUOTA_EXCEEDED']);
    here.clock.advance(30 * 60_000);
    expect(told(await issue(3, 8))).toEqual(['issued', 'issued', 'QUOTA_EXCEEDED']);
  });

  test('is no limit for who has none, nor for items of batches, which it does not count', async () => {
    expect(told(await issue(6, 1, 'NORTHGATE'))).toEqual(Array(6).fill('issued'));
    const { id } = (await here.submit(deviceLines(6))).body as BatchBody;
    while (await workOnce(here.batches));
    expect((await here.get(`/v1/batches/${id}`)).body).toMatchObject({
      progress: { counts: { SUCCESS: 6 } },
    });
    expect(told(await issue(5, 0x100))).toEqual([...Array(4).fill('issued'), 'QUOTA_EXCEEDED']);
    const rehearsed = await here.submit(deviceLines(6, 0x200), { query: '&dryRun=true' });
    expect(rehearsed.body).toMatchObject({ counts: { SUCCESS: 6 }, waiting: 0 });
    expect((await waiting()).question?.demand).toEqual({ adHocInDay: 4 });
  });

  test('is seen by a check, and lets a request wait until the number falls', async () => {
    await issue(4, 1);
    const checked = await post('/v1/eligibility-checks', { csr: csr(5) });
    expect(checked.body).toMatchObject({ outcome: 'QUEUE', reasons: [BEYOND] });
    const unread = await post('/v1/eligibility-checks', {});
    expect(unread.body).toMatchObject({ outcome: 'QUEUE', reasons: [BEYOND] });
    const asked = await post('/v1/certificates', { csr: csr(5) });
    expect(asked.status).toBe(202);
    const application = async () => (await here.get(asked.headers['location']!)).body as { state: string };
    expect(await application()).toMatchObject({ state: 'SCREENED', waitingFor: ['QUOTA_EXCEEDED'] });
    here.clock.advance(24 * 3_600_000);
    await sweep(here.needs);
    expect((await application()).state).toBe('ISSUED');
  });

  test('is kept with the decision: the same question has the same answer for ever', async () => {
    await issue(5, 1);
    const stored = await waiting();
    const evidence = decisionView(stored, here.needs.ruleSets.at(TEST_NOW));
    expect(evidence.onRecord).toMatchObject({ demand: { adHocInDay: 4 } });
    const replayed = async (wish: object) => {
      const { same, replayed: answer } = await replayDecision(
        stored,
        wish,
        here.needs.ruleSets,
        here.database.pool,
      );
      return [same, answer.outcome];
    };
    expect(await replayed({})).toEqual([true, 'QUEUE']);
    expect(await replayed({ withRuleSet: '2026-11-29' })).toEqual([false, 'PASS']);
    here.clock.advance(48 * 3_600_000);
    expect(await replayed({})).toEqual([true, 'QUEUE']);
    expect(await replayed({ asAt: here.clock.now() })).toEqual([true, 'QUEUE']);
  });
});

describe('where no rule set has such a number', () => {
  beforeAll(async () => {
    here = await batchWorld();
  });
  afterAll(close);

  test('nothing is counted, looked up or kept', async () => {
    const untouched = new Proxy(
      {},
      {
        get: () => {
          throw new Error('the database was asked');
        },
      },
    ) as Db;
    const asked = await askedOf(5, 1);
    expect(
      await countDemand(
        asked.map((one) => ({ asked: one })),
        loadRuleSets().at(TEST_NOW),
        TEST_NOW,
        untouched,
      ),
    ).toBeUndefined();
    expect(told(await issueCertificates(asked, here.needs))).toEqual(Array(5).fill('issued'));
    const { rows } = await query<{ inputs: string }>(here.database.pool, `select inputs from decision`);
    expect(rows).toHaveLength(5);
    expect(JSON.stringify(rows)).not.toContain('demand');
  });
});
