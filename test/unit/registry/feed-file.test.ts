import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { Fault } from '../../../src/domain/fault.ts';
import { parseFeed, readFeedFile } from '../../../src/registry/feed-file.ts';
import { FEED_COLUMNS } from '../../../src/registry/feed-columns.ts';
import { anyFeed } from '../../support/any-feed.ts';
import {
  csv,
  feedFaultsOf,
  feedRows,
  printFeed,
  printFeedXlsx,
  withoutRows,
} from '../../support/feed-files.ts';
import { collect } from '../../support/tables.ts';
import { readCsv } from '../../../src/tables/read-csv.ts';
import { xlsx } from '../../support/xlsx.ts';

const demo = readFileSync(path.join(__dirname, '..', '..', '..', 'src', 'cli', 'demo', 'secas-feed.csv'));
const KEPT = demo
  .toString()
  .trimEnd()
  .split('\n')
  .map((line) => line.split(','));
/** Rows of the demo's feed by what stands on them. */
const [FEED, ENTRY, NORTHGATE, TRENTNET, HALTED, REGDATA] = [2, 3, 4, 5, 6, 7];
const [DCC_IDS, NORTH_IDS, TRENT_IDS, , REG_IDS, NORTH_MRA, NORTH_UNC, TRENT_MRA] = [
  8, 9, 10, 11, 12, 13, 14, 15,
];

/** The demo's feed with other text in some cells: `[row, column, text]`. */
function changed(...cells: readonly (readonly [number, string, string])[]): string[][] {
  return KEPT.map((row, place) =>
    row.map((text, at) => {
      const cell = cells.find(([line, column]) => line === place + 1 && column === FEED_COLUMNS[at]);
      return cell === undefined ? text : cell[2];
    }),
  );
}
/** With a row repeated at the end, other text in some of its cells. */
function added(like: number, cells: Readonly<Record<string, string>>): string[][] {
  const row = KEPT[like - 1]!.map((text, at) => cells[FEED_COLUMNS[at]!] ?? text);
  return [...KEPT, row];
}
const LAST = KEPT.length + 1;

