import { once } from 'node:events';
import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { Express } from 'express';
import type { Reason } from '../domain/fault.ts';
import { adoptMessages } from './express-messages.ts';
import { httpReason } from './problem-reasons.ts';
import { sendAndClose } from './send-and-close.ts';
import { watchArrival, type Late } from './watch-arrival.ts';

/**
 * The server under the application: a request arrives whole in `requestSeconds`, its headers in a third of that; the upload of a batch
 * takes as long as it goes on (`watchArrival`). What never becomes a request is answered as problem+json too: headers that cannot be
 * read or are too many, a sender that takes too long, an Expect that nobody meets. Express does not see these.
 */
export function createRequestServer(app: Express, requestSeconds: number): Server {
  const server = createServer(
    {
      ...adoptMessages(app),
      // Node knows one time for all: see below.
      requestTimeout: 0,
      // Node answers it without a word: see `misframed`.
      requireHostHeader: false,
      headersTimeout: Math.ceil((requestSeconds * 1000) / 3),
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      const broken = misframed(request);
      if (broken !== undefined) {
        response.statusCode = broken.status;
        response.setHeader('Content-Type', 'application/problem+json');
        sendAndClose(request, response, broken.body);
        return;
      }
      const { socket } = request;
      keepUnsent(socket, response);
      watchArrival(request, requestSeconds, (late) => answerLate(late, requestSeconds, response, socket));
      app(request, response);
    },
  );
  answerBrokenRequests(server, requestSeconds);
  return server;
}

/**
 * What Node lets pass: a request without its Host, or with two, and a body in a transfer coding that it does not undo.
 * @see RFC 9112, 3.2 and 6.1
 */
function misframed({ httpVersion, headers, headersDistinct }: IncomingMessage): RawProblem | undefined {
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked')
    return malformedProblem(501, 'not-implemented', 'Of the transfer codings only chunked is understood.');
  const hosts = headersDistinct['host']?.length ?? 0;
  return hosts > 1 || (httpVersion === '1.1' && hosts === 0)
    ? malformedProblem(400, 'malformed-request', 'A request of HTTP/1.1 has one Host.')
    : undefined;
}

/** What is not answered yet of the requests of a connection. */
const unsent = new WeakMap<Duplex, Set<ServerResponse>>();

function keepUnsent(socket: Duplex, response: ServerResponse): void {
  const ofSocket = unsent.get(socket) ?? new Set();
  unsent.set(socket, ofSocket.add(response));
  response.once('close', () => ofSocket.delete(response));
}

/**
 * Waits for the answers to requests that came whole: one that cannot be read behind them on the same connection is answered after them, or
 * its answer would be taken for theirs.
 * @see RFC 9112, 9.3.2
 */
async function allSent(socket: Duplex): Promise<void> {
  const before = [...(unsent.get(socket) ?? [])].filter(({ req }) => req.complete);
  await Promise.all(before.map((response) => once(response, 'close')));
}

/** What has its answer already is told nothing more: an answer that is sent lets go of its socket, and the rest of the request holds it. */
function answerLate(late: Late, seconds: number, { headersSent }: ServerResponse, socket: Duplex): void {
  if (headersSent) socket.destroy();
  else answerRaw(socket, lateProblem(late, seconds));
}

function answerBrokenRequests(server: Server, requestSeconds: number): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    const said = isLate
      ? lateProblem('HEADERS', requestSeconds)
      : malformedProblem(...(BROKEN.get(error.code ?? '') ?? UNREADABLE));
    void allSent(socket).then(() => answerRaw(socket, said));
  });
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    answerRaw(socket, malformedProblem(501, 'not-implemented', 'This is no proxy: it makes no tunnels.'));
  });
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const { body } = malformedProblem(417, 'expectation-failed', 'Expect can only be 100-continue.');
    response.writeHead(417, { 'Content-Type': 'application/problem+json', Connection: 'close' });
    response.end(body);
  });
}

interface RawProblem {
  readonly status: number;
  readonly body: string;
}

/** Whoever is answered may still be sending, or never read: they have a moment to read why nobody listens any more. */
function answerRaw(socket: Duplex, { status, body }: RawProblem): void {
  if (!socket.writable) return;
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
  setTimeout(() => socket.destroy(), MOMENT).unref();
}

const malformedProblem = (status: number, code: string, detail: string): RawProblem =>
  problem(status, code, {
    reason: 'REQUEST_MALFORMED',
    clause: 'RFC 9112',
    detail,
    fix: 'Correct the request.',
  });

function lateProblem(late: Late | 'HEADERS', seconds: number): RawProblem {
  const time = `${String(seconds)} s (TCS_REQUEST_SECONDS)`;
  const details = {
    HEADERS: `The headers did not arrive within a third of ${time}.`,
    REQUEST: `The request did not arrive whole within ${time}.`,
    UPLOAD: `Of the upload nothing, or next to nothing, came for ${time}.`,
  };
  return problem(408, 'request-timeout', httpReason('REQUEST_TIMEOUT', details[late]));
}

function problem(status: number, code: string, reason: Reason): RawProblem {
  const { detail } = reason;
  const type = `urn:problem:tcs:${code}`;
  const title = STATUS_CODES[status] ?? '';
  const value = { type, title, status, detail, instance: '', requestId: '', errors: [reason] };
  return { status, body: JSON.stringify(value) };
}

const UNREADABLE = [400, 'malformed-request', 'This is not a request of HTTP/1.1.'] as const;
const BROKEN = new Map<string, readonly [number, string, string]>([
  ['HPE_HEADER_OVERFLOW', [431, 'headers-too-large', 'Address and headers have at most 16 KiB together.']],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', [413, 'too-large', 'The chunk extensions are too large.']],
]);
/** Milliseconds. */
const MOMENT = 1000;
