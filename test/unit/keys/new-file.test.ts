import fs, { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeNewFile } from '../../../src/keys/new-file.ts';

describe('a new file', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'tcs-new-file-'));
    file = path.join(folder, 'file');
  });
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(folder, { recursive: true, force: true });
  });
  const refuses = (name: 'linkSync' | 'fsyncSync', code: string, syscall: string) =>
    jest.spyOn(fs, name).mockImplementation(() => {
      throw Object.assign(new Error(`${code}: not so`), { code, syscall });
    });

  test('has its whole text and its mode, and is alone', () => {
    writeNewFile(file, 'text', 0o600);
    expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual(['text', 0o600]);
    expect(readdirSync(folder)).toEqual(['file']);
  });

  test('is on the disk before its folder is', () => {
    const kinds: string[] = [];
    jest.spyOn(fs, 'fsyncSync').mockImplementation((descriptor) => {
      kinds.push(
        fs.fstatSync(descriptor).isDirectory() ? `folder of ${String(readdirSync(folder))}` : 'file',
      );
    });
    writeNewFile(file, 'text', 0o600);
    expect(kinds).toEqual(['file', `folder of file,file.${String(process.pid)}.new`]);
  });

  test('is written where a draft of a process of the same number was left behind', () => {
    writeFileSync(`${file}.${String(process.pid)}.new`, 'half');
    writeNewFile(file, 'text', 0o600);
    expect([readFileSync(file, 'utf8'), readdirSync(folder)]).toEqual(['text', ['file']]);
  });

  test('does not replace one that is there', () => {
    writeFileSync(file, 'mine');
    expect(() => writeNewFile(file, 'text', 0o600)).toThrow(expect.objectContaining({ code: 'conflict' }));
    expect([readFileSync(file, 'utf8'), readdirSync(folder)]).toEqual(['mine', ['file']]);
  });

  test.each([['EPERM'], ['ENOTSUP']])('is not told as there where the system links none (%s)', (code) => {
    refuses('linkSync', code, 'link');
    expect(() => writeNewFile(file, 'text', 0o600)).toThrow(
      expect.objectContaining({
        code: 'output-unwritable',
        message: `${file} cannot be written: ${code}: not so.`,
      }),
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  test('leaves no draft behind that could not be written whole', () => {
    refuses('fsyncSync', 'EIO', 'fsync');
    expect(() => writeNewFile(file, 'text', 0o600)).toThrow(
      expect.objectContaining({ code: 'output-unwritable' }),
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  test('in what is no folder cannot be written', () => {
    writeFileSync(file, '');
    expect(() => writeNewFile(path.join(file, 'x'), 'text', 0o600)).toThrow(
      expect.objectContaining({ code: 'output-unwritable' }),
    );
  });
});
