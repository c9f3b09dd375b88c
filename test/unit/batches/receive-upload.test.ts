import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseBatchContentType, receiveUpload } from '../../../src/batches/intake/receive-upload.ts';
import { CODES, intakeNeeds, temporaryFolder } from '../../support/batch-intake.ts';
import { inOrder } from '../../support/batch-results.ts';
import { openFiles } from '../../support/open-files.ts';

const folder = temporaryFolder();
const PIECES = ['one', '', 'two and more'].map((text) => Buffer.from(text));

test('an upload of as many octets as one may have rests in a file of its own with its hash', async () => {
  const file = path.join(folder, 'good');
  const whole = Buffer.concat(PIECES);
  const upload = await receiveUpload(inOrder(PIECES), file, intakeNeeds({ uploadOctets: whole.length }));
  expect(upload).toEqual({ file, octets: whole.length, sha256: createHash('sha256').update(whole).digest() });
  expect(readFileSync(file).equals(whole)).toBe(true);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('an upload that exists already is not written over', async () => {
  const file = path.join(folder, 'there');
  writeFileSync(file, 'before');
  await expect(receiveUpload(inOrder(PIECES), file, intakeNeeds())).rejects.toMatchObject({ code: 'EEXIST' });
  expect(readFileSync(file, 'utf8')).toBe('before');
});

test.each([
  [
    'one octet too many',
    PIECES,
    { uploadOctets: 14 },
    { code: 'too-large', reasons: [{ errorCode: 'FM:SIZE' }] },
  ],
  ['nothing', [], {}, { code: 'malformed-request', reasons: [{ errorCode: 'FM:EMPTY' }] }],
])('%s: refused, and no file remains', async (_, pieces, limits, fault) => {
  const file = path.join(folder, 'refused');
  await expect(receiveUpload(inOrder(pieces), file, intakeNeeds(limits))).rejects.toMatchObject(fault);
  expect(existsSync(file)).toBe(false);
});

test.each([
  ['a sender who breaks off', 'ECONNRESET', { code: 'ECONNRESET' }],
  ['a disk without room', 'ENOSPC', { code: 'storage-full' }],
])('%s leaves no file, neither there nor open', async (_, code, told) => {
  const file = path.join(folder, 'broken-off');
  async function* brokenOff() {
    yield* inOrder(PIECES);
    throw Object.assign(new Error('aborted'), { code });
  }
  await expect(receiveUpload(brokenOff(), file, intakeNeeds())).rejects.toMatchObject(told);
  expect(existsSync(file)).toBe(false);
  expect(openFiles().filter((one) => one.startsWith(file))).toEqual([]);
});

test.each([
  ['application/zip', 'application/zip'],
  ['Application/X-Zip-Compressed', 'application/zip'],
  ['application/ndjson; charset=UTF-8', 'application/x-ndjson'],
  ['text/csv; header=present; charset="utf-8"', 'text/csv'],
  ['text/csv; charset=utf8', 'text/csv'],
  ['text/csv;charset=US-ASCII', 'text/csv'],
])('%s is %s', (header, type) => expect(parseBatchContentType(header, CODES)).toBe(type));

test.each([
  undefined,
  '',
  'text/plain',
  'application/json',
  'text/csv; charset=utf-16',
  'multipart/form-data',
])('%s is no batch', (header) => {
  expect(() => parseBatchContentType(header, CODES)).toThrow(
    expect.objectContaining({ code: 'unsupported-media-type' }),
  );
});
