import { readCsv } from '../../../src/tables/read-csv.ts';
import { TABLE_LIMITS } from '../../../src/tables/table.ts';
import { collect, inPieces, readCsvText } from '../../support/tables.ts';

const SMALL = { ...TABLE_LIMITS, octets: 1000, recordOctets: 60, rows: 3, columns: 4 };

describe('CSV', () => {
  test('is read row by row; a line is counted as an editor counts it', async () => {
    const text = '\ufeffa,b\r\n\r\n1,"x\ny"\n,\n"say ""no""",2\r\nlast,';
    for (const piece of [1, 2, 3, 1000])
      expect(await readCsvText(text, TABLE_LIMITS, piece)).toEqual({
        rows: [
          { line: 1, record: ['a', 'b'] },
          { line: 3, record: ['1', 'x\ny'] },
          { line: 6, record: ['say "no"', '2'] },
          { line: 7, record: ['last', ''] },
        ],
        faults: [],
      });
  });

  test('of nothing has no rows', async () => {
    expect(await readCsvText('')).toEqual({ rows: [], faults: [] });
    expect(await readCsvText('\ufeff\n\n')).toEqual({ rows: [], faults: [] });
  });

  test.each([
    [
      'a quotation mark inside a cell',
      'a,b\n1,2"3\n',
      'a,b\n1,"2""3"\n',
      'line 2: a quotation mark stands inside',
    ],
    ['text after a closing quotation mark', 'a\n"1"2\n', 'a\n"12"\n', 'line 2: text follows the closing'],
    [
      'a quotation mark that is never closed',
      'a\n"1\n2\n',
      'a\n"1"\n2\n',
      'line 2: a quotation mark is opened',
    ],
    [
      'a row of 61 octets',
      `a\n${'x'.repeat(60)}\n`,
      `a\n${'x'.repeat(59)}\n`,
      'line 2: the row is longer than 60 octets',
    ],
    ['a fourth row', 'a\n1\n2\n3\n', 'a\n1\n2\n', 'line 4: there are more than 3 rows'],
    ['a fifth cell', 'a\n1,2,3,4,5\n', 'a\n1,2,3,4\n', 'line 2: the row has 5 cells; at most 4 are read'],
    ['an octet too many', `${'\n'.repeat(1000)}\n`, '\n'.repeat(1000), 'the file has more than 1000 octets'],
  ])('with %s is refused by line, and without it is read', async (_what, broken, kept, detail) => {
    const { rows, faults } = await readCsvText(broken, SMALL);
    expect(faults).toHaveLength(1);
    expect(faults[0]!.slice(0, detail.length)).toBe(detail);
    expect(rows.every(({ line }) => line < 4)).toBe(true);
    expect((await readCsvText(kept, SMALL)).faults).toEqual([]);
  });

  test.each([
    ['in one piece', 1000],
    ['in pieces of an octet', 1],
  ])('that is Latin-1 is refused by line, %s', async (_how, piece) => {
    const text = Buffer.from('a\nName\nM\xfcller\n', 'latin1');
    expect((await readCsvText(text, TABLE_LIMITS, piece)).faults).toEqual(['line 3: the file is not UTF-8']);
    expect((await readCsvText('a\nName\nMüller 電\n', TABLE_LIMITS, piece)).faults).toEqual([]);
  });

  test('that ends in half a character is refused', async () => {
    expect((await readCsvText(Buffer.from('a\né').subarray(0, 3))).faults).toEqual([
      'line 2: the file is not UTF-8',
    ]);
  });

  test.each([
    ['of 10 MB in one line', 'x'],
    ['of 10 MB in one line of empty cells', ','],
    ['of 10 MB in one line of quotation marks', '"'],
  ])('%s is refused before it is read to its end', async (_what, octet) => {
    const octets = Buffer.alloc(10_000_000, octet);
    let read = 0;
    const counted = async function* () {
      for await (const piece of inPieces(octets)) {
        read += piece.length;
        yield piece;
      }
    };
    expect(await collect(readCsv(counted()))).toEqual({
      rows: [],
      faults: ['line 1: the row is longer than 65536 octets'],
    });
    expect(read).toBeLessThan(200_000);
    expect((await readCsvText(octets)).faults).toEqual(['line 1: the row is longer than 65536 octets']);
  });

  test('the stream that breaks off is no fault of the file', async () => {
    const broken = (async function* () {
      await Promise.resolve();
      yield Buffer.from('a\n');
      throw new Error('the line went dead');
    })();
    const read = async () => {
      for await (const row of readCsv(broken)) expect(row.line).toBe(1);
    };
    await expect(read()).rejects.toThrow('the line went dead');
  });
});
