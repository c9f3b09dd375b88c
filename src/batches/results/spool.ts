import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

/** A new file that grows in pieces of 256 KiB and can be read back. */
export interface Spool {
  /** Octets written so far. */
  readonly size: number;
  append(octets: Buffer | string): Promise<void>;
  /** Everything written so far, in order, piece by piece; a piece holds until the next. */
  read(): AsyncGenerator<Buffer, void, undefined>;
  /** Durable when it returns. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a spool. @throws the error of the file system, also when the file exists */
export async function openSpool(file: string): Promise<Spool> {
  const handle = await open(file, 'wx+', 0o600);
  const buffer = Buffer.allocUnsafe(PIECE);
  let used = 0;
  let written = 0;

  const write = async (octets: Buffer): Promise<void> => {
    for (let done = 0; done < octets.length;) {
      const { bytesWritten } = await handle.write(octets, done, octets.length - done, written);
      done += bytesWritten;
      written += bytesWritten;
    }
  };
  const flush = async (): Promise<void> => {
    await write(buffer.subarray(0, used));
    used = 0;
  };

  return {
    get size() {
      return written + used;
    },
    async append(content) {
      const octets = typeof content === 'string' ? Buffer.from(content) : content;
      if (used + octets.length > PIECE) await flush();
      if (octets.length > PIECE) await write(octets);
      else used += octets.copy(buffer, used);
    },
    async *read() {
      await flush();
      const piece = Buffer.allocUnsafe(PIECE);
      for (let place = 0; place < written;) {
        const { bytesRead } = await handle.read(piece, 0, Math.min(PIECE, written - place), place);
        if (bytesRead === 0) throw new RangeError('the file became shorter while it was read');
        place += bytesRead;
        yield piece.subarray(0, bytesRead);
      }
    },
    async sync() {
      await flush();
      await handle.sync();
    },
    close: () => handle.close(),
  };
}

/** Size, CRC-32 and SHA-256 of pieces in order. */
export async function measure(
  pieces: AsyncIterable<Buffer>,
): Promise<{ size: number; crc32: number; sha256: string }> {
  const sha256 = createHash('sha256');
  let size = 0;
  let sum = 0;
  for await (const piece of pieces) {
    size += piece.length;
    sum = crc32(piece, sum);
    sha256.update(piece);
  }
  return { size, crc32: sum, sha256: sha256.digest('hex') };
}

const PIECE = 256 * 1024;
