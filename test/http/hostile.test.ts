import { once } from 'node:events';
import type { Server } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import request from 'supertest';
import { createRequestServer } from '../../src/http/broken-requests.ts';
import { query } from '../../src/db/query.ts';
import { deviceCsr, newKey } from '../support/csr-builder.ts';
import { world, type World } from '../support/world.ts';

describe('what never becomes a request, or should not', () => {
  let here: World;
  let server: Server;
  let token: string;
  beforeAll(async () => {
    here = await world();
    token = await here.token('METERWORKS');
    server = createRequestServer(here.http, 3);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await here.close();
  });

  /** Sends octets as they are, piece after piece until somebody answers; returns all that comes back. */
  const raw = (head: string, piece?: Buffer): Promise<{ text: string; sent: number }> =>
    new Promise((resolve) => {
      const { port } = server.address() as AddressInfo;
      const socket = net.connect(port, '127.0.0.1');
      let text = '';
      let sent = 0;
      const more = () => {
        while (piece !== undefined && text === '' && sent < 400_000_000 && socket.writable) {
          sent += piece.length;
          if (!socket.write(piece)) {
            socket.once('drain', () => setImmediate(more));
            return;
          }
        }
      };
      socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve({ text, sent }));
      socket.write(head);
      more();
    });
  const lines = (...more: string[]) => `${more.join('\r\n')}\r\n\r\n`;
  const post = (...more: string[]) =>
    lines(
      'POST /v1/certificates HTTP/1.1',
      'Host: x',
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      ...more,
    );

  test.each([
    ['no HTTP', 'nonsense\r\n\r\n', 400],
    ['headers of 20,000 octets', lines('GET / HTTP/1.1', 'Host: x', `X: ${'x'.repeat(20_000)}`), 431],
    ['an Expect that nobody meets', lines('GET / HTTP/1.1', 'Host: x', 'Expect: miracles'), 417],
    ['HTTP/1.1 without a Host', lines('GET / HTTP/1.1'), 400],
    ['two Hosts', lines('GET / HTTP/1.1', 'Host: x', 'Host: y', 'Connection: close'), 400],
    ['a tunnel', lines('CONNECT x:443 HTTP/1.1', 'Host: x'), 501],
    [
      'a transfer coding that is not undone',
      `${lines('POST /v1/certificates HTTP/1.1', 'Host: x', 'Transfer-Encoding: gzip, chunked')}0\r\n\r\n`,
      501,
    ],
    ['headers that do not end', 'GET / HTTP/1.1\r\nHost: x\r\n', 408],
  ])(
    '%s is answered as problem+json',
    async (_what, sent, status) => {
      const { text } = await raw(sent);
      expect(text).toMatch(new RegExp(`^HTTP/1.1 ${String(status)} `));
      expect(text).toContain('application/problem+json');
      expect(text).toContain('"errors":[{');
    },
    15_000,
  );

  test('what cannot be read behind a request is answered after it', async () => {
    const csr = deviceCsr('00-DB-12-34-20-00-04-21', 'digitalSignature', { key: newKey() }).pem;
    const body = JSON.stringify({ category: 'DEVICE', purpose: 'DEVICE_AND_USER_SYSTEM_TESTS', csr });
    const { text } = await raw(`${post(`Content-Length: ${String(body.length)}`)}${body}NO REQUEST\r\n\r\n`);
    expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 201', 'HTTP/1.1 400']);
  });

  test('a body that takes too long is 408', async () => {
    const { text } = await raw(`${post('Content-Length: 100')}{`);
    expect(text).toContain('HTTP/1.1 408 ');
    expect(text).toContain('within 3 s (TCS_REQUEST_SECONDS)');
  }, 15_000);

  test('a sender who is late and never closes is let go', async () => {
    const { port } = server.address() as AddressInfo;
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined);
    const accepted = once(server, 'connection');
    // Nor does it read.
    socket.pause().write('GET /v1/me HTTP/1.1\r\nX');
    const [held] = (await accepted) as [net.Socket];
    await closeOf(held);
    expect(held.destroyed).toBe(true);
    socket.destroy();
  }, 10_000);

  test('a request that was answered and does not end is let go', async () => {
    const { port } = server.address() as AddressInfo;
    const socket = net.connect(port, '127.0.0.1').on('error', () => undefined);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    const closed = closeOf(socket);
    socket.write(lines('GET /docs/ HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked'));
    const drip = setInterval(() => socket.write('1\r\nx\r\n'), 200);
    await closed;
    clearInterval(drip);
    expect(text).toMatch(/^HTTP\/1.1 200 /);
    expect(text).not.toContain(' 408 ');
  }, 10_000);

  test('a request that is whole keeps its connection, however long ago it came', async () => {
    const { port } = server.address() as AddressInfo;
    const socket = net.connect(port, '127.0.0.1').on('error', () => undefined);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    const ask = () =>
      socket.write(`${lines('GET /docs/ HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked')}0\r\n\r\n`);
    ask();
    await new Promise((resolve) => setTimeout(resolve, 4500));
    ask();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(text.match(/HTTP\/1.1 200 /g)).toHaveLength(2);
    socket.destroy();
  }, 10_000);

  test('the upload of a batch takes as long as it goes on; when it does not, that is 408', async () => {
    const head = post('Content-Length: 100000')
      .replace('/v1/certificates', `/v1/batches?category=DEVICE&purpose=DEVICE_AND_USER_SYSTEM_TESTS`)
      .replace('application/json', 'application/x-ndjson');
    const { port } = server.address() as AddressInfo;
    const sendSlowly = async (pieces: number) => {
      const socket = net.connect(port, '127.0.0.1').on('error', () => undefined);
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      const closed = closeOf(socket);
      socket.write(head);
      for (let piece = 0; piece < pieces; piece += 1) {
        socket.write(Buffer.alloc(20_000, 10));
        await new Promise((resolve) => setTimeout(resolve, 1500));
      }
      if (pieces === 5) socket.end();
      await closed;
      return text;
    };
    // Nothing but empty lines: taken, and refused when it is parsed.
    const [whole, broken] = await Promise.all([sendSlowly(5), sendSlowly(3)]);
    expect(whole).toMatch(/^HTTP\/1.1 202 /);
    expect(broken).toMatch(/^HTTP\/1.1 408 /);
    expect(broken).toContain('urn:problem:tcs:request-timeout');
    expect(broken).toContain('Idempotency-Key');
  }, 20_000);

  test.each([
    ['announced as 2 GB', 'Content-Length: 2000000000', Buffer.alloc(65_536, 32)],
    [
      'in chunks without end',
      'Transfer-Encoding: chunked',
      Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, 32), Buffer.from('\r\n')]),
    ],
  ])(
    'a body %s is 413 long before it ends',
    async (_what, header, piece) => {
      const { text, sent } = await raw(post(header), piece);
      expect(text).toContain('HTTP/1.1 413 ');
      expect(text).toMatch(/connection: close/i);
      expect(text).toContain('urn:problem:tcs:too-large');
      expect(sent).toBeLessThan(300_000_000);
    },
    30_000,
  );

  test('a compressed body that becomes too large is 413', async () => {
    const answer = await request(server)
      .post('/v1/certificates')
      .set({
        Authorization: `Bearer ${token}`,
        'Content-Encoding': 'gzip',
        'Content-Type': 'application/json',
      })
      .serialize((body: unknown) => body as string)
      .send(gzipSync(Buffer.alloc(5_000_000, 32)));
    expect(answer.status).toBe(413);
  });

  test('a CSR of more than 16 KiB is 413', async () => {
    const csr = Buffer.alloc(17_000, 0x30).toString('base64');
    for (const path of ['/v1/certificates', '/v1/eligibility-checks']) {
      const answer = await request(server)
        .post(path)
        .set('Authorization', `Bearer ${token}`)
        .send({ category: 'DEVICE', purpose: 'DEVICE_AND_USER_SYSTEM_TESTS', csr });
      expect([path, answer.status]).toEqual([path, 413]);
    }
  });

  test.each([
    ['GET', '/docs/nothing', 404],
    ['GET', '/docs/', 200],
    ['GET', '/docs/swagger-ui.css', 200],
    ['POST', '/docs/', 405],
    ['POST', '/openapi.json', 405],
  ])('%s %s is %d', async (method, path, status) => {
    const answer = method === 'GET' ? await request(server).get(path) : await request(server).post(path);
    expect(answer.status).toBe(status);
  });

  test('a profile that does not exist binds no key, and is no decision to issue', async () => {
    const key = newKey();
    const ask = (eui64: string, more: object = {}) =>
      request(server)
        .post('/v1/certificates')
        .set('Authorization', `Bearer ${token}`)
        .send({
          category: 'DEVICE',
          purpose: 'DEVICE_AND_USER_SYSTEM_TESTS',
          csr: deviceCsr(eui64, 'digitalSignature', { key }).pem,
          ...more,
        });
    const refused = await ask('00-DB-12-34-20-00-04-01', { profile: 'no-such' });
    expect([refused.status, refused.body.errors[0].reason]).toEqual([400, 'PROFILE_NOT_APPLICABLE']);
    expect((await ask('00-DB-12-34-20-00-04-02')).status).toBe(201);
    const { rows } = await query<{ outcome: string }>(
      here.database.pool,
      `select outcome from decision where subject like '%00db123420000401%'`,
    );
    expect(rows).toEqual([{ outcome: 'REFUSE' }]);
  });

  test('two Authorization headers are 400', async () => {
    const { text } = await raw(
      lines(
        'GET /v1/me HTTP/1.1',
        'Host: x',
        'Connection: close',
        `Authorization: Bearer ${token}`,
        'Authorization: Bearer x',
      ),
    );
    expect(text).toContain('HTTP/1.1 400 ');
  });

  test.each([
    ['a profile with U+0000', '/v1/certificates?profile=a%00b'],
    ['a profile with U+0000 behind a second question mark', '/v1/certificates?profile=a?%00'],
    ['a profile with a control character', '/v1/certificates?profile=a%07b'],
    ['a token behind a second question mark', '/v1/me?limit=5?access_token=tcs_01234567_abc'],
    ['a token under another name', '/v1/me?x=tcs_01234567_abc'],
    ['a member called token', '/v1/me?token=x'],
    ['a token in the path', '/v1/certificates/tcs_01234567_abc'],
    ['a token on a public route', '/v1/categories?access_token=x'],
  ])('%s is 400', async (_what, path) => {
    const answer = await request(server).get(path).set('Authorization', `Bearer ${token}`);
    expect([answer.status, answer.type]).toEqual([400, 'application/problem+json']);
    const reasons = (answer.body.errors as { reason: string }[]).map(({ reason }) => reason);
    expect(reasons.length).toBeGreaterThan(0);
    expect(reasons.includes('CREDENTIAL_IN_ADDRESS')).toBe(/tcs_|token/.test(path));
  });

  test.each([
    ['/v1/audit-events?event=a?%00', 400],
    ['/v1/audit-events?event=a%07', 400],
    ['/v1/audit-events?event=a?b', 200],
  ])('%s is %d', async (path, status) => {
    const auditor = await here.token('ASSESS', 'AUDITOR');
    const answer = await request(server).get(path).set('Authorization', `Bearer ${auditor}`);
    expect(answer.status).toBe(status);
  });

  const good = () =>
    JSON.stringify({
      category: 'DEVICE',
      purpose: 'DEVICE_AND_USER_SYSTEM_TESTS',
      csr: deviceCsr('00-DB-12-34-20-00-00-01').pem,
    });
  test.each([
    ['a member twice', () => good().replace('{', '{"category":"ORGANISATION",'), 'twice'],
    [
      'a member twice, written differently',
      () => good().replace('{', '{"\\u0063ategory":"DEVICE",'),
      'twice',
    ],
    ['U+0000 in a text', () => good().replace('{', '{"profile":"a\\u0000b",'), 'U+0000'],
    ['half a surrogate pair', () => good().replace('{', '{"profile":"\\ud800",'), 'surrogate'],
    [
      'octets that are not UTF-8',
      () => Buffer.from(good().replace('{', '{"profile":"\xff",'), 'latin1'),
      'UTF-8',
    ],
  ])('JSON with %s is 400', async (_what, body, why) => {
    const answer = await request(server)
      .post('/v1/eligibility-checks')
      .set({ Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' })
      .serialize((value: unknown) => value as string)
      .send(body());
    expect(answer.status).toBe(400);
    expect(answer.body.detail).toContain(why);
  });

  test('the same member in two objects, and a surrogate pair, are as good as any', async () => {
    const answer = await request(server)
      .post('/v1/eligibility-checks')
      .set({ Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' })
      .send(`{"a":[{"b":1},{"b":"\\ud83d\\ude00"}],"c":{"a":2}}`);
    expect(answer.body.detail).toBe('The request breaks its schema.');
  });

  test('what nobody sees is written out before it is echoed', async () => {
    const answer = await request(server)
      .post('/v1/eligibility-checks')
      .set('Authorization', `Bearer ${token}`)
      .send({ 'a\u202eb\u0007': 1 });
    for (const unseen of ['\u202e', '\\u202e', '\\u0007']) expect(answer.text).not.toContain(unseen);
    expect(answer.text).toContain('u{202e}');
  });
});

test('strangers at an address do not lock out who has a credential, nor public routes', async () => {
  const here = await world({ rateLimit: 3 });
  const token = await here.token('METERWORKS');
  const stranger = () => request(here.http).get('/v1/me').set('Authorization', 'Bearer nobody');
  const statuses = [];
  for (let time = 0; time < 5; time += 1) statuses.push(await stranger());
  expect(statuses.map((one) => one.status)).toEqual([401, 401, 401, 429, 429]);
  expect(Number(statuses[4]?.headers['retry-after'])).toBeGreaterThan(0);
  for (let time = 0; time < 3; time += 1)
    expect((await request(here.http).get('/v1/me').set('Authorization', `Bearer ${token}`)).status).toBe(200);
  for (let time = 0; time < 6; time += 1)
    expect((await request(here.http).get('/v1/categories')).status).toBe(200);
  expect((await request(here.http).get('/v1/me').set('Authorization', `Bearer ${token}`)).status).toBe(429);
  await here.close();
});

/** `once` would reject where the other side lets go with a reset. */
const closeOf = (socket: net.Socket) => new Promise((resolve) => socket.once('close', resolve));
