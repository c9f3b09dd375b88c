import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import request from 'supertest';
import { openZip } from '../../src/archive/read-zip.ts';
import { startBackground } from '../../src/background.ts';
import { readConfig } from '../../src/config.ts';
import { claimChunk } from '../../src/batches/engine/claim-chunk.ts';
import { sweepResults } from '../../src/batches/results/sweep-results.ts';
import { verifyResult } from '../../src/batches/results/verify-result.ts';
import { listReceipts } from '../../src/ca/download-receipts.ts';
import { workOnce } from '../../src/batches/engine/worker.ts';
import { query } from '../../src/db/query.ts';
import { encodePem } from '../../src/x509/pem.ts';
import {
  batchWorld,
  deviceLines,
  type BatchBody,
  type BatchWorld,
  type Line,
} from '../support/batch-world.ts';
import { deviceCsr, newKey, organisationCsr } from '../support/csr-builder.ts';
import { onPostgres } from '../support/test-database.ts';

const silent = pino({ level: 'silent' });
const octetsOf = (response: NodeJS.ReadableStream, done: (error: null, octets: Buffer) => void) => {
  const chunks: Buffer[] = [];
  response
    .on('data', (chunk: Buffer) => chunks.push(chunk))
    .on('end', () => done(null, Buffer.concat(chunks)));
};

