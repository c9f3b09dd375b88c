import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { BatchContentType } from '../../../src/batches/batch-item.ts';
import type { BatchLimits } from '../../../src/batches/batch-limits.ts';
import { readItems } from '../../../src/batches/containers/read-items.ts';
import { TABLE_LIMITS } from '../../../src/tables/table.ts';
import { openFiles } from '../../support/open-files.ts';
import { intakeNeeds, take, temporaryFolder } from '../../support/batch-intake.ts';
import { rawZip, type RawEntry } from '../../support/raw-zip.ts';

const folder = temporaryFolder();
const CSR = '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n';

/** A container that is kept: the ids that come out of it. */
const KEPT: readonly (readonly [string, BatchContentType, Buffer | string, readonly string[]])[] = [
  ['a stored file', 'application/zip', zip({ name: 'a.csr', content: CSR }), ['a']],
  ['a deflated file', 'application/zip', zip({ name: 'a.csr', content: CSR, deflate: true }), ['a']],
  [
    'sizes after the content (bit 3)',
    'application/zip',
    zip({ name: 'a.csr', content: CSR, flags: 8, after: Buffer.alloc(16) }),
    ['a'],
  ],
  [
    'names in UTF-8, flagged or not',
    'application/zip',
    zip(file('Zähler 1.csr'), file('表.csr', { flags: 0x800 })),
    ['Zähler 1', '表'],
  ],
  ['an ending in capitals', 'application/zip', zip(file('A.CSR')), ['A']],
  [
    'names that spreadsheets take for formulas',
    'application/zip',
    zip(file('=1+1.csr'), file('@x.csr'), file('-2.csr')),
    ['=1+1', '@x', '-2'],
  ],
  [
    'names that only begin as a device on Windows is called',
    'application/zip',
    zip(file('console.csr'), file('com10.csr'), file('nullmodem.csr')),
    ['console', 'com10', 'nullmodem'],
  ],
  [
    'names of 100 octets',
    'application/zip',
    zip(file(`${'a'.repeat(100)}.csr`), file(`${'é'.repeat(50)}.csr`)),
    ['a'.repeat(100), 'é'.repeat(50)],
  ],
  ['a comment', 'application/zip', rawZip([file('a.csr')], { comment: 'made by hand' }), ['a']],
  ['octets before the first file', 'application/zip', rawZip([file('a.csr', { offset: 0 })]), ['a']],
  [
    'a file that is no text: its own matter',
    'application/zip',
    zip({ name: 'a.csr', content: Buffer.from([0x30, 0x82, 0, 255]) }),
    ['a'],
  ],
  [
    'a file that is no text and as large as a CSR may be: its own matter',
    'application/zip',
    zip({ name: 'a.csr', content: Buffer.alloc(16_384, 0xff) }),
    ['a'],
  ],
  ['an empty file: its own matter', 'application/zip', zip({ name: 'a.csr', content: '' }), ['a']],
  ['lines', 'application/x-ndjson', `${line('1')}\n${line('2')}\n`, ['1', '2']],
  [
    'no end of the last line, empty lines, CR LF',
    'application/x-ndjson',
    `\r\n${line('1')}\r\n\n${line('2')}`,
    ['1', '2'],
  ],
  ['a byte order mark before lines', 'application/x-ndjson', `\ufeff${line('1')}\n`, ['1']],
  ['a CSR of as many octets as one may have', 'application/x-ndjson', line('1', 'x'.repeat(16_384)), ['1']],
  ['spaces around the names of columns', 'text/csv', ' id, csr \n1,MIIB\n', ['1']],
  [
    'a device type in a line',
    'application/x-ndjson',
    JSON.stringify({ id: '1', csr: 'x', deviceType: 'ESME' }),
    ['1'],
  ],
  ['a name of a member as a text', 'application/x-ndjson', line('csr', '{"id":"a","id":"b"}'), ['csr']],
  ['CSV', 'text/csv', 'id,csr\n1,MIIB\n2,MIIC\n', ['1', '2']],
  [
    'CSV with columns in another order',
    'text/csv',
    'deviceType,csr,id\r\nESME,MIIB,1\r\n,MIIC,2',
    ['1', '2'],
  ],
  ['CSV with a PEM in quotes', 'text/csv', `id,csr\n1,"${CSR}"\n`, ['1']],
  ['a byte order mark before CSV', 'text/csv', '\ufeffid,csr\n1,MIIB\n', ['1']],
  ['empty lines in CSV', 'text/csv', '\nid,csr\n\n1,MIIB\n\n', ['1']],
];