describe('a feed', () => {
  test('that keeps every rule is read, each value with its row', async () => {
    const feed = await readFeedFile(demo, 'secas-feed.csv');
    expect(feed.feed).toEqual({ version: 1, issuedAt: new Date('2026-11-23T09:00:00Z'), row: 2 });
    expect(feed.registryEntries).toHaveLength(1);
    expect(feed.parties.map(({ signifier, row }) => [signifier, row])).toEqual([
      ['NORTHGATE', NORTHGATE],
      ['TRENTNET', TRENTNET],
      ['HALTED', HALTED],
      ['REGDATA', REGDATA],
    ]);
    expect(feed.parties[0]).toEqual({
      row: 4,
      organisationNumber: '1',
      signifier: 'NORTHGATE',
      partyType: 'SEC_PARTY',
      legalName: 'Northgate Energy Supply Limited',
      tradingName: 'Northgate Energy',
      companyNumber: 'FICT0001',
      partyCategory: 'LARGE_SUPPLIER',
      membershipState: 'ACTIVE',
      membershipSince: new Date('2015-01-26T00:00:00Z'),
    });
    expect(feed.allocations[1]).toEqual({
      row: 9,
      signifier: 'NORTHGATE',
      identifierKind: 'USER_ID',
      euiFrom: '90b3d51f30010000',
      euiTo: '90b3d51f3001ffff',
      environment: 'BOTH',
      allocationRequestedAt: new Date('2015-01-26T00:00:00Z'),
      allocatedAt: new Date('2015-02-02T00:00:00Z'),
    });
    expect(feed.marketParticipants[0]).toEqual({
      row: 13,
      signifier: 'NORTHGATE',
      scheme: 'MRA',
      marketParticipantId: 'NGAT',
      roleCode: 'X',
      userId: '90b3d51f30010000',
    });
  });

  test('is the same with its columns in another order, spaces around its cells and rows left empty', async () => {
    const order = [...FEED_COLUMNS].reverse();
    const given = withoutRows(await readFeedFile(demo, 'feed'));
    const rows = feedRows(given, order).flatMap((row) => [row.map((text) => ` ${text} `), row.map(() => '')]);
    expect(withoutRows(await readFeedFile(csv(rows), 'feed'))).toEqual(given);
  });

  test('may leave reapplicationFrom out of its header, or tell when an expelled Party may apply again', async () => {
    expect(demo.toString()).not.toContain('reapplicationFrom');
    const given = withoutRows(await readFeedFile(demo, 'feed'));
    const reapplicationFrom = new Date('2026-11-01T00:00:00Z');
    const told = {
      ...given,
      parties: given.parties.map((one) => (one.signifier === 'HALTED' ? { ...one, reapplicationFrom } : one)),
    };
    expect(withoutRows(await readFeedFile(printFeed(told), 'feed'))).toEqual(told);
    const ofRdp = given.parties.map((one) =>
      one.signifier === 'REGDATA' ? { ...one, reapplicationFrom } : one,
    );
    expect(await feedFaultsOf(printFeed({ ...given, parties: ofRdp }))).toEqual([
      expect.stringMatching(/^row 7, reapplicationFrom .*an RDP is no Party and has no reapplicationFrom$/),
    ]);
  });

  test.each<[string, string[][]]>([
    ['a membership that begins in the future', changed([NORTHGATE, 'membershipSince', '2031-01-01'])],
    ['an environment left out', changed([NORTH_IDS, 'environment', ''])],
    [
      'an expelled Party',
      changed([HALTED, 'membershipState', 'EXPELLED'], [HALTED, 'expelledAt', '2026-07-01']),
    ],
    [
      'a Registry Entry of another block',
      added(ENTRY, { name: 'Another', euiFrom: '90B3D51F40000000', euiTo: '90B3D51F4FFFFFFF' }),
    ],
    ['a leap day', changed([HALTED, 'membershipSince', '2024-02-29'])],
    ['EUI-64s in another form', changed([NORTH_IDS, 'euiFrom', '90:b3:d5:1f:30:01:00:00'])],
    ['ranges that touch', changed([NORTH_IDS, 'euiTo', '90B3D51F3001FFFF'])],
    [
      'a range of one identifier',
      added(NORTH_IDS, { euiFrom: '90B3D51F30090000', euiTo: '90B3D51F30090000' }),
    ],
    ['an organisation number with zeros', changed([NORTHGATE, 'organisationNumber', '0001'])],
    ['an identifier of the market without User ID', changed([NORTH_UNC, 'userId', ''])],
    ['one identifier of the market in two roles', added(NORTH_MRA, { roleCode: 'Y' })],
    ['a text of the longest', changed([NORTHGATE, 'legalName', 'x'.repeat(200)])],
  ])('with %s is kept', async (_what, rows) => {
    expect(await feedFaultsOf(csv(rows))).toEqual([]);
    expect(await feedFaultsOf(xlsx(rows))).toEqual([]);
  });

  test.each<[string, number, string, string, RegExp]>([
    ['a record misspelt', NORTHGATE, 'record', 'PARTI', /^"PARTI" is none of .*; did you mean PARTY\?$/],
    ['a record left out', NORTHGATE, 'record', '', /^the row does not say what it is$/],
    ['a version that is no number', FEED, 'version', '1.5', /^"1.5" is not a whole number/],
    ['version 0', FEED, 'version', '0', /is not a whole number from 1/],
    [
      'a day that no calendar has',
      HALTED,
      'membershipSince',
      '2026-02-30',
      /^2026-02-30 is not in the calendar$/,
    ],
    ['a leap day of a common year', HALTED, 'membershipSince', '2026-02-29', /is not in the calendar$/],
    ['a month that no calendar has', HALTED, 'membershipSince', '2026-13-01', /is not in the calendar$/],
    ['a date in another order', HALTED, 'membershipSince', '30/06/2026', /^"30\/06\/2026" is not a date$/],
    ['a time that no clock has', FEED, 'issuedAt', '2026-11-23T24:00:00Z', /is not a date$/],
    ['a local time', FEED, 'issuedAt', '2026-11-23T09:00:00', /is not a date$/],
    [
      'an EUI-64 too short',
      NORTH_IDS,
      'euiFrom',
      '90B3D51F3001',
      /^"90B3D51F3001" is not an EUI-64 of 16 hex digits$/,
    ],
    ['an EUI-64 with an O', NORTH_IDS, 'euiFrom', '90-B3-D5-1F-30-01-00-0O', /is not an EUI-64/],
    ['an EUI-64 that lost its digits', NORTH_IDS, 'euiFrom', '9.0E+15', /is not an EUI-64/],
    ['an EUI-64 of a group', NORTH_IDS, 'euiFrom', '91B3D51F30010000', /identifies nothing/],
    [
      'a Signifier in small letters',
      NORTHGATE,
      'signifier',
      'northgate',
      /^"northgate" is not a Signifier; did you mean NORTHGATE\?$/,
    ],
    ['a Signifier with a space', NORTHGATE, 'signifier', 'NORTH GATE', /^"NORTH GATE" is not a Signifier$/],
    [
      'an organisation number with letters',
      NORTHGATE,
      'organisationNumber',
      'A1',
      /is not an organisation number$/,
    ],
    ['a type misspelt', NORTHGATE, 'partyType', 'SEC PARTY', /; did you mean SEC_PARTY\?$/],
    ['a category misspelt', NORTHGATE, 'partyCategory', 'LARGE_SUPLIER', /; did you mean LARGE_SUPPLIER\?$/],
    [
      'a state of another world',
      NORTHGATE,
      'membershipState',
      'ASLEEP',
      /^"ASLEEP" is none of APPLICANT, ACTIVE, SUSPENDED, EXPELLED, WITHDRAWN$/,
    ],
    ['a kind misspelt', NORTH_IDS, 'identifierKind', 'USERID', /; did you mean USER_ID\?$/],
    ['an environment misspelt', NORTH_IDS, 'environment', 'both', /; did you mean BOTH\?$/],
    ['a scheme misspelt', NORTH_MRA, 'scheme', 'MRRA', /; did you mean MRA\?$/],
    ['a role code in small letters', NORTH_MRA, 'roleCode', 'x', /is not a code of 1 to 3/],
    ['a name too long', NORTHGATE, 'legalName', 'x'.repeat(201), /has more than 200 characters$/],
    ['a name left out', NORTHGATE, 'legalName', '', /^a PARTY has a legalName$/],
    ['a Signifier left out', NORTH_UNC, 'signifier', '', /^a MARKET_PARTICIPANT has a signifier$/],
    ['a cell of another record', NORTHGATE, 'version', '1', /^a PARTY has no version, and here it is "1"$/],
    ['a formula', NORTHGATE, 'legalName', '=HYPERLINK("x")', /^"=HYPERLINK\(\\"x\\"\)" is a formula$/],
    ['a formula after a space', NORTHGATE, 'legalName', ' =1+1', /is a formula$/],
    ['a formula of the kind of Lotus', NORTHGATE, 'tradingName', '@SUM(A1)', /is a formula$/],
    ['a formula that begins with +', NORTH_IDS, 'euiFrom', '+90B3', /is a formula$/],
    ['a formula as its record', NORTHGATE, 'record', '=A1', /is a formula$/],
    [
      'a bell',
      NORTHGATE,
      'legalName',
      'North\u0007gate',
      /^"North\\u0007gate" holds the character U\+0007, which cannot be seen$/,
    ],
    [
      'a tag beyond the first plane',
      NORTHGATE,
      'legalName',
      'North\u{e0041}gate',
      /^"North\\u\{e0041\}gate" holds the character U\+E0041, which cannot be seen$/,
    ],
    [
      'a delete',
      NORTHGATE,
      'legalName',
      'North\u007fgate',
      /^"North\\u007fgate" holds the character U\+007F, which cannot be seen$/,
    ],
    ['a line break', NORTHGATE, 'legalName', 'North\ngate', /holds the character U\+000A/],
    [
      'writing turned round',
      NORTHGATE,
      'legalName',
      'North\u202egate',
      /^"North\\u202egate" holds the character U\+202E, which cannot be seen$/,
    ],
    ['a formula that holds one', NORTHGATE, 'legalName', '=A1\u{e0041}', /^"=A1\\u\{e0041\}" is a formula$/],
    ['a character that got lost', NORTHGATE, 'legalName', 'M\ufffdller', /holds the character U\+FFFD/],
  ])('with %s is refused by row and column', async (_what, row, column, text, detail) => {
    const letter = /[A-Z]/.exec('ABCDEFGHIJKLMNOPQRSTUVWX'[FEED_COLUMNS.indexOf(column)]!)![0];
    const place = `row ${String(row)}, ${column} (column ${letter}): `;
    for (const octets of [csv(changed([row, column, text])), xlsx(changed([row, column, text]))]) {
      const faults = await feedFaultsOf(octets);
      const fault = faults.find((one) => one.startsWith(place));
      expect(fault?.slice(place.length) ?? faults.join('\n')).toMatch(detail);
    }
  });

  test.each<[string, string[][], number, string, RegExp]>([
    [
      'a range that ends before it begins',
      changed([NORTH_IDS, 'euiTo', '90B3D51F30000000']),
      NORTH_IDS,
      'euiTo',
      /^the range ends before it begins \(90-B3-D5-1F-30-01-00-00 to 90-B3-D5-1F-30-00-00-00\)$/,
    ],
    [
      'a Registry Entry that ends before it begins',
      changed([ENTRY, 'euiTo', '90B3D51F20000000']),
      ENTRY,
      'euiTo',
      /^the range ends before it begins/,
    ],
    [
      'a range outside the Registry Entries',
      added(NORTH_IDS, { euiFrom: '90B3D51F40000000', euiTo: '90B3D51F40000001' }),
      LAST,
      'euiFrom',
      /^90-B3-D5-1F-40-00-00-00 to 90-B3-D5-1F-40-00-00-01 does not lie in a REGISTRY_ENTRY$/,
    ],
    [
      'a range that leaves its Registry Entry',
      added(NORTH_IDS, { euiFrom: '90B3D51F3FFF0000', euiTo: '90B3D51F40000000' }),
      LAST,
      'euiTo',
      /does not lie in a REGISTRY_ENTRY$/,
    ],
    [
      'allocations that overlap',
      changed([NORTH_IDS, 'euiTo', '90B3D51F30020000']),
      TRENT_IDS,
      'euiFrom',
      /^90-B3-.* overlaps the ALLOCATION of NORTHGATE in row 9 \(90-B3-D5-1F-30-01-00-00 to 90-B3-D5-1F-30-02-00-00\)$/,
    ],
    [
      'an allocation within another, later one',
      added(NORTH_IDS, { euiFrom: '90B3D51F30020005', euiTo: '90B3D51F30020006' }),
      LAST,
      'euiFrom',
      /overlaps the ALLOCATION of TRENTNET in row 10/,
    ],
    [
      'an allocation that stands twice',
      added(NORTH_IDS, {}),
      LAST,
      'euiFrom',
      /overlaps the ALLOCATION of NORTHGATE in row 9/,
    ],
    [
      'Registry Entries that overlap',
      added(ENTRY, { name: 'Another' }),
      LAST,
      'euiFrom',
      /overlaps the REGISTRY_ENTRY of Test-only block of the SEC Panel in row 3/,
    ],
    [
      'Registry Entries of one name',
      added(ENTRY, { euiFrom: '90B3D51F40000000', euiTo: '90B3D51F4FFFFFFF' }),
      LAST,
      'name',
      /^Test-only block of the SEC Panel stands in row 3 already$/,
    ],
    [
      'a Signifier that stands twice',
      added(NORTHGATE, { organisationNumber: '9' }),
      LAST,
      'signifier',
      /^NORTHGATE stands in row 4 already$/,
    ],
    [
      'an organisation number that stands twice',
      added(NORTHGATE, { signifier: 'SOUTHGATE', organisationNumber: '001' }),
      LAST,
      'organisationNumber',
      /^1 stands in row 4 already$/,
    ],
    [
      'an identifier of the market that stands twice',
      added(TRENT_MRA, { marketParticipantId: 'NGAT', roleCode: 'X' }),
      LAST,
      'marketParticipantId',
      /^MRA NGAT X stands in row 13 already$/,
    ],
    [
      'a SEC Party without a category',
      changed([NORTHGATE, 'partyCategory', '']),
      NORTHGATE,
      'partyCategory',
      /^a SEC_PARTY has a partyCategory$/,
    ],
    [
      'a SEC Party without a state',
      changed([NORTHGATE, 'membershipState', '']),
      NORTHGATE,
      'membershipState',
      /^a SEC_PARTY has a membershipState$/,
    ],
    [
      'a membership of an RDP',
      changed([REGDATA, 'membershipState', 'ACTIVE']),
      REGDATA,
      'membershipState',
      /^an RDP is no Party and has no membershipState$/,
    ],
    [
      'an expulsion of who is not expelled',
      changed([HALTED, 'expelledAt', '2026-06-30']),
      HALTED,
      'expelledAt',
      /^HALTED is SUSPENDED and not EXPELLED$/,
    ],
    [
      'a Registry Entry that begins within a block',
      changed([ENTRY, 'euiFrom', '90B3D51F30000001']),
      ENTRY,
      'euiFrom',
      /; 90-B3-D5-1F-30-00-00-01 to 90-B3-D5-1F-3F-FF-FF-FF is none, 90-B3-D5-1F-30-00-00-00 to 90-B3-D5-1F-3F-FF-FF-FF would be$/,
    ],
    [
      'a Registry Entry that ends within a block',
      changed([ENTRY, 'euiTo', '90B3D51F3FFFFFFE']),
      ENTRY,
      'euiTo',
      /^a Registry Entry is one MA-S block, .* 90-B3-D5-1F-3F-FF-FF-FE is none, .* to 90-B3-D5-1F-3F-FF-FF-FF would be$/,
    ],
    [
      'a Registry Entry of two blocks',
      changed([ENTRY, 'euiTo', '90B3D51F4FFFFFFF']),
      ENTRY,
      'euiTo',
      /90-B3-D5-1F-4F-FF-FF-FF is none, 90-B3-D5-1F-30-00-00-00 to 90-B3-D5-1F-3F-FF-FF-FF would be$/,
    ],
    [
      'an allocation of nobody',
      changed([TRENT_IDS, 'signifier', 'TRENTNETT']),
      TRENT_IDS,
      'signifier',
      /^no PARTY has the Signifier TRENTNETT; did you mean TRENTNET\?$/,
    ],
    [
      'an identifier of the market of nobody',
      changed([TRENT_MRA, 'signifier', 'XYZZY']),
      TRENT_MRA,
      'signifier',
      /^no PARTY has the Signifier XYZZY$/,
    ],
    [
      'an RDP ID of a Party',
      changed([NORTH_IDS, 'identifierKind', 'RDP_ID']),
      NORTH_IDS,
      'identifierKind',
      /^NORTHGATE is of type SEC_PARTY and gets no RDP_ID$/,
    ],
    [
      'a User ID of an RDP',
      changed([REG_IDS, 'identifierKind', 'USER_ID']),
      REG_IDS,
      'identifierKind',
      /^REGDATA is of type RDP and gets no USER_ID$/,
    ],
    [
      'a DCC ID of a Party',
      changed([DCC_IDS, 'signifier', 'NORTHGATE']),
      DCC_IDS,
      'identifierKind',
      /gets no DCC_ID$/,
    ],
    [
      'an allocation before its request',
      changed([NORTH_IDS, 'allocatedAt', '2015-01-25']),
      NORTH_IDS,
      'allocatedAt',
      /^it was allocated before it was requested$/,
    ],
    [
      'a User ID of another',
      changed([NORTH_MRA, 'userId', '90B3D51F30020000']),
      NORTH_MRA,
      'userId',
      /^90-B3-D5-1F-30-02-00-00 is in no USER_ID allocation of NORTHGATE$/,
    ],
    ['a second FEED row', added(FEED, { version: '2' }), LAST, '', /^a second FEED row; the first is row 2$/],
    ['no FEED row', KEPT.filter(([record]) => record !== 'FEED'), 1, '', /^no row is a FEED$/],
  ])('with %s is refused by row and column', async (_what, rows, row, column, detail) => {
    const faults = await feedFaultsOf(csv(rows));
    const place = `row ${String(row)}, ${column === '' ? 'record' : column} (column `;
    // What follows from it may come after.
    const [first = ''] = faults;
    expect(first.slice(0, place.length)).toBe(place);
    expect(first.replace(/^[^:]*: /, '')).toMatch(detail);
  });

  test.each<[string, Buffer, readonly RegExp[]]>([
    ['nothing', Buffer.alloc(0), [/^row 1: the file is empty$/]],
    [
      'a column misspelt',
      Buffer.from(demo.toString().replace('euiFrom', 'euiForm')),
      [
        /^row 1: no column is called "euiForm"; did you mean euiFrom\?$/,
        /^row 1: the column euiFrom is missing$/,
      ],
    ],
    [
      'an unknown column',
      csv(KEPT.map((row, place) => [...row, place === 0 ? 'comment' : ''])),
      [/^row 1: no column is called "comment"$/],
    ],
    [
      'columns that are missing',
      csv(KEPT.map((row) => row.slice(0, -2))),
      [/^row 1: the columns roleCode, userId are missing$/],
    ],
    [
      'a column twice',
      csv(KEPT.map((row) => [...row, row[0]!])),
      [/^row 1: the column record is there twice$/],
    ],
    [
      'semicolons',
      Buffer.from(demo.toString().replaceAll(',', ';')),
      [/^row 1: the cells are separated by ";"$/],
    ],
    [
      'a row cut off',
      Buffer.from(
        demo
          .toString()
          .replace(
            'REGDATA,RDP,Registration Data Services Limited,,FICT0004,,,,,,,,,,,,\n',
            'REGDATA,RDP,Registration Data Services Limited,,FICT0004\n',
          ),
      ),
      [/^row 7: the row has 12 cells where the header has 24$/],
    ],
    [
      'a comma that is not quoted',
      Buffer.from(demo.toString().replace('Trent Electricity Networks plc,,', 'Trent, Electricity,,')),
      [/^row 5, partyCategory .*: "FICT0002" is none of/],
    ],
  ])('of %s is refused', async (_what, octets, expected) => {
    const faults = await feedFaultsOf(octets);
    expected.forEach((pattern, place) => expect(faults[place]).toMatch(pattern));
  });

  test('that is no table says what its reader says, after what came before', async () => {
    const broken = Buffer.from(`${csv(changed([NORTHGATE, 'partyType', 'PARTY'])).toString()}"\n`);
    expect(await feedFaultsOf(broken)).toEqual([
      'line 16: a quotation mark is opened in this row and never closed',
      expect.stringMatching(/^row 4, partyType \(column I\): "PARTY" is none of/),
    ]);
    const merged = xlsx(changed([NORTHGATE, 'partyType', 'PARTY']), {
      after: '<mergeCells><mergeCell ref="A1:B1"/></mergeCells>',
    });
    expect(await feedFaultsOf(merged)).toHaveLength(2);
  });

  test('that is a workbook with a formula is refused where it stands, whatever its value was', async () => {
    const rows = KEPT.map((row, line) =>
      row.map((text, at) =>
        line === 3 && FEED_COLUMNS[at] === 'legalName'
          ? { xml: '<c r="@" t="str"><f>A1&amp;"x"</f><v>Northgate Energy Supply Limited</v></c>' }
          : text,
      ),
    );
    expect(await feedFaultsOf(xlsx(rows))).toEqual([
      'row 4, legalName (column J): "=A1&\\"x\\"" is a formula',
    ]);
  });

  test('does not blame rows for what a refused row would have given them', async () => {
    const rows = changed([NORTHGATE, 'legalName', ''], [ENTRY, 'euiTo', 'soon']);
    expect(await feedFaultsOf(csv(rows))).toEqual([
      expect.stringMatching(/^row 3, euiTo /),
      expect.stringMatching(/^row 4, legalName /),
    ]);
  });

  test('tells everything at once in the order of rows, 200 at most and how many more', async () => {
    const rows = [...KEPT, ...Array.from({ length: 300 }, () => KEPT[NORTHGATE - 1]!)];
    const refused = await readFeedFile(csv(rows), 'feed.csv').catch((error: unknown) => error as Fault);
    expect(refused).toBeInstanceOf(Fault);
    const { code, message, reasons } = refused as Fault;
    expect(code).toBe('feed-invalid');
    expect(message).toBe(
      'The feed has 600 faults; nothing was applied. The first 200 are told, 400 more are not.',
    );
    expect(reasons).toHaveLength(200);
    expect(reasons[0]).toEqual({
      reason: 'FEED_CONFLICT',
      clause: 'docs/secas-feed.md',
      detail: 'feed.csv, row 16, signifier (column H): NORTHGATE stands in row 4 already',
      fix: 'Keep one of the two rows.',
    });
    const order = reasons.map(({ detail }) => Number(/row (\d+)/.exec(detail)?.[1]));
    expect([...order].sort((one, other) => one - other)).toEqual(order);
  });

  test('printed and read again is the feed; CSV and XLSX give the same, rows included', async () => {
    await fc.assert(
      fc.asyncProperty(anyFeed(), async (feed) => {
        const fromCsv = await readFeedFile(printFeed(feed), 'feed.csv');
        expect(withoutRows(fromCsv)).toEqual(feed);
        expect(await readFeedFile(printFeedXlsx(feed), 'feed.xlsx')).toEqual(fromCsv);
      }),
      { numRuns: 150, seed: 20261125 },
    );
  });

  test('is read from a table as from a file', async () => {
    const table = (
      await collect(
        readCsv(
          (async function* () {
            await Promise.resolve();
            yield demo;
          })(),
        ),
      )
    ).rows;
    const again = async function* () {
      await Promise.resolve();
      yield* table;
    };
    expect(await parseFeed(again(), 'feed')).toEqual(await readFeedFile(demo, 'feed'));
  });
});
