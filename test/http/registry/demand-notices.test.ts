import request from 'supertest';
import { findDecision } from '../../../src/audit/decisions.ts';
import { query } from '../../../src/db/query.ts';
import type { CallerRole } from '../../../src/domain/participant.ts';
import { replayDecision } from '../../../src/issuance/replay-decision.ts';
import { findParticipants } from '../../../src/registry/participants.ts';
import { deviceCsr } from '../../support/csr-builder.ts';
import { world, type World } from '../../support/world.ts';

const OWN = '/v1/participants/METERWORKS/demand-notices';

describe('a notice of demand', () => {
  let here: World;
  beforeEach(async () => {
    here = await world();
  });
  afterEach(() => here.close());

  const day = (days: number) => new Date(here.clock.now().getTime() + days * 86_400_000).toISOString();
  const notice = (more: object = {}) => ({
    category: 'DEVICE',
    perDay: 400_000,
    from: day(0),
    to: day(2),
    ...more,
  });
  const send = async (path: string, body: object, role: CallerRole = 'PARTICIPANT_SRO', as = 'METERWORKS') =>
    request(here.http)
      .post(path)
      .set('Authorization', `Bearer ${await here.token(as, role)}`)
      .send(body);
  const items = async (path: string, role: CallerRole, as: string) =>
    (
      await request(here.http)
        .get(path)
        .set('Authorization', `Bearer ${await here.token(as, role)}`)
        .expect(200)
    ).body.items as Record<string, unknown>[];
  const given = async (more: object = {}) => {
    const answer = await send(OWN, notice(more));
    expect(answer.status).toBe(201);
    return `${OWN}/${String(answer.body.id)}`;
  };
  const decide = (path: string, accept: boolean) =>
    send(`${path}/decision`, { accept, because: 'there is room' }, 'DCC_TEST_APPROVER', 'DCC');
  const certificate = () =>
    send(
      '/v1/certificates',
      {
        category: 'DEVICE',
        purpose: 'DEVICE_AND_USER_SYSTEM_TESTS',
        csr: deviceCsr('00db123420000001', 'digitalSignature').pem,
      },
      'PARTICIPANT_ARO',
    );
  const reasonsOf = (answer: { body: { errors?: { reason: string }[] } }) =>
    answer.body.errors?.map((one) => one.reason);
  /** As many as the quota has, in this hour. */
  const fill = (certificates = 375_000) =>
    query(
      here.database.pool,
      `insert into issued_count (participant_id, category, hour, certificates)
       select id, 'DEVICE', date_trunc('hour', $1::timestamptz), $2 from participant where signifier = 'METERWORKS'`,
      [here.clock.now(), certificates],
    );

  test('that the DCC accepts raises the quota while its period lasts; what was decided before stays as it was', async () => {
    await fill();
    expect(reasonsOf(await certificate())).toEqual(['NOTICE_REQUIRED']);
    const { rows } = await query<{ id: string }>(here.database.pool, `select id from decision`);
    const path = await given();
    expect(reasonsOf(await certificate())).toEqual(['NOTICE_REQUIRED']);
    expect((await decide(path, true)).status).toBe(200);
    expect((await certificate()).status).toBe(201);

    const stored = await findDecision(rows[0]!.id, here.database.pool);
    const replay = await replayDecision(stored!, {}, here.needs.ruleSets, here.database.pool);
    expect([replay.same, replay.recorded.outcome]).toEqual([true, 'REFUSE']);
    const { rows: passed } = await query<{ id: string }>(
      here.database.pool,
      `select id from decision where outcome = 'PASS'`,
    );
    const granted = await findDecision(passed[0]!.id, here.database.pool);
    expect((await replayDecision(granted!, {}, here.needs.ruleSets, here.database.pool)).same).toBe(true);

    here.clock.advance(2 * 86_400_000);
    await fill();
    expect(reasonsOf(await certificate())).toEqual(['NOTICE_REQUIRED']);
  });

  test('that is refused, withdrawn or of another category raises nothing; without one a participant is as ever', async () => {
    await fill();
    expect((await decide(await given(), false)).status).toBe(200);
    expect((await decide(await given({ category: 'ORGANISATION' }), true)).status).toBe(200);
    const path = await given();
    expect((await decide(path, true)).status).toBe(200);
    expect((await send(`${path}/withdrawal`, {})).status).toBe(200);
    expect(reasonsOf(await certificate())).toEqual(['NOTICE_REQUIRED']);
    const found = await findParticipants(['NORTHGATE'], here.clock.now(), here.database.pool);
    expect(found.get('NORTHGATE')).not.toHaveProperty('demandNotices');
  });

  test('is told to the DCC with whether it came in time, decided once, and the participant is told', async () => {
    const path = await given({ from: day(6.9), to: day(9) });
    await given({ from: day(7), to: day(9), perDay: 500_000 });
    const waiting = await items('/v1/demand-notices?state=GIVEN', 'DCC_TEST_APPROVER', 'DCC');
    expect(waiting.map(({ participant, perDay, inTime }) => [participant, perDay, inTime]).sort()).toEqual([
      ['METERWORKS', 400_000, false],
      ['METERWORKS', 500_000, true],
    ]);
    const answers = await Promise.all([decide(path, true), decide(path, false), decide(path, true)]);
    expect(answers.map((one) => one.status).sort()).toEqual([200, 409, 409]);
    const own = await items(OWN, 'PARTICIPANT_VIEWER', 'METERWORKS');
    expect(own).toHaveLength(2);
    const told = await items('/v1/participants/METERWORKS/notifications', 'PARTICIPANT_VIEWER', 'METERWORKS');
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      event: expect.stringMatching(/^demand-notice\.(accepted|refused)$/),
      text: expect.stringContaining('400000 DEVICE certificates'),
    });
    const events = await items('/v1/audit-events?event=demand-notice.decided', 'AUDITOR', 'ASSESS');
    expect(events.map((one) => one['event']).sort()).toEqual([
      'demand-notice.decided',
      'demand-notice.decided.refused',
      'demand-notice.decided.refused',
    ]);
  });

  test.each([
    ['ends before it begins', { from: '2026-12-02', to: '2026-12-01' }],
    ['is over', { from: '2026-01-01', to: '2026-01-02' }],
    ['is for no certificate', { perDay: 0 }],
  ])('whose period or number makes no sense is refused: it %s', async (_what, more) => {
    expect((await send(OWN, notice(more))).status).toBe(400);
    expect(await items(OWN, 'PARTICIPANT_SRO', 'METERWORKS')).toEqual([]);
  });

  test('and proposed details are listed as they stood at an instant', async () => {
    const at = () => here.clock.now().toISOString();
    const before = new Date(here.clock.now().getTime() - 1000).toISOString();
    const path = await given();
    const details = '/v1/participants/NORTHGATE/details-changes';
    const proposed = await send(details, { tradingName: 'Other' }, 'PARTICIPANT_SRO', 'NORTHGATE');
    expect(proposed.status).toBe(201);
    const asGiven = at();
    here.clock.advance(3_600_000);
    expect((await decide(path, true)).status).toBe(200);
    const rejection = `${details}/${String(proposed.body.id)}/rejection`;
    expect((await send(rejection, { because: 'no' }, 'SECAS_FEED', 'ASSESS')).status).toBe(200);
    const states = async (list: string, as: string, instant: string) =>
      (await items(`${list}?at=${instant}`, 'PARTICIPANT_SRO', as)).map((one) => one['state']);
    for (const [instant, notices, changes] of [
      [before, [], []],
      [asGiven, ['GIVEN'], ['PROPOSED']],
      [at(), ['ACCEPTED'], ['REJECTED']],
    ] as const) {
      expect(await states(OWN, 'METERWORKS', instant)).toEqual(notices);
      expect(await states(details, 'NORTHGATE', instant)).toEqual(changes);
    }
  });

  test('is not decided by its participant, nor found under another', async () => {
    const path = await given();
    const own = await send(`${path}/decision`, { accept: true, because: 'we need it' });
    expect(own.status).toBe(403);
    const other = path.replace('METERWORKS', 'NORTHGATE');
    expect((await decide(other, true)).status).toBe(404);
    expect((await send(`${other}/withdrawal`, {}, 'PARTICIPANT_SRO', 'NORTHGATE')).status).toBe(404);
  });
});