test.each(KEPT)('%s (%s) is kept', async (_, type, octets, ids) => {
  const intake = await take(folder, type, octets);
  expect(intake).toMatchObject({ items: ids.map((id, place) => ({ id, position: place + 1 })) });
});

type BrokenRow = readonly [
  string,
  BatchContentType,
  Buffer | string,
  errorCode: string,
  position: string | undefined,
  limits?: Partial<BatchLimits>,
];

/** A container that is refused as a whole: the code, and where. */
const BROKEN: readonly BrokenRow[] = [
  // ZIP as a whole
  ['nothing of a ZIP', 'application/zip', 'id,csr\n1,x\n', 'FM:ZIP', undefined],
  [
    'a ZIP that is cut off',
    'application/zip',
    zip(file('a.csr'), file('b.csr')).subarray(0, -30),
    'FM:ZIP',
    undefined,
  ],
  ['a ZIP without files', 'application/zip', rawZip([]), 'FM:EMPTY', undefined],
  [
    'one file too many',
    'application/zip',
    zip(file('a.csr'), file('b.csr'), file('c.csr')),
    'FM:AA2',
    undefined,
    { items: 2 },
  ],
  [
    'a count that tells too few',
    'application/zip',
    rawZip([file('a.csr'), file('b.csr')], { count: 1 }),
    'FM:ZIP',
    undefined,
  ],
  [
    'a count that began again at 0',
    'application/zip',
    rawZip(
      Array.from({ length: 65_537 }, () => file('a.csr')),
      { count: 1 },
    ),
    'FM:AA2',
    undefined,
  ],
  [
    'a count that tells too many',
    'application/zip',
    rawZip([file('a.csr')], { count: 2 }),
    'FM:ZIP',
    undefined,
  ],
  [
    'a directory elsewhere',
    'application/zip',
    rawZip([file('a.csr')], { directoryOffset: 0 }),
    'FM:ZIP',
    undefined,
  ],
  ['a part of several disks', 'application/zip', rawZip([file('a.csr')], { disk: 1 }), 'FM:ZIP', undefined],
  [
    'octets between directory and end',
    'application/zip',
    rawZip([file('a.csr')], { beforeEnd: Buffer.from('junk') }),
    'FM:ZIP',
    undefined,
  ],
  // names
  ...(
    [
      '../a.csr',
      'x/../../a.csr',
      '/a.csr',
      '\\a.csr',
      '..\\a.csr',
      'x\\a.csr',
      'C:a.csr',
      'c:\\a.csr',
      'x/a.csr',
      './a.csr',
      'a\0.csr',
      'a.txt',
      'a',
      '.csr',
      'a.csr.exe',
      ' a.csr',
      '.a.csr',
      'a..csr',
      'a .csr',
      'acsr',
      'CON.csr',
      'prn.csr',
      'aux.csr',
      'NUL.csr',
      'com1.csr',
      'lpt1.x.csr',
      'a:b.csr',
      'a|b.csr',
      'a\nb.csr',
      'a\u202eb.csr',
      '__MACOSX/._a.csr',
      `${'a'.repeat(101)}.csr`,
      `${'é'.repeat(51)}.csr`,
    ] as const
  ).map((name): BrokenRow => [
    `the name ${JSON.stringify(name)}`,
    'application/zip',
    zip(file('good.csr'), file(name)),
    'FM:NAME',
    'file',
  ]),
  [
    'a name twice',
    'application/zip',
    zip(file('a.csr'), file('b.csr'), file('a.csr')),
    'FM:DUPID',
    'file "a.csr"',
  ],
  [
    'a name twice but for its case',
    'application/zip',
    zip(file('meter.csr'), file('METER.csr')),
    'FM:DUPID',
    'file "METER.csr"',
  ],
  [
    'a name twice in two forms of Unicode',
    'application/zip',
    zip(file('é.csr'), file('e\u0301.csr')),
    'FM:DUPID',
    'file',
  ],
  [
    'a name twice but for its ending',
    'application/zip',
    zip(file('a.csr'), file('a.CSR')),
    'FM:DUPID',
    'file "a.CSR"',
  ],
  [
    'a name that is not UTF-8',
    'application/zip',
    zip(file(Buffer.from('Z\xe4hler.csr', 'latin1'))),
    'FM:UTF8',
    'file "Zähler.csr"',
  ],
  // kinds of files
  ['a folder', 'application/zip', zip(file('x/', { content: '' })), 'FM:KIND', 'file "x/"'],
  [
    'a folder by its attributes',
    'application/zip',
    zip(file('x.csr', { external: 0x10 })),
    'FM:KIND',
    'file "x.csr"',
  ],
  [
    'a symbolic link',
    'application/zip',
    zip(file('a.csr', { external: 0o120777 * 65_536 })),
    'FM:KIND',
    'file "a.csr"',
  ],
  [
    'a device',
    'application/zip',
    zip(file('a.csr', { external: 0o020666 * 65_536 })),
    'FM:KIND',
    'file "a.csr"',
  ],
  ['an encrypted file', 'application/zip', zip(file('a.csr', { flags: 1 })), 'FM:CRYPT', 'file "a.csr"'],
  [
    'a method that few tools know',
    'application/zip',
    zip(file('a.csr', { method: 12 })),
    'FM:METHOD',
    'file "a.csr"',
  ],
  // bombs and lies
  [
    'a file larger than a CSR',
    'application/zip',
    zip(file('a.csr', { content: 'x'.repeat(16_385) })),
    'FM:CSRSIZE',
    'file "a.csr"',
  ],
  [
    'a bomb that tells its size',
    'application/zip',
    zip(file('a.csr', { content: Buffer.alloc(50_000_000), deflate: true })),
    'FM:CSRSIZE',
    'file "a.csr"',
  ],
  [
    'a bomb that lies',
    'application/zip',
    zip(file('a.csr', { content: Buffer.alloc(50_000_000), deflate: true, size: 10 })),
    'FM:CSRSIZE',
    'file "a.csr"',
  ],
  [
    'two files in the same octets',
    'application/zip',
    rawZip([file('a.csr'), file('b.csr', { offset: 0 })]),
    'FM:OVERLAP',
    'file "a.csr"',
  ],
  [
    'a file that reaches into the next',
    'application/zip',
    zip(file('a.csr', { compressedSize: 200, size: 200 }), file('b.csr')),
    'FM:OVERLAP',
    'file "a.csr"',
  ],
  [
    'another name in the local header',
    'application/zip',
    zip(file('a.csr', { localName: 'b.csr' })),
    'FM:ZIP',
    'file "a.csr"',
  ],
  [
    'a CRC-32 that does not fit',
    'application/zip',
    zip(file('a.csr', { crc32: 1 })),
    'FM:ZIP',
    'file "a.csr"',
  ],
  [
    'content that does not inflate',
    'application/zip',
    zip(file('a.csr', { content: '\xff\xff', method: 8 })),
    'FM:ZIP',
    'file "a.csr"',
  ],
  [
    'a size that tells too much',
    'application/zip',
    zip(file('a.csr', { content: 'xy', deflate: true, size: 3 })),
    'FM:ZIP',
    'file "a.csr"',
  ],
  // NDJSON
  ['no line', 'application/x-ndjson', '\n\n', 'FM:EMPTY', undefined],
  [
    'a line too many',
    'application/x-ndjson',
    [line('1'), line('2'), line('3')].join('\n'),
    'FM:AA2',
    undefined,
    { items: 2 },
  ],
  ['a line that is not JSON', 'application/x-ndjson', `${line('1')}\n{"id":`, 'FM:LINE', 'line 2'],
  ['a JSON array', 'application/x-ndjson', '["1","x"]', 'FM:LINE', 'line 1'],
  ['null', 'application/x-ndjson', 'null', 'FM:LINE', 'line 1'],
  ['a line without csr', 'application/x-ndjson', '{"id":"1"}', 'FM:LINE', 'line 1'],
  ['a csr that is no text', 'application/x-ndjson', '{"id":"1","csr":7}', 'FM:LINE', 'line 1'],
  [
    'a field that nobody knows',
    'application/x-ndjson',
    '{"id":"1","csr":"x","key":"y"}',
    'FM:LINE',
    'line 1',
  ],
  [
    'a csr twice',
    'application/x-ndjson',
    `${line('1')}\n{"id":"a","csr":"x","csr":"y"}`,
    'FM:LINE',
    'line 2',
  ],
  [
    'an id twice in a line',
    'application/x-ndjson',
    '{"id":"a","csr":"x","\\u0069d":"z"}',
    'FM:LINE',
    'line 1',
  ],
  [
    'an unknown device type',
    'application/x-ndjson',
    '{"id":"1","csr":"x","deviceType":"KETTLE"}',
    'FM:DEVTYPE',
    'line 1',
  ],
  ['an id twice', 'application/x-ndjson', `${line('a')}\n\n${line('A')}`, 'FM:DUPID', 'line 3'],
  ['an id that is a path', 'application/x-ndjson', line('../a'), 'FM:ID', 'line 1'],
  ['an empty id', 'application/x-ndjson', line(''), 'FM:ID', 'line 1'],
  ['a long CSR', 'application/x-ndjson', line('1', 'x'.repeat(16_385)), 'FM:CSRSIZE', 'line 1'],
  [
    'a long CSR of few characters',
    'application/x-ndjson',
    line('1', 'é'.repeat(8193)),
    'FM:CSRSIZE',
    'line 1',
  ],
  [
    'a long line',
    'application/x-ndjson',
    `${line('1')}\n${line('2', 'x'.repeat(30_000))}\n${line('3')}`,
    'FM:LINELEN',
    'line 2',
  ],
  ['a line without end', 'application/x-ndjson', 'x'.repeat(5_000_000), 'FM:LINELEN', 'line 1'],
  [
    'UTF-16 with its mark',
    'application/x-ndjson',
    Buffer.from(`\ufeff${line('1')}`, 'utf16le'),
    'FM:UTF8',
    'line 1',
  ],
  ['UTF-16 without its mark', 'application/x-ndjson', Buffer.from(line('1'), 'utf16le'), 'FM:UTF8', 'line 1'],
  [
    'Latin-1',
    'application/x-ndjson',
    Buffer.from(`${line('1')}\n${line('ü')}\n`, 'latin1'),
    'FM:UTF8',
    'line 2',
  ],
  ['a character that is cut off', 'application/x-ndjson', Buffer.from('c3', 'hex'), 'FM:UTF8', 'line 1'],
  // CSV
  ['an empty CSV', 'text/csv', '', 'FM:EMPTY', undefined],
  ['a header alone', 'text/csv', 'id,csr\n', 'FM:EMPTY', undefined],
  ['no header', 'text/csv', '1,MIIB\n', 'FM:COLUMNS', 'line 1'],
  ['a column that nobody knows', 'text/csv', 'id,csr,colour\n', 'FM:COLUMNS', 'line 1'],
  ['a column twice', 'text/csv', 'id,csr,id\n', 'FM:COLUMNS', 'line 1'],
  ['semicolons', 'text/csv', 'id;csr\n1;x\n', 'FM:COLUMNS', 'line 1'],
  ['too few fields', 'text/csv', 'id,csr\n1\n', 'FM:LINE', 'line 2'],
  ['too many fields', 'text/csv', 'id,csr\n1,x,\n', 'FM:LINE', 'line 2'],
  [
    'an id twice, after a PEM of several lines',
    'text/csv',
    `id,csr\n1,"${CSR}"\n1,x\n`,
    'FM:DUPID',
    'line 6',
  ],
  ['a quote inside a field', 'text/csv', 'id,csr\n1,x"y\n', 'FM:LINE', 'line 2'],
  ['text after a quote', 'text/csv', 'id,csr\n1,"x"y\n', 'FM:LINE', 'line 2'],
  ['a quote that is not closed', 'text/csv', 'id,csr\n1,"x\n2,y\n', 'FM:LINE', 'line'],
  [
    'a quote that is never closed',
    'text/csv',
    `id,csr\n1,"${'x,\n'.repeat(2_000_000)}`,
    'FM:LINELEN',
    'line 2',
  ],
  ['an unknown device type', 'text/csv', 'id,csr,deviceType\n1,x,kettle\n', 'FM:DEVTYPE', 'line 2'],
  [
    'UTF-16, as spreadsheets write "Unicode text"',
    'text/csv',
    Buffer.from('\ufeffid,csr\n1,x\n', 'utf16le'),
    'FM:UTF8',
    'line 1',
  ],
  [
    'a long record',
    'text/csv',
    `id,csr\n1,${'x'.repeat(97)}\n2,${'x'.repeat(98)}\n`,
    'FM:LINELEN',
    'line 3',
    { lineOctets: 100 },
  ],
  ['a record too many', 'text/csv', 'id,csr\n1,x\n2,x\n3,x\n', 'FM:AA2', undefined, { items: 2 }],
];

