import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { compileFunction } from 'node:vm';
import request from 'supertest';
import { query } from '../../src/db/query.ts';
import { withTransaction } from '../../src/db/transaction.ts';
import { deliverDue, secondsUntilNext, startDeliveries } from '../../src/webhooks/deliver.ts';
import {
  claimDeliveries,
  recordAttempt,
  sweepDeliveries,
  type HeldDelivery,
} from '../../src/webhooks/delivery-store.ts';
import type { WebhookNeeds } from '../../src/webhooks/needs.ts';
import { batchWorld, deviceLines, type BatchWorld } from '../support/batch-world.ts';
import { codeBlocks } from '../support/code-blocks.ts';
import { COMPILED } from '../support/processes.ts';
import { receiver, type Receiver } from '../support/receiver.ts';
import { onPostgres } from '../support/test-database.ts';

/** The example of docs/webhooks.md, as it is printed. */
const isOurs = (
  compileFunction(
    `${codeBlocks('docs/webhooks.md').find((one) => one.language === 'js')?.text ?? ''}; return isOurs;`,
    ['require'],
  ) as (load: NodeJS.Require) => (header: string, body: string, secret: string, now?: number) => boolean
)(require);

const WAITING = `select from pg_locks l join pg_stat_activity a on a.pid = l.pid and a.datname = current_database() where not l.granted`;

interface Made {
  readonly id: string;
  readonly secret: string;
}
interface Told {
  readonly id: string;
  readonly eventId: string;
  readonly event: string;
  readonly state: string;
  readonly nextAttemptAt?: string;
  readonly redeliveryOf?: string;
  readonly attempts: readonly { status?: number; delivered: boolean; detail: string }[];
}

