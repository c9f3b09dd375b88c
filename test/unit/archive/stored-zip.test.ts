import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { openZip } from '../../../src/archive/read-zip.ts';
import { storedZip } from '../../../src/archive/stored-zip.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'stored-zip-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('unzip and Python find every file whole, and the same octets come each time', () => {
  const files = { 'a.crt': 'one', 'Zähler 7.crt': '', 'report.txt': 'x'.repeat(70_000) };
  const octets = zipOf(files);
  expect(zipOf(files).equals(octets)).toBe(true);
  const file = write('some.zip', octets);
  expect(run('unzip', '-t', file)).toContain('No errors detected');
  const listed = run(
    'python3',
    '-c',
    'import sys,zipfile,json;z=zipfile.ZipFile(sys.argv[1]);assert z.testzip() is None;' +
      'print(json.dumps({i.filename:[z.read(i).decode(),i.date_time,i.compress_type,i.external_attr>>16] for i in z.infolist()}))',
    file,
  );
  const expected = Object.entries(files).map(([name, text]) => [
    name,
    [text, [1980, 1, 1, 0, 0, 0], 0, 0o100644],
  ]);
  expect(JSON.parse(listed)).toEqual(Object.fromEntries(expected));
});

test('4 GiB are the most', () => {
  expect(() => storedZip().begin('large', 0xffffffff, 0)).toThrow(RangeError);
});

test.each([[65_534], [65_535], [70_000]])(
  'a ZIP of %i files is read by others and by us',
  async (count) => {
    const zip = storedZip();
    const parts = Array.from({ length: count }, (_, place) => zip.begin(`${String(place)}.crt`, 0, 0));
    const file = write('many.zip', Buffer.concat([...parts, zip.end()]));
    const script =
      'import sys,zipfile;z=zipfile.ZipFile(sys.argv[1]);print(len(z.infolist()), z.infolist()[-1].filename)';
    expect(run('python3', '-c', script, file).trim()).toBe(`${String(count)} ${String(count - 1)}.crt`);
    const archive = await openZip(file, { entries: count, entrySize: 0 });
    expect([archive.entries.length, archive.troubles]).toEqual([count, []]);
    await archive.close();
  },
  30_000,
);

test('the reader gives back what was stored, whatever the files are', async () => {
  const name = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .filter((one) => !one.endsWith('/'));
  const content = fc.uint8Array({ maxLength: 4000 });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, content), { maxLength: 20 }), async (files) => {
      const file = write('round.zip', zipOf(files));
      const archive = await openZip(file, { entries: 100, entrySize: 4000 });
      try {
        expect(archive.troubles).toEqual([]);
        const read: [string, number[]][] = [];
        for (const entry of archive.entries) read.push([entry.name, [...(await archive.read(entry))]]);
        expect(read).toEqual(files.map(([one, octets]) => [Buffer.from(one).toString(), [...octets]]));
      } finally {
        await archive.close();
      }
    }),
    { numRuns: 200, seed: 20261125 },
  );
});

function zipOf(files: Readonly<Record<string, string>> | readonly (readonly [string, Uint8Array])[]): Buffer {
  const zip = storedZip();
  const entries = Array.isArray(files)
    ? (files as readonly (readonly [string, Uint8Array])[])
    : Object.entries(files as Record<string, string>).map(
        ([name, text]) => [name, Buffer.from(text)] as const,
      );
  const parts = entries.flatMap(([name, octets]) => [
    zip.begin(name, octets.length, crc32(octets)),
    Buffer.from(octets),
  ]);
  return Buffer.concat([...parts, zip.end()]);
}

function write(name: string, octets: Buffer): string {
  const file = path.join(folder, name);
  writeFileSync(file, octets);
  return file;
}

const run = (command: string, ...words: string[]) => execFileSync(command, words, { encoding: 'utf8' });
