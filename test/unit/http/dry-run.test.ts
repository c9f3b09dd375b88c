import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import express from 'express';
import { sendReport } from '../../../src/http/dry-run.ts';
import { openSpool } from '../../../src/batches/results/spool.ts';
import { temporaryFolder } from '../../support/batch-intake.ts';

const folder = temporaryFolder();
/** More than a connection holds that nobody reads. */
const LARGE = 32 * 1024 * 1024;

describe('the report of a dry run', () => {
  /** Sends a report with these failures to who asks, and tells when its file is let go. */
  const serve = async (name: string, failures: string | Buffer, patience?: number) => {
    const spool = await openSpool(path.join(folder, name));
    await spool.append(failures);
    let letGo: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (letGo = resolve));
    const close = async () => {
      await spool.close();
      letGo();
    };
    const app = express().get('/', (_request, response) =>
      sendReport({ frame: '{"items":1,"failures":[]}', failures: spool, close }, response, patience),
    );
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return { port, gone, end: () => server.close() };
  };

  test('has its failures in their place, however many pieces their file has', async () => {
    const failures = Array.from({ length: 500_000 }, (_, n) => n % 10);
    const { port, gone, end } = await serve('whole', failures.join(','));
    const answer = await fetch(`http://127.0.0.1:${String(port)}/`);
    const body = await answer.text();
    await gone;
    end();
    expect(body === JSON.stringify({ items: 1, failures })).toBe(true);
    expect(answer.headers.get('content-length')).toBe(String(body.length));
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  test('is let go when whoever asked for it has left, which is no fault', async () => {
    const spool = await openSpool(path.join(folder, 'left'));
    await spool.append('1');
    let answered: Promise<void> | undefined;
    const server = createServer(
      express().get('/', (_request, response) => {
        const report = { frame: '{"failures":[]}', failures: spool, close: () => spool.close() };
        response.once('close', () => {
          answered = sendReport(report, response);
        });
      }),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n');
    const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
    socket.destroy();
    await once(response, 'close');
    await expect(answered).resolves.toBeUndefined();
    await expect(spool.sync()).rejects.toThrow('closed');
    server.close();
  });

  test('is let go when whoever asked for it takes nothing of it', async () => {
    const { port, gone, end } = await serve('stalled', Buffer.alloc(LARGE), 50);
    const socket = connect(port, '127.0.0.1').pause();
    socket.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n');
    await gone;
    socket.resume();
    expect((await text(socket)).length).toBeLessThan(LARGE);
    end();
  });
});
