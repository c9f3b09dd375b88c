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
    opened.destroy();
    if (!hasLeft(error)) throw error;
  });
}

/** Whether an answer could not be sent because whoever asked for it has left, meanwhile or before: Node 24 tells the two apart. */
export const hasLeft = (error: unknown): boolean =>
  LEFT.includes((error as NodeJS.ErrnoException).code ?? '');

const LEFT = ['ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_UNABLE_TO_PIPE'];