// One argument: with more parameters than fields in a row, jest would wait for a callback.
test.each(BROKEN.map((row) => ({ title: `${row[0]} (${row[1]})`, row })))(
  '$title refuses the whole',
  async ({ row }) => {
    const [, type, octets, errorCode, position, limits] = row;
    const intake = await take(folder, type, octets, limits);
    if (!('reasons' in intake)) throw new Error(`kept: ${JSON.stringify(intake)}`);
    const reason = intake.reasons.find((one) => one.errorCode === errorCode);
    expect(intake.reasons.map((one) => one.errorCode)).toContain(errorCode);
    if (position === undefined) expect(reason?.position).toBeUndefined();
    else expect(reason?.position).toMatch(/ /.test(position) ? position : new RegExp(`^${position} `));
    for (const { clause, detail, fix, position: place = '' } of intake.reasons) {
      expect(clause && fix).not.toBe('');
      expect(detail.startsWith(place)).toBe(true);
      expect(/[\p{Cc}\p{Cf}]/u.test(detail)).toBe(false);
    }
  },
);

test('a count of the end record that is too small is told as that', async () => {
  const octets = rawZip([file('a.csr'), file('b.csr')], { count: 1 });
  expect(await take(folder, 'application/zip', octets)).toMatchObject({
    fault: 'malformed-request',
    reasons: [{ detail: 'its end record counts fewer files (1) than there are' }],
  });
});

