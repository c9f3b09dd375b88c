import { recordEvents } from '../../../src/audit/audit-log.ts';
import { entryEvents } from '../../../src/audit/entry-events.ts';
import type { Database } from '../../../src/db/pool.ts';
import { query } from '../../../src/db/query.ts';
import { withTransaction } from '../../../src/db/transaction.ts';
import { lockFeed } from '../../../src/registry/feed-lock.ts';
import { loadRegistry } from '../../../src/registry/load-registry.ts';
import { parseRegistryFile } from '../../../src/registry/registry-file.ts';
import { fixedClock, TEST_NOW } from '../../support/dates.ts';
import { faultOf } from '../../support/applications.ts';
import { findWhole, load, partyText } from '../../support/registry-files.ts';
import { until } from '../../support/processes.ts';
import { onPostgres, testDatabase } from '../../support/test-database.ts';

const block = (name: string, hex: string) =>
  `{ name: ${name}, from: 90B3D5${hex}00000000, to: 90B3D5${hex}0FFFFFFF }`;
const DCC_ID = '90B3D51F30000000';

/** The DCC with an identifier, under Registry Entries. */
const dcc = (to: string, ...entries: readonly string[]) =>
  `registryEntries: [${entries.join(', ')}]
participants:
  - signifier: THE-DCC
    type: DCC
    legalName: The DCC
    allocations: [${to === '' ? '' : `{ kind: DCC_ID, from: ${DCC_ID}, to: ${to} }`}]
`;

const WAITING = `select from pg_locks l join pg_database d on d.oid = l.database and d.datname = current_database()
  where l.locktype = 'advisory' and not l.granted`;

