import { execFile } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import http, { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { batchWorld, deviceLines, ndjson, PURPOSE, type BatchWorld } from '../support/batch-world.ts';
import { tcs } from '../support/tcs.ts';

const ROOT = path.join(__dirname, '..', '..');

/** What the commands do with a service that is a socket away. */
describe('tcs batch submit and result', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'batch-transfer-'));
  let here: BatchWorld;
  let server: Server;
  let url: string;
  beforeAll(async () => {
    here = await batchWorld();
    server = await listen(0);
    url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    writeFileSync(file('token'), await here.token('METERWORKS'));
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await here.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const file = (name: string) => path.join(folder, name);
  const listen = async (port: number) => {
    const made = createServer(here.http).listen(port, '127.0.0.1');
    await once(made, 'listening');
    return made;
  };
  const write = (name: string, text: string) => {
    writeFileSync(file(name), text);
    return file(name);
  };
  const where = () => ['--url', url, '--token-file', file('token')];
  const submit = (upload: string, ...more: string[]) =>
    tcs({}, 'batch', 'submit', upload, '--category', 'DEVICE', '--purpose', PURPOSE, ...where(), ...more);
  const result = (id: string, out: string, ...more: string[]) =>
    tcs({}, 'batch', 'result', id, '--out', file(out), ...where(), ...more);
  const idOf = ({ out }: { out: string }) => (JSON.parse(out) as { id: string }).id;
  const completed = async (count: number, first: number) => {
    const id = idOf(await submit(write('meters.ndjson', ndjson(deviceLines(count, first))), '--json'));
    await here.work();
    return id;
  };

  test('with --wait a batch is followed over a restart of the service, and the next step is told', async () => {
    const waiting = submit(write('restarted.ndjson', ndjson(deviceLines(3, 100))), '--wait');
    await untilSubmitted('restarted');
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    await here.work();
    server = await listen(Number(new URL(url).port));
    const { out, code } = await waiting;
    expect(code).toBe(0);
    expect(out).toMatch(/^state +COMPLETED$/m);
    expect(out).toMatch(/^progress +settled 3, .*SUCCESS 3/m);
    expect(out).toMatch(/tcs batch result [0-9a-f-]{36} --out 'restarted-response\.zip'/);
  });

  test('a batch that waits for a second person: the command is told that he or she runs, at the same service', async () => {
    writeFileSync(file('operator'), await here.token('DCC', 'DCC_TEST_OPERATOR'));
    const upload = write('prepared.ndjson', ndjson(deviceLines(1, 140)));
    const words = ['--on-behalf-of', 'METERWORKS', '--wait', '--token-file', file('operator')];
    const { out, code } = await submit(upload, ...words);
    const [, id = ''] = /^id +([0-9a-f-]{36})$/m.exec(out) ?? [];
    expect([code, out]).toEqual([
      0,
      expect.stringContaining(`\n  tcs batch approve ${id} --url ${url} --token-file FILE\n`),
    ]);
  });

  test('a dry run tells what would become of the file and what it would use, and hands nothing in', async () => {
    const upload = write('dry.ndjson', ndjson(deviceLines(2, 150)));
    const { out, code } = await submit(upload, '--dry-run');
    expect(code).toBe(0);
    for (const line of [
      /^counts +SUCCESS 2,/m,
      /^chargeable +false$/m,
      /^limits +limit BATCH_ITEMS, setBy SERVICE, most 50000, used 0, takes 2, remains 49998/m,
      /^duration +seconds \d+, measuredBy /m,
      /^failures +-$/m,
    ])
      expect(out).toMatch(line);
    expect((await here.get('/v1/batches')).body).not.toMatchObject({ items: [{ name: 'dry' }] });
  });

  test('a broken file: what is wrong is told once, where it is, and the exit code is 64', async () => {
    const waiting = submit(write('broken.ndjson', 'no JSON\n'), '--wait');
    await untilSubmitted('broken');
    await here.work();
    const { out, code, fault } = await waiting;
    expect(code).toBe(64);
    expect(out).toMatch(/^state +REJECTED$/m);
    expect(out).not.toContain('BATCH_LINE_MALFORMED');
    expect(fault).toContain('line 1: the line is not JSON\n    BATCH_LINE_MALFORMED');
  });

  test.each([
    ['that is not there', () => file('none.zip'), 66, 'cannot be read'],
    ['that is a folder', () => (mkdirSync(file('folder.zip')), file('folder.zip')), 66, 'is not a file'],
    ['of another form', () => write('meters.txt', 'x'), 64, 'ends with none of'],
    ['that is empty', () => write('empty.zip', ''), 64, 'the upload is empty'],
  ] as const)('a file %s', async (_, upload, exitCode, says) => {
    const { code, fault } = await submit(upload());
    expect({ code, fault }).toEqual({ code: exitCode, fault: expect.stringContaining(says) as unknown });
  });

  test('--replacement is told of a batch, and of a single CSR', async () => {
    const [unheard] = deviceLines(1, 700);
    const { csr } = unheard!;
    const dry = await submit(
      write('again.ndjson', ndjson([unheard!])),
      '--replacement',
      '--dry-run',
      '--json',
    );
    expect([dry.code, dry.out]).toEqual([0, expect.stringContaining('UNKNOWN_DEVICE')]);
    const words = ['--category', 'DEVICE', '--purpose', PURPOSE, '--replacement', '--out', folder];
    const alone = await tcs({}, 'issue', write('again.csr', csr), ...words, ...where());
    expect([alone.code, alone.out]).toEqual([77, expect.stringContaining('UNKNOWN_DEVICE')]);
  });

  test('--channel is told of a batch, of a single CSR, and of keys', async () => {
    const [first, second] = deviceLines(2, 720);
    const upload = write('media.ndjson', ndjson([first!]));
    const batch = await submit(upload, '--channel', 'IN_PERSON_MEDIA', '--json');
    expect(JSON.parse(batch.out)).toMatchObject({ request: { channel: 'IN_PERSON_MEDIA' } });
    const words = ['--category', 'DEVICE', '--purpose', PURPOSE, '--channel', 'DCC_GATEWAY', '--out', folder];
    const alone = await tcs({}, 'issue', write('gateway.csr', second!.csr), ...words, ...where());
    expect([alone.code, alone.out]).toEqual([77, expect.stringContaining('GATEWAY_CONNECTION_ABSENT')]);
    const keys = ['batch', 'keys', idOf(batch), '--channel', 'PIGEON', '--out', file('keys.p7m')];
    const fetched = await tcs({}, ...keys, ...where());
    expect([fetched.code, fetched.fault]).toEqual([64, expect.stringContaining('/channel')]);
  });

  test('issue overwrites nothing, and asks for nothing that would', async () => {
    const [first, second] = deviceLines(2, 800);
    mkdirSync(file('other'));
    const csrs = [
      write('once.csr', first!.csr),
      write('other/once.csr', second!.csr),
      write('twice.csr', second!.csr),
    ] as const;
    const words = ['--category', 'DEVICE', '--purpose', PURPOSE, '--out', file('certs'), ...where()];
    const issue = (...from: string[]) => tcs({}, 'issue', ...from, ...words);
    const same = await issue(csrs[0], csrs[1]);
    expect([same.code, same.fault]).toEqual([73, expect.stringContaining('would be written more than once')]);
    expect(existsSync(file('certs'))).toBe(false);
    expect((await issue(csrs[0])).code).toBe(0);
    const kept = readFileSync(file('certs/once.crt.pem'), 'utf8');
    const before = (await here.get('/v1/certificates')).body as { items: unknown[] };
    const taken = await issue(csrs[2], csrs[0]);
    expect([taken.code, taken.fault]).toEqual([
      73,
      expect.stringContaining('once.chain.pem are there already'),
    ]);
    expect(readFileSync(file('certs/once.crt.pem'), 'utf8')).toBe(kept);
    expect(readdirSync(file('certs'))).toEqual(['once.chain.pem', 'once.crt.pem']);
    expect((await here.get('/v1/certificates')).body).toMatchObject({ items: before.items });
  });

  test('a service that is away: the key is told under which the file is sent again as one batch', async () => {
    const gone = await listen(0);
    const { port } = gone.address() as AddressInfo;
    gone.close();
    const upload = write('away.ndjson', ndjson(deviceLines(1, 200)));
    const { code, fault } = await submit(upload, '--url', `http://127.0.0.1:${String(port)}`);
    expect(code).toBe(69);
    const [, key = ''] = /--idempotency-key ([0-9a-f-]{36})/.exec(fault) ?? [];
    const first = await submit(upload, '--idempotency-key', key, '--json');
    const second = await submit(upload, '--idempotency-key', key, '--json');
    expect([first.code, idOf(second)]).toEqual([0, idOf(first)]);
  });

  test('an upload that took too long: the same key is told, and the exit code is 75', async () => {
    const late = createServer((request, response) => {
      request.resume();
      const problem = { type: 'urn:problem:tcs:request-timeout', detail: 'It did not come.', errors: [] };
      response.writeHead(408, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify(problem));
    }).listen(0, '127.0.0.1');
    await once(late, 'listening');
    const { port } = late.address() as AddressInfo;
    const upload = write('late.ndjson', ndjson(deviceLines(1, 210)));
    const { code, fault } = await submit(upload, '--url', `http://127.0.0.1:${String(port)}`);
    late.close();
    expect([code, fault]).toEqual([75, expect.stringMatching(/--idempotency-key [0-9a-f-]{36}/)]);
  });

  test('a result for which there is no room names its file (74), and leaves nothing', async () => {
    const id = await completed(1, 320);
    const words = ['batch', 'result', id, '--out', file('roomless.zip'), ...where()];
    const main = path.join(ROOT, 'dist/cli/main.js');
    const child = execFile('prlimit', ['--fsize=1000', process.execPath, main, ...words]);
    let told = '';
    child.stderr?.on('data', (text: string) => (told += text));
    const [code] = (await once(child, 'close')) as [number];
    expect([code, told]).toEqual([
      74,
      expect.stringContaining(`${file('roomless.zip')} cannot be written: EFBIG`),
    ]);
    expect(readdirSync(folder).filter((name) => name.startsWith('roomless'))).toEqual([]);
  });

  test('Ctrl-C ends the looking, says so, and leaves the batch', async () => {
    const upload = write('left.ndjson', ndjson(deviceLines(1, 300)));
    const words = ['batch', 'submit', upload, '--wait', '--category', 'DEVICE', '--purpose', PURPOSE];
    const child = execFile(process.execPath, [path.join(ROOT, 'dist/cli/main.js'), ...words, ...where()], {
      cwd: ROOT,
    });
    let told = '';
    child.stderr?.on('data', (text: string) => {
      told += text;
      if (told.startsWith('PENDING') && !child.killed) child.kill('SIGINT');
    });
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(130);
    const [, id = '', reach] =
      /The batch goes on at the service\. .*tcs batch show ([0-9a-f-]{36}) (.*)$/m.exec(told) ?? [];
    expect(reach).toBe(where().join(' '));
    await here.work();
    expect((await here.get(`/v1/batches/${id}`)).body).toMatchObject({ state: 'COMPLETED', name: 'left' });
  });

  test('a result is written whole, and never over a file that is there', async () => {
    const id = await completed(2, 400);
    expect(await result(id, 'meters-response.zip')).toMatchObject({ code: 0 });
    const first = readFileSync(file('meters-response.zip'));
    expect((await tcs({}, 'batch', 'verify', file('meters-response.zip'))).code).toBe(0);
    expect((await result(id, 'meters-response.zip')).code).toBe(73);
    expect(readFileSync(file('meters-response.zip'))).toEqual(first);
    expect((await result(id, 'nowhere/meters-response.zip')).code).toBe(74);
    expect((await result(id, 'lines.ndjson')).code).toBe(0);
    expect(readFileSync(file('lines.ndjson'), 'utf8').trim().split('\n')).toHaveLength(2);
  });

  test('a download whose line breaks goes on where it broke', async () => {
    const id = await completed(40, 500);
    const asked: (string | undefined)[] = [];
    const cutting = createServer((request, response) => {
      asked.push(request.headers.range);
      const headers = { ...request.headers, host: '' };
      http.get(`${url}${request.url ?? ''}`, { headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.once('data', (piece: Buffer) => {
          if (asked.length > 2) return void (response.write(piece), answer.pipe(response));
          response.write(piece.subarray(0, 5000));
          // What was sent has arrived when the line breaks.
          setTimeout(() => response.destroy(), 300);
          answer.destroy();
        });
      });
    }).listen(0, '127.0.0.1');
    await once(cutting, 'listening');
    const { port } = cutting.address() as AddressInfo;
    const ended = await result(id, 'cut.zip', '--url', `http://127.0.0.1:${String(port)}`);
    cutting.close();
    expect(ended).toMatchObject({ code: 0 });
    expect(asked).toEqual([undefined, 'bytes=5000-', 'bytes=10000-']);
    await result(id, 'whole.zip');
    expect(readFileSync(file('cut.zip')).equals(readFileSync(file('whole.zip')))).toBe(true);
  });

  test('the result of a batch that has not ended is asked for later, at once and not in a minute', async () => {
    const submitted = await here.submit(deviceLines(2, 600));
    const ended = await result((submitted.body as { id: string }).id, 'early.zip');
    expect([ended.code, ended.fault]).toEqual([75, expect.stringContaining('COMPLETED or CANCELLED')]);
    await here.work();
  });

  test('a result that there is not leaves nothing behind', async () => {
    expect((await result('6e0f0000-0000-4000-8000-000000000000', 'none.zip')).code).toBe(66);
    expect(existsSync(file('none.zip'))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  async function untilSubmitted(name: string): Promise<void> {
    for (let look = 0; look < 200; look += 1) {
      const { body } = await here.get('/v1/batches?limit=500');
      if ((body as { items: { name: string }[] }).items.some((one) => one.name === name)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${name} did not arrive`);
  }
});
