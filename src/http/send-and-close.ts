import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Sends a body, and ends the connection: a request that was not read must not be taken for the next one. To end it on somebody who is
 * still sending would lose the answer on its way: they have a moment to read it.
 */
export function sendAndClose(request: IncomingMessage, response: ServerResponse, body: string): void {
  response.setHeader('Connection', 'close');
  response.setHeader('Content-Length', String(Buffer.byteLength(body)));
  response.write(body);
  const end = () => {
    clearTimeout(moment);
    response.end();
  };
  const moment = setTimeout(end, MOMENT).unref();
  request.once('end', end).once('close', end).once('error', end).resume();
}

const MOMENT = 1_000;
