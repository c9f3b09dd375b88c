import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../../../src/domain/fault.ts';
import { parseRegistryFile } from '../../../src/registry/registry-file.ts';
import { TEST_NOW } from '../../support/dates.ts';
import { partyText } from '../../support/registry-files.ts';

const world = path.join(__dirname, '..', '..', '..', 'src', 'cli', 'demo', 'world.yaml');

/** A file of two Parties; `NORTHGATE` stands from line 2 to 8, and what is added from line 9. */
const file = (more: readonly string[] = []) =>
  `participants:\n${partyText('NORTHGATE', 1, more)}${partyText('SOUTHGATE', 2)}`;
/** The same with one piece of the text in another form. */
const changed = (from: string, to: string) => {
  expect(file()).toContain(from);
  return file().replace(from, to);
};

function faultsOf(text: string): string[] {
  try {
    parseRegistryFile(text, 'file.yaml', TEST_NOW);
    return [];
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    expect(error.code).toBe('registry-invalid');
    return error.reasons.map((one) => one.detail);
  }
}

const agreement = (more: readonly string[]) => [
  'agreements:',
  '  - ref: BA-1',
  '    state: EXECUTED',
  '    executedAt: 2026-01-05',
  '    effectiveFrom: 2026-01-12',
  '    permittedCategories: [DEVICE]',
  '    permittedPurposes: [DEVICE_AND_USER_SYSTEM_TESTS]',
  ...more.map((line) => `    ${line}`),
];

