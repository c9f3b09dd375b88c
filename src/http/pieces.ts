import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';

/**
 * Begins something that is made piece by piece, so that memory stays flat however long it gets.
 * @throws what the first piece throws: nothing is answered yet
 */
export async function openPieces(pieces: AsyncIterable<string | Buffer>): Promise<Readable> {
  const opened = Readable.from(pieces, { objectMode: false });
  await once(opened, 'readable');
  return opened;
}

/**
 * Sends all pieces; none to HEAD. A caller who hangs up is no fault. A later piece that cannot be made breaks the answer off, which
 * no caller can take for its end (RFC 9112, 8).
 */
export async function sendPieces(opened: Readable, response: Response): Promise<void> {
  if (response.req.method === 'HEAD') {
    opened.destroy();
    response.end();
    return;
  }
  await pipeline(opened, response).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  });
}
