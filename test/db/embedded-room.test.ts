import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { requireRoom } from '../../src/db/embedded-room.ts';

const MIB = 1024 * 1024;

describe('the room of the embedded database', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-room-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('is 64 MiB for a new folder, 32 MiB for one that is there; less is told as a full disk', () => {
    expect(() => requireRoom(folder, 64 * MIB)).not.toThrow();
    expect(() => requireRoom(folder, 64 * MIB - 1)).toThrow(
      expect.objectContaining({
        code: '53100',
        message: `The embedded database wants 64 MiB of room in ${folder}, and there are 63.`,
      }) as Error,
    );
    writeFileSync(path.join(folder, 'PG_VERSION'), '18');
    expect(() => requireRoom(folder, 32 * MIB)).not.toThrow();
    expect(() => requireRoom(folder, 32 * MIB - 1)).toThrow('wants 32 MiB of room');
  });
});