test('names that are there twice are told together with names that cannot be', async () => {
  const intake = await take(folder, 'application/zip', zip(file('A.csr'), file('a.csr'), file('zz.txt')));
  if (!('reasons' in intake)) throw new Error('kept');
  expect(intake.reasons.map(({ errorCode, position }) => [errorCode, position])).toEqual([
    ['FM:DUPID', 'file "a.csr"'],
    ['FM:NAME', 'file "zz.txt"'],
  ]);
});

test.each([
  ['x/a.csr', 'at the root of the ZIP'],
  ['a.txt', '<name>.csr at the root of the ZIP'],
  ['CON.csr', 'another name'],
  [`${'a'.repeat(120)}.csr`, 'Shorten it to 100 octets'],
  [' a.csr', 'Take the full stop or the space away'],
  ['a:b.csr', 'Leave the colon out'],
  ['ab:c.csr', 'Use letters, digits, spaces'],
])('the fix of the name %j says what to do about it', async (name, says) => {
  const intake = await take(folder, 'application/zip', zip(file(name)));
  expect('reasons' in intake && intake.reasons.map(({ fix }) => fix)).toEqual([
    expect.stringContaining(says),
  ]);
});

test.each([
  ['kept', zip(file('a.csr'))],
  ['refused for a name', zip(file('a.txt'))],
  ['refused for what a file holds', zip(file('a.csr', { crc32: 1 }))],
  ['no ZIP', Buffer.from('none')],
])('a ZIP that is %s is closed when it has been read', async (_, octets) => {
  await take(folder, 'application/zip', octets);
  expect(openFiles()).not.toContain(path.join(folder, 'upload'));
});

