import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { query } from '../../src/db/query.ts';
import type { CallerRole } from '../../src/domain/participant.ts';
import { OPERATIONS } from '../../src/http/operations.ts';
import { batchWorld, deviceLines, type BatchBody, type BatchWorld } from '../support/batch-world.ts';

describe('event streams of batches', () => {
  let here: BatchWorld;
  let server: Server;
  beforeAll(async () => {
    here = await batchWorld();
    server = createServer(here.http).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await here.close();
  });

  const batchOf = async (signifier: string) => {
    const answer = await here.submit(deviceLines(1), { as: signifier });
    expect(answer.status).toBe(202);
    return (answer.body as BatchBody).id;
  };
  const follow = async (id: string, as: string, method = 'GET', role?: CallerRole) => {
    const asked = request({
      port: (server.address() as AddressInfo).port,
      path: `/v1/batches/${id}/events`,
      method,
      headers: { Authorization: await here.bearer(as, role) },
    }).end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    return answer;
  };
  /** As `follow`, as soon as the service has seen that another stream was left. */
  const followOnceLeft = async (...asked: Parameters<typeof follow>) => {
    for (;;) {
      const answer = await follow(...asked);
      if (answer.statusCode !== 429) return answer;
      answer.resume();
      await setTimeout(20);
    }
  };
  const textOf = async (answer: IncomingMessage) => {
    let text = '';
    for await (const piece of answer) text += String(piece);
    return text;
  };

  test('a role that reads no batches is refused, as the OpenAPI document says', async () => {
    const refused = await follow(await batchOf('METERWORKS'), 'DCC', 'GET', 'DCC_REGISTRAR');
    refused.resume();
    expect(refused.statusCode).toBe(403);
    const documented = OPERATIONS.find(({ path }) => path === '/v1/batches/{id}/events')!;
    expect(documented.problems).toContain(403);
  });

  test('a participant has 20 at a time; more are 429 until one is left, and others have theirs', async () => {
    const [own, foreign] = [await batchOf('METERWORKS'), await batchOf('NORTHGATE')];
    const open = [];
    for (let stream = 0; stream < 20; stream += 1) open.push(await follow(own, 'METERWORKS'));
    expect(new Set(open.map((one) => one.statusCode))).toEqual(new Set([200]));
    const refused = await follow(own, 'METERWORKS');
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '30']);
    expect(JSON.parse(await textOf(refused))).toMatchObject({
      detail: 'Too many event streams are open: of a participant 20 at most, of all 500.',
      errors: [{ reason: 'TOO_MANY_EVENT_STREAMS', clause: 'RFC 6585, 4' }],
    });
    expect((await follow(own, 'METERWORKS', 'HEAD')).statusCode).toBe(200);
    const other = await follow(foreign, 'NORTHGATE');
    expect(other.statusCode).toBe(200);

    open[0]?.destroy();
    const next = await followOnceLeft(own, 'METERWORKS');
    expect(next.statusCode).toBe(200);
    for (const one of [...open, next, other]) one.destroy();
  }, 30_000);

  test('each of several streams of one credential on one batch tells of its change and its end', async () => {
    const id = await batchOf('METERWORKS');
    const streams = [];
    for (let stream = 0; stream < 5; stream += 1) streams.push(await follow(id, 'METERWORKS'));
    const texts = streams.map(textOf);
    await here.work();
    for (const text of await Promise.all(texts)) {
      expect(text).toContain('"state":"PENDING"');
      expect(text.match(/^id: .*$/gm)?.at(-1)).toMatch(/^id: COMPLETED-/);
    }
  }, 30_000);

  /** Participants of which each has a batch like this one: signifier -> id of its batch. */
  const othersWith = async (id: string, count: number) => {
    const { rows } = await query<{ signifier: string; id: string }>(
      here.database.pool,
      `with taken as (insert into participant (signifier, type, created_at)
         select 'READER' || n, 'NON_PARTY', now() from generate_series(1, $2::integer) as many (n) returning id, signifier),
       given as (insert into batch select (jsonb_populate_record(b,
           jsonb_build_object('id', gen_random_uuid(), 'participant_id', taken.id))).* from batch b, taken where b.id = $1
         returning id, participant_id)
       select taken.signifier, given.id from given join taken on taken.id = given.participant_id`,
      [id, count],
    );
    return rows;
  };

  test('a process has 500 at a time; one more is 429 until one is left, and all of them tell of the end', async () => {
    const [late, ...readers] = await othersWith(await batchOf('METERWORKS'), 26);
    const open: IncomingMessage[] = [];
    for (const { id, signifier } of readers) {
      // Of one credential, with whom they look together.
      await here.token(signifier, 'PARTICIPANT_VIEWER');
      const streams = Array.from({ length: 20 }, () => follow(id, signifier, 'GET', 'PARTICIPANT_VIEWER'));
      open.push(...(await Promise.all(streams)));
    }
    expect(open.map(({ statusCode }) => statusCode)).toEqual(Array(500).fill(200));
    const asked = [late?.id ?? '', late?.signifier ?? '', 'GET', 'PARTICIPANT_VIEWER'] as const;
    const refused = await follow(...asked);
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '30']);
    expect(JSON.parse(await textOf(refused))).toMatchObject({
      detail: 'Too many event streams are open: of a participant 20 at most, of all 500.',
      errors: [{ reason: 'TOO_MANY_EVENT_STREAMS' }],
    });

    open.shift()?.destroy();
    const next = await followOnceLeft(...asked);
    expect([next.statusCode, (await follow(...asked)).statusCode]).toEqual([200, 429]);
    const texts = Promise.all([...open, next].map(textOf));
    await query(here.database.pool, `update batch set state = 'CANCELLED', ended_at = now()`);
    const states = (await texts).map((text) => text.match(/(?<="state":")[A-Z]+/g));
    expect(states).toEqual(Array(500).fill(['PENDING', 'CANCELLED']));
  }, 120_000);
});