describe('webhooks', () => {
  let here: BatchWorld;
  let needs: WebhookNeeds;
  const open: Receiver[] = [];
  const folder = mkdtempSync(path.join(tmpdir(), 'webhooks-'));
  beforeAll(async () => {
    here = await batchWorld();
    needs = { ...here.app.webhooks, targets: 'any', random: () => 0.5, timeoutSeconds: 1 };
    // The HTTP side has the needs of the app: the setting of tests is put in their place.
    Object.assign(here.app.webhooks, { targets: 'any' });
  });
  afterEach(async () => {
    for (const one of open.splice(0)) one.close();
    for (const { id } of await list()) await post(`/v1/webhooks/${id}/removal`);
  });
  afterAll(async () => {
    await here.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const post = async (url: string, body?: object, as = 'METERWORKS', key?: string) => {
    const asked = request(here.http)
      .post(url)
      .set('Authorization', await here.bearer(as, as === 'DCC' ? 'DCC_TEST_OPERATOR' : undefined));
    if (key !== undefined) void asked.set('Idempotency-Key', key);
    return body === undefined ? asked : asked.send(body);
  };
  const list = async () =>
    (
      (await here.get('/v1/webhooks')).body as {
        items: { id: string; state: string; stateReason?: string }[];
      }
    ).items;
  const add = async (
    endpoint: string,
    events: readonly string[] = ['batch.completed'],
    as = 'METERWORKS',
  ) => {
    const answer = await post('/v1/webhooks', { endpoint, events }, as);
    expect(answer).toMatchObject({ status: 201 });
    return answer.body as Made;
  };
  const told = async (id: string) =>
    ((await here.get(`/v1/webhooks/${id}/deliveries`)).body as { items: Told[] }).items;
  const ping = async (id: string) => (await post(`/v1/webhooks/${id}/test`)).body as Told;
  const receive = async (options: Parameters<typeof receiver>[0] = {}) => {
    const made = await receiver(options);
    open.push(made);
    return made;
  };
  const headerOf = (there: Receiver, place = 0) =>
    String(there.received[place]?.headers['webhook-signature'] ?? '');
  const now = () => here.clock.now().getTime();

  test('a batch that completes is told with ids and counts, signed as the page says; nothing of it is secret', async () => {
    const there = await receive();
    const { id, secret } = await add(there.url, ['batch.queued', 'batch.completed']);
    const { body: batch } = await here.submit([...deviceLines(2, 100), { id: 'bad', csr: 'none' }]);
    await here.work();
    while ((await deliverDue(needs)) > 0);
    expect(there.received.map((one) => one.headers['webhook-event'])).toEqual([
      'batch.queued',
      'batch.completed',
    ]);
    const [, last] = there.received;
    expect(JSON.parse(last?.body ?? '')).toEqual({
      id: last?.headers['webhook-id'],
      event: 'batch.completed',
      at: '2026-11-24T12:00:00Z',
      batch: {
        id: (batch as Made).id,
        name: 'batch',
        participant: 'METERWORKS',
        state: 'COMPLETED',
        items: 3,
        counts: { SUCCESS: 2, CSR_ERROR: 1 },
      },
    });
    expect(last).toMatchObject({ method: 'POST', url: '/hook' });
    expect(isOurs(headerOf(there, 1), last?.body ?? '', secret, now())).toBe(true);
    expect(await told(id)).toMatchObject([
      { event: 'batch.completed', state: 'DELIVERED', attempts: [{ status: 204, delivered: true }] },
      { event: 'batch.queued', state: 'DELIVERED' },
    ]);
  });

  test('the example of the page refuses another body, another secret and an old time; OpenSSL makes the same HMAC', async () => {
    const there = await receive();
    const { id, secret } = await add(there.url);
    await ping(id);
    await deliverDue(needs);
    const [{ body } = { body: '' }] = there.received;
    const header = headerOf(there);
    expect(isOurs(header, body, secret, now())).toBe(true);
    expect(isOurs(header, `${body} `, secret, now())).toBe(false);
    expect(isOurs(header, body, `${secret}x`, now())).toBe(false);
    expect(isOurs(header, body, secret, now() + 301_000)).toBe(false);
    expect(isOurs('', body, secret, now())).toBe(false);
    const [, time = '', hex = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header) ?? [];
    const words = execFileSync('openssl', ['dgst', '-sha256', '-hmac', secret], { input: `${time}.${body}` });
    expect(words.toString()).toContain(hex);
  });

  test('the secret is told once and kept nowhere, not under the Idempotency-Key either', async () => {
    const there = await receive();
    const asked = { endpoint: there.url, events: ['batch.completed'] };
    const first = await post('/v1/webhooks', asked, 'METERWORKS', 'once');
    const again = await post('/v1/webhooks', asked, 'METERWORKS', 'once');
    const { secret, ...rest } = first.body as Made;
    expect(secret).toMatch(/^whsec_[A-Za-z0-9_-]{43}$/);
    expect([again.status, again.body]).toEqual([201, rest]);
    const { rows: tables } = await query<{ name: string }>(
      here.database.pool,
      `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
    );
    expect(tables.length).toBeGreaterThan(20);
    for (const { name } of tables) {
      const { rows } = await query<{ n: number }>(
        here.database.pool,
        `select count(*)::integer as n from "${name}" t where t::text like '%' || $1 || '%'`,
        [secret],
      );
      expect([name, rows[0]?.n]).toEqual([name, 0]);
    }
  });

  test('what fails is tried again later and later, ten times, and then given up; it can be redelivered', async () => {
    let answer = 500;
    const there = await receive({ answer: (response) => void response.writeHead(answer).end('no') });
    const { id } = await add(there.url);
    await ping(id);
    const waits: number[] = [];
    for (let tries = 1; tries <= 10; tries += 1) {
      expect(await deliverDue(needs)).toBe(1);
      expect(await deliverDue(needs)).toBe(0);
      const [{ nextAttemptAt } = {} as Told] = await told(id);
      if (nextAttemptAt === undefined) continue;
      waits.push((Date.parse(nextAttemptAt) - now()) / 1000);
      here.clock.advance(Date.parse(nextAttemptAt) - now());
    }
    expect(waits).toEqual([10, 40, 160, 640, 2560, 10_240, 21_600, 21_600, 21_600]);
    const [given] = await told(id);
    expect(given).toMatchObject({ state: 'GIVEN_UP' });
    expect(given?.attempts).toHaveLength(10);
    expect(given?.attempts[0]).toMatchObject({ status: 500, delivered: false, detail: 'answered 500' });
    here.clock.advance(86_400_000);
    expect(await deliverDue(needs)).toBe(0);

    answer = 200;
    const anew = await post(`/v1/webhook-deliveries/${given?.id ?? ''}/redelivery`);
    expect(anew).toMatchObject({ status: 202, body: { state: 'PENDING', redeliveryOf: given?.id } });
    expect((await post(`/v1/webhook-deliveries/${(anew.body as Told).id}/redelivery`)).status).toBe(409);
    await deliverDue(needs);
    expect(there.received.at(-1)?.body).toBe(there.received[0]?.body);
    expect(headerOf(there, there.received.length - 1)).not.toBe(headerOf(there));
    expect((await told(id))[0]).toMatchObject({ state: 'DELIVERED', eventId: given?.eventId });
  });

  test.each([
    [302, 'answered 302; redirects are not followed'],
    [307, 'answered 307; redirects are not followed'],
    [304, 'answered 304; redirects are not followed'],
    [404, 'answered 404'],
  ])('%i is a failure, and nothing is followed', async (status, detail) => {
    const elsewhere = await receive();
    const there = await receive({
      answer: (response) => void response.writeHead(status, { Location: elsewhere.url }).end(),
    });
    const { id } = await add(there.url);
    await ping(id);
    await deliverDue(needs);
    expect((await told(id))[0]?.attempts).toMatchObject([{ delivered: false, status, detail }]);
    expect(elsewhere.received).toEqual([]);
  });

  test('a receiver that does not answer is waited for so long and no longer', async () => {
    const there = await receive({ answer: () => undefined });
    const { id } = await add(there.url);
    await ping(id);
    await deliverDue(needs);
    expect((await told(id))[0]?.attempts).toMatchObject([
      { delivered: false, detail: 'no answer within 1 s' },
    ]);
  });

  test('an answer that never ends is not read', async () => {
    const there = await receive({
      answer: (response) => {
        response.writeHead(200);
        const more = setInterval(() => response.write(Buffer.alloc(65_536)), 5);
        response.on('close', () => clearInterval(more)).on('error', () => undefined);
      },
    });
    const { id } = await add(there.url);
    await ping(id);
    await deliverDue(needs);
    expect((await told(id))[0]).toMatchObject({ state: 'DELIVERED' });
  });

  test('TLS: a certificate of nobody known, or for another name, is a failure; a good one is not', async () => {
    const make = (name: string) => {
      const [key, cert] = [path.join(folder, `${name}.key`), path.join(folder, `${name}.pem`)];
      const words =
        `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=hook`.split(' ');
      const to = ['-keyout', key, '-out', cert, '-addext', `subjectAltName=DNS:${name}`];
      execFileSync('openssl', [...words, ...to], { stdio: 'pipe' });
      return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    };
    const tls = make('hook.example');
    const there = await receive({ tls });
    const named = (name: string) => `https://${name}:${String(there.port)}/hook`;
    const attempt = async (endpoint: string, changes: Partial<WebhookNeeds>) => {
      const { id } = await add(endpoint);
      await ping(id);
      const resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
      await deliverDue({ ...needs, resolve, ...changes });
      return (await told(id))[0]?.attempts[0];
    };
    expect(await attempt(named('hook.example'), {})).toMatchObject({
      detail: 'its TLS certificate is not from a trusted CA',
    });
    expect(await attempt(named('other.example'), { trusted: [tls.cert] })).toMatchObject({
      detail: 'its TLS certificate is for another name',
    });
    expect(there.received).toEqual([]);
    expect(await attempt(named('hook.example'), { trusted: [tls.cert] })).toMatchObject({ delivered: true });
    expect(there.received).toHaveLength(1);
  });

  test('an address inside is refused when it is named, and when a name stands for it; a name is asked once', async () => {
    const there = await receive();
    Object.assign(here.app.webhooks, { targets: 'public' });
    try {
      for (const endpoint of [there.url, 'https://127.0.0.1/', 'https://[::1]/', 'https://169.254.169.254/'])
        expect(await post('/v1/webhooks', { endpoint, events: ['batch.completed'] })).toMatchObject({
          status: 400,
        });
    } finally {
      Object.assign(here.app.webhooks, { targets: 'any' });
    }
    const { id } = await add(`https://inside.example:${String(there.port)}/`);
    await ping(id);
    let asked = 0;
    // It stands for another address each time it is asked: what was checked is what is connected to.
    const resolve = () =>
      Promise.resolve([{ address: (asked += 1) === 1 ? '10.0.0.1' : '93.184.215.14', family: 4 }]);
    await deliverDue({ ...needs, targets: 'public', resolve });
    expect(asked).toBe(1);
    expect((await told(id))[0]?.attempts).toMatchObject([
      {
        delivered: false,
        detail: 'it stands for an address to which webhooks do not go here (TCS_WEBHOOK_TARGETS)',
      },
    ]);
    expect(there.received).toEqual([]);
  });

  test('a new secret: for a while everything is signed under both, and then under the new one alone', async () => {
    const there = await receive();
    const { id, secret } = await add(there.url);
    const rotated = (await post(`/v1/webhooks/${id}/secret`, { overlapHours: 1 })).body as Made;
    expect(rotated.secret).not.toBe(secret);
    const signed = async () => {
      await ping(id);
      await deliverDue(needs);
      const place = there.received.length - 1;
      const body = there.received[place]?.body ?? '';
      return [secret, rotated.secret].map((one) => isOurs(headerOf(there, place), body, one, now()));
    };
    expect(await signed()).toEqual([true, true]);
    here.clock.advance(3_600_000);
    expect(await signed()).toEqual([false, true]);
    const third = (await post(`/v1/webhooks/${id}/secret`, { overlapHours: 0 })).body as Made;
    expect(await signed()).toEqual([false, false]);
    expect(isOurs(headerOf(there, 2), there.received[2]?.body ?? '', third.secret, now())).toBe(true);
  });

  test('with another service key nothing is sent under a wrong secret; the history says what to do', async () => {
    const there = await receive();
    const { id } = await add(there.url);
    await ping(id);
    await deliverDue({ ...needs, derive: () => Buffer.alloc(32) });
    expect(there.received).toEqual([]);
    expect((await told(id))[0]?.attempts[0]?.detail).toContain('take a new secret');
  });

  test('after three days of failure it is disabled, its participant is told, and it can be enabled', async () => {
    const there = await receive({ answer: (response) => void response.writeHead(503).end() });
    const { id } = await add(there.url);
    for (let day = 0; day < 4; day += 1) {
      await ping(id);
      await deliverDue(needs);
      if (day < 3) expect((await list())[0]).toMatchObject({ state: 'ACTIVE' });
      here.clock.advance(86_400_000);
    }
    expect((await list())[0]).toMatchObject({
      state: 'DISABLED',
      stateReason: expect.stringMatching(/^nothing was delivered since 20/) as unknown,
    });
    expect((await told(id)).filter((one) => one.state === 'PENDING')).toEqual([]);
    expect((await post(`/v1/webhooks/${id}/test`)).status).toBe(409);
    expect((await post(`/v1/webhook-deliveries/${(await told(id))[0]!.id}/redelivery`)).status).toBe(409);
    const notices = (await here.get('/v1/participants/METERWORKS/notifications')).body as {
      items: { event: string; text: string }[];
    };
    expect(notices.items[0]).toMatchObject({
      event: 'webhook.disabled',
      text: expect.stringContaining(`tcs webhook enable ${id}`) as unknown,
    });
    expect((await post(`/v1/webhooks/${id}/enabling`)).body).toMatchObject({ state: 'ACTIVE' });
    expect((await post(`/v1/webhooks/${id}/enabling`)).status).toBe(409);
    expect((await post(`/v1/webhooks/${id}/test`)).status).toBe(202);
  });

  test('410 Gone disables at once; a success in between forgets failures', async () => {
    let answer = 503;
    const there = await receive({ answer: (response) => void response.writeHead(answer).end() });
    const { id } = await add(there.url);
    const fails = async () => {
      await ping(id);
      while ((await deliverDue(needs)) > 0);
      return (await list())[0]?.state;
    };
    expect(await fails()).toBe('ACTIVE');
    here.clock.advance(2 * 86_400_000);
    answer = 200;
    expect(await fails()).toBe('ACTIVE');
    answer = 503;
    here.clock.advance(2 * 86_400_000);
    expect(await fails()).toBe('ACTIVE');
    answer = 410;
    expect(await fails()).toBe('DISABLED');
  });

  test('two workers deliver each once; a slow receiver keeps nobody else waiting', async () => {
    const slow = await receive({
      answer: (response) => void setTimeout(() => response.writeHead(200).end(), 900),
    });
    const quick = await receive();
    const [slowId, quickId] = [(await add(slow.url)).id, (await add(quick.url)).id];
    for (let count = 0; count < 5; count += 1) await ping(slowId);
    const pinged: string[] = [];
    for (let count = 0; count < 20; count += 1) pinged.push((await ping(quickId)).eventId);
    const errors: unknown[] = [];
    // On a busy machine the slow one takes longer than it says.
    const patient = { ...needs, timeoutSeconds: 30 };
    const workers = [1, 2].map(() => startDeliveries(patient, (error) => errors.push(error)));
    await until(() => quick.received.length === 20);
    expect((await told(slowId)).map((one) => one.state)).toContain('PENDING');
    await until(async () => (await told(slowId)).every((one) => one.state === 'DELIVERED'));
    await Promise.all(workers.map((one) => one.stop()));
    expect(errors).toEqual([]);
    // Each once; several are under way at once, and arrive in any order.
    const ids = quick.received.map((one) => one.headers['webhook-id']);
    expect(ids.toSorted()).toEqual(pinged.toSorted());
    const first = (await here.get(`/v1/webhooks/${quickId}/deliveries?limit=15`)).body as {
      items: Told[];
      nextCursor: string;
    };
    const rest = (await here.get(`/v1/webhooks/${quickId}/deliveries?limit=15&cursor=${first.nextCursor}`))
      .body as { items: Told[] };
    expect([...first.items, ...rest.items].map((one) => one.eventId).reverse()).toEqual(pinged);
    expect((await here.get(`/v1/webhooks/${quickId}/deliveries?cursor=x`)).status).toBe(400);
    expect([quick.received.length, slow.received.length]).toEqual([20, 5]);
  });

  test('whose lease is over is taken over, and who comes too late writes nothing down', async () => {
    let release: (() => void) | undefined;
    const there = await receive({
      answer: (response, _received, count) => {
        if (count === 1) release = () => response.writeHead(500).end();
        else response.writeHead(204).end();
      },
    });
    const { id } = await add(there.url);
    await ping(id);
    // A worker that sends and is then heard of no more.
    const stalled = deliverDue({ ...needs, timeoutSeconds: 30, leaseSeconds: 0 });
    await until(() => release !== undefined);
    await deliverDue(needs);
    release?.();
    await stalled;
    expect(there.received.map((one) => one.headers['webhook-id'])).toEqual([
      there.received[0]?.headers['webhook-id'],
      there.received[0]?.headers['webhook-id'],
    ]);
    expect((await told(id))[0]).toMatchObject({ state: 'DELIVERED', attempts: [{ status: 204 }] });
  });

  test('of an endpoint one delivery is in hand at a time; what came of it, only who has it writes down', async () => {
    const [one, other] = [await receive(), await receive()];
    const [{ id }, { id: otherId }] = [await add(one.url), await add(other.url)];
    await ping(id);
    await ping(id);
    await ping(otherId);
    const claim = () => claimDeliveries(8, 60, here.clock.now(), here.database.pool);
    const failed = { at: here.clock.now(), delivered: false, detail: 'no answer', milliseconds: 1 };
    const record = (held: HeldDelivery) =>
      withTransaction(here.database.pool, (db) => {
        const at = here.clock.now();
        return recordAttempt(held, failed, at, at, db);
      });
    const held = await claim();
    expect(held.map((each) => each.webhookId).toSorted()).toEqual([id, otherId].toSorted());
    expect(await claim()).toEqual([]);

    // Its lease is over, and somebody else has it: still being tried, it is not the first one's to write down.
    await query(here.database.pool, `update webhook_delivery set lease_until = now() - interval '1 second'`);
    const again = (await claim()).find((each) => each.webhookId === id)!;
    const late = held.find((each) => each.id === again.id)!;
    expect(await record(late)).toBe(false);
    // Nor, once the endpoint is gone, the second one's: what it was to be told is given up.
    await post(`/v1/webhooks/${id}/removal`);
    expect(await record(again)).toBe(false);
    expect(await claim()).toEqual([]);
  });

  if (onPostgres)
    test('a worker killed over a delivery: another delivers it again, the same event under the same id', async () => {
      const victims: ChildProcess[] = [];
      const there = await receive({
        answer: (response, _received, count) => {
          if (count === 1) victims[0]?.kill('SIGKILL');
          else response.writeHead(204).end();
        },
      });
      const { id } = await add(there.url);
      await ping(id);
      const orders = JSON.stringify({
        url: (here.database as { url?: string }).url,
        authorities: path.join(process.env['TCS_TEST_FOLDER'] ?? '', 'authorities'),
        now: now(),
      });
      const start = () =>
        spawn(process.execPath, [...COMPILED, path.join(__dirname, 'victim.ts'), orders], {
          stdio: 'inherit',
        });
      victims.push(start());
      expect((await once(victims[0]!, 'exit'))[1]).toBe('SIGKILL');
      expect((await told(id))[0]).toMatchObject({ state: 'PENDING', attempts: [] });
      const survivor = start();
      await until(async () => (await told(id))[0]?.state === 'DELIVERED');
      survivor.kill('SIGTERM');
      await once(survivor, 'exit');
      expect(there.received).toHaveLength(2);
      expect(new Set(there.received.map((one) => one.headers['webhook-id'])).size).toBe(1);
    });

  // The embedded database has one connection: nobody waits for anybody there.
  if (onPostgres)
    test.each([
      ['that fails', 500, null],
      ['that forgets failures', 200, '2026-11-24'],
    ])(
      'whoever changes an endpoint and a delivery %s wait for each other in one order, and no deadlock ends either',
      async (_what, status, failing) => {
        const there = await receive({ answer: (response) => response.writeHead(status).end() });
        const { id } = await add(there.url);
        await ping(id);
        await query(here.needs.db, `update webhook set failing_since = $2 where id = $1`, [id, failing]);
        let delivering: Promise<unknown> = Promise.resolve();
        await withTransaction(here.needs.db, async (db) => {
          await query(db, `select from webhook where id = $1 for update`, [id]);
          delivering = deliverDue(needs);
          await until(async () => (await query(db, WAITING)).rowCount !== 0);
          await query(db, `select from webhook_delivery where webhook_id = $1 for update nowait`, [id]);
        });
        expect(await delivering).toBe(1);
        expect(await told(id)).toMatchObject([{ state: status === 200 ? 'DELIVERED' : 'PENDING' }]);
      },
    );

  test('both whom a batch is for and who asked are told; others are not, and see nothing', async () => {
    const [owner, asker, stranger] = [await receive(), await receive(), await receive()];
    await add(owner.url, ['batch.cancelled']);
    const dcc = await add(asker.url, ['batch.cancelled'], 'DCC');
    const other = await add(stranger.url, ['batch.cancelled'], 'NORTHGATE');
    const batch = (await here.submit(deviceLines(1, 300), {
      as: 'DCC',
      role: 'DCC_TEST_OPERATOR',
      query: '&onBehalfOf=METERWORKS',
    })) as { body: Made };
    await here.post(`/v1/batches/${batch.body.id}/cancellation`, 'DCC', 'DCC_TEST_OPERATOR');
    while ((await deliverDue(needs)) > 0);
    expect([owner, asker, stranger].map((one) => one.received.length)).toEqual([1, 1, 0]);
    for (const url of [
      `/v1/webhooks/${other.id}`,
      `/v1/webhooks/${other.id}/deliveries`,
      '/v1/webhooks/none',
    ])
      expect((await here.get(url)).status).toBe(404);
    for (const act of ['removal', 'enabling', 'test'])
      expect((await post(`/v1/webhooks/${other.id}/${act}`)).status).toBe(404);
    expect((await post(`/v1/webhooks/${other.id}/secret`, {})).status).toBe(404);
    await post(`/v1/webhooks/${dcc.id}/removal`, undefined, 'DCC');
    await post(`/v1/webhooks/${other.id}/removal`, undefined, 'NORTHGATE');
  });

  test('a retry is told as queued: at once, and one of the DCC when a second person has approved it', async () => {
    const there = await receive();
    await add(there.url, ['batch.queued']);
    const bad = [{ id: 'bad', csr: 'none' }];
    const asDcc = ['DCC', 'DCC_TEST_OPERATOR'] as const;
    const approve = (id: string) => here.post(`/v1/batches/${id}/approval`, 'DCC', 'DCC_TEST_APPROVER');
    const queued = async () => {
      while ((await deliverDue(needs)) > 0);
      return there.received.map(
        (one) => (JSON.parse(one.body) as { batch: { id: string; state: string } }).batch,
      );
    };
    const { id: own } = (await here.submit(bad)).body as Made;
    const dcc = { as: asDcc[0], role: asDcc[1], query: '&onBehalfOf=METERWORKS' };
    const { id: ofDcc } = (await here.submit(bad, dcc)).body as Made;
    await approve(ofDcc);
    await here.work();
    there.received.splice(0, (await queued()).length);

    const { id: again } = (await here.post(`/v1/batches/${own}/retry`)).body as Made;
    const { id: prepared } = (await here.post(`/v1/batches/${ofDcc}/retry`, ...asDcc)).body as Made;
    expect(await queued()).toMatchObject([{ id: again, state: 'QUEUED' }]);
    await approve(prepared);
    await here.work();
    expect((await queued()).map(({ id }) => id)).toEqual([again, prepared]);
  });

  test('what is rolled back is not told; pausing and resuming is', async () => {
    const there = await receive();
    await add(there.url, ['batch.paused', 'batch.resumed', 'batch.rejected']);
    const { body } = await here.submit(deviceLines(1, 400));
    const { id } = body as Made;
    expect((await here.post(`/v1/batches/${id}/pause`)).status).toBe(409);
    await here.submit([], { body: 'no JSON' });
    await query(here.database.pool, `update batch set state = 'QUEUED', items = 1 where id = $1`, [id]);
    await here.post(`/v1/batches/${id}/pause`);
    await here.post(`/v1/batches/${id}/resume`);
    await query(here.database.pool, `update batch set state = 'PENDING', items = null where id = $1`, [id]);
    await here.work();
    while ((await deliverDue(needs)) > 0);
    expect(there.received.map((one) => one.headers['webhook-event'])).toEqual([
      'batch.paused',
      'batch.resumed',
      'batch.rejected',
    ]);
  });

  test('there are ten at most; a removed one is gone; old deliveries are forgotten', async () => {
    const there = await receive();
    for (let count = 0; count < 10; count += 1) await add(there.url);
    const refused = await post('/v1/webhooks', { endpoint: there.url, events: ['batch.completed'] });
    expect(refused.status).toBe(409);
    const [{ id } = { id: '' }] = await list();
    await ping(id);
    await deliverDue(needs);
    expect(await sweepDeliveries(here.clock.now(), here.database.pool)).toBeGreaterThanOrEqual(0);
    expect(await told(id)).toHaveLength(1);
    here.clock.advance(1000);
    expect(await sweepDeliveries(here.clock.now(), here.database.pool)).toBeGreaterThan(0);
    expect(await told(id)).toEqual([]);
    expect((await post(`/v1/webhooks/${id}/removal`)).body).toEqual({ done: true });
    expect((await here.get(`/v1/webhooks/${id}`)).status).toBe(404);
  });

  test.each([
    ['no events', { endpoint: 'https://example.com/', events: [] }],
    ['an event that there is not', { endpoint: 'https://example.com/', events: ['batch.eaten'] }],
    ['no endpoint', { events: ['batch.completed'] }],
    ['an endpoint that is none', { endpoint: 'nonsense', events: ['batch.completed'] }],
  ])('refused: %s', async (_, body) => expect((await post('/v1/webhooks', body)).status).toBe(400));

  test('waits are spread by a fifth either way', () => {
    expect([0, 1].map((chance) => secondsUntilNext(1, () => chance).toFixed(3))).toEqual(['8.000', '12.000']);
  });

  async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
    for (let look = 0; look < 600; look += 1) {
      if (await holds()) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error('it did not happen');
  }
});