describe('a registry file', () => {
  test('that keeps every rule is read: identifiers in one form, dates as instants, defaults filled', () => {
    const [northgate] = parseRegistryFile(file(), 'file.yaml').participants;
    expect(northgate).toEqual({
      signifier: 'NORTHGATE',
      type: 'SEC_PARTY',
      legalName: 'NORTHGATE (fictional)',
      status: 'ACTIVE',
      partyCategory: 'LARGE_SUPPLIER',
      membership: { state: 'ACTIVE', since: new Date('2020-01-01T00:00:00Z') },
      agreements: [],
      nominatedBy: [],
      allocations: [{ kind: 'USER_ID', from: '90b3d51f30010000', to: '90b3d51f3001ffff' }],
      userIds: [],
      deviceRanges: [{ from: '00db123400100000', to: '00db1234001fffff', deviceTypes: [] }],
      gatewayConnection: false,
    });
  });

  test('of the demo keeps every rule', () => {
    expect(faultsOf(readFileSync(world, 'utf8'))).toEqual([]);
  });

  const NORTH = 'participants.0';
  test.each([
    [
      'an enum misspelt by a letter',
      changed('LARGE_SUPPLIER', 'LARGE_SUPLIER'),
      5,
      `${NORTH}.partyCategory`,
      /did you mean LARGE_SUPPLIER\?$/,
    ],
    [
      'an enum with spaces and small letters',
      changed('SEC_PARTY', 'sec party'),
      3,
      `${NORTH}.type`,
      /did you mean SEC_PARTY\?$/,
    ],
    [
      'an enum of another world',
      changed('SEC_PARTY', 'GENERATOR'),
      3,
      `${NORTH}.type`,
      /^"GENERATOR" is none of SEC_PARTY, RDP, NON_PARTY, DCC, DCC_SERVICE_PROVIDER$/,
    ],
    [
      'a role misspelt',
      file(['userIds: [{ eui64: 90B3D51F30010000, userRole: IMPORT_SUPLIER }]']),
      9,
      `${NORTH}.userIds.0.userRole`,
      /did you mean IMPORT_SUPPLIER\?$/,
    ],
    [
      'an EUI-64 that is too short',
      changed('from: 90B3D51F30010000', 'from: 90B3D51F3001'),
      7,
      `${NORTH}.allocations.0.from`,
      /^"90B3D51F3001" is not an EUI-64/,
    ],
    [
      'a date that is none',
      changed('2020-01-01', '2020-02-30'),
      6,
      `${NORTH}.membership.since`,
      /is not a date/,
    ],
    [
      'a date in another order',
      changed('2020-01-01', '01/02/2020'),
      6,
      `${NORTH}.membership.since`,
      /is not a date/,
    ],
    [
      'a signifier in small letters',
      changed('signifier: NORTHGATE', 'signifier: northgate'),
      2,
      `${NORTH}.signifier`,
      /^a Signifier has 3 to 32/,
    ],
    ['a field that is unknown', file(['gateway: true']), 9, `${NORTH}.gateway`, /^no field has this name$/],
    ['a section that is unknown', `${file()}agreements: []\n`, 16, 'agreements', /^no field has this name$/],
    ['a key that is there twice', file(['type: RDP']), 9, '', /unique/],
    [
      'a NUL in a name',
      changed('NORTHGATE (fictional)', '"North\\0gate"'),
      4,
      `${NORTH}.legalName`,
      /control character/,
    ],
    [
      'half a character in a name',
      changed('NORTHGATE (fictional)', '"North\\ud800gate"'),
      4,
      `${NORTH}.legalName`,
      /half a character/,
    ],
    ['a name that is empty', changed('NORTHGATE (fictional)', "''"), 4, `${NORTH}.legalName`, /^is empty$/],
    [
      'a volume cap below zero',
      file(agreement(['volumeCap: -1'])),
      16,
      `${NORTH}.agreements.0.volumeCap`,
      /^is less than 1$/,
    ],
    [
      'a volume cap of nothing',
      file(agreement(['volumeCap: 0'])),
      16,
      `${NORTH}.agreements.0.volumeCap`,
      /^is less than 1$/,
    ],
    [
      'a volume cap that no counter holds',
      file(agreement(['volumeCap: 3000000000'])),
      16,
      `${NORTH}.agreements.0.volumeCap`,
      /^is more than 2147483647$/,
    ],
    [
      'batches of more CSRs than a batch may ever have',
      file(agreement(['batchItems: 500001'])),
      16,
      `${NORTH}.agreements.0.batchItems`,
      /^is more than 500000$/,
    ],
    [
      'a device range of an agreement that another Party has',
      file(agreement(['deviceRanges: [{ from: 00DB123400200000, to: 00DB123400200000 }]'])),
      16,
      `${NORTH}.agreements.0.deviceRanges.0`,
      /^overlaps the range 00-DB-12-34-00-20-00-00 to 00-DB-12-34-00-2F-FF-FF of SOUTHGATE$/,
    ],
  ])('with %s is refused by line and field', (_what, text, line, field, detail) => {
    const place = `file.yaml, line ${String(line)}${field === '' ? '' : `, ${field}`}: `;
    const faults = faultsOf(text);
    expect(faults).toHaveLength(1);
    expect(faults[0]!.slice(0, place.length)).toBe(place);
    expect(faults[0]!.slice(place.length)).toMatch(detail);
  });

  test.each([
    [
      'a signifier that is there twice',
      changed('signifier: SOUTHGATE', 'signifier: NORTHGATE'),
      9,
      'participants.1.signifier',
      /^NORTHGATE is there twice$/,
    ],
    [
      'an allocation that ends before it begins',
      changed('to: 90B3D51F3001FFFF', 'to: 90B3D51F30000000'),
      7,
      `${NORTH}.allocations.0`,
      /^the range ends before it begins \(90-B3-D5-1F-30-01-00-00 to 90-B3-D5-1F-30-00-00-00\)$/,
    ],
    [
      'a device range that ends before it begins',
      changed('to: 00DB1234001FFFFF', 'to: 00DB123400000000'),
      8,
      `${NORTH}.deviceRanges.0`,
      /^the range ends before it begins/,
    ],
    [
      'allocations of two participants that overlap',
      changed('to: 90B3D51F3001FFFF', 'to: 90B3D51F30020000'),
      14,
      'participants.1.allocations.0',
      /^overlaps the range 90-B3-D5-1F-30-01-00-00 to 90-B3-D5-1F-30-02-00-00$/,
    ],
    [
      'device ranges of two participants that overlap',
      changed('to: 00DB1234001FFFFF', 'to: 00DB123400200000'),
      15,
      'participants.1.deviceRanges.0',
      /^overlaps the range/,
    ],
    [
      'Registry Entries that overlap',
      `registryEntries:\n  - { name: one, from: 90B3D51F30000000, to: 90B3D51F3FFFFFFF }\n  - { name: two, from: 90B3D51F30000000, to: 90B3D51F3FFFFFFF }\n${file()}`,
      3,
      'registryEntries.1',
      /^overlaps the range/,
    ],
    [
      'a Registry Entry that is no block',
      `registryEntries:\n  - { name: one, from: 90B3D51F30000000, to: 90B3D51F3FFFFFFF }\n  - { name: two, from: 90B3D51F40000000, to: 90B3D51F400FFFFF }\n${file()}`,
      3,
      'registryEntries.1',
      /^a Registry Entry is one MA-S block, .*; 90-B3-D5-1F-40-00-00-00 to 90-B3-D5-1F-40-0F-FF-FF is none, 90-B3-D5-1F-40-00-00-00 to 90-B3-D5-1F-4F-FF-FF-FF would be$/,
    ],
    [
      'Registry Entries of one name',
      `registryEntries:\n  - { name: one, from: 90B3D51F30000000, to: 90B3D51F3FFFFFFF }\n  - { name: one, from: 90B3D51F40000000, to: 90B3D51F4FFFFFFF }\n${file()}`,
      3,
      'registryEntries.1.name',
      /^one is there twice$/,
    ],
    [
      'agreements of two participants with one ref',
      `${file(agreement([]))}${partyText('EASTGATE', 3, agreement([]))}`,
      31,
      'participants.2.agreements.0.ref',
      /^BA-1 is there twice$/,
    ],
    [
      'a User ID that has a role twice',
      file([
        'userIds:',
        '  - { eui64: 90B3D51F30010000, userRole: GAS_SUPPLIER }',
        '  - { eui64: 90-B3-D5-1F-30-01-00-00, userRole: GAS_SUPPLIER }',
      ]),
      11,
      `${NORTH}.userIds.1`,
      /^GAS_SUPPLIER of 90-B3-D5-1F-30-01-00-00 is there twice$/,
    ],
    [
      'a User ID outside the allocations',
      file(['userIds:', '  - { eui64: 90B3D51F30020000, userRole: GAS_SUPPLIER }']),
      10,
      `${NORTH}.userIds.0.eui64`,
      /is in no allocation of NORTHGATE$/,
    ],
    [
      'a SEC Party without a category',
      changed('    partyCategory: LARGE_SUPPLIER\n', ''),
      3,
      `${NORTH}.type`,
      /has a partyCategory$/,
    ],
    [
      'a membership of who is not a Party',
      changed('type: SEC_PARTY', 'type: DCC'),
      6,
      `${NORTH}.membership`,
      /^a DCC has no membership$/,
    ],
    [
      'a nomination of who is no RDP',
      file(['nominatedBy: [{ networkParty: SOUTHGATE, from: 2020-01-01 }]']),
      9,
      `${NORTH}.nominatedBy`,
      /^a SEC_PARTY is not nominated; an RDP is$/,
    ],
    [
      'an agreement that ends when it begins',
      file(agreement(['effectiveTo: 2026-01-12'])),
      16,
      `${NORTH}.agreements.0.effectiveTo`,
      /^effectiveTo is not after effectiveFrom\.$/,
    ],
    [
      'an EXECUTED agreement that never takes effect',
      file(agreement([])).replace(/ +effectiveFrom: 2026-01-12\n/, ''),
      10,
      `${NORTH}.agreements.0`,
      /^An EXECUTED agreement has executedAt and effectiveFrom\.$/,
    ],
    [
      'a reversed device range of an agreement',
      file(agreement(['deviceRanges: [{ from: 00DB000000000001, to: 00DB000000000000 }]'])),
      16,
      `${NORTH}.agreements.0.deviceRanges.0`,
      /^the range ends before it begins/,
    ],
  ])('with %s is refused by line and field', (_what, text, line, field, detail) => {
    const place = `file.yaml, line ${String(line)}, ${field}: `;
    const faults = faultsOf(text);
    const fault = faults.find((one) => one.startsWith(place));
    expect(fault?.slice(place.length) ?? faults.join('\n')).toMatch(detail);
  });

  test.each([
    ['that its owner delegated', [], ', delegatedBy: SOUTHGATE }'],
    ['after it has ended', ['effectiveTo: 2026-02-01'], ' }'],
  ])('with a device range of an agreement over that of another %s is read', (_what, more, end) => {
    const range = '{ from: 00DB123400200000, to: 00DB123400200000';
    const text = file(agreement([`deviceRanges: [${range} }]`, ...more]));
    const delegated =
      end === ' }'
        ? text
        : text.replace(/(deviceRanges: \[)(\{ from: 00DB123400100000)/, `$1${range}${end}, $2`);
    expect(delegated === text).toBe(end === ' }');
    expect(faultsOf(delegated)).toEqual([]);
  });

  test('that nominates by who is no Network Party is refused', () => {
    const rdp =
      '  - signifier: REGDATA\n    type: RDP\n    legalName: R\n    nominatedBy:\n      - { networkParty: NORTHGATE, from: 2020-01-01 }\n';
    expect(faultsOf(`${file()}${rdp}`)).toEqual([
      'file.yaml, line 20, participants.2.nominatedBy.0.networkParty: NORTHGATE is no Network Party',
    ]);
  });

  test('tells all its faults at once', () => {
    const text = changed('LARGE_SUPPLIER', 'LARGE_SUPLIER')
      .replace('2020-01-01', 'soon')
      .replace('00DB12340020', '00DB');
    expect(faultsOf(text).map((one) => /line (\d+)/.exec(one)?.[1])).toEqual(['5', '6', '15']);
  });

  test('may hold delegated ranges that overlap others', () => {
    const text = file().replace('to: 00DB1234001FFFFF }', 'to: 00DB1234002FFFFF, delegatedBy: SOUTHGATE }');
    expect(faultsOf(text)).toEqual([]);
  });
});
