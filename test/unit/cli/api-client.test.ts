import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiClient } from '../../../src/cli/api-client.ts';
import { exitCodeOf } from '../../../src/cli/fault-text.ts';
import { Fault } from '../../../src/domain/fault.ts';

let server: Server | undefined;
afterEach(async () => {
  if (server !== undefined) await new Promise((resolve) => server?.close(resolve));
  server = undefined;
});

/** A client of something that answers so. */
async function clientOf(answer: RequestListener): Promise<ApiClient> {
  server = createServer((request, response) => {
    response.setHeader('Connection', 'close');
    answer(request, response);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return new ApiClient(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, 'token');
}

async function faultOf(client: ApiClient): Promise<Fault> {
  const fault = await client.get('/v1/me').catch((error: unknown) => error);
  if (!(fault instanceof Fault)) throw new Error(`no fault: ${String(fault)}`);
  return fault;
}

const problem =
  (status: number, type: string, errors: readonly object[] = []): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'Content-Type': 'application/problem+json' });
    response.end(JSON.stringify({ type, status, detail: 'told', errors }));
  };

describe('what the service answers becomes the fault that it is', () => {
  test('a problem of the service is its fault, with its reasons', async () => {
    const reason = { reason: 'NOT_FOUND', clause: 'c', detail: 'd', fix: 'f' };
    const fault = await faultOf(await clientOf(problem(404, 'urn:problem:tcs:not-found', [reason])));
    expect([fault.code, fault.message, fault.reasons]).toEqual(['not-found', 'told', [reason]]);
  });

  test.each<[string, RequestListener, RegExp]>([
    [
      'a problem that is not known',
      problem(418, 'urn:problem:tcs:teapot'),
      /418 with the unknown problem urn:problem:tcs:teapot/,
    ],
    [
      "another service's page",
      (_request, response) => response.writeHead(404).end('<html>'),
      /404 without a problem/,
    ],
  ])('%s is answer-unknown, and says what to check', async (_what, answer, words) => {
    const fault = await faultOf(await clientOf(answer));
    expect([fault.code, exitCodeOf(fault)]).toEqual(['answer-unknown', 69]);
    expect(fault.reasons).toEqual([
      {
        reason: 'ANSWER_UNKNOWN',
        clause: 'DESIGN',
        detail: expect.stringMatching(words),
        fix: expect.stringContaining('--url'),
      },
    ]);
  });

  test.each<[string, RequestListener]>([
    ['a proxy whose service is away', (_request, response) => response.writeHead(502).end('Bad gateway')],
    ['a line that breaks', (request) => request.socket.destroy()],
    [
      'an answer that breaks off',
      (_request, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '100' });
        response.write('{"a":', () => response.socket?.destroy());
      },
    ],
  ])('%s is service-unreachable', async (_what, answer) => {
    const fault = await faultOf(await clientOf(answer));
    expect([fault.code, exitCodeOf(fault)]).toEqual(['service-unreachable', 69]);
  });

  test('a port on which nobody listens is service-unreachable', async () => {
    expect((await faultOf(new ApiClient('http://127.0.0.1:1', 'token'))).code).toBe('service-unreachable');
  });
});