test.each([
  ['application/x-ndjson', `{"id":"1","csr":"x","deviceType":"ESME"}\n{"id":"2","csr":""}`],
  ['text/csv', 'id,csr,deviceType\n1,x,ESME\n2,,\n'],
] as const)('%s gives each item its device type, or none; a CSR may be empty', async (type, text) => {
  expect(await take(folder, type, text)).toEqual({
    items: [
      { position: 1, id: '1', csr: 'x', deviceType: 'ESME' },
      { position: 2, id: '2', csr: '' },
    ],
  });
});

test('a line that is not JSON is told as that', async () => {
  expect(await take(folder, 'application/x-ndjson', '{"id":')).toMatchObject({
    reasons: [{ detail: 'line 1: the line is not JSON' }],
  });
});

test.each([
  ['rows', TABLE_LIMITS.rows + 1, 'x'],
  ['octets', 2200, 'x'.repeat(16_000)],
])(
  'CSV may have more %s than other tables have',
  async (_, rows, csr) => {
    const octets = `id,csr\n${Array.from({ length: rows }, (_, row) => `${String(row)},${csr}\n`).join('')}`;
    const intake = await take(folder, 'text/csv', octets, { items: rows });
    expect('items' in intake && intake.items).toHaveLength(rows);
  },
  60_000,
);

