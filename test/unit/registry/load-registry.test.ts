import type { Database } from '../../../src/db/pool.ts';
import { query } from '../../../src/db/query.ts';
import { loadRegistry } from '../../../src/registry/load-registry.ts';
import { findWhole } from '../../support/registry-files.ts';
import { parseRegistryFile } from '../../../src/registry/registry-file.ts';
import { fixedClock, TEST_NOW } from '../../support/dates.ts';
import { faultOf } from '../../support/applications.ts';
import { load, partyText, refusalOf } from '../../support/registry-files.ts';
import { testDatabase } from '../../support/test-database.ts';

const TABLES = [
  'participant',
  'fact',
  'registry_entry',
  'identifier_allocation',
  'user_id_role_assignment',
  'device_range',
];

describe('loading a registry file', () => {
  let database: Database;
  beforeEach(async () => {
    database = await testDatabase();
  });
  afterEach(() => database.close());

  /** Every row of every table that a registry file fills, as text. */
  const everything = async () => {
    const rows = await Promise.all(
      TABLES.map((table) =>
        query<{ row: string }>(database.pool, `select t::text as row from ${table} t order by 1`),
      ),
    );
    return rows.map((one) => one.rows.map(({ row }) => row));
  };

  /** The next version of whether the record of the only participant is closed, by two people. */
  const statusOf = (state: 'ACTIVE' | 'CLOSED', version: number) =>
    query(
      database.pool,
      `insert into fact (participant_id, kind, version, state, since, value, source, recorded_at)
       select id, 'STATUS', $2, $1, $3, '{}', 'DCC', $3 from participant`,
      [state, version, TEST_NOW],
    );

  test('reports how much of each was loaded', async () => {
    expect(await load(FULL, database.pool)).toEqual({
      participants: 3,
      agreements: 2,
      allocations: 3,
      deviceRanges: 3,
      registryEntries: 1,
    });
  });

  test('gives back every field of every participant', async () => {
    await load(FULL, database.pool);
    const found = await findWhole(['NORTHNET', 'REGDATA', 'MAKER', 'NOBODY'], database.pool);
    expect([...found.keys()].sort()).toEqual(['MAKER', 'NORTHNET', 'REGDATA']);
    const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;
    expect(found.get('NORTHNET')).toEqual({
      id: uuid,
      signifier: 'NORTHNET',
      type: 'SEC_PARTY',
      legalName: 'Northern “Networks” & Söhne',
      status: 'ACTIVE',
      partyCategory: 'GAS_NETWORK',
      membership: {
        state: 'EXPELLED',
        since: new Date('2016-05-01'),
        expelledAt: new Date('2026-03-02T10:20:30Z'),
      },
      agreements: [],
      nominations: [],
      allocations: [
        { kind: 'USER_ID', state: 'ACTIVE', from: '90b3d51f30020000', to: '90b3d51f3002ffff' },
        { kind: 'USER_ID', state: 'ACTIVE', from: '90b3d51f30030000', to: '90b3d51f3003ffff' },
      ],
      roleAssignments: [
        { eui64: '90b3d51f30020001', userRole: 'GAS_TRANSPORTER' },
        { eui64: '90b3d51f30020001', userRole: 'OTHER_USER' },
      ],
      deviceRanges: [{ from: '00db123400000000', to: '00db1234000000ff', deviceTypes: ['ESME', 'GSME'] }],
      gatewayConnection: true,
      certificatesIssued: 0,
      issuedInDay: {},
      termsAccepted: [],
      obligations: [],
      holds: [],
    });
    expect(found.get('REGDATA')).toMatchObject({
      type: 'RDP',
      status: 'CLOSED',
      nominations: [
        {
          networkParty: 'NORTHNET',
          networkPartyState: 'EXPELLED',
          from: new Date('2018-01-01'),
          to: new Date('2019-01-01'),
        },
      ],
      allocations: [{ kind: 'RDP_ID', state: 'ACTIVE', from: '90b3d51f30040000', to: '90b3d51f30040000' }],
    });
    expect(found.get('REGDATA')).not.toHaveProperty('membership');
    expect(found.get('MAKER')).toMatchObject({
      type: 'NON_PARTY',
      nonPartyKind: 'MANUFACTURER',
      agreements: [
        {
          ref: 'BA-1',
          state: 'EXECUTED',
          executedAt: new Date('2026-01-05'),
          effectiveFrom: new Date('2026-01-12'),
          effectiveTo: new Date('2027-01-12T12:00:00Z'),
          permittedCategories: ['DEVICE', 'ORGANISATION'],
          permittedPurposes: ['DEVICE_AND_USER_SYSTEM_TESTS'],
          permittedEnvironments: ['LAB', 'SIT_A'],
          permittedRoles: ['supplier', 'xmlSign'],
          deviceRanges: [{ from: '00db123500000000', to: '00db1235000000ff' }],
          volumeCap: 2_147_483_647,
          gatewayPermitted: true,
        },
        {
          ref: 'BA-2',
          state: 'REQUESTED',
          permittedCategories: [],
          permittedPurposes: [],
          permittedEnvironments: ['SIT_A', 'SIT_B', 'UIT_A', 'UIT_B', 'DCC_BOXED', 'GFI', 'LAB'],
          permittedRoles: [],
          deviceRanges: [],
          gatewayPermitted: false,
        },
      ],
      deviceRanges: [
        { from: '00db123400000000', to: '00db12340000000f', deviceTypes: [], delegatedBy: 'NORTHNET' },
        { from: '00db123500000000', to: '00db1235000000ff', deviceTypes: [] },
      ],
    });
  });

  test('a second time changes nothing', async () => {
    await load(FULL, database.pool);
    const before = await findWhole(['NORTHNET', 'REGDATA', 'MAKER'], database.pool);
    await load(FULL, database.pool);
    expect(await findWhole(['NORTHNET', 'REGDATA', 'MAKER'], database.pool)).toEqual(before);
  });

  test('is the whole truth for whom it names, and leaves others as they are', async () => {
    await load(`participants:\n${partyText('NORTHGATE', 1)}${partyText('SOUTHGATE', 2)}`, database.pool);
    const bare =
      '  - { signifier: NORTHGATE, type: SEC_PARTY, legalName: Now bare, partyCategory: OTHER_SEC_PARTY }\n';
    await load(`participants:\n${bare}`, database.pool);
    const found = await findWhole(['NORTHGATE', 'SOUTHGATE'], database.pool);
    expect(found.get('NORTHGATE')).toMatchObject({
      legalName: 'Now bare',
      partyCategory: 'OTHER_SEC_PARTY',
      allocations: [],
      deviceRanges: [],
    });
    expect(found.get('NORTHGATE')).not.toHaveProperty('membership');
    expect(found.get('SOUTHGATE')!.allocations).toHaveLength(1);
  });

  test.each([
    ['SECAS_FEED', 'MEMBERSHIP', '', 'SUSPENDED', 'FACT_OWNED_BY_FEED'],
    ['DCC', 'AGREEMENT', 'BA-1', 'EXECUTED', 'CONFLICT'],
    ['PARTICIPANT', 'OFFICER', 'aro', 'ACTIVE', 'FACT_OWNED_BY_PARTY'],
  ])('undoes nothing that its owner (%s) has stated since', async (source, kind, key, state, reason) => {
    const text = `participants:\n${partyText('NORTHGATE', 1)}    officers: []\n`;
    await load(text, database.pool);
    await query(
      database.pool,
      `insert into fact (participant_id, kind, key, version, state, since, value, source, recorded_at)
       select id, $1, $2, 1 + (select count(*) from fact where kind = $1 and key = $2), $3, $4, '{}', $5, $4 from participant`,
      [kind, key, state, TEST_NOW, source],
    );
    const before = await everything();
    const fault = await faultOf(load(text, database.pool));
    expect([fault.code, fault.reasons.map((one) => one.reason)]).toEqual(['registry-invalid', [reason]]);
    expect(await everything()).toEqual(before);
  });

  test('tells everything that others have stated, of every participant, and which lists may be left out', async () => {
    const lists = '    officers: []\n    obligations: []\n    termsAccepted: []\n';
    const text = (more: string) =>
      `participants:\n${partyText('NORTHGATE', 1)}${more}${partyText('SOUTHGATE', 2)}${more}`;
    await load(text(lists), database.pool);
    for (const [kind, key, state] of [
      ['OFFICER', 'aro', 'ACTIVE'],
      ['OBLIGATION', 'KEY_STORAGE', 'ATTESTED'],
      ['TERMS', '2026-11-24', 'ACCEPTED'],
      ['AGREEMENT', 'BA-', 'EXECUTED'],
    ])
      await query(
        database.pool,
        `insert into fact (participant_id, kind, key, version, state, since, value, source, recorded_at)
         select id, $1, $2 || case $1 when 'AGREEMENT' then signifier else '' end, 1, $3, $4, '{}', 'DCC', $4 from participant`,
        [kind, key, state, TEST_NOW],
      );
    const { reasons } = await faultOf(load(text(lists), database.pool));
    const fixes = (signifier: string) => [
      `Leave \`officers\` of ${signifier} out of the file`,
      `Leave \`obligations\` of ${signifier} out of the file`,
      `Leave \`termsAccepted\` of ${signifier} out of the file`,
      `Take ${signifier} out of the file`,
    ];
    expect(reasons.map(({ fix }) => /^.*?out of the file/.exec(fix)?.[0]).sort()).toEqual(
      [...fixes('NORTHGATE'), ...fixes('SOUTHGATE')].sort(),
    );
    // What may be left out stays as it is; of agreements, an entry is the whole truth.
    const left = await faultOf(load(text(''), database.pool));
    expect(left.reasons.map((one) => one.detail)).toEqual(
      ['NORTHGATE', 'SOUTHGATE'].map(
        (signifier) => expect.stringContaining(`agreement BA-${signifier} of ${signifier}`) as string,
      ),
    );
  });

  test('ends no allocation that the feed made, and opens no record that two people closed', async () => {
    const bare = 'participants:\n  - { signifier: THE-DCC, type: DCC, legalName: The DCC }\n';
    await load(bare, database.pool);
    await query(
      database.pool,
      `insert into identifier_allocation (participant_id, kind, eui64_from, eui64_to, source)
       select id, 'DCC_ID', '90b3d51f30000000', '90b3d51f3000ffff', 'SECAS_FEED' from participant`,
    );
    const fault = await faultOf(load(bare, database.pool));
    expect(fault.reasons).toMatchObject([
      { reason: 'FACT_OWNED_BY_FEED', detail: expect.stringContaining('90-B3-D5-1F-30-00-00-00') as string },
    ]);
    await query(database.pool, `delete from identifier_allocation`);
    await statusOf('CLOSED', 1);
    await load(bare, database.pool);
    expect((await findWhole(['THE-DCC'], database.pool)).get('THE-DCC')).toMatchObject({ status: 'CLOSED' });
  });

  test('ends a Registry Entry that has other ends now, and leaves those that it does not name', async () => {
    const entries = (...stated: string[]) =>
      `registryEntries: [${stated.join(', ')}]\nparticipants: [{ signifier: THE-DCC, type: DCC, legalName: The DCC }]\n`;
    const block = (name: string, hex: string) =>
      `{ name: ${name}, from: 70B3D5${hex}00000000, to: 70B3D5${hex}0FFFFFFF }`;
    const [earlier, later] = [new Date(TEST_NOW.getTime() - 1000), TEST_NOW];
    const loadAt = (text: string, at: Date) =>
      loadRegistry(parseRegistryFile(text, 'file.yaml'), fixedClock(at), database.pool, () =>
        Promise.resolve(),
      );
    await loadAt(entries(block('one', '00'), block('two', '10'), block('three', '20')), earlier);
    for (const turn of [1, 2]) {
      await loadAt(entries(block('one', '30'), block('two', '10')), later);
      const { rows } = await query(
        database.pool,
        `select name, substring(eui64_from, 7, 2) as hex, valid_from as "from", valid_to as "to" from registry_entry
          order by valid_from, name`,
      );
      expect([turn, rows]).toEqual([
        turn,
        [
          { name: 'one', hex: '00', from: earlier, to: later },
          { name: 'three', hex: '20', from: earlier, to: null },
          { name: 'two', hex: '10', from: earlier, to: null },
          { name: 'one', hex: '30', from: later, to: null },
        ],
      ]);
    }
  });

  test('closes a record once, and none that two people opened again', async () => {
    const closed =
      'participants:\n  - { signifier: THE-DCC, type: DCC, legalName: The DCC, status: CLOSED }\n';
    await load(closed, database.pool);
    const before = await everything();
    await load(closed, database.pool);
    expect(await everything()).toEqual(before);
    await statusOf('ACTIVE', 2);
    const fault = await faultOf(load(closed, database.pool));
    expect(fault.reasons).toMatchObject([
      { reason: 'CONFLICT', detail: expect.stringContaining('status') as string },
    ]);
    expect((await findWhole(['THE-DCC'], database.pool)).get('THE-DCC')).toMatchObject({ status: 'ACTIVE' });
  });

  test('never changes the type of a participant', async () => {
    await load(`participants:\n${partyText('NORTHGATE', 1)}`, database.pool);
    const before = await everything();
    const other = 'participants:\n  - { signifier: NORTHGATE, type: DCC, legalName: Now the DCC }\n';
    expect(await refusalOf(() => load(other, database.pool))).toEqual({
      code: 'registry-invalid',
      text: 'the Signifier NORTHGATE and its type are for ever; nothing was loaded.',
    });
    expect(await everything()).toEqual(before);
  });

  test('moves a range from one participant to another, whoever stands first', async () => {
    const both = (north: number, south: number) =>
      `participants:\n${partyText('NORTHGATE', north)}${partyText('SOUTHGATE', south)}`;
    await load(both(1, 2), database.pool);
    await load(both(2, 1), database.pool);
    const { allocations } = (await findWhole(['NORTHGATE'], database.pool)).get('NORTHGATE')!;
    expect(allocations[0]!.from).toBe('90b3d51f30020000');
  });

  test('is all or nothing', async () => {
    await load(`participants:\n${partyText('NORTHGATE', 1)}`, database.pool);
    const before = await everything();
    const text = FULL.replace('90B3D51F30020000, to', '90B3D51F30010000, to');
    const refusal = await refusalOf(() => load(text, database.pool));
    expect(refusal?.code).toBe('registry-invalid');
    expect(refusal?.text).toMatch(
      /^An allocation overlaps one of another participant\. Nothing was loaded\./,
    );
    expect(await everything()).toEqual(before);
  });

  test('is nothing when its audit fails', async () => {
    const file = parseRegistryFile(FULL, 'file.yaml');
    const record = () => Promise.reject(new Error('no audit'));
    await expect(loadRegistry(file, fixedClock(), database.pool, record)).rejects.toThrow('no audit');
    expect((await everything()).flat()).toEqual([]);
  });

  const agreement = (more = '') =>
    `agreements: [{ ref: BA-1, state: REQUESTED, permittedCategories: [], permittedPurposes: [] ${more}}]`;
  test.each([
    [
      'an allocation',
      partyText('EASTGATE', 1).replace(/00DB1234001/g, '00DB1234009'),
      /An allocation overlaps/,
    ],
    [
      'a device range',
      partyText('EASTGATE', 1).replace(/90B3D51F3001/g, '90B3D51F3009'),
      /A device range overlaps/,
    ],
    [
      'the reference of an agreement',
      partyText('EASTGATE', 3, [agreement()]),
      /The reference belongs to another agreement/,
    ],
  ])('that takes %s of a participant in the database is refused', async (_what, entry, says) => {
    await load(`participants:\n${partyText('NORTHGATE', 1, [agreement()])}`, database.pool);
    const refusal = await refusalOf(() => load(`participants:\n${entry}`, database.pool));
    expect(refusal).toEqual({ code: 'registry-invalid', text: expect.stringMatching(says) });
  });

  test('takes Device IDs of an agreement from nobody; one that moves them with their owner’s agreement, or its delegation, may', async () => {
    const ids = (more = '') => `[{ from: 00DB123600000000, to: 00DB1236000000FF${more} }]`;
    const agreed = `agreements: [{ ref: BA-9, state: OFFERED, permittedCategories: [], permittedPurposes: [], deviceRanges: ${ids()} }]`;
    const maker = (signifier: string, more: string) =>
      `  - { signifier: ${signifier}, type: NON_PARTY, legalName: M, nonPartyKind: MANUFACTURER, ${more} }\n`;
    const one = (more: string) => maker('MAKERONE', more);
    const two = (more: string) => maker('MAKERTWO', more);
    await load(`participants:\n${one(agreed)}`, database.pool);
    const taking = two(`deviceRanges: ${ids()}`);
    expect((await refusalOf(() => load(`participants:\n${taking}`, database.pool)))?.text).toMatch(
      /^These Device IDs are of another participant: 00-DB-12-36-00-00-00-00 to 00-DB-12-36-00-00-00-FF of MAKERONE by agreement BA-9\. Nothing was loaded\./,
    );
    const delegated = one(`${agreed}, deviceRanges: ${ids(', delegatedBy: MAKERTWO')}`);
    expect(
      await refusalOf(() => load(`participants:\n${delegated}${taking}`, database.pool)),
    ).toBeUndefined();
  });

  test('that overlaps a Registry Entry in the database is refused', async () => {
    const entries = (name: string, prefix: string) =>
      `registryEntries: [{ name: ${name}, from: ${prefix}0000000, to: ${prefix}FFFFFFF }]\nparticipants: []\n`;
    await load(entries('one', '90B3D51F3'), database.pool);
    await load(entries('one', '90B3D51F4'), database.pool);
    const refusal = await refusalOf(() => load(entries('two', '90B3D51F4'), database.pool));
    expect(refusal?.text).toMatch(/^A Registry Entry overlaps another\. Nothing was loaded\./);
  });

  test('whose RDP is nominated by nobody who is known is refused', async () => {
    const text = (party: string) =>
      `participants:\n  - { signifier: REGDATA, type: RDP, legalName: R, nominatedBy: [{ networkParty: ${party}, from: 2020-01-01 }] }\n`;
    expect(await refusalOf(() => load(text('NOBODY'), database.pool))).toEqual({
      code: 'registry-invalid',
      text: 'NOBODY, who nominates REGDATA, is no Network Party here or in the file; nothing was loaded.',
    });
    const two = text('NOBODY').replace(' }]', ' }, { networkParty: NOONE, from: 2020-01-01 }]');
    expect((await refusalOf(() => load(two, database.pool)))?.text).toBe(
      'NOBODY, who nominates REGDATA, and NOONE, who nominates REGDATA, are no Network Parties here or in the file; nothing was loaded.',
    );
    await load(FULL, database.pool);
    expect(await refusalOf(() => load(text('NORTHNET'), database.pool))).toBeUndefined();
    expect((await refusalOf(() => load(text('MAKER'), database.pool)))?.text).toMatch(
      /^MAKER, who nominates REGDATA, is no Network Party/,
    );
  });
});

