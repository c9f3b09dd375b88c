import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import http, { type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { temporaryFolder } from '../support/batch-intake.ts';
import { batchWorld, deviceLines, ndjson, PURPOSE, type BatchWorld } from '../support/batch-world.ts';

const folder = temporaryFolder();

describe('dry runs that are on their way', () => {
  let here: BatchWorld;
  let server: http.Server;
  beforeAll(async () => {
    here = await batchWorld();
    // Other test files have uploads, too.
    Object.assign(here.app.batches, { folder });
    server = http.createServer(here.http).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(async () => {
    server.close();
    await here.close();
  });

  /** Whoever proves possession next waits in the middle of its turn, until it is told to go on. */
  const holdUpNext = () => {
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const { verifier } = here.needs;
    const proofs = verifier.proofsOfPossession.bind(verifier);
    const asked = jest.spyOn(verifier, 'proofsOfPossession').mockImplementationOnce(async (csrs) => {
      await held;
      return proofs(csrs);
    });
    const isThere = async () => {
      while (asked.mock.calls.length === 0) await setTimeout(5);
    };
    return { isThere, goOn, restore: () => asked.mockRestore() };
  };

  /** A dry run whose upload has begun: the first of its two lines is sent. */
  const begin = (authorization: string, first: number) => {
    const lines = deviceLines(2, first);
    const sent = http.request({
      port: (server.address() as AddressInfo).port,
      path: `/v1/batches?category=DEVICE&purpose=${PURPOSE}&dryRun=true`,
      method: 'POST',
      headers: { Authorization: authorization, 'Content-Type': 'application/x-ndjson' },
    });
    sent.on('error', () => undefined);
    const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
    sent.write(`${ndjson(lines.slice(0, 1))}\n`);
    return {
      answered,
      end: async () => {
        sent.end(ndjson(lines.slice(1)));
        const [answer] = await answered;
        return { status: answer.statusCode, body: await json(answer) };
      },
      leave: () => sent.destroy(),
    };
  };
  const uploads = () => readdirSync(folder).filter((name) => name.startsWith('upload-'));
  const arrived = async (count: number) => {
    while (uploads().length !== count) await setTimeout(5);
  };

  test('are two of a participant: a third is refused before it is read, and holds up nobody', async () => {
    const maker = await here.bearer('METERWORKS');
    const two = [begin(maker, 1), begin(maker, 3)];
    await arrived(2);
    const [third] = await begin(maker, 5).answered;
    expect([third.statusCode, third.headers['retry-after'], await json(third)]).toMatchObject([
      429,
      '30',
      {
        type: expect.stringMatching(/too-many-requests$/) as string,
        errors: [{ fix: expect.stringContaining('Wait') as string }],
      },
    ]);
    const other = begin(await here.bearer('NORTHGATE'), 7);
    expect(await other.end()).toMatchObject({ status: 200 });
    for (const one of two)
      expect(await one.end()).toMatchObject({ status: 200, body: { counts: { SUCCESS: 2 } } });
    const next = begin(maker, 9);
    expect(await next.end()).toMatchObject({ status: 200 });
    await arrived(0);
  });

  test('give their places back when whoever sent them leaves before it is their turn', async () => {
    const { isThere, goOn, restore } = holdUpNext();
    const maker = await here.bearer('METERWORKS');
    const first = begin(maker, 21);
    const answer = first.end();
    await isThere();
    const second = begin(maker, 23);
    second.end().catch(() => undefined);
    await arrived(2);
    second.leave();
    await arrived(1);
    const third = begin(maker, 25).end();
    await arrived(2);
    goOn();
    expect(await answer).toMatchObject({ status: 200 });
    expect(await third).toMatchObject({ status: 200 });
    restore();
  });

  test('leave nothing behind when whoever sent them leaves during their turn', async () => {
    const { isThere, goOn, restore } = holdUpNext();
    const maker = await here.bearer('METERWORKS');
    const first = begin(maker, 31);
    first.end().catch(() => undefined);
    await isThere();
    first.leave();
    const next = begin(maker, 33).end();
    goOn();
    expect(await next).toMatchObject({ status: 200 });
    while (readdirSync(folder).length > 0) await setTimeout(5);
    restore();
  });

  test('give their places back when whoever sent them leaves', async () => {
    const maker = await here.bearer('METERWORKS');
    const two = [begin(maker, 11), begin(maker, 13)];
    await arrived(2);
    for (const one of two) {
      one.leave();
      await expect(one.answered).rejects.toThrow('socket hang up');
    }
    await arrived(0);
    expect(await begin(maker, 15).end()).toMatchObject({ status: 200 });
  });
});
