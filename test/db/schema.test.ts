import pg from 'pg';
import { migrate } from '../../src/db/migrate.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import type { Database } from '../../src/db/pool.ts';
import { query } from '../../src/db/query.ts';
import { onPostgres, testDatabase } from '../support/test-database.ts';

const P1 = '00000000-0000-4000-8000-000000000001';
const P2 = '00000000-0000-4000-8000-000000000002';
/** Of nothing on record. */
const P3 = '00000000-0000-4000-8000-000000000003';

describe(`the schema, on ${onPostgres ? 'PostgreSQL' : 'the embedded database'}`, () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  beforeAll(async () => {
    database = await testDatabase();
    await fill(database);
  });
  afterAll(() => database.close());

  const run = (statement: string) => query(database.pool, statement);

  test('is up to date after one migration, and a second one applies nothing', async () => {
    expect(await migrate(database.pool)).toEqual([]);
  });

  test('is made from nothing once, though four processes start at the same time', async () => {
    const { fresh, done } = await emptyDatabases(database, 4);
    const applied = await Promise.all(fresh.map(({ pool }) => migrate(pool)));
    expect(applied.flat().sort()).toEqual([...new Set(applied.flat())].sort());
    expect(applied.filter((one) => one.length > 0)).toHaveLength(1);
    const { rows } = await query<{ name: string }>(fresh[0]!.pool, 'select name from schema_migration');
    expect(rows.map(({ name }) => name).sort()).toEqual(applied.flat().sort());
    await done();
  });

  test.each(
    [
      ['decision_set', 'outcome'],
      ['audit_event', 'event'],
    ].flatMap(([table = '', column = '']) => [
      [`update ${table} set ${column} = ${column}`, table],
      [`update ${table} set ${column} = ${column} where false`, table],
      [`delete from ${table}`, table],
      [`delete from ${table} where false`, table],
      [`truncate ${table} cascade`, table],
    ]),
  )('refuses: %s', async (statement, table) => {
    const count = async () =>
      (await query<{ n: number }>(database.pool, `select count(*)::int as n from ${table}`)).rows[0]!.n;
    const before = await count();
    expect(before).toBeGreaterThan(0);
    // TRUNCATE CASCADE reaches certificates too; any of the triggers may speak first.
    await expect(run(statement)).rejects.toMatchObject({
      code: '23001',
      message: expect.stringMatching(/^(decision_set|audit_event|certificate) is append-only$/),
    });
    expect(await count()).toBe(before);
  });

  const INTENT = `insert into intent_set select gen_random_uuid(), authority, profile, category, participant_id, credential_id,
    idempotency_id, batch_id, purpose, environment, not_before, not_after, prepared_at, array[serial_number], array[decision_id],
    array[batch_position], array[subject], array[eui64], array[public_key_sha256], array['\\x30'::bytea] from certificate`;
  test.each([
    [`delete from certificate where serial_number = 'A1'`],
    ['delete from certificate where false'],
    ['truncate certificate cascade'],
    [`update certificate set status = 'abandoned', abandoned_at = now(), abandoned_reason = 'killed'`],
    [`update certificate set der = '\\x3001' where serial_number = 'A1'`],
    [`update certificate set participant_id = participant_id where false`],
  ])('never changes or removes a certificate: %s', async (statement) => {
    await expect(run(statement)).rejects.toMatchObject({
      code: '23001',
      message: 'certificate is append-only',
    });
  });

  test.each([
    ['issued without its DER', 'status', `'issued'`, 'issued_has_der'],
    ['abandoned without a reason', 'status, tbs', `'abandoned', '\\x30'`, 'abandoned_has_reason'],
    [
      'abandoned with a DER',
      'status, der, tbs, abandoned_reason',
      `'abandoned', '\\x30', '\\x30', 'killed'`,
      'issued_has_der',
    ],
    ['abandoned without its TBS', 'status, abandoned_reason', `'abandoned', 'killed'`, 'abandoned_has_tbs'],
    ['of a status that is none', 'status, tbs, der', `'revoked', null, null`, 'certificate_status_check'],
  ])('holds no certificate %s', async (_what, columns, values, constraint) => {
    await expect(run(certificate('A3', columns, values))).rejects.toMatchObject({
      code: '23514',
      constraint,
    });
  });

  const ISSUED = certificate('AF', 'status, der, sha256, issued_at', `'issued', '\\x30', '\\xAF', now()`);
  test.each([
    ['certificate_participant_id_fkey', ISSUED.replace(`'${P1}', '${P1}'`, `'${P3}', '${P1}'`)],
    ['certificate_credential_id_fkey', ISSUED.replace(`'${P1}', '${P1}'`, `'${P1}', '${P3}'`)],
    ['certificate_public_key_sha256_fkey', ISSUED.replace(`'\\x01'`, `'\\x77'`)],
    [
      'certificate_batch_id_fkey',
      ISSUED.replace('issued_at)', 'issued_at, batch_id, batch_position)').replace(/\)$/, `, '${P3}', 1)`),
    ],
    [
      'batch_item_batch_id_fkey',
      `insert into batch_item (batch_id, position, id, csr) values ('${P3}', 1, 'i', 'c')`,
    ],
    [
      'batch_verdict_batch_id_position_fkey',
      `insert into batch_failure values ('${P3}', 1, 'CSR_ERROR', 'e', '[]')`,
    ],
  ])('holds nothing that refers to what is not on record: %s', async (constraint, statement) => {
    await expect(run(statement)).rejects.toMatchObject({ code: '23503', constraint });
  });

  test.each(
    [
      ['participant', 'id'],
      ['credential', 'id'],
      ['public_key', 'sha256'],
      ['batch', 'id'],
      ['batch_item', 'position'],
    ].flatMap(([table = '', key = '']) => [
      [`delete from ${table} where false`, table],
      [`truncate ${table} cascade`, table],
      [`update ${table} set ${key} = ${key} where false`, table],
    ]),
  )('keeps what others refer to: %s', async (statement, table) => {
    await expect(run(statement)).rejects.toMatchObject({
      code: '23001',
      message: `what ${table} has on record is referred to, and stays`,
    });
  });

  test('holds no certificate and no intent with a serial number in small letters', async () => {
    const issued = certificate('ab', 'status, der, sha256, issued_at', `'issued', '\\x30', '\\x02', now()`);
    await expect(run(issued)).rejects.toMatchObject({ constraint: 'certificate_serial_number_check' });
    await expect(run(INTENT.replace('[serial_number]', `['ab']`))).rejects.toMatchObject({
      constraint: 'certificate_intent_serial_number_check',
    });
  });

  test('holds nothing of a decision that is not on record', async () => {
    const unknown = '00000000-0000-4000-8000-0000000a0001';
    const issued = certificate('A4', 'status, der, sha256, issued_at', `'issued', '\\x30', '\\x04', now()`);
    await expect(
      run(issued.replace(`'${P1}', '${P1}', '${P1}'`, `'${P1}', '${P1}', '${unknown}'`)),
    ).rejects.toMatchObject({
      code: '23503',
      constraint: 'certificate_decision_id_fkey',
    });
    await run(`insert into application (id, participant_id, credential_id, state, version, request, created_at, state_since)
      values ('${P1}', '${P1}', '${P1}', 'DRAFT', 1, '{}', now(), now())`);
    const item = (position: number, decision: string) =>
      `insert into application_item (id, application_id, position, csr, decision_id)
       values (gen_random_uuid(), '${P1}', ${String(position)}, '\\x30', ${decision})`;
    await run(item(0, 'null'));
    await run(item(1, `'${P1}'`));
    for (const statement of [
      item(2, `'${unknown}'`),
      `update application_item set decision_id = '${unknown}'`,
    ])
      await expect(run(statement)).rejects.toMatchObject({
        code: '23503',
        constraint: 'application_item_decision_id_fkey',
      });
  });

  const SET = (id: string, decisions: number) =>
    `insert into decision_set (id, decided_at, credential_id, category, purpose, channel, outcome, rule_set, decisions, each)
     values (${id}, now(), '${P1}', 'DEVICE', 'x', 'INTERNET', 'PASS', 'r', ${String(decisions)}, '[{"number":1}]')`;
  test.each([
    ['under the id of a decision', SET(`'${P1}'`, 1), 'decision_set_id_check'],
    ['that miscounts them', SET(`decision_set_id(gen_random_uuid())`, 2), 'decision_set_check'],
  ])('holds no decisions %s', async (_what, statement, constraint) => {
    await expect(run(statement)).rejects.toMatchObject({ code: '23514', constraint });
  });

  test.each([
    [`array[serial_number]`, `array[serial_number, 'A9']`, 'intent_set_lists'],
    [`array[serial_number]`, `'{}'`, 'certificate_intent_serial_number_check'],
  ])(
    'holds no set of intents with lists that differ in length: %s as %s',
    async (list, other, constraint) => {
      await expect(run(INTENT.replace(list, other))).rejects.toMatchObject({ constraint });
    },
  );

  test('holds one intent under an Idempotency-Key', async () => {
    const under = INTENT.replace('idempotency_id,', `'${P1}',`).replace(
      ' from certificate',
      ` from certificate limit 2`,
    );
    await expect(run(under)).rejects.toMatchObject({
      code: '23505',
      constraint: 'certificate_intent_idempotency',
    });
  });

  const ALLOCATE =
    'insert into identifier_allocation (participant_id, kind, valid_to, eui64_from, eui64_to) values';
  const DEVICES = 'insert into device_range (participant_id, eui64_from, eui64_to, delegated_by) values';
  test.each([
    [
      'two active allocations',
      `${ALLOCATE} ('${P2}', 'USER_ID', null, '%s')`,
      'identifier_allocation_no_overlap',
    ],
    ['two device ranges', `${DEVICES} ('${P2}', '%s', null)`, 'device_range_no_overlap'],
  ])('holds no %s that share an identifier', async (_what, statement, constraint) => {
    const insert = (from: string, to: string) => run(statement.replace('%s', `${from}', '${to}`));
    for (const [from, to] of [
      ['90b3d51f30010000', '90b3d51f30010000'],
      ['90b3d51f3001ffff', '90b3d51f3002ffff'],
      ['0000000000000000', '90b3d51f30010000'],
      ['0000000000000000', 'ffffffffffffffff'],
      ['90b3d51f3001000f', '90b3d51f300100ff'],
    ] as const)
      await expect(insert(from, to)).rejects.toMatchObject({ code: '23P01', constraint });
    await insert('90b3d51f30020000', '90b3d51f3002ffff');
    await insert('90b3d51f3000ffff', '90b3d51f3000ffff');
  });

  test('holds no Registry Entry over a device range, until the range has ended', async () => {
    const range = ['00db12e000000000', '00db12efffffffff'].join("', '");
    const entry = `insert into registry_entry (name, eui64_from, eui64_to) values ('over', '${range}')`;
    await run(`${DEVICES} ('${P2}', '${range}', null)`);
    await expect(run(entry)).rejects.toMatchObject({ constraint: 'device_range_not_in_registry_entry' });
    await run(`update device_range set valid_to = now() where eui64_from = '00db12e000000000'`);
    await run(entry);
  });

  test('holds a delegation once at a time', async () => {
    const again = `${DEVICES} ('${P2}', '00db12d000000000', '00db12dfffffffff', 'NORTHGATE')`;
    await run(again);
    await expect(run(again)).rejects.toMatchObject({ constraint: 'device_range_delegated_once' });
    await run(`update device_range set valid_to = now() where eui64_from = '00db12d000000000'`);
    await run(again);
  });

  test('holds allocations that ended and delegated ranges beside others', async () => {
    await run(`${ALLOCATE} ('${P2}', 'USER_ID', '2000-01-01', '90b3d51f30010000', '90b3d51f3001ffff')`);
    await run(`${DEVICES} ('${P2}', '90b3d51f30010000', '90b3d51f3001ffff', 'NORTHGATE')`);
  });

  test.each([
    ['upper case', '90B3D51F30050000', '90b3d51f3005ffff', '23514'],
    ['too short', '90b3', '90b3d51f3005ffff', '23514'],
    ['reversed', '90b3d51f3005ffff', '90b3d51f30050000', '22000'],
  ])('holds no range that is %s', async (_what, from, to, code) => {
    await expect(run(`${ALLOCATE} ('${P2}', 'USER_ID', null, '${from}', '${to}')`)).rejects.toMatchObject({
      code,
    });
  });

  const ENTRY = (name: string, from: string, to: string) =>
    `insert into registry_entry (name, eui64_from, eui64_to) values ('${name}', '${from}', '${to}')`;
  const AGREED = (ref: string, state: string, from: string, to: string) =>
    `insert into fact (participant_id, kind, key, version, state, since, value, source, recorded_at) values ('${P1}', 'AGREEMENT',
       '${ref}', 1, '${state}', now(), '{"deviceRanges":[{"from":"${from}","to":"${to}"}]}', 'DCC', now())`;
  test('holds no Device ID by the agreement of one and the device range of another, unless it is delegated or ends', async () => {
    const ends = ['00db12c000000000', '00db12c0000000ff'] as const;
    const range = (who: string, owner = 'null') =>
      run(`${DEVICES} ('${who}', '${ends.join("', '")}', ${owner})`);
    const refusal = { code: '23P01', constraint: 'agreed_range_of_another' };
    await run(AGREED('BA-10', 'OFFERED', ...ends));
    await expect(range(P2)).rejects.toMatchObject(refusal);
    await run(`insert into fact select participant_id, kind, key, 2, 'LAPSED', since, value, source, credential_id, recorded_at
      from fact where key = 'BA-10'`);
    await range(P2);
    await expect(
      run(AGREED('BA-11', 'OFFERED', '00db12c000000000', '00db12c000000000')),
    ).rejects.toMatchObject({
      ...refusal,
      detail: '00-DB-12-C0-00-00-00-00 to 00-DB-12-C0-00-00-00-FF of SOUTHGATE',
    });
    await run(AGREED('BA-11', 'TERMINATED', ...ends));
    await range(P1, `'SOUTHGATE'`);
    await run(AGREED('BA-12', 'OFFERED', ...ends));
  });

  const CEILING = (eui64: string) =>
    `insert into device_ceiling (eui64, certificates, review_id) values ('${eui64}', 200, '${P1}')`;
  const DEVICE = (serial: string, category: string, eui64: string) => `
    insert into certificate (serial_number, authority, profile, category, participant_id, credential_id, decision_id, purpose,
      subject, eui64, public_key_sha256, not_before, not_after, prepared_at, status, der, sha256, issued_at)
    values ('${serial}', 'a', 'p', '${category}', '${P1}', '${P1}', '${P1}', 'x', 's', '${eui64}', '\\x01', now(), now(), now(),
      'issued', '\\x30', '\\x${serial}', now())`;
  const INTENDED = (serial: string, category: string, eui64: string) => `
    insert into intent_set (id, authority, profile, category, participant_id, credential_id, purpose, not_before, not_after, prepared_at,
      serial_numbers, decision_ids, batch_positions, subjects, eui64s, public_key_sha256s, tbs)
    values (gen_random_uuid(), 'a', 'p', '${category}', '${P1}', '${P1}', 'x', now(), now(), now(), '{${serial}}', '{${P1}}', '{null}',
      '{s}', '{${eui64}}', array['\\x01'::bytea], array['\\x30'::bytea])`;

  describe('keeps Device IDs and Registry Entries of the SEC Panel apart', () => {
    beforeAll(async () => {
      await run(ENTRY('panel', '70b3d50000000000', '70b3d5000fffffff'));
      await run(
        `insert into review (id, kind, participant_id, state, act, summary, prepared_person, prepared_at, expires_at)
         values ('${P1}', 'DEVICE_CEILING', '${P1}', 'OPEN', '{}', 's', 'p', now(), now())`,
      );
    });

    test.each([
      [
        'a device range',
        `${DEVICES} ('${P2}', '70b3d50000000000', '70b3d500000000ff', null)`,
        'device_range',
      ],
      ['a raised limit', CEILING('70b3d50000000001'), 'device_ceiling'],
      ['an agreement', AGREED('BA-1', 'OFFERED', '70b3d50000000000', '70b3d500000000ff'), 'agreed_range'],
      [
        'an agreement around it',
        AGREED('BA-1', 'EXECUTED', '0000000000000000', 'ffffffffffffffff'),
        'agreed_range',
      ],
      ['an intent for a Device Certificate', INTENDED('D1', 'DEVICE', '70b3d50000000000'), 'certificate'],
      ['a Device Certificate', DEVICE('D1', 'DEVICE', '70b3d5000fffffff'), 'certificate'],
    ])('%s has none of one', async (_what, statement, place) => {
      const constraint = `${place}_not_in_registry_entry`;
      await expect(run(statement)).rejects.toMatchObject({ code: '23P01', constraint });
    });

    test('an Organisation Certificate has one, and everything else is as free as before', async () => {
      await run(DEVICE('D2', 'ORGANISATION', '70b3d50000000001'));
      await run(DEVICE('D3', 'DEVICE', '70b3d50010000000'));
      await run(INTENDED('D4', 'ORGANISATION', '70b3d50000000001'));
      await run(INTENDED('D5', 'DEVICE', '70b3d50010000000'));
      await run(CEILING('70b3d50010000000'));
      await run(AGREED('BA-2', 'OFFERED', '70b3d50020000000', '70b3d500200000ff'));
      await run(AGREED('BA-3', 'TERMINATED', '70b3d50000000000', '70b3d500000000ff'));
    });

    test.each([
      ['a raised limit', ['70b3d50010000000', '70b3d50010000000'], 'device_ceiling'],
      ['a range of an agreement', ['70b3d500200000ff', '70b3d5002fffffff'], 'agreed_range'],
      ['a device range', ['90b3d51f3001ffff', '90b3d51f3fffffff'], 'device_range'],
    ])('no Registry Entry comes over %s', async (_what, [from = '', to = ''], place) => {
      const constraint = `${place}_not_in_registry_entry`;
      await expect(run(ENTRY('late', from, to))).rejects.toMatchObject({ code: '23P01', constraint });
    });

    test('a Device ID has one raised limit at a time; one that has ended keeps no Registry Entry away', async () => {
      const during = (from: string, to: string) =>
        run(`insert into device_ceiling (eui64, certificates, review_id, valid_from, valid_to)
          values ('70b3d50040000000', 200, '${P1}', ${from}, ${to})`);
      await during(`'2020-01-01'`, `'2021-01-01'`);
      await expect(during(`'2020-12-31'`, 'null')).rejects.toMatchObject({
        constraint: 'device_ceiling_once',
      });
      await run(ENTRY('over an ended limit', '70b3d50040000000', '70b3d5004fffffff'));
    });

    test('a Registry Entry that has ended keeps nobody away; one that has not takes no range of another', async () => {
      const during = (name: string, from: string, to: string) =>
        run(`insert into registry_entry (name, eui64_from, eui64_to, valid_from, valid_to)
          values ('${name}', '70b3d50030000000', '70b3d5003fffffff', ${from}, ${to})`);
      await during('was', `'2020-01-01'`, `'2021-01-01'`);
      await during('was', `'2021-01-01'`, `'2022-01-01'`); // half-open
      const overlap = { code: '23P01', constraint: 'registry_entry_eui64_range_excl' };
      await expect(during('other', `'2021-12-31'`, 'null')).rejects.toMatchObject(overlap);
      await run(CEILING('70b3d50030000000'));
      await run(AGREED('BA-4', 'OFFERED', '70b3d50030000000', '70b3d500300000ff'));
      await run(DEVICE('D6', 'DEVICE', '70b3d50030000001'));
      await run(INTENDED('D7', 'DEVICE', '70b3d50030000001'));
      await run(`${DEVICES} ('${P1}', '70b3d50030000000', '70b3d500300000ff', null)`);
      await expect(during('panel', 'now()', 'null')).rejects.toMatchObject({ code: '23P01' });
    });
  });
});

