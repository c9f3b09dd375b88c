import { looksLikeXlsx } from '../../../src/tables/read-xlsx.ts';
import { TABLE_LIMITS } from '../../../src/tables/table.ts';
import { readXlsxOctets } from '../../support/tables.ts';
import { xlsx, zip, type CellText, type WorkbookOptions } from '../../support/xlsx.ts';

const cell = (attributes: string, inner: string): CellText => ({
  xml: `<c r="@" ${attributes}>${inner}</c>`,
});
const relationship = (kind: string) =>
  `<Relationship Id="r9" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/${kind}" Target="x.xml"/>`;
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const KEPT = [
  ['a', 'b', 'c'],
  ['1', '', '3'],
];
const faultsOf = async (rows: readonly (readonly CellText[])[], options?: WorkbookOptions) =>
  (await readXlsxOctets(xlsx(rows, options))).faults;

describe('a workbook', () => {
  test('is read as CSV is: rows with text, numbered as the spreadsheet numbers them, filled to the first', async () => {
    expect(
      await readXlsxOctets(xlsx([...KEPT, [], ['x & <y> "z"\n é 電 𝄞']], { lines: [1, 3, 4, 9] })),
    ).toEqual({
      rows: [
        { line: 1, record: ['a', 'b', 'c'] },
        { line: 3, record: ['1', '', '3'] },
        { line: 9, record: ['x & <y> "z"\n é 電 𝄞', '', ''] },
      ],
      faults: [],
    });
  });

  test.each<[string, CellText, string]>([
    ['a shared text', cell('t="s"', '<v>0</v>'), 'shared'],
    ['a shared text of several runs, without its reading', cell('t="s"', '<v>1</v>'), 'one two'],
    ['a text that looks like an escape', '_x0041_', '_x0041_'],
    ['a control character', cell('t="inlineStr"', '<is><t>a_x0007_</t></is>'), 'a\u0007'],
    ['text between CDATA', cell('t="inlineStr"', '<is><t><![CDATA[a<b]]></t></is>'), 'a<b'],
    ['a whole number', cell('', '<v>5.0</v>'), '5'],
    ['a large number as typed', cell('', '<v>123456789012345</v>'), '123456789012345'],
    ['a number that has lost digits', cell('', '<v>1.2345678901234568E+17</v>'), '1.2345678901234568E+17'],
    ['a fraction', cell('', '<v>0.25</v>'), '0.25'],
    ['a truth', cell('t="b"', '<v>1</v>'), 'TRUE'],
    ['a date', cell('s="1"', '<v>46350</v>'), '2026-11-24'],
    ['a date with a time', cell('s="1"', '<v>46350.375</v>'), '2026-11-24T09:00:00Z'],
    ['a date in a format of its own', cell('s="2"', '<v>46350</v>'), '2026-11-24'],
    ['a number in a format with quoted letters', cell('s="3"', '<v>46350</v>'), '46350'],
    ['a date of type d', cell('t="d"', '<v>2026-11-24</v>'), '2026-11-24'],
    ['a day that never was, 29 February 1900', cell('s="1"', '<v>60</v>'), '60'],
    ['an error', cell('t="e"', '<v>#REF!</v>'), '#REF!'],
    ['a formula, not its value', cell('', '<f>A1+1</f><v>7</v>'), '=A1+1'],
    ['a formula that gives text', cell('t="str"', '<f>CONCAT("A")</f><v>ACTIVE</v>'), '=CONCAT("A")'],
    ['a shared formula', cell('', '<f t="shared" si="0"/><v>7</v>'), '=(shared formula)'],
    ['an array formula of an empty value', cell('', '<f t="array" ref="A1">ROW()</f>'), '=ROW()'],
    ['nothing of a foreign namespace', cell('xmlns:x="urn:x"', '<x:v>9</x:v><v>7</v>'), '7'],
  ])('gives %s as text', async (_what, given, text) => {
    const { rows, faults } = await readXlsxOctets(
      xlsx([[given]], {
        sharedStrings: [
          '<t>shared</t>',
          '<r><t xml:space="preserve">one </t></r><r><t>two</t></r><rPh sb="0" eb="1"><t>wan</t></rPh>',
        ],
        cellFormats: '<xf numFmtId="200"/><xf numFmtId="201"/>',
        parts: {
          'xl/styles.xml': STYLES,
        },
      }),
    );
    expect({ rows, faults }).toEqual({ rows: [{ line: 1, record: [text] }], faults: [] });
  });

  test('of an old Macintosh counts days from 1904', async () => {
    const octets = xlsx([[cell('s="1"', '<v>44888</v>')]], {
      workbookProperties: '<workbookPr date1904="1"/>',
    });
    expect((await readXlsxOctets(octets)).rows[0]?.record).toEqual(['2026-11-24']);
  });

  test('whose names have a prefix, as some programs write it, is read', async () => {
    const sheet =
      '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData><x:row><x:c><x:v>1</x:v></x:c><x:c><x:v>2</x:v></x:c></x:row></x:sheetData></x:worksheet>';
    const octets = xlsx([], { parts: { 'xl/worksheets/sheet1.xml': sheet } });
    expect((await readXlsxOctets(octets)).rows).toEqual([{ line: 1, record: ['1', '2'] }]);
  });

  test.each<[string, WorkbookOptions, string]>([
    ['macros', { parts: { 'xl/vbaProject.bin': 'x' } }, 'the workbook holds macros (xl/vbaproject.bin)'],
    [
      'links to other workbooks',
      { parts: { 'xl/externalLinks/externalLink1.xml': '<x/>' } },
      'the workbook takes data from elsewhere (xl/externallinks/externallink1.xml)',
    ],
    [
      'connections',
      { parts: { 'xl/connections.xml': '<x/>' } },
      'the workbook takes data from elsewhere (xl/connections.xml)',
    ],
    [
      'a hidden sheet',
      {
        sheets:
          '<sheet name="Feed" sheetId="1" r:id="r1"/><sheet name="Old" sheetId="2" state="veryHidden" r:id="r2"/>',
      },
      'the sheet "Old" is hidden',
    ],
    [
      'merged cells',
      { after: '<mergeCells><mergeCell ref="A2:B2"/></mergeCells>' },
      'the cells A2:B2 are merged',
    ],
    ['a hidden row', { rowAttributes: { 2: ' hidden="1"' } }, 'row 2 is hidden'],
    [
      'hidden columns',
      { before: '<cols><col min="3" max="16384" hidden="1"/></cols>' },
      'the columns C to C are hidden',
    ],
  ])('with %s is read and refused, without it is kept', async (_what, options, fault) => {
    const { rows, faults } = await readXlsxOctets(xlsx(KEPT, options));
    expect(rows).toHaveLength(2);
    expect(faults).toEqual([fault]);
    expect(await faultsOf(KEPT)).toEqual([]);
  });

  test('may hide columns and rows in which nothing stands, and hold a second sheet', async () => {
    expect(
      await faultsOf([...KEPT, []], {
        before: '<cols><col min="4" max="16384" hidden="1"/></cols>',
        rowAttributes: { 3: ' hidden="true"' },
        sheets: '<sheet name="Feed" sheetId="1" r:id="r1"/><sheet name="Notes" sheetId="2" r:id="r2"/>',
      }),
    ).toEqual([]);
  });

  test('tells all of this at once', async () => {
    const options = {
      parts: { 'xl/vbaProject.bin': 'x' },
      after: '<mergeCells><mergeCell ref="A1:B1"/><mergeCell ref="A2:B2"/></mergeCells>',
    };
    expect(await faultsOf(KEPT, options)).toHaveLength(3);
  });

  test.each<[string, Buffer, RegExp]>([
    ['nothing', Buffer.alloc(0), /^the file is no workbook/],
    ['CSV', Buffer.from('a,b'), /^the file is no workbook/],
    [
      'the old form',
      Buffer.from('d0cf11e0a1b11ae1', 'hex'),
      /^the file is a workbook of the old form \(XLS\), or one with a password$/,
    ],
    ['a ZIP of something else', zip({ 'a.txt': 'a' }), /: the part _rels\/\.rels is missing$/],
    ['a ZIP that is cut off', xlsx(KEPT).subarray(0, 700), /cannot be read/],
    ['an encrypted ZIP', zip({ 'a.txt': 'a' }, { flags: 0x0801 }), /: it is encrypted$/],
    [
      'a part that is there twice',
      zip({ '_rels/.rels': 'a', '_RELS/.rels': 'b' }),
      /: the part _RELS\/\.rels is there twice$/,
    ],
    [
      'a chart instead of a sheet',
      xlsx(KEPT, { sheets: '<sheet name="C" sheetId="1" r:id="r3"/>' }),
      /: its first sheet is no worksheet$/,
    ],
    [
      'a sheet in another file',
      xlsx(KEPT, {
        sheets: '<sheet name="C" sheetId="1" r:id="r9"/>',
        relations: relationship('worksheet').replace('/>', ' TargetMode="External"/>'),
      }),
      /: its first sheet is no worksheet$/,
    ],
    [
      'a document type',
      withSheet('<!DOCTYPE x [<!ENTITY e "boom">]><worksheet/>'),
      /: a document type declaration$/,
    ],
    ['an unknown entity', withSheet(`<worksheet xmlns="${MAIN}">&e;</worksheet>`), /cannot be read/],
    [
      'XML that is not well-formed',
      withSheet(`<worksheet xmlns="${MAIN}"><sheetData></worksheet>`),
      /cannot be read/,
    ],
    [
      'deep XML',
      withSheet(`<worksheet xmlns="${MAIN}">`.repeat(65)),
      /: too many elements within each other$/,
    ],
    [
      'octets that are not UTF-8',
      withSheet(Buffer.from([0x3c, 0xff])),
      /: the part xl\/worksheets\/sheet1\.xml is not UTF-8$/,
    ],
    ['rows out of order', xlsx(KEPT, { lines: [2, 1] }), /: row 1 follows row 2$/],
    ['a row twice', xlsx(KEPT, { lines: [2, 2] }), /: row 2 follows row 2$/],
    [
      'a cell of another row',
      xlsx([[{ xml: '<c r="A2"><v>1</v></c>' }]]),
      /: cell A2 in row 1 follows column $/,
    ],
    [
      'a cell twice',
      xlsx([[{ xml: '<c r="A1"><v>1</v></c><c r="A1"><v>2</v></c>' }]]),
      /: cell A1 in row 1 follows column A$/,
    ],
    [
      'a shared text that is absent',
      xlsx([[cell('t="s"', '<v>5</v>')]]),
      /: cell A1 refers to a text that is not there$/,
    ],
    ['an unknown type of cell', xlsx([[cell('t="z"', '<v>5</v>')]]), /: cell A1 has the unknown type "z"$/],
    [
      'a cell in the column XFD',
      xlsx([[{ xml: '<c r="XFD1"><v>1</v></c>' }]]),
      /: row 1: the row has 16384 cells; at most 100 are read$/,
    ],
  ])('that is %s is refused in words', async (_what, octets, fault) => {
    const { faults } = await readXlsxOctets(octets);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(fault);
  });

  test('that unpacks to a thousand times its size is refused before it is unpacked', async () => {
    const limits = { ...TABLE_LIMITS, unpackedOctets: 1_000_000 };
    const bomb = withSheet(' '.repeat(1_000_000));
    expect(bomb.length).toBeLessThan(6000);
    expect((await readXlsxOctets(bomb, limits)).faults).toEqual([
      'the workbook cannot be read: it unpacks to more than 1000000 octets',
    ]);
  });

  test('that unpacks to more than its directory says is refused', async () => {
    const { faults } = await readXlsxOctets(
      zip({ '_rels/.rels': ' '.repeat(5_000_000) }, { unpacked: 1000 }),
    );
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^the workbook cannot be read: too many bytes in the stream/);
  });

  test('over the limits of rows and octets is refused', async () => {
    const limits = { ...TABLE_LIMITS, rows: 2 };
    expect((await readXlsxOctets(xlsx([...KEPT, ['x']]), limits)).faults).toEqual([
      'the workbook cannot be read: there are more than 2 rows',
    ]);
    expect((await readXlsxOctets(xlsx(KEPT), { ...limits, octets: 100 })).faults).toEqual([
      'the file has more than 100 octets',
    ]);
    expect((await readXlsxOctets(xlsx(KEPT), limits)).faults).toEqual([]);
  });

  test('is known by its first octets', () => {
    expect(looksLikeXlsx(xlsx(KEPT))).toBe(true);
    expect(looksLikeXlsx(Buffer.from('record,'))).toBe(false);
  });
});

function withSheet(sheet: string | Buffer): Buffer {
  return xlsx([], { parts: { 'xl/worksheets/sheet1.xml': sheet } });
}

const STYLES = `<styleSheet xmlns="${MAIN}"><numFmts><numFmt numFmtId="200" formatCode="[$-809]dd\\ mmmm\\ yyyy;@"/><numFmt numFmtId="201" formatCode="0 &quot;days&quot;"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="200"/><xf numFmtId="201"/></cellXfs></styleSheet>`;