/** Every field of a registry file, in three participants. */
const FULL = `
registryEntries: [{ name: block, from: 90-B3-D5-1F-30-00-00-00, to: 90:B3:D5:1F:3F:FF:FF:FF }]
participants:
  - signifier: REGDATA
    type: RDP
    legalName: Registration Data
    status: CLOSED
    nominatedBy:
      - { networkParty: NORTHNET, from: 2018-01-01, to: 2019-01-01 }
    allocations: [{ kind: RDP_ID, from: 90B3D51F30040000, to: 90B3D51F30040000 }]
  - signifier: NORTHNET
    type: SEC_PARTY
    legalName: Northern “Networks” & Söhne
    partyCategory: GAS_NETWORK
    membership: { state: EXPELLED, since: 2016-05-01, expelledAt: 2026-03-02T10:20:30Z }
    gatewayConnection: true
    allocations:
      - { kind: USER_ID, from: 90B3D51F30030000, to: 90B3D51F3003FFFF }
      - { kind: USER_ID, from: 90B3D51F30020000, to: 90B3D51F3002FFFF }
    userIds:
      - { eui64: 90B3D51F30020001, userRole: OTHER_USER }
      - { eui64: 90B3D51F30020001, userRole: GAS_TRANSPORTER }
    deviceRanges: [{ from: 00DB123400000000, to: 00DB1234000000FF, deviceTypes: [ESME, GSME] }]
  - signifier: MAKER
    type: NON_PARTY
    legalName: Maker
    nonPartyKind: MANUFACTURER
    agreements:
      - { ref: BA-2, state: REQUESTED, permittedCategories: [], permittedPurposes: [] }
      - ref: BA-1
        state: EXECUTED
        executedAt: 2026-01-05
        effectiveFrom: 2026-01-12
        effectiveTo: 2027-01-12T12:00:00Z
        permittedCategories: [DEVICE, ORGANISATION]
        permittedPurposes: [DEVICE_AND_USER_SYSTEM_TESTS]
        permittedEnvironments: [LAB, SIT_A]
        permittedRoles: [supplier, xmlSign]
        deviceRanges: [{ from: 00DB123500000000, to: 00DB1235000000FF }]
        volumeCap: 2147483647
        gatewayPermitted: true
    deviceRanges:
      - { from: 00DB123400000000, to: 00DB12340000000F, delegatedBy: NORTHNET }
      - { from: 00DB123500000000, to: 00DB1235000000FF }
`;
