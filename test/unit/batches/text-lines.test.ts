import { readLines, requireUtf8 } from '../../../src/batches/containers/text-lines.ts';
import { ContainerError } from '../../../src/batches/container-error.ts';
import { inOrder } from '../../support/batch-results.ts';

/** Pieces of each length, so that one ends at every place there is. */
const cuts = (octets: Buffer): Buffer[][] =>
  Array.from({ length: octets.length + 1 }, (_, less) => piecesOf(octets, less + 1));

test.each([
  ['nothing', '', ''],
  ['a mark alone', '\ufeff', ''],
  ['a mark before one character', '\ufeffa', 'a'],
  ['one character', 'a', 'a'],
  ['two', 'ab', 'ab'],
  ['characters of one to four octets', 'aé表😀b😀', 'aé表😀b😀'],
  ['a mark that is none', 'a\ufeffb', 'a\ufeffb'],
])('UTF-8 in pieces of any length is passed on without its mark: %s', async (_, text, passed) => {
  for (const pieces of cuts(Buffer.from(text)))
    expect(Buffer.concat(await all(requireUtf8(inOrder(pieces)))).toString()).toBe(passed);
});

test('no piece that is passed on ends within a character', async () => {
  for (const pieces of cuts(Buffer.from('aé表😀b😀é')))
    for (const piece of await all(requireUtf8(inOrder(pieces))))
      expect(piece.toString()).not.toContain('\ufffd');
});

test.each([
  ['a NUL', 'a\nb\n\0', 'line 3', 'NUL'],
  ['a NUL at the end of a line', 'a\nb\0\nc', 'line 2', 'NUL'],
  ['an octet that is no character', Buffer.from('610a620aff620a', 'hex'), 'line 3', 'not UTF-8'],
  ['a character that is cut off by a line', Buffer.from('610a62e8a10a63', 'hex'), 'line 2', 'not UTF-8'],
  ['a character that the end cuts off', Buffer.from('610a0af09f98', 'hex'), 'line 3', 'not UTF-8'],
  ['octets that only go on with a character', Buffer.from('610a80808080', 'hex'), 'line 2', 'not UTF-8'],
  ['UTF-16 of the one order', Buffer.from('fffe61000a00', 'hex'), 'line 1', 'is UTF-16'],
  ['UTF-16 of the other', Buffer.from('feff0061000a', 'hex'), 'line 1', 'is UTF-16'],
  ['the mark of UTF-16 alone', Buffer.from('fffe', 'hex'), 'line 1', 'is UTF-16'],
  ['three octets after the mark of UTF-16', Buffer.from('feff00', 'hex'), 'line 1', 'is UTF-16'],
])('%s is refused at its line, wherever pieces end', async (_, text, position, detail) => {
  for (const pieces of cuts(Buffer.from(text as string)))
    await expect(all(requireUtf8(inOrder(pieces)))).rejects.toMatchObject({
      finding: { reason: 'BATCH_ENCODING', position, detail: expect.stringContaining(detail) },
    });
});

test('lines are the same wherever pieces end', async () => {
  for (const pieces of cuts(Buffer.from('\r\none\r\n\ntwo\n\rthr\r\n\r\nlast')))
    expect(await linesOf(pieces)).toEqual([
      [2, 'one'],
      [4, 'two'],
      [5, '\rthr'],
      [7, 'last'],
    ]);
});

test.each([
  ['12345\n', [[1, '12345']]],
  ['12345\r\n', [[1, '12345']]],
  ['12345', [[1, '12345']]],
  [
    '1\n12345\r',
    [
      [1, '1'],
      [2, '12345'],
    ],
  ],
])('%j has no line of more than five octets, wherever pieces end', async (text, lines) => {
  for (const pieces of cuts(Buffer.from(text))) expect(await linesOf(pieces)).toEqual(lines);
});

test.each([
  ['123456', 1],
  ['123456\n', 1],
  ['1\n123456\r\n', 2],
  ['1\n12345\r6\n', 2],
])('%j has a line of more than five octets, wherever pieces end', async (text, line) => {
  for (const pieces of cuts(Buffer.from(text)))
    await expect(linesOf(pieces)).rejects.toMatchObject({
      finding: { reason: 'BATCH_LINE_TOO_LONG', position: `line ${String(line)}` },
    });
});

test('of a line without end no more is held than the longest has', async () => {
  let given = 0;
  const endless = async function* () {
    for (; given < 100; given += 1) yield await Promise.resolve(Buffer.from('123'));
  };
  await expect(all(readLines(endless(), 5))).rejects.toThrow(ContainerError);
  expect(given).toBe(2);
});

const linesOf = async (pieces: readonly Buffer[]) =>
  (await all(readLines(inOrder(pieces), 5))).map(({ line, octets }) => [line, octets.toString()]);

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

function piecesOf(octets: Buffer, length: number): Buffer[] {
  return Array.from({ length: Math.ceil(octets.length / length) }, (_, place) =>
    octets.subarray(place * length, (place + 1) * length),
  );
}