/** Connections to one empty database: on PostgreSQL each its own pool, embedded the only pool there is. */
async function emptyDatabases(
  { url }: { readonly url?: string },
  count: number,
): Promise<{ fresh: Database[]; done: () => Promise<void> }> {
  if (url === undefined) {
    const database = await openDatabase();
    return { fresh: Array.from({ length: count }, () => database), done: () => database.close() };
  }
  const own = new URL(url);
  own.pathname += '_empty';
  const admin = new pg.Client(url);
  await admin.connect();
  await admin.query(`create database ${own.pathname.slice(1)} template template0`);
  const fresh = await Promise.all(Array.from({ length: count }, () => openDatabase({ url: own.href })));
  const done = async () => {
    await Promise.all(fresh.map((one) => one.close()));
    await admin.query(`drop database ${own.pathname.slice(1)} with (force)`);
    await admin.end();
  };
  return { fresh, done };
}

function certificate(serial: string, columns: string, values: string): string {
  return `
  insert into certificate (serial_number, authority, profile, category, participant_id, credential_id, decision_id, purpose,
    subject, public_key_sha256, not_before, not_after, prepared_at, ${columns})
  values ('${serial}', 'a', 'p', 'DEVICE', '${P1}', '${P1}', '${P1}', 'x', 's', '\\x01', now(), now(), now(), ${values})`;
}

