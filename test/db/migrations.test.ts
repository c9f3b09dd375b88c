import { randomUUID } from 'node:crypto';
import { findDecision } from '../../src/audit/decisions.ts';
import type { Database } from '../../src/db/pool.ts';
import { query } from '../../src/db/query.ts';
import { daysFromNow } from '../support/participants.ts';
import { applyMigration, schemaBefore } from '../support/migrations.ts';
import { onPostgres, testDatabase } from '../support/test-database.ts';

describe(`what is on record before a migration, on ${onPostgres ? 'PostgreSQL' : 'the embedded database'}`, () => {
  let database: Database;
  beforeEach(async () => {
    database = await testDatabase();
  });
  afterEach(() => database.close());

  const participant = async (signifier: string, columns = '', ...values: unknown[]) => {
    const id = randomUUID();
    const places = values.map((_, place) => `, $${String(place + 4)}`).join('');
    await query(
      database.pool,
      `insert into participant (id, signifier, type, created_at${columns}) values ($1, $2, 'SEC_PARTY', $3${places})`,
      [id, signifier, daysFromNow(-100), ...values],
    );
    return id;
  };
  const review = async (participantId: string, act: object, decidedAt?: Date) => {
    const id = randomUUID();
    await query(
      database.pool,
      `insert into review (id, kind, participant_id, state, act, summary, prepared_person, prepared_at, expires_at,
         decided_person, decided_at, decided_because)
       values ($1, 'PARTICIPANT', $2, case when $4::timestamptz is null then 'OPEN' else 'APPROVED' end, $3, 's', 'Ann', $5, $5,
         case when $4::timestamptz is not null then 'Bob' end, $4, case when $4::timestamptz is not null then 'x' end)`,
      [id, participantId, JSON.stringify(act), decidedAt ?? null, daysFromNow(-90)],
    );
    return id;
  };

  describe('of closures (0055)', () => {
    const [CLOSE, REOPEN] = [{ do: 'CLOSE_PARTICIPANT' }, { do: 'REOPEN_PARTICIPANT' }];
    const statuses = async (participantId: string) =>
      (
        await query<{ version: number; state: string; since: Date; source: string }>(
          database.pool,
          `select version, state, since, source from fact where participant_id = $1 and kind = 'STATUS' order by version`,
          [participantId],
        )
      ).rows;
    beforeEach(() => schemaBefore('0055', database.pool));

    test('becomes versions: what reviews did, one after the other, and what is so now', async () => {
      const [open, byFile, byReview] = [
        await participant('OPEN'),
        await participant('BYFILE', ', closed_at', daysFromNow(-5)),
        await participant('BYREVIEW', ', closed_at', daysFromNow(-5)),
      ];
      for (const [day, act] of [
        [-20, REOPEN], // was open
        [-18, CLOSE],
        [-16, CLOSE], // was closed
        [-10, REOPEN],
        [-5, CLOSE],
      ] as const)
        await review(byReview, act, daysFromNow(day));
      const reopened = await participant('REOPENED');
      await review(reopened, CLOSE, daysFromNow(-8));
      await review(reopened, REOPEN, daysFromNow(-7));
      await applyMigration('0055', database.pool);

      expect(await statuses(open)).toEqual([]);
      expect(await statuses(byFile)).toEqual([
        { version: 1, state: 'CLOSED', since: daysFromNow(-5), source: 'TAKE_ON' },
      ]);
      expect(await statuses(byReview)).toEqual([
        { version: 1, state: 'CLOSED', since: daysFromNow(-18), source: 'DCC' },
        { version: 2, state: 'ACTIVE', since: daysFromNow(-10), source: 'DCC' },
        { version: 3, state: 'CLOSED', since: daysFromNow(-5), source: 'DCC' },
      ]);
      expect(await statuses(reopened)).toMatchObject([
        { state: 'CLOSED', since: daysFromNow(-8) },
        { state: 'ACTIVE', since: daysFromNow(-7) },
      ]);
    });

    test('waits as before for its second person, on its present version', async () => {
      const closed = await participant('CLOSED', ', closed_at', daysFromNow(-5));
      const waiting = [
        await review(closed, REOPEN),
        await review(await participant('OPEN'), CLOSE),
        await review(closed, { do: 'ISSUE_APPLICATION', application: 'x' }),
      ];
      await applyMigration('0055', database.pool);
      const { rows } = await query<{ id: string; act: object }>(database.pool, 'select id, act from review');
      const fact = { do: 'RECORD_FACT', kind: 'STATUS', key: '', value: {} };
      expect(waiting.map((id) => rows.find((row) => row.id === id)?.act)).toEqual([
        { ...fact, state: 'ACTIVE', after: 1 },
        { ...fact, state: 'CLOSED', after: 0 },
        { do: 'ISSUE_APPLICATION', application: 'x' },
      ]);
    });
  });

  test('of raised limits (0057) becomes periods: each from its approval until the next', async () => {
    await schemaBefore('0057', database.pool);
    const maker = await participant('MAKER');
    const raised = (certificates: number) => ({
      do: 'RAISE_DEVICE_CEILING',
      eui64: '00db123420000001',
      certificates,
    });
    await review(maker, raised(110), daysFromNow(-9));
    const latest = await review(maker, raised(150), daysFromNow(-4));
    await review(maker, raised(999));
    await query(
      database.pool,
      `insert into device_ceiling (eui64, certificates, review_id) values ('00db123420000001', 150, $1)`,
      [latest],
    );
    await applyMigration('0057', database.pool);
    const { rows } = await query(
      database.pool,
      `select certificates, valid_from as "from", valid_to as "to" from device_ceiling order by valid_from`,
    );
    expect(rows).toEqual([
      { certificates: 110, from: daysFromNow(-9), to: daysFromNow(-4) },
      { certificates: 150, from: daysFromNow(-4), to: null },
    ]);
  });

  test('of who stated identifiers (0061) is what the audit says; what no act began came with a file', async () => {
    await schemaBefore('0061', database.pool);
    const maker = await participant('MAKER');
    const [byFile, byAct] = [daysFromNow(-9), daysFromNow(-4)];
    const run = (text: string, ...values: unknown[]) => query(database.pool, text, values);
    for (const event of ['user-role.assigned', 'device-range.registered'])
      await run(
        `insert into audit_event (at, event, participant_id) values ($1, $2, $3)`,
        byAct,
        event,
        maker,
      );
    // At the same instant, of another participant.
    await run(
      `insert into audit_event (at, event, participant_id) values ($1, 'user-role.assigned', $2)`,
      byFile,
      randomUUID(),
    );
    for (const [at, role] of [
      [byFile, 'GAS_SUPPLIER'],
      [byAct, 'IMPORT_SUPPLIER'],
    ] as const)
      await run(
        `insert into user_id_role_assignment (participant_id, eui64, user_role, valid_from) values ($1, '90b3d51f30010000', $2, $3)`,
        maker,
        role,
        at,
      );
    for (const [place, at, owner, document] of [
      [1, byFile, null, null],
      [2, byAct, null, null],
      [3, byAct, 'OWNER', null],
      [4, byFile, 'OWNER', 'ab'],
    ] as const)
      await run(
        `insert into device_range (participant_id, eui64_from, eui64_to, valid_from, delegated_by, delegation_document_sha256)
         values ($1, $2, $2, $3, $4, $5)`,
        maker,
        `00db12342000000${String(place)}`,
        at,
        owner,
        document,
      );
    await applyMigration('0061', database.pool);
    const sources = async (table: string, order: string) =>
      (
        await query<{ source: string }>(database.pool, `select source from ${table} order by ${order}`)
      ).rows.map((row) => row.source);
    expect(await sources('user_id_role_assignment', 'user_role')).toEqual(['TAKE_ON', 'PARTICIPANT']);
    expect(await sources('device_range', 'eui64_from')).toEqual(['TAKE_ON', 'DCC', 'TAKE_ON', 'PARTICIPANT']);
  });

  test('of raised limits (0057) keeps the present one although another was approved by a clock that was ahead', async () => {
    await schemaBefore('0057', database.pool);
    const maker = await participant('MAKER');
    const raised = (certificates: number) => ({
      do: 'RAISE_DEVICE_CEILING',
      eui64: '00db123420000001',
      certificates,
    });
    await review(maker, raised(110), daysFromNow(-9));
    const present = await review(maker, raised(150), daysFromNow(-4));
    await review(maker, raised(130), daysFromNow(-3));
    await review(maker, raised(140), daysFromNow(-2));
    await query(
      database.pool,
      `insert into device_ceiling (eui64, certificates, review_id) values ('00db123420000001', 150, $1)`,
      [present],
    );
    await applyMigration('0057', database.pool);
    const { rows } = await query(
      database.pool,
      `select certificates, valid_from as "from", valid_to as "to" from device_ceiling order by valid_from`,
    );
    expect(rows).toEqual([
      { certificates: 110, from: daysFromNow(-9), to: daysFromNow(-4) },
      { certificates: 150, from: daysFromNow(-4), to: null },
    ]);
  });

  test('of applications (0062) tells when each was submitted, a draft when it was no more; one that is a draft still is not', async () => {
    await schemaBefore('0062', database.pool);
    const maker = await participant('MAKER');
    const run = (text: string, ...values: unknown[]) => query(database.pool, text, values);
    const credential = randomUUID();
    await run(
      `insert into credential (id, participant_id, role, prefix, token_sha256, created_at, expires_at)
       values ($1, $2, 'PARTICIPANT_ARO', 'p', '\\x01', now(), now())`,
      credential,
      maker,
    );
    for (const [number, state, events] of [
      [1, 'DRAFT', [['application.draft', -9]]],
      [
        2,
        'ISSUED',
        [
          ['application.draft', -9],
          ['application.submitted', -4],
        ],
      ],
      [3, 'ISSUED', [['application.submitted', -9]]],
    ] as const) {
      const id = `00000000-0000-4000-8000-00000000000${String(number)}`;
      await run(
        `insert into application (id, participant_id, credential_id, state, version, request, created_at, state_since)
         values ($1, $2, $3, $4, 1, '{}', $5, $5)`,
        id,
        maker,
        credential,
        state,
        daysFromNow(-9),
      );
      for (const [event, day] of events)
        await run(
          `insert into audit_event (at, event, object) values ($1, $2, $3)`,
          daysFromNow(day),
          event,
          id,
        );
    }
    await applyMigration('0062', database.pool);
    const { rows } = await query<{ at: Date | null }>(
      database.pool,
      'select submitted_at as at from application order by id',
    );
    expect(rows.map(({ at }) => at)).toEqual([null, daysFromNow(-4), daysFromNow(-9)]);
  });

  test('of decisions (0068) becomes sets of one each, in which each is as it was, and what names one still does', async () => {
    await schemaBefore('0068', database.pool);
    const run = (text: string, ...values: unknown[]) => query(database.pool, text, values);
    const maker = await participant('MAKER');
    const [credential, application] = [randomUUID(), randomUUID()];
    const [early, late] = ['4b1d3f6e-0000-4000-8000-00000000ffff', '4b1d3f6e-0000-4000-8000-000000010000'];
    await run(
      `insert into credential (id, participant_id, role, prefix, token_sha256, created_at, expires_at)
       values ($1, $2, 'PARTICIPANT_ARO', 'p', '\\x01', now(), now())`,
      credential,
      maker,
    );
    await run(`insert into participant_snapshot (sha256, value) values ('\\x01', '{"id":"x"}')`);
    const insert = `insert into decision (id, decided_at, credential_id, participant_id, category, purpose, channel, outcome, rule_set,
      reasons, request_id, subject, public_key_sha256, agreement_ref, gates, inputs, participant_snapshot)
      values ($1, $2, $3, $4, 'DEVICE', 'p', 'INTERNET', $5, 'r', $6, $7, $8, $9, $10, $11, $12, $13)`;
    const reason = { reason: 'A', clause: 'c', detail: 'd "quoted"', fix: 'f' };
    // Before questions and gates were kept.
    await run(
      insert,
      ...[early, daysFromNow(-9), credential, null, 'REFUSE', JSON.stringify([reason])],
      ...[null, null, null, null, null, null, null],
    );
    const question = {
      request: { category: 'DEVICE' },
      participant: { certificatesIssued: 7 },
      now: daysFromNow(-2),
    };
    const referral = { review: 'r', approvedReasons: [{ reason: 'A', detail: 'd' }] };
    await run(
      insert,
      ...[late, daysFromNow(-2), credential, maker, 'PASS', '[]', 'request', 'DEVICE:00db123420000001'],
      ...[Buffer.of(1, 2), 'BA-1', ['A1', 'A2'], JSON.stringify({ ...question, referral }), Buffer.of(1)],
    );
    await run(
      `insert into application (id, participant_id, credential_id, state, version, request, created_at, state_since)
       values ($1, $2, $3, 'SCREENED', 1, '{}', now(), now())`,
      ...[application, maker, credential],
    );
    await run(
      `insert into application_item (id, application_id, position, csr, decision_id) values ($1, $1, 0, '\\x30', $2)`,
      ...[application, late],
    );
    const columns = `id, decided_at, request_id, credential_id, participant_id, category, purpose, environment, device_type, channel,
      subject, public_key_sha256, outcome, basis, agreement_ref, simulated_role, rule_set, reasons, gates, participant_snapshot`;
    const all = async () => (await run(`select ${columns} from decision order by decided_at`)).rows;
    const before = await all();
    await applyMigration('0068', database.pool);
    expect(await all()).toEqual(before);
    expect(before).toHaveLength(2);
    const kept = await findDecision(late, database.pool);
    expect(kept).toMatchObject({
      id: late,
      participant: 'MAKER',
      gates: ['A1', 'A2'],
      agreementRef: 'BA-1',
      reasons: [],
    });
    expect(kept?.question).toEqual({
      ...question,
      referral,
      participant: { id: 'x', certificatesIssued: 7 },
    });
    const old = await findDecision(early, database.pool);
    expect(old).toMatchObject({ id: early, participant: null, gates: [], reasons: [reason] });
    expect(old).not.toHaveProperty('question');
    const set = await run(
      `select s.agreement_ref from application_item i join decision_set s on s.id = decision_set_id(i.decision_id)`,
    );
    expect(set.rows).toEqual([{ agreement_ref: 'BA-1' }]);
  });

  test('of intents (0069) is a set of each, with all that it held', async () => {
    await schemaBefore('0069', database.pool);
    const columns = `serial_number, authority, profile, category, participant_id, credential_id, decision_id, idempotency_id, batch_id,
      batch_position, purpose, environment, subject, eui64, public_key_sha256, not_before, not_after, tbs, prepared_at`;
    await query(
      database.pool,
      `insert into certificate_intent (${columns}) values
         ('A1', 'a', 'p', 'DEVICE', $1, $2, $3, null, $4, 7, 'x', 'ENDURING', 's', '00db123420000001', '\\x01', $5, $6, '\\x30', $7),
         ('A2', 'a', 'p', 'DCCKI', $1, $2, $3, $4, null, null, 'x', null, 's', null, '\\x02', $5, $6, '\\x31', $7)`,
      [
        ...[randomUUID(), randomUUID(), randomUUID(), randomUUID()],
        ...[daysFromNow(0), daysFromNow(9), daysFromNow(-1)],
      ],
    );
    const intents = async () =>
      (await query(database.pool, `select ${columns} from certificate_intent order by serial_number`)).rows;
    const before = await intents();
    await applyMigration('0069', database.pool);
    expect(before).toHaveLength(2);
    expect(await intents()).toEqual(before);
    expect((await query(database.pool, 'select from intent_set')).rowCount).toBe(2);
  });
});
