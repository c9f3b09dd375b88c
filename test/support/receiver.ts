import { once } from 'node:events';
import http, { type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';

/** What a receiver was sent. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly method: string | undefined;
  readonly url: string | undefined;
}

/** A receiver of webhooks on a real socket; `answer` says what it does, 204 without one. */
export async function receiver(
  options: {
    readonly answer?: (response: ServerResponse, received: Received, count: number) => void;
    readonly tls?: { readonly key: string; readonly cert: string };
  } = {},
) {
  const received: Received[] = [];
  const take: http.RequestListener = (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece));
    request.on('end', () => {
      const one = { headers: request.headers, body, method: request.method, url: request.url };
      received.push(one);
      if (options.answer === undefined) response.writeHead(204).end();
      else options.answer(response, one, received.length);
    });
  };
  const server =
    options.tls === undefined ? http.createServer(take) : https.createServer({ ...options.tls }, take);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    received,
    port,
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${String(port)}/hook`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

export type Receiver = Awaited<ReturnType<typeof receiver>>;