describe('a registry file after others have spoken', () => {
  let database: Database;
  beforeEach(async () => {
    database = await testDatabase();
  });
  afterEach(() => database.close());

  const feedTaken = () =>
    query(
      database.pool,
      `insert into feed_import (version, issued_at, imported_at, sha256, signer, rows, diff) values (1, $1, $1, '', '', 0, '{}')`,
      [TEST_NOW],
    );
  const identifiers = async () =>
    (
      await query(
        database.pool,
        `select row from (select i::text as row from identifier_allocation i union all select u::text from user_id_role_assignment u
           union all select d::text from device_range d union all select r::text from registry_entry r) as held order by row`,
      )
    ).rows;
  /** What is refused, and that nothing of it was done. */
  const refused = async (text: string) => {
    const before = await identifiers();
    const fault = await faultOf(load(text, database.pool));
    expect(fault.code).toBe('registry-invalid');
    expect(await identifiers()).toEqual(before);
    return fault.reasons.map(({ reason, detail, fix }) => ({ reason, detail, fix }));
  };

  const OF_FEED = { reason: 'FACT_OWNED_BY_FEED', fix: expect.stringContaining('SECAS') as string };

  test.each([
    ['other ends of a Registry Entry', dcc('', block('one', '2F')), 'Registry Entry one'],
    ['a new Registry Entry', dcc('', block('one', '1F'), block('two', '2F')), 'Registry Entry two'],
    ['an allocation with another end', dcc('90B3D51F3000FFFF'), '90-B3-D5-1F-30-00-00-00'],
    ['an allocation left out', dcc(''), '90-B3-D5-1F-30-00-00-00'],
    ['a new Party', dcc(DCC_ID) + partyText('NORTHGATE', 1), 'details of NORTHGATE'],
  ])('once a feed was taken, %s is refused; before, it is loaded', async (_what, text, names) => {
    const held = names.startsWith('Registry') ? dcc('', block('one', '1F')) : dcc(DCC_ID, block('one', '1F'));
    await load(held, database.pool);
    await feedTaken();
    expect(await refused(text)).toContainEqual({
      ...OF_FEED,
      detail: expect.stringContaining(names) as string,
    });
    // The same again changes nothing of the feed.
    await load(held, database.pool);
    await query(database.pool, 'truncate feed_import');
    await load(text, database.pool);
  });

  test('an allocation of the feed with the same first EUI-64 and another end, or of another kind, is not replaced', async () => {
    await load(dcc('90B3D51F3000FFFF'), database.pool);
    await query(database.pool, `update identifier_allocation set source = 'SECAS_FEED'`);
    expect(await refused(dcc('90B3D51F300000FF'))).toMatchObject([
      { ...OF_FEED, detail: expect.stringContaining('90-B3-D5-1F-30-00-FF-FF') as string },
    ]);
    await load(dcc('90B3D51F3000FFFF'), database.pool);
  });

  const party = (more: string) => `participants:\n${partyText('NORTHGATE', 1, [more])}`;
  const bare = party('');

  test.each([
    [
      'a User Role that the Party assigned',
      `insert into user_id_role_assignment (participant_id, eui64, user_role, source)
       select id, '90b3d51f30010001', 'IMPORT_SUPPLIER', $1 from participant`,
      'PARTICIPANT',
      party('userIds: [{ eui64: 90B3D51F30010001, userRole: IMPORT_SUPPLIER }]'),
      {
        reason: 'FACT_OWNED_BY_PARTY',
        detail:
          'The file says otherwise of the User Role IMPORT_SUPPLIER of 90-B3-D5-1F-30-01-00-01 of NORTHGATE than NORTHGATE itself did.',
      },
    ],
    [
      'a device range that the registrar registered',
      `insert into device_range (participant_id, eui64_from, eui64_to, source)
       select id, '00db123500000000', '00db1235000000ff', $1 from participant`,
      'DCC',
      bare.replace('deviceRanges: [', 'deviceRanges: [{ from: 00DB123500000000, to: 00DB1235000000FF }, '),
      { reason: 'CONFLICT', detail: expect.stringContaining('the DCC, over the API') as string },
    ],
    [
      'a delegation that its owner gave',
      `insert into device_range (participant_id, eui64_from, eui64_to, delegated_by, source)
       select id, '00db123500000000', '00db1235000000ff', 'MAKER', $1 from participant`,
      'PARTICIPANT',
      bare.replace(
        'deviceRanges: [',
        'deviceRanges: [{ from: 00DB123500000000, to: 00DB1235000000FF, delegatedBy: MAKER }, ',
      ),
      {
        reason: 'FACT_OWNED_BY_PARTY',
        detail: expect.stringMatching(/of NORTHGATE than MAKER did/) as string,
      },
    ],
  ])(
    'ends %s not by leaving it out; one of a file it does',
    async (_what, insert, source, naming, reason) => {
      await load(bare, database.pool);
      await query(database.pool, insert, [source]);
      expect(await refused(bare)).toMatchObject([
        { ...reason, fix: expect.stringContaining('Take NORTHGATE out of the file') as string },
      ]);
      if (!naming.includes('delegatedBy')) await load(naming, database.pool);
      for (const table of ['user_id_role_assignment', 'device_range'])
        await query(database.pool, `update ${table} set source = 'TAKE_ON'`);
      await load(bare, database.pool);
      expect((await findWhole(['NORTHGATE'], database.pool)).get('NORTHGATE')).toMatchObject({
        roleAssignments: [],
        deviceRanges: [{ from: '00db123400100000' }],
      });
    },
  );

  const maker = (more: string) =>
    `participants: [{ signifier: MAKER, type: NON_PARTY, legalName: Maker, nonPartyKind: MANUFACTURER${more} }]\n`;

  test('an allocation that no feed can say stays a file to say, also once a feed was taken', async () => {
    const allocated = (to: string) => maker(`, allocations: [{ kind: USER_ID, from: ${DCC_ID}, to: ${to} }]`);
    await feedTaken();
    await load(allocated('90B3D51F300000FF'), database.pool);
    await load(allocated('90B3D51F3000000F'), database.pool);
    expect((await findWhole(['MAKER'], database.pool)).get('MAKER')?.allocations).toMatchObject([
      { to: '90b3d51f3000000f' },
    ]);
  });

  test('a range is not ended while a delegation rests on it that the file does not end', async () => {
    const range = '{ from: 00DB123500000000, to: 00DB1235000000FF }';
    const owning = maker(`, deviceRanges: [${range}]`);
    await load(owning, database.pool);
    await load(bare, database.pool);
    await query(database.pool, `update device_range set valid_from = $1::timestamptz - interval '1 day'`, [
      TEST_NOW,
    ]);
    await query(
      database.pool,
      `insert into device_range (participant_id, eui64_from, eui64_to, delegated_by, source)
       select id, '00db123500000000', '00db12350000000f', 'MAKER', 'PARTICIPANT' from participant where signifier = 'NORTHGATE'`,
    );
    expect(await refused(maker(''))).toMatchObject([
      {
        reason: 'FACT_OWNED_BY_PARTY',
        detail: expect.stringMatching(/delegated device range .* of NORTHGATE than MAKER did/) as string,
      },
    ]);
    await query(database.pool, `update device_range set valid_to = now() where delegated_by is not null`);
    await load(maker(''), database.pool);
    expect((await findWhole(['MAKER'], database.pool)).get('MAKER')?.deviceRanges).toEqual([]);
  });

  test('a file is loaded at the instant at which whoever came before it is done, not at which it came', async () => {
    const clock = fixedClock();
    let loading: Promise<unknown> = Promise.resolve();
    await withTransaction(database.pool, async (db) => {
      await lockFeed(db);
      const file = parseRegistryFile(dcc('', block('one', '1F')), 'file.yaml');
      loading = loadRegistry(file, clock, database.pool, () => Promise.resolve());
      // The embedded database has one connection: there it has not even begun.
      if (onPostgres) await until('a file that waits', async () => (await query(db, WAITING)).rowCount !== 0);
      clock.advance(1000);
    });
    await loading;
    const { rows } = await query(database.pool, `select valid_from as "from" from registry_entry`);
    expect(rows).toEqual([{ from: new Date(TEST_NOW.getTime() + 1000) }]);
  });

  test('Registry Entries that end and begin are in the audit, those that stay are not', async () => {
    const at = TEST_NOW;
    const loadWithAudit = (text: string) =>
      loadRegistry(parseRegistryFile(text, 'file.yaml'), fixedClock(at), database.pool, (client, entries) =>
        recordEvents(entryEvents(entries, at, { file: 'file.yaml' }), client),
      );
    const told = async () =>
      (
        await query(
          database.pool,
          `select event, object, facts ->> 'from' as "from" from audit_event order by id`,
        )
      ).rows;
    await loadWithAudit(dcc('', block('one', '1F'), block('two', '2F')));
    await loadWithAudit(dcc('', block('one', '1F'), block('two', '2F')));
    const begun = [
      { event: 'registry-entry.begun', object: 'one', from: '90-B3-D5-1F-00-00-00-00' },
      { event: 'registry-entry.begun', object: 'two', from: '90-B3-D5-2F-00-00-00-00' },
    ];
    expect(await told()).toEqual(begun);
    await loadWithAudit(dcc('', block('one', '3F')));
    expect((await told()).slice(begun.length)).toEqual([
      { event: 'registry-entry.ended', object: 'one', from: '90-B3-D5-1F-00-00-00-00' },
      { event: 'registry-entry.begun', object: 'one', from: '90-B3-D5-3F-00-00-00-00' },
    ]);
  });
});