/** Two participants, a decision, an event, and two certificates: A1 issued, A2 abandoned. */
async function fill({ pool }: Database): Promise<void> {
  for (const statement of [
    `insert into participant (id, signifier, type, created_at) values ('${P1}', 'NORTHGATE', 'DCC', now()), ('${P2}', 'SOUTHGATE', 'DCC', now())`,
    `insert into credential (id, participant_id, role, prefix, token_sha256, created_at, expires_at) values ('${P1}', '${P1}', 'AUDITOR', 'p', '\\x01', now(), now())`,
    `insert into decision_set (id, decided_at, credential_id, category, purpose, channel, outcome, rule_set, decisions, each) values (decision_set_id('${P1}'), now(), '${P1}', 'DEVICE', 'x', 'INTERNET', 'PASS', 'r', 1, '[{"number":1}]')`,
    `insert into audit_event (at, event) values (now(), 'thing.happened')`,
    `insert into public_key values ('\\x01', 's', now())`,
    certificate('A1', 'status, der, sha256, issued_at', `'issued', '\\x30', '\\x01', now()`),
    certificate('A2', 'status, tbs, abandoned_reason, abandoned_at', `'abandoned', '\\x30', 'killed', now()`),
    `insert into identifier_allocation (participant_id, kind, valid_from, eui64_from, eui64_to) values ('${P1}', 'USER_ID', '2020-01-01', '90b3d51f30010000', '90b3d51f3001ffff')`,
    `insert into device_range (participant_id, eui64_from, eui64_to) values ('${P1}', '90b3d51f30010000', '90b3d51f3001ffff')`,
  ])
    await query(pool, statement);
}
