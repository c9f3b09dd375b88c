import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { Express } from 'express';
import { adoptMessages } from './express-messages.ts';

/**
 * The server under the application: a request arrives whole in `requestSeconds`, its headers in a third of that. What never
 * becomes a request is answered as problem+json too: headers that cannot be read or are too many, a sender that takes too
 * long, an Expect that nobody meets. Express does not see these.
 */
export function createRequestServer(app: Express, requestSeconds: number): Server {
  const server = createServer(
    {
      ...adoptMessages(app),
      requestTimeout: requestSeconds * 1000,
      headersTimeout: Math.ceil((requestSeconds * 1000) / 3),
      connectionsCheckingInterval: 1000,
    },
    app,
  );
  answerBrokenRequests(server);
  return server;
}

function answerBrokenRequests(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const [status, code, detail] = BROKEN.get(error.code ?? '') ?? UNREADABLE;
    const body = problem(status, code, detail);
    socket.end(
      [
        `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}`,
        'Content-Type: application/problem+json',
        `Content-Length: ${String(Buffer.byteLength(body))}`,
        'Connection: close',
        '',
        body,
      ].join('\r\n'),
    );
  });
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const body = problem(417, 'expectation-failed', 'Expect can only be 100-continue.');
    response.writeHead(417, { 'Content-Type': 'application/problem+json', Connection: 'close' });
    response.end(body);
  });
}

function problem(status: number, code: string, detail: string): string {
  return JSON.stringify({
    type: `urn:problem:tcs:${code}`,
    title: STATUS_CODES[status] ?? '',
    status,
    detail,
    instance: '',
    requestId: '',
    errors: [{ reason: 'REQUEST_MALFORMED', clause: 'RFC 9112', detail, fix: 'Correct the request.' }],
  });
}

const UNREADABLE = [400, 'malformed-request', 'This is not a request of HTTP/1.1.'] as const;
const BROKEN = new Map<string, readonly [number, string, string]>([
  ['HPE_HEADER_OVERFLOW', [431, 'headers-too-large', 'Address and headers have at most 16 KiB together.']],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', [413, 'too-large', 'The chunk extensions are too large.']],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'request-timeout', 'The request did not arrive whole in time.']],
]);