describe('batches over HTTP', () => {
  let here: BatchWorld;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'batch-http-'));
    here = await batchWorld({ chunkItems: 20 });
  });
  afterAll(async () => {
    await here.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const bodyOf = (answer: { body: unknown }) => answer.body as BatchBody;
  const show = async (id: string) => bodyOf(await here.get(`/v1/batches/${id}`));
  const submitted = async (lines: readonly Line[], options: Parameters<BatchWorld['submit']>[1] = {}) => {
    const answer = await here.submit(lines, options);
    expect(answer.status).toBe(202);
    return bodyOf(answer);
  };
  const count = async (sql: string, ...values: unknown[]) =>
    (await query<{ n: number }>(here.database.pool, `select count(*)::int as n from ${sql}`, values)).rows[0]!
      .n;

  /** The audit tells of the certificates of a part in one event, and finds that by each of their serial numbers. */
  const tellsOfEach = async (id: string, serialNumbers: readonly string[]) => {
    const about = async (object: string) => {
      const answer = await here.get(
        `/v1/audit-events?event=certificate&limit=500&object=${object}`,
        'DCC',
        'DCC_TEST_APPROVER',
      );
      return (answer.body as { items: { event: string; object: string; facts: Record<string, unknown> }[] })
        .items;
    };
    const told = await about(id);
    expect(told.map(({ event, facts }) => ({ event, facts }))).toEqual([
      { event: 'certificates.issued', facts: { first: 41, last: 41, count: 1 } },
      { event: 'certificates.issued', facts: { first: 21, last: 40, count: 20 } },
      { event: 'certificates.issued', facts: { first: 1, last: 20, count: 20 } },
    ]);
    const certificates = await query<{ serial: string; sha256: string; decision: string }>(
      here.database.pool,
      `select serial_number as serial, encode(sha256, 'hex') as sha256, decision_id as decision from certificate
        where serial_number = any($1) order by batch_position`,
      [serialNumbers],
    );
    expect(certificates.rows).toHaveLength(41);
    for (const [place, { serial, ...facts }] of certificates.rows.entries())
      expect(await about(serial)).toMatchObject([
        { ...told[2 - Math.floor(place / 20)], facts: { certificates: { [serial]: facts } } },
      ]);
  };

  test('a mixed file gives exactly the expected verdicts; its result verifies with tcs and OpenSSL, from any place on', async () => {
    const good = deviceLines(40, 1000);
    const key = newKey();
    const reused = deviceCsr('00db123420900001', 'digitalSignature', { key });
    const wrong: [Line, string][] = [
      [{ id: 'unreadable', csr: 'no CSR at all' }, 'CSR_UNPARSEABLE'],
      [
        {
          id: 'other-signer',
          csr: deviceCsr('00db123420900002', 'digitalSignature', { signWith: newKey() }).pem,
        },
        'CSR_SIGNATURE_INVALID',
      ],
      [
        { id: 'p384', csr: deviceCsr('00db123420900003', 'digitalSignature', { key: newKey('P-384') }).pem },
        'CSR_KEY_TYPE',
      ],
      [
        { id: 'two-usages', csr: deviceCsr('00db123420900004', ['digitalSignature', 'keyAgreement']).pem },
        'CSR_KEY_USAGE',
      ],
      [{ id: 'organisation', csr: organisationCsr('90b3d51f30010001').pem }, 'CSR_SUBJECT'],
      [{ id: 'range', csr: deviceCsr('00db12ffffffff01').pem }, 'DEVICE_ID_NOT_IN_RANGE'],
      [
        { id: 'reused', csr: deviceCsr('00db123420900005', 'digitalSignature', { key }).pem },
        'PUBLIC_KEY_REUSED',
      ],
      [{ id: 'twice', csr: good[3]!.csr }, 'CSR_DUPLICATE_IN_BATCH'],
    ];
    const lines = [...good, { id: 'first-of-key', csr: reused.pem }, ...wrong.map(([line]) => line)];

    const dry = await here.submit(lines, { query: '&name=morning&dryRun=true' });
    expect(dry.status).toBe(200);
    expect(await count('batch')).toBe(0);
    expect(await count('certificate')).toBe(0);

    const { id } = await submitted(lines, { query: '&name=morning' });
    await here.work();
    const batch = await show(id);
    expect(batch).toMatchObject({ state: 'COMPLETED', items: lines.length });
    expect(batch.progress.counts['SUCCESS']).toBe(41);
    const items = (await here.get(`/v1/batches/${id}/items?limit=500`)).body as {
      items: { id: string; status: string; serialNumber?: string; reasons?: { reason: string }[] }[];
    };
    expect(items.items.map((one) => one.id)).toEqual(lines.map((one) => one.id));
    for (const [line, reason] of wrong) {
      const item = items.items.find((one) => one.id === line.id);
      expect({ id: line.id, reasons: item?.reasons?.map((one) => one.reason) }).toEqual({
        id: line.id,
        reasons: expect.arrayContaining([reason]) as string[],
      });
    }
    await tellsOfEach(
      id,
      items.items.flatMap(({ serialNumber }) => serialNumber ?? []),
    );
    // The rehearsal said the same.
    const rehearsed = dry.body as { cost: { resultOctets: number }; failures: { id: string }[] };
    expect(rehearsed.failures.map((one) => one.id)).toEqual(wrong.map(([line]) => line.id));
    expect(rehearsed.cost).toMatchObject({
      chargeable: false,
      signatures: 41,
      chunks: 1,
      duration: { measuredBy: 'DRY_RUN' },
    });

    const whole = await request(here.http)
      .get(`/v1/batches/${id}/result`)
      .set('Authorization', await here.bearer('METERWORKS'))
      .set('Accept', 'application/zip')
      .buffer(true)
      .parse(octetsOf as never);
    expect(whole.headers['content-disposition']).toContain('morning-response.zip');
    const zip = whole.body as Buffer;
    // What was costed is the most that it can be: a signature is a few octets shorter, and stands in three files.
    const { resultOctets } = rehearsed.cost;
    expect(zip.length).toBeLessThanOrEqual(resultOctets);
    expect(zip.length).toBeGreaterThan(resultOctets - 41 * 3 * 8);
    const rest = await request(here.http)
      .get(`/v1/batches/${id}/result`)
      .set('Authorization', await here.bearer('METERWORKS'))
      .set('Range', 'bytes=1000-')
      .set('If-Range', whole.headers['etag'] as string)
      .buffer(true)
      .parse(octetsOf as never);
    expect(rest.status).toBe(206);
    expect(zip.subarray(1000).equals(rest.body as Buffer)).toBe(true);
    for (const [headers, status, code] of [
      [{ Range: `bytes=${String(zip.length)}-` }, 416, 'range-not-satisfiable'],
      [{ 'If-Match': '"another"' }, 412, 'precondition-failed'],
    ] as const) {
      const refused = await request(here.http)
        .get(`/v1/batches/${id}/result`)
        .set({ Authorization: await here.bearer('METERWORKS'), ...headers });
      expect([refused.status, (refused.body as { type: string }).type]).toEqual([
        status,
        expect.stringContaining(code),
      ]);
    }
    // Written anew, as another node would: the same octets.
    rmSync(path.join(here.batches.folder, `${id}.zip`));
    const again = await request(here.http)
      .get(`/v1/batches/${id}/result`)
      .set('Authorization', await here.bearer('METERWORKS'))
      .buffer(true)
      .parse(octetsOf as never);
    expect(zip.equals(again.body as Buffer)).toBe(true);

    const file = path.join(folder, 'result.zip');
    writeFileSync(file, zip);
    const { authorities } = here.needs.hierarchy;
    const verdict = await verifyResult(file, {
      key: here.batches.serviceKey!.spki,
      anchors: authorities.map((one) => one.certificate),
    });
    expect(verdict.checks.filter((one) => !one.passed)).toEqual([]);
    const archive = await openZip(file, { entries: 1000, entrySize: 10_000_000 });
    const entry = archive.entries.find((one) => one.name === 'meter-1000.crt');
    writeFileSync(path.join(folder, 'one.crt'), await archive.read(entry!));
    await archive.close();
    writeFileSync(
      path.join(folder, 'cas.pem'),
      authorities.map((one) => encodePem('CERTIFICATE', one.certificate)).join(''),
    );
    expect(
      execFileSync(
        'openssl',
        ['verify', '-attime', String(here.clock.now().getTime() / 1000), '-CAfile', 'cas.pem', 'one.crt'],
        { cwd: folder, encoding: 'utf8' },
      ),
    ).toContain('OK');

    const ndjson = await here.get(`/v1/batches/${id}/result`).then(() =>
      here.bearer('METERWORKS').then((bearer) =>
        request(here.http)
          .get(`/v1/batches/${id}/result`)
          .set('Authorization', bearer)
          .set('Accept', 'application/x-ndjson')
          .buffer(true)
          .parse(octetsOf as never),
      ),
    );
    expect((ndjson.body as Buffer).toString().trim().split('\n')).toHaveLength(lines.length);
  }, 60_000);

  test('a batch of replacements is for devices that have certificates already, and for the category DEVICE only', async () => {
    const lines = deviceLines(2, 2040);
    const query = '&replacement=true';
    const misfit = await here.submit(lines, { category: 'DCCKI', query });
    expect([misfit.status, misfit.body]).toMatchObject([
      400,
      { errors: [{ detail: '/replacement: is for the category DEVICE only' }] },
    ]);
    await submitted(lines.slice(0, 1));
    await here.work();
    const { id } = await submitted(lines, { query });
    await here.work();
    expect(await show(id)).toMatchObject({ request: { replacement: true } });
    expect((await here.get(`/v1/batches/${id}/items`)).body).toMatchObject({
      items: [
        { status: 'SUCCESS' },
        { status: 'INELIGIBLE', errorCode: 'IN:UNKDEV', reasons: [{ reason: 'UNKNOWN_DEVICE' }] },
      ],
    });
  });

  test('only its owner sees a batch; its certificates are found by it', async () => {
    const { id } = await submitted(deviceLines(3, 2000));
    await here.work();
    for (const way of ['', '/items', '/result', '/events'])
      expect((await here.get(`/v1/batches/${id}${way}`, 'NORTHGATE')).status).toBe(404);
    expect((await here.post(`/v1/batches/${id}/cancellation`, 'NORTHGATE')).status).toBe(404);
    expect((await here.get('/v1/batches', 'NORTHGATE')).body).toEqual({ items: [], nextCursor: null });
    expect(
      ((await here.get(`/v1/certificates?batch=${id}`)).body as { items: unknown[] }).items,
    ).toHaveLength(3);
  });

  test('its result is fetched while its participant may have the certificates; it hangs on the agreement', async () => {
    const { id } = await submitted(deviceLines(2, 2050));
    const waiting = await submitted(deviceLines(1, 2060), { as: 'NORTHGATE' });
    const dependents = async (query: string, signifier = 'METERWORKS') =>
      (
        (await here.get(`/v1/participants/${signifier}/dependents${query}`, 'DCC', 'DCC_REGISTRAR')).body as {
          batches: { id: string; state: string; certificates: number }[];
        }
      ).batches;
    expect(await dependents('?agreement=BA-2026-001')).toContainEqual(
      expect.objectContaining({ id, state: 'PENDING', certificates: 0 }),
    );
    expect((await dependents('', 'NORTHGATE')).map((one) => one.id)).toEqual([waiting.id]);
    await here.work();
    expect(await dependents('?agreement=BA-2026-001')).toContainEqual(
      expect.objectContaining({ id, state: 'COMPLETED', certificates: 2 }),
    );
    expect(await dependents('')).toEqual([]);

    const hold = (version: number, state: string) =>
      query(
        here.database.pool,
        `insert into fact (participant_id, kind, key, version, state, since, value, source, recorded_at)
         select id, 'HOLD', 'hold-1', $1, $2, $3, '{"cause":"BREACH","because":"looked into"}', 'DCC', $3 from participant
          where signifier = 'METERWORKS'`,
        [version, state, here.clock.now()],
      );
    await hold(1, 'PLACED');
    const refused = await here.get(`/v1/batches/${id}/result`);
    expect([refused.status, refused.body]).toMatchObject([
      403,
      { errors: [{ reason: 'PARTICIPANT_ON_HOLD' }] },
    ]);
    expect(await count(`audit_event where event = 'batch.result.refused' and object = $1`, id)).toBe(1);
    expect((await here.get(`/v1/batches/${id}/items`)).status).toBe(200);
    await hold(2, 'RELEASED');
    expect((await here.get(`/v1/batches/${id}/result`)).status).toBe(200);
  });

  test('its result leaves one receipt with its channel each time, also for each certificate; a channel that is not open is refused', async () => {
    const { id } = await submitted(deviceLines(2, 2070));
    await here.work();
    const fetched = (query: string) => here.get(`/v1/batches/${id}/result${query}`);
    expect((await fetched('?channel=IN_PERSON_MEDIA')).status).toBe(200);
    expect((await fetched('')).status).toBe(200);
    expect((await fetched('?channel=DCC_GATEWAY')).status).toBe(200);
    await query(
      here.database.pool,
      `insert into fact (participant_id, kind, key, version, state, since, value, source, recorded_at)
       select p.id, 'OBLIGATION', 'MALWARE_CONTROL', 2, 'BREACHED', $1, '{}', 'DCC', $1 from participant p
        where signifier = 'METERWORKS'`,
      [here.clock.now()],
    );
    const refused = await fetched('?channel=DCC_GATEWAY');
    expect([refused.status, refused.body]).toMatchObject([
      403,
      { errors: [{ reason: 'SECURITY_OBLIGATION_OUTSTANDING' }] },
    ]);
    expect((await fetched('?channel=PIGEON')).status).toBe(400);
    const { items } = (await here.get(`/v1/batches/${id}/items`)).body as {
      items: { serialNumber: string }[];
    };
    for (const { serialNumber } of items)
      expect(
        (await listReceipts(serialNumber, here.database.pool)).map(({ channel, form }) => [channel, form]),
      ).toEqual([
        ['IN_PERSON_MEDIA', 'application/zip'],
        ['INTERNET', 'application/zip'],
        ['DCC_GATEWAY', 'application/zip'],
      ]);
    const events = await here.get(`/v1/audit-events?object=${id}`, 'DCC', 'DCC_TEST_APPROVER');
    const told = (events.body as { items: { event: string; facts: object }[] }).items
      .filter((one) => one.event.startsWith('batch.result.'))
      .map(({ event, facts }) => ({ event, facts }));
    const form = 'application/zip';
    expect(told).toMatchObject([
      { event: 'batch.result.refused', facts: { channel: 'DCC_GATEWAY' } },
      { event: 'batch.result.fetched', facts: { channel: 'DCC_GATEWAY', form, certificates: 2 } },
      { event: 'batch.result.fetched', facts: { channel: 'INTERNET', form, certificates: 2 } },
      { event: 'batch.result.fetched', facts: { channel: 'IN_PERSON_MEDIA', form, certificates: 2 } },
    ]);
    await expect(query(here.database.pool, `delete from batch_download_receipt`)).rejects.toThrow(
      /append-only/,
    );
  });

  test('what gives no octets leaves no receipt: HEAD, 304, 412 and 416; each part that does leaves one', async () => {
    const { id } = await submitted(deviceLines(1, 2080));
    await here.work();
    const receipts = () => count('batch_download_receipt where batch_id = $1', id);
    const ask = async (method: 'get' | 'head', headers: object = {}) => {
      const agent = request(here.http);
      const asked = agent[method](`/v1/batches/${id}/result`);
      return asked.set({
        Authorization: await here.bearer('METERWORKS'),
        Accept: 'application/zip',
        ...headers,
      });
    };
    const head = await ask('head');
    const tag = String(head.headers['etag']);
    const empty = [
      [200, await ask('head', { Accept: 'application/x-ndjson' })],
      [200, head],
      [304, await ask('get', { 'If-None-Match': tag })],
      [412, await ask('get', { 'If-Match': '"another"' })],
      [416, await ask('get', { Range: 'bytes=99999999-' })],
    ] as const;
    for (const [status, answer] of empty) expect(answer.status).toBe(status);
    expect(await receipts()).toBe(0);
    const given = [
      [200, {}],
      [206, { Range: 'bytes=0-9' }],
      [206, { Range: 'bytes=10-', 'If-Range': tag }],
      [200, { Range: 'bytes=99999999-', 'If-Range': '"another"' }],
      [200, { 'If-Match': tag, 'If-None-Match': '"another"' }],
      [200, { Accept: 'application/x-ndjson' }],
    ] as const;
    for (const [status, headers] of given) expect((await ask('get', headers)).status).toBe(status);
    expect(await receipts()).toBe(given.length);
  });

  test('the same Idempotency-Key and octets give one batch; other octets are a conflict', async () => {
    const lines = deviceLines(2, 2100);
    const [first, second] = await Promise.all([
      here.submit(lines, { key: 'once' }),
      here.submit(lines, { key: 'once' }),
    ]);
    expect(bodyOf(first).id).toBe(bodyOf(second).id);
    expect((await here.submit(deviceLines(1, 2110), { key: 'once' })).status).toBe(409);
    const asCsv = await request(here.http)
      .post(`/v1/batches?category=DEVICE&purpose=DEVICE_AND_USER_SYSTEM_TESTS`)
      .set({
        Authorization: await here.bearer('METERWORKS'),
        'Content-Type': 'text/csv',
        'Idempotency-Key': 'once',
      })
      .send(lines.map((line) => JSON.stringify(line)).join('\n'));
    expect(asCsv.status).toBe(409);
    await here.work();
  });

  test('a container with a fault is refused as a whole, with its place; an upload that changed is TAMPERED', async () => {
    const refused = await submitted([...deviceLines(2, 2200), ...deviceLines(1, 2200)]);
    const changed = await submitted(deviceLines(2, 2210));
    await query(
      here.database.pool,
      `update batch_upload set octets = octets || 'x'::bytea where batch_id = $1`,
      [changed.id],
    );
    await here.work();
    expect(await show(refused.id)).toMatchObject({
      state: 'REJECTED',
      reasons: [{ reason: 'BATCH_DUPLICATE_ID', errorCode: 'FM:DUPID', position: 'line 3' }],
    });
    expect(await show(changed.id)).toMatchObject({ state: 'TAMPERED', items: null });
    expect(await count('batch_item where batch_id = any($1)', [refused.id, changed.id])).toBe(0);
    const none = await here.get(`/v1/batches/${refused.id}/result`);
    expect([none.status, none.body]).toEqual([
      409,
      expect.objectContaining({
        type: 'urn:problem:tcs:conflict',
        errors: [expect.objectContaining({ fix: expect.stringContaining('another batch') as string })],
      }),
    ]);
  });

  test('a batch that has not ended has no result yet, which is told as something to ask for again', async () => {
    const { id } = await submitted(deviceLines(2, 2220));
    const early = await here.get(`/v1/batches/${id}/result`);
    expect([early.status, early.headers['retry-after'], early.body]).toEqual([
      409,
      '2',
      expect.objectContaining({ type: 'urn:problem:tcs:request-in-progress' }),
    ]);
    await here.work();
    expect((await here.get(`/v1/batches/${id}/result`)).status).toBe(200);
  });

  test('a CSR with half a surrogate pair is a CSR that cannot be read, and holds nobody up', async () => {
    const { id } = bodyOf(await here.submit([], { body: String.raw`{"id":"half","csr":"x\ud800"}` }));
    await here.work();
    expect((await here.get(`/v1/batches/${id}`)).body).toMatchObject({
      state: 'COMPLETED',
      progress: { counts: { CSR_ERROR: 1 } },
    } satisfies object);
  });

  if (onPostgres)
    test('who locks a batch for a moment does not make its reader pass it over', async () => {
      const bystander = await here.database.pool.connect();
      try {
        for (let round = 0; round < 10; round += 1) {
          const { id } = await submitted(deviceLines(1, 2600 + round));
          // Another worker that looks for one waits for whoever has just taken it.
          let looking = true;
          const hold = async () => {
            while (looking) {
              await bystander.query('begin');
              await bystander.query('select from batch where id = $1 for update', [id]);
              await bystander.query('select pg_sleep(0.01)');
              await bystander.query('commit');
            }
          };
          const holding = hold();
          while (!(await workOnce(here.batches)));
          looking = false;
          await holding;
          await here.work();
          expect(await show(id)).toMatchObject({ state: 'COMPLETED' });
        }
      } finally {
        bystander.release();
      }
    }, 60_000);

  if (onPostgres)
    test('who cancels a batch and who works on it never wait for each other', async () => {
      const { id } = await submitted(deviceLines(2, 2620));
      await workOnce(here.batches);
      const { pool } = here.database;
      const other = await pool.connect();
      const waits = async () => {
        while (
          (await count(
            `pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
          )) === 0
        );
      };
      const chunk = `select from batch_chunk where batch_id = $1 for update nowait`;
      try {
        // As if it were cancelled: the batch is held, and its chunks will be asked for.
        await other.query('begin');
        await other.query(`select from batch where id = $1 for no key update`, [id]);
        const claimed = claimChunk(here.batches);
        await waits();
        expect((await other.query(chunk, [id])).rowCount).toBe(1);
        await other.query('rollback');
        expect(await claimed).toMatchObject({ batchId: id });
        // As if verdicts were recorded: the chunk is held, and what refers to the batch will be written.
        await other.query('begin');
        await other.query(chunk, [id]);
        const cancelled = here.post(`/v1/batches/${id}/cancellation`).then((answer) => answer.status);
        await waits();
        await other.query(`select from batch where id = $1 for key share nowait`, [id]);
        await other.query('commit');
        expect(await cancelled).toBe(200);
      } finally {
        other.release();
      }
    });

  test('what kills or fails its reader again and again is REJECTED, and holds nobody up', async () => {
    const { id } = await submitted(deviceLines(1, 2220));
    // As if ten processes had died over it.
    await query(here.database.pool, `update batch set state = 'PARSING', parse_tries = 10 where id = $1`, [
      id,
    ]);
    const other = await submitted(deviceLines(1, 2221));
    await here.work();
    expect(await show(id)).toMatchObject({
      state: 'REJECTED',
      reasons: [{ reason: 'BATCH_NOT_READ', errorCode: 'WF:PARSE' }],
    });
    expect(await show(other.id)).toMatchObject({ state: 'COMPLETED' });
  });

  test('who has just taken a batch to read has ten seconds for it; then whoever looks takes it over', async () => {
    const { id } = await submitted(deviceLines(1, 2230));
    // As a process leaves it that dies after it took the batch.
    const leased = async (interval: string) =>
      query(
        here.database.pool,
        `update batch set state = 'PARSING', parse_tries = 1, parse_after = clock_timestamp() + $2::interval where id = $1`,
        [id, interval],
      );
    await leased('10 seconds');
    const other = await submitted(deviceLines(1, 2231));
    await here.work();
    expect(await show(other.id)).toMatchObject({ state: 'COMPLETED' });
    expect(await show(id)).toMatchObject({ state: 'PARSING' });
    await leased('-1 millisecond');
    await here.work();
    expect(await show(id)).toMatchObject({ state: 'COMPLETED' });
  });

  test('what cannot be read for a fault of ours waits, and others go before it', async () => {
    const { pool } = here.database;
    await query(
      pool,
      `create function die() returns trigger language plpgsql as $$ begin raise exception 'died'; end $$`,
    );
    await query(
      pool,
      `create trigger die before insert on batch_item for each statement execute function die()`,
    );
    const first = await submitted(deviceLines(1, 2223));
    await expect(workOnce(here.batches)).rejects.toThrow('died');
    await query(pool, `drop trigger die on batch_item`);
    const { rows } = await query(
      pool,
      `select parse_tries, parse_after > clock_timestamp() + interval '5 seconds' as waits from batch where id = $1`,
      [first.id],
    );
    expect(rows).toEqual([{ parse_tries: 1, waits: true }]);
    const second = await submitted(deviceLines(1, 2224));
    await here.work();
    expect([await show(first.id), await show(second.id)]).toMatchObject([
      { state: 'PARSING' },
      { state: 'COMPLETED' },
    ]);
    await query(pool, `update batch set parse_after = null where id = $1`, [first.id]);
    await here.work();
    expect(await show(first.id)).toMatchObject({ state: 'COMPLETED' });
  });

  test('an SRO hands nothing in and retries nothing, but pauses, resumes and cancels', async () => {
    const sro = ['METERWORKS', 'PARTICIPANT_SRO'] as const;
    const refused = await here.submit(deviceLines(1, 2225), { as: sro[0], role: sro[1] });
    expect([refused.status, refused.body]).toMatchObject([
      403,
      { errors: [{ reason: 'ROLE_NOT_PERMITTED_HERE' }] },
    ]);
    const { id } = await submitted(deviceLines(1, 2226));
    await workOnce(here.batches);
    for (const [word, status] of [
      ['pause', 200],
      ['resume', 200],
      ['cancellation', 200],
      ['retry', 403],
    ] as const)
      expect([word, (await here.post(`/v1/batches/${id}/${word}`, ...sro)).status]).toEqual([word, status]);
    const ordered = await request(here.http)
      .post('/v1/batches/generations')
      .set('Authorization', await here.bearer(...sro))
      .send({});
    expect(ordered.status).toBe(403);
  });

  test('a batch that is cancelled before it is read has no result', async () => {
    const { id } = await submitted(deviceLines(1, 2222));
    expect((await here.post(`/v1/batches/${id}/cancellation`)).body).toMatchObject({ result: null });
    const answer = await here.get(`/v1/batches/${id}/result`);
    expect([answer.status, (answer.body as { detail: string }).detail]).toEqual([
      409,
      'The batch was cancelled before it was read: it has no result.',
    ]);
  });

  test('a batch that is paused rests; cancelled, it keeps what is issued; the rest is retried', async () => {
    const { id } = await submitted(deviceLines(50, 2300));
    await workOnce(here.batches);
    await workOnce(here.batches);
    expect((await here.post(`/v1/batches/${id}/pause`)).status).toBe(200);
    await here.work();
    // However long it rests, its rate is that of its work: chunks that were worked on at once share their time.
    await query(
      here.database.pool,
      `update batch_chunk set begun_at = ended_at - interval '2 seconds' where batch_id = $1 and done`,
      [id],
    );
    here.clock.advance(60_000);
    expect(await show(id)).toMatchObject({ state: 'PAUSED', progress: { settled: 20, perSecond: 10 } });
    expect((await here.post(`/v1/batches/${id}/pause`)).status).toBe(409);
    expect((await here.post(`/v1/batches/${id}/resume`)).body).toMatchObject({ state: 'QUEUED' });
    expect((await here.post(`/v1/batches/${id}/cancellation`)).body).toMatchObject({
      state: 'CANCELLED',
      progress: { settled: 50, counts: { SUCCESS: 20, WORKFLOW_ERROR: 30 } },
    });
    await here.work();
    const retried = bodyOf(await here.post(`/v1/batches/${id}/retry`));
    expect(retried).toMatchObject({ state: 'QUEUED', items: 30, retryOf: id });
    const twice = await here.post(`/v1/batches/${id}/retry`);
    expect([twice.status, twice.body]).toMatchObject([
      409,
      {
        detail: `The batch was retried already: batch ${retried.id}.`,
        errors: [{ fix: 'Wait for that batch; if something fails again, retry it.' }],
      },
    ]);
    await here.work();
    expect(await show(retried.id)).toMatchObject({
      state: 'COMPLETED',
      progress: { counts: { SUCCESS: 30 } },
    });
    expect(await count(`certificate where batch_id = any($1) and status = 'issued'`, [id, retried.id])).toBe(
      50,
    );
  });

  test('what the DCC prepares waits for a second person, and the participant named decides', async () => {
    const query_ = '&onBehalfOf=METERWORKS';
    const asDcc = { as: 'DCC', role: 'DCC_TEST_OPERATOR', query: query_ } as const;
    // Named it has to be; left out, the DCC's own eligibility would decide.
    for (const dryRun of ['', '&dryRun=true']) {
      const unnamed = await here.submit(deviceLines(1, 2400), { ...asDcc, query: dryRun });
      expect([unnamed.status, unnamed.body]).toMatchObject([
        400,
        { errors: [{ reason: 'BATCH_FOR_NOBODY', fix: expect.stringContaining('onBehalfOf') as string }] },
      ]);
      // Others name themselves or nobody: they learn of no other.
      const reached = await here.submit(deviceLines(1), { query: `&onBehalfOf=NORTHGATE${dryRun}` });
      expect(reached.status).toBe(404);
    }
    expect(await submitted(deviceLines(1, 2405), { ...asDcc, query: '&onBehalfOf=DCC' })).toMatchObject({
      state: 'PREPARED',
      participant: 'DCC',
    });
    const { id } = await submitted(deviceLines(2, 2400), asDcc);
    await here.work();
    expect((await here.get(`/v1/batches/${id}`, 'DCC', 'DCC_TEST_OPERATOR')).body).toMatchObject({
      state: 'PREPARED',
    });
    expect((await here.post(`/v1/batches/${id}/approval`, 'DCC', 'DCC_TEST_OPERATOR')).status).toBe(403);
    expect((await here.post(`/v1/batches/${id}/approval`)).status).toBe(403);
    // It comes before what its participant handed in earlier.
    const own = await submitted(deviceLines(30, 2420));
    await workOnce(here.batches);
    expect((await here.post(`/v1/batches/${id}/approval`, 'DCC', 'DCC_TEST_APPROVER')).body).toMatchObject({
      state: 'APPROVED_BY_SECOND_OPERATOR',
    });
    await workOnce(here.batches);
    await workOnce(here.batches);
    expect([await show(id), await show(own.id)]).toMatchObject([{ state: 'COMPLETED' }, { state: 'QUEUED' }]);
    await here.work();
    expect(await show(id)).toMatchObject({
      state: 'COMPLETED',
      participant: 'METERWORKS',
      progress: { counts: { SUCCESS: 2 } },
    });

    const stranger = await submitted(deviceLines(1, 2410), { ...asDcc, query: '&onBehalfOf=OLDMETER' });
    await here.post(`/v1/batches/${stranger.id}/approval`, 'DCC', 'DCC_TEST_APPROVER');
    await here.work();
    const ended = bodyOf(await here.get(`/v1/batches/${stranger.id}`, 'DCC', 'DCC_TEST_OPERATOR'));
    expect(ended).toMatchObject({ state: 'COMPLETED', progress: { counts: { INELIGIBLE: 1 } } });
    // One from before they had to be named is retried for whom it was.
    await query(here.database.pool, `update batch set request = request - 'onBehalfOf' where id = $1`, [
      stranger.id,
    ]);
    const again = bodyOf(await here.post(`/v1/batches/${stranger.id}/retry`, 'DCC', 'DCC_TEST_OPERATOR'));
    const named = `select request ->> 'onBehalfOf' as named from batch where id = $1`;
    expect((await query(here.database.pool, named, [again.id])).rows).toEqual([{ named: 'OLDMETER' }]);
  });

  test('a large batch does not starve a small one of somebody else', async () => {
    const large = await submitted(deviceLines(120, 3000));
    await workOnce(here.batches);
    await workOnce(here.batches);
    const small = await submitted(deviceLines(1, 3200), { as: 'NORTHGATE' });
    await workOnce(here.batches);
    const order = [];
    for (let turn = 0; turn < 2; turn += 1) {
      const chunk = await claimChunk(here.batches);
      order.push(chunk?.batchId);
    }
    expect(order).toContain(small.id);
    await query(here.database.pool, `update batch_chunk set lease_until = null`);
    await here.work();
    expect(await show(large.id)).toMatchObject({
      state: 'COMPLETED',
      progress: { counts: { SUCCESS: 120 } },
    });
  }, 60_000);

  test('many uploads of one participant hold up neither that of another nor the chunks', async () => {
    // As if nobody had had a turn.
    await query(here.database.pool, `delete from batch_turn`);
    const ids: string[] = [];
    for (let number = 0; number < 3; number += 1) {
      ids.push((await submitted(deviceLines(1, 3500 + number))).id);
      here.clock.advance(1000);
    }
    const other = (await submitted(deviceLines(1, 3510), { as: 'NORTHGATE' })).id;
    const states = async () => {
      const { rows } = await query<{ id: string; state: string }>(
        here.database.pool,
        `select id, state from batch where id = any($1)`,
        [[...ids, other]],
      );
      return [...ids, other].map((id) => rows.find((row) => row.id === id)?.state);
    };
    const reading = { lanes: 0, chunkDue: false };
    await workOnce(here.batches, reading);
    expect(await states()).toEqual(['QUEUED', 'PENDING', 'PENDING', 'PENDING']);
    await workOnce(here.batches, reading);
    expect(await states()).toEqual(['COMPLETED', 'PENDING', 'PENDING', 'PENDING']);
    await workOnce(here.batches, reading);
    expect(await states()).toEqual(['COMPLETED', 'PENDING', 'PENDING', 'QUEUED']);
    // Another lane reads already.
    await workOnce(here.batches, { lanes: 1, chunkDue: false });
    expect(await states()).toEqual(['COMPLETED', 'PENDING', 'PENDING', 'COMPLETED']);
    // Nothing else is left to do.
    await workOnce(here.batches, { lanes: 1, chunkDue: false });
    expect(await states()).toEqual(['COMPLETED', 'QUEUED', 'PENDING', 'COMPLETED']);
    await here.work();

    // What is as large as a part costs a turn when it is read, though it be refused; a small one costs none.
    const turnsAfter = async (octets: number) => {
      await query(here.database.pool, `delete from batch_turn`);
      await submitted([{ id: 'x'.repeat(octets), csr: 'none' }]);
      await workOnce(here.batches);
      return count('batch_turn where turn > 0');
    };
    expect([await turnsAfter(262_144), await turnsAfter(1000)]).toEqual([1, 0]);
  });

  test('ever new small batches do not starve a large one of somebody else', async () => {
    const large = await submitted(deviceLines(120, 3600));
    await workOnce(here.batches);
    const order = [];
    for (let turn = 0; turn < 4; turn += 1) {
      // Parsed first; the second piece of work is a chunk of whoever is next.
      await submitted(deviceLines(1, 3800 + turn), { as: 'NORTHGATE' });
      await workOnce(here.batches);
      order.push((await claimChunk(here.batches))?.batchId);
    }
    expect(order.filter((id) => id === large.id).length).toBeGreaterThanOrEqual(1);
    expect(order.filter((id) => id !== large.id).length).toBeGreaterThanOrEqual(1);
    await query(here.database.pool, `update batch_chunk set lease_until = null`);
    await here.work();
  }, 60_000);

  test('events tell of every change until the end; after its days a result is gone and the certificates are not', async () => {
    const begun = here.clock.now().getTime();
    const daysLater = (days: number, seconds = 0) =>
      `${new Date(begun + days * 86_400_000 + seconds * 1000).toISOString().slice(0, 19)}Z`;
    const { id } = await submitted(deviceLines(3, 3300));
    const events = here.get(`/v1/batches/${id}/events`);
    await here.work();
    const { text, type } = await events;
    expect(type).toBe('text/event-stream');
    expect(text.match(/"state":"[A-Z]+"/g)?.at(-1)).toBe('"state":"COMPLETED"');
    const end = 'COMPLETED-3-0-0-0-0-0';
    expect(text.match(/^id: .*$/gm)?.at(-1)).toBe(`id: ${end}`);
    for (const [had, status] of [
      [end, 204],
      ['PENDING-0-0-0-0-0-0', 200],
    ] as const) {
      const again = request(here.http).get(`/v1/batches/${id}/events`).set('Last-Event-ID', had);
      expect((await again.set('Authorization', await here.bearer('METERWORKS'))).status).toBe(status);
    }
    expect(await show(id)).toMatchObject({ resultUntil: daysLater(30) });
    expect((await here.get(`/v1/batches/${id}/result`)).status).toBe(200);
    const result = path.join(here.batches.folder, `${id}.zip`);
    const otherNode = path.join(folder, 'other-node');
    cpSync(result, path.join(otherNode, `${id}.zip`));
    here.clock.advance(30 * 86_400_000 + 1000);
    const draft = path.join(here.batches.folder, 'upload-of-a-process-that-died');
    const fresh = path.join(here.batches.folder, 'upload-of-one-that-writes');
    for (const [file, at] of [
      [draft, new Date(here.clock.now().getTime() - 86_401_000)],
      [fresh, here.clock.now()],
    ] as const) {
      writeFileSync(file, 'half');
      utimesSync(file, at, at);
    }
    const swept = await sweepResults(here.batches);
    expect([existsSync(draft), existsSync(fresh)]).toEqual([false, true]);
    rmSync(fresh);
    expect(swept.map((one) => one.id)).toContain(id);
    // The start of another node removes what was ended here.
    const { webhooks } = here.app;
    const other = { batches: { ...here.batches, folder: otherNode }, webhooks, logger: silent };
    await startBackground({ ...readConfig({}), batchLanes: 0 }, other).stop();
    expect([existsSync(result), existsSync(path.join(otherNode, `${id}.zip`))]).toEqual([false, false]);
    expect(await show(id)).toMatchObject({ result: null, resultRemovedAt: daysLater(30, 1) });
    expect(await show(id)).not.toHaveProperty('resultUntil');
    const removed = `audit_event where event = 'batch.result.removed' and object = $1 and participant_id is not null
      and facts ->> 'endedAt' like '${daysLater(0).slice(0, 19)}%' and facts ->> 'name' = 'batch'`;
    expect(await count(removed, id)).toBe(1);
    expect((await here.get(`/v1/batches/${id}/result`)).status).toBe(410);
    expect(
      ((await here.get(`/v1/certificates?batch=${id}`)).body as { items: unknown[] }).items,
    ).toHaveLength(3);
  });

  test('the events of a batch end when the credential is revoked, and when the service stops', async () => {
    const { id } = await submitted(deviceLines(1, 3350), { query: '&profile=device-digital-signing' });
    const follow = async (role: 'PARTICIPANT_VIEWER' | 'PARTICIPANT_ARO') => {
      const events = here.get(`/v1/batches/${id}/events`, 'METERWORKS', role);
      await new Promise((resolve) => setTimeout(resolve, 700));
      return { text: async () => (await events).text };
    };
    const [ended, goesOn] = [await follow('PARTICIPANT_VIEWER'), await follow('PARTICIPANT_ARO')];
    await query(
      here.database.pool,
      `update credential set revoked_at = $1 where role = 'PARTICIPANT_VIEWER' and label = 'test'`,
      [here.clock.now()],
    );
    expect(await ended.text()).toContain('"state":"PENDING"');
    let isOver = false;
    const over = goesOn.text().then((text) => ((isOver = true), text));
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(isOver).toBe(false);
    here.app.endStreams();
    expect(await over).toContain('"state":"PENDING"');
  });
});