test('of a name that is a path and has no .csr, the path is told', async () => {
  expect(await take(folder, 'application/zip', zip(file('x/a.txt')))).toMatchObject({
    reasons: [{ detail: expect.stringContaining('lies in a folder') }],
  });
});

test('a file of ours that cannot be read is no fault of the container', async () => {
  const upload = { file: path.join(folder, 'nowhere'), contentType: 'text/csv' } as const;
  await expect(readItems(upload, intakeNeeds()).next()).rejects.toMatchObject({ code: 'ENOENT' });
});

test('faults are told together, twenty at most, and nothing is given out after the first', async () => {
  const lines = [line('1'), 'x', line('2'), line('1'), ...Array.from({ length: 40 }, () => '{}')];
  const intake = await take(folder, 'application/x-ndjson', lines.join('\n'));
  expect(intake).toMatchObject({ fault: 'malformed-request', before: 1 });
  if ('reasons' in intake)
    expect(intake.reasons.map((one) => one.position)).toEqual(
      Array.from({ length: 20 }, (_, place) => `line ${[2, 4][place] ?? place + 3}`),
    );
});

test('size and number alone are 413, anything else is 400', async () => {
  expect(await take(folder, 'text/csv', 'id,csr\n1,x\n2,x\n', { items: 1 })).toMatchObject({
    fault: 'too-large',
  });
  expect(await take(folder, 'text/csv', 'id,csr\n1,x\n1,x\n2,x', { items: 2 })).toMatchObject({
    fault: 'malformed-request',
  });
});

test('what the zip command packs is kept; with folders and links it is refused', async () => {
  const source = path.join(folder, 'source');
  mkdirSync(path.join(source, 'sub'), { recursive: true });
  for (const name of ['a.csr', 'Zähler.csr', 'sub/b.csr']) writeFileSync(path.join(source, name), CSR);
  const pack = (...words: string[]) => {
    const file = path.join(folder, `${words.join('')}.zip`.replaceAll('/', ''));
    execFileSync('zip', ['-q', file, ...words], { cwd: source });
    return readFileSync(file);
  };
  expect(await take(folder, 'application/zip', pack('a.csr', 'Zähler.csr'))).toMatchObject({
    items: [{ id: 'a', fileName: 'a.csr', csr: CSR }, { id: 'Zähler' }],
  });
  expect(await take(folder, 'application/zip', pack('-r', 'sub'))).toMatchObject({
    fault: 'malformed-request',
  });
  symlinkSync('/etc/passwd', path.join(source, 'link.csr'));
  expect(await take(folder, 'application/zip', pack('-y', 'link.csr'))).toMatchObject({
    reasons: [{ errorCode: 'FM:KIND' }],
  });
  expect(await take(folder, 'application/zip', pack('-P', 'secret', 'a.csr'))).toMatchObject({
    reasons: [{ errorCode: 'FM:CRYPT' }],
  });
});

function file(name: string | Buffer, change: Partial<RawEntry> = {}): RawEntry {
  return { name, content: CSR, ...change };
}

function zip(...entries: readonly RawEntry[]): Buffer {
  return rawZip(entries);
}

function line(id: string, csr = 'MIIB'): string {
  return JSON.stringify({ id, csr });
}
