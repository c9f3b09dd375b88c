import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Fault } from '../../../src/domain/fault.ts';
import { loadReasons } from '../../../src/http/reason-table.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'reasons-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['no fix', 'CONFLICT: { authority: DESIGN, clause: c, says: s }', 'line 2, HTTP.CONFLICT.fix'],
  [
    'an authority that there is not',
    'CONFLICT: { authority: HEARSAY, clause: c, says: s, fix: f }',
    'line 2, HTTP.CONFLICT.authority',
  ],
  [
    'a code in small letters',
    'conflict: { authority: DESIGN, clause: c, says: s, fix: f }',
    'line 2, HTTP.conflict',
  ],
])('a row with %s is told by file, line and field', (_what, row, place) => {
  const file = path.join(folder, 'reasons.yaml');
  writeFileSync(file, `HTTP:\n  ${row}\nOPERATOR: {}\n`);
  try {
    loadReasons(file);
  } catch (error) {
    expect((error as Fault).reasons).toEqual([
      expect.objectContaining({
        reason: 'REASON_TABLE',
        detail: expect.stringContaining(`${file}, ${place}`) as string,
      }),
    ]);
  }
  expect.assertions(1);
});
