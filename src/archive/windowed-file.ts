import { open } from 'node:fs/promises';

/** A file that is read at any position; neighbouring reads share one read of the disk, so that memory stays flat. */
export interface WindowedFile {
  /** Octets. */
  readonly size: number;
  /**
   * Exactly these octets, as a view that holds until the next read.
   * @throws RangeError when they do not all lie in the file
   */
  read(position: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** Opens a file for reading through one window of 256 KiB. @throws the error of the file system */
export async function openWindowedFile(file: string): Promise<WindowedFile> {
  const handle = await open(file, 'r');
  const { size } = await handle.stat();
  const window = Buffer.allocUnsafe(Math.min(WINDOW, size));
  let from = 0;
  let to = 0;

  const read = async (position: number, length: number): Promise<Buffer> => {
    if (!(position >= 0 && length >= 0 && position + length <= size)) throw outside(position, length);
    if (length > window.length) return fill(Buffer.allocUnsafe(length), position, length);
    if (position < from || position + length > to) {
      to = 0;
      from = position;
      const octets = Math.min(window.length, size - position);
      await fill(window, position, octets);
      to = position + octets;
    }
    return window.subarray(position - from, position - from + length);
  };

  const fill = async (target: Buffer, position: number, length: number): Promise<Buffer> => {
    for (let done = 0; done < length;) {
      const { bytesRead } = await handle.read(target, done, length - done, position + done);
      if (bytesRead === 0) throw new RangeError('the file became shorter while it was read');
      done += bytesRead;
    }
    return target.subarray(0, length);
  };

  return { size, read, close: () => handle.close() };
}

/** Octets in memory, read like a file. */
export function windowedOctets(octets: Buffer): WindowedFile {
  const read = (position: number, length: number): Promise<Buffer> =>
    position >= 0 && length >= 0 && position + length <= octets.length
      ? Promise.resolve(octets.subarray(position, position + length))
      : Promise.reject(outside(position, length));
  return { size: octets.length, read, close: () => Promise.resolve() };
}

const outside = (position: number, length: number) =>
  new RangeError(`octets ${position} to ${position + length} are outside the file`);
const WINDOW = 256 * 1024;
