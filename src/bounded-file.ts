import { closeSync, openSync, readSync, statSync } from 'node:fs';

/** What a file holds, or why that is not taken: what its name goes before. */
export type FileContent =
  | { readonly octets: Buffer }
  | { readonly code: 'not-found' | 'too-large'; readonly wrong: string; readonly cause?: unknown };

/**
 * Reads a file of a known kind: at most `most` octets, and a device or a named pipe, whose end may never come, not at all.
 * What the shell hands over (`/dev/stdin`, `/dev/fd/63`) may be of any kind.
 * @param file  0: standard input
 */
export function readBounded(file: string | 0, most: number): FileContent {
  try {
    if (file !== 0 && !HANDED_OVER.test(file) && !statSync(file).isFile())
      return { code: 'not-found', wrong: 'is not a file' };
    const octets = readAtMost(file, most + 1);
    return octets.length > most
      ? { code: 'too-large', wrong: `holds more than ${String(most / 1024)} KiB` }
      : { octets };
  } catch (cause) {
    return { code: 'not-found', wrong: 'cannot be read', cause };
  }
}

function readAtMost(file: string | 0, most: number): Buffer {
  const descriptor = file === 0 ? file : openSync(file, 'r');
  try {
    const pieces: Buffer[] = [];
    for (let left = most; left > 0;) {
      const piece = Buffer.alloc(Math.min(left, PIECE));
      const count = readSync(descriptor, piece);
      if (count === 0) break;
      pieces.push(piece.subarray(0, count));
      left -= count;
    }
    return Buffer.concat(pieces);
  } finally {
    if (file !== 0) closeSync(descriptor);
  }
}

const HANDED_OVER = /^\/(dev\/(stdin|fd\/\d+)|proc\/self\/fd\/\d+)$/;
/** Octets. */
const PIECE = 65_536;
