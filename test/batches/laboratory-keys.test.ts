import 'reflect-metadata';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, hash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http, { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { AsnConvert } from '@peculiar/asn1-schema';
import * as asn1 from '@peculiar/asn1-x509';
import { pino } from 'pino';
import request from 'supertest';
import { openZip } from '../../src/archive/read-zip.ts';
import { findBatch } from '../../src/batches/batch-store.ts';
import {
  beginDownload,
  endDownload,
  holdDownload,
  keyPieces,
  recordDelivery,
} from '../../src/batches/laboratory/deliver-keys.ts';
import { PIECE_OCTETS } from '../../src/batches/laboratory/laboratory-keys.ts';
import { sweepResults } from '../../src/batches/results/sweep-results.ts';
import { workOnce } from '../../src/batches/engine/worker.ts';
import { query } from '../../src/db/query.ts';
import { formatInstant } from '../../src/domain/instant.ts';
import type { Caller } from '../../src/domain/participant.ts';
import {
  batchWorld,
  PURPOSE,
  varyAgreement,
  type BatchBody,
  type BatchWorld,
} from '../support/batch-world.ts';
import { deviceCsr } from '../support/csr-builder.ts';
import { TEST_NOW } from '../support/dates.ts';
import { tcs } from '../support/tcs.ts';
import { onPostgres } from '../support/test-database.ts';

const RANGE = { from: '00-DB-12-34-20-00-00-00', to: '00-DB-12-34-20-00-FF-FF' };

describe('keys for laboratories', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-lab-'));
  const dataDir = path.join(folder, 'database');
  const written: string[] = [];
  let here: BatchWorld;
  let recipient: string;
  beforeAll(async () => {
    const logger = pino({ level: 'trace' }, { write: (line: string) => void written.push(line) });
    here = await batchWorld({ chunkItems: 10 }, { logger, dataDir });
    Object.assign(here.app.batches, { laboratoryKeys: true });
    recipient = certificate('lab', 'rsa:2048');
    await vary({ laboratoryKeys: true });
  });
  afterAll(async () => {
    await here.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A certificate of the tests' instant, made by OpenSSL, and its key beside it. */
  function certificate(name: string, key: string, options: readonly string[] = [], at = TEST_NOW): string {
    const file = path.join(folder, name);
    const from = new Date(at.getTime() - 86_400_000);
    const instant = (when: Date) =>
      when
        .toISOString()
        .replace(/[-:T]|\.\d+/g, '')
        .slice(0, 15);
    const algorithm = key.startsWith('P-') ? ['ec', '-pkeyopt', `ec_paramgen_curve:${key}`] : key.split(' ');
    execFileSync(
      'openssl',
      [
        'req',
        '-newkey',
        ...algorithm,
        '-nodes',
        '-keyout',
        `${file}.key`,
        '-out',
        `${file}.csr`,
        '-subj',
        `/CN=${name}`,
      ],
      { stdio: 'ignore' },
    );
    // openssl req -x509 knows no beginning; ca does.
    writeFileSync(`${file}.index`, '');
    writeFileSync(
      `${file}.conf`,
      `[ca]\ndefault_ca=d\n[d]\ndatabase=${file}.index\nrand_serial=yes\nnew_certs_dir=${folder}\ndefault_md=sha256\npolicy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\n${options.join('\n')}\n`,
    );
    execFileSync(
      'openssl',
      [
        'ca',
        '-batch',
        '-config',
        `${file}.conf`,
        '-selfsign',
        '-keyfile',
        `${file}.key`,
        '-in',
        `${file}.csr`,
        '-out',
        `${file}.pem`,
        '-startdate',
        instant(from),
        '-enddate',
        instant(new Date(at.getTime() + 30 * 86_400_000)),
        '-notext',
      ],
      { stdio: 'ignore' },
    );
    return readFileSync(`${file}.pem`, 'latin1');
  }
  /** The same certificate about another key, whose private half nobody has. */
  function withModulus(pem: string, change: (modulus: Buffer) => Buffer): string {
    const certificate = AsnConvert.parse(new X509Certificate(pem).raw, asn1.Certificate);
    const key = createPublicKey(pem).export({ format: 'jwk' });
    const n = change(Buffer.from(key.n ?? '', 'base64url')).toString('base64url');
    const spki = createPublicKey({ key: { ...key, n }, format: 'jwk' }).export({
      type: 'spki',
      format: 'der',
    });
    certificate.tbsCertificate.subjectPublicKeyInfo = AsnConvert.parse(spki, asn1.SubjectPublicKeyInfo);
    return Buffer.from(AsnConvert.serialize(certificate)).toString('base64');
  }
  /** Every file below a folder, with what is in it; without those that the database removes meanwhile, with other databases. */
  function* filesBelow(folder: string): Generator<[file: string, content: Buffer]> {
    for (const entry of unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? []) {
      const name = path.join(folder, entry.name);
      if (entry.isDirectory()) yield* filesBelow(name);
      const content = entry.isFile() ? unlessGone(() => readFileSync(name)) : undefined;
      if (content !== undefined) yield [name, content];
    }
  }
  function unlessGone<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
  const vary = (terms: object) => varyAgreement(terms, here.database);
  const order = async (change: object = {}, as = 'METERWORKS') =>
    request(here.http)
      .post('/v1/batches/generations')
      .set('Authorization', await here.bearer(as))
      .send({ purpose: PURPOSE, devices: 3, ...RANGE, recipient, name: 'rig', ...change });
  const fetchKeys = async (id: string, as = 'METERWORKS') =>
    request(here.http)
      .get(`/v1/batches/${id}/keys`)
      .set('Authorization', await here.bearer(as))
      .buffer(true)
      .parse((response, done) => {
        const chunks: Buffer[] = [];
        response
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .on('end', () => done(null, Buffer.concat(chunks)));
      });
  const headOf = async (id: string) =>
    request(here.http)
      .head(`/v1/batches/${id}/keys`)
      .set('Authorization', await here.bearer('METERWORKS'));
  const pieces = async (id: string) =>
    (await query(here.database.pool, `select from laboratory_keys_piece where batch_id = $1`, [id])).rowCount;
  /** The delivery is recorded after the last octet, which the client may have sooner. */
  const delivered = async (id: string) => {
    while (((await pieces(id)) ?? 0) > 0) await pause(5);
  };
  /** Another octet of the message; done again, what it was. */
  const flip = (id: string) =>
    query(
      here.database.pool,
      `update laboratory_keys_piece set octets = set_byte(octets, 500, get_byte(octets, 500) # 1) where batch_id = $1`,
      [id],
    );
  const keysOnRecord = async (id: string) =>
    (
      await query<{ sha256: string }>(
        here.database.pool,
        `select encode(sha256, 'hex') as sha256 from laboratory_keys where batch_id = $1`,
        [id],
      )
    ).rows[0]!;
  /** As the batch tells of them. */
  const keysTold = async (id: string) =>
    ((await here.get(`/v1/batches/${id}`)).body as { keys?: Record<string, unknown> }).keys;
  /** Puts zeros in the place of the message, so many that no socket takes them at once. */
  const lengthen = async (id: string): Promise<Buffer> => {
    const count = 16;
    const piece = Buffer.alloc(PIECE_OCTETS);
    const message = Buffer.alloc(count * PIECE_OCTETS);
    await query(here.database.pool, `delete from laboratory_keys_piece where batch_id = $1`, [id]);
    for (let number = 0; number < count; number += 1)
      await query(here.database.pool, `insert into laboratory_keys_piece values ($1, $2, $3)`, [
        id,
        number,
        piece,
      ]);
    await query(
      here.database.pool,
      `update laboratory_keys set sha256 = $2, octets = $3 where batch_id = $1`,
      [id, hash('sha256', message, 'buffer'), message.length],
    );
    return message;
  };
  /** The end of the lease of a download from now on, as one leaves it whose process died or stalls. */
  const lease = (id: string, interval: string) =>
    query(
      here.database.pool,
      `update laboratory_keys set download_until = clock_timestamp() + $2::interval where batch_id = $1`,
      [id, interval],
    );
  const eventsOf = async (id: string) => {
    const { rows } = await query<{ event: string }>(
      here.database.pool,
      `select event from audit_event where object = $1 and event like 'batch.keys.%' order by id`,
      [id],
    );
    return rows.map(({ event }) => event);
  };
  /** Begins to fetch keys, and is gone; returns when the service knows. */
  const breakOff = async (id: string, meanwhile: () => Promise<void>) => {
    const server = here.http.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const asked = http.get({
      port,
      path: `/v1/batches/${id}/keys`,
      headers: { Authorization: await here.bearer('METERWORKS') },
    });
    const [answer] = (await once(asked, 'response')) as [http.IncomingMessage];
    await meanwhile();
    answer.on('error', () => undefined).destroy();
    const held = async () =>
      (
        await query<{ held: boolean }>(
          here.database.pool,
          `select download_until is not null as held from laboratory_keys where batch_id = $1`,
          [id],
        )
      ).rows[0]?.held;
    while (await held()) await pause(5);
    server.close();
    server.closeAllConnections();
  };
  const acknowledge = async (id: string, sha256: string) =>
    request(here.http)
      .post(`/v1/batches/${id}/keys/receipt`)
      .set('Authorization', await here.bearer('METERWORKS'))
      .send({ sha256 });
  /** What is in the message, as OpenSSL opens it: PEM by name. */
  async function open(message: Buffer, name = 'lab'): Promise<Map<string, string>> {
    const file = path.join(folder, 'keys');
    writeFileSync(`${file}.p7m`, message);
    const words = ['cms', '-decrypt', '-binary', '-inform', 'DER', '-in', `${file}.p7m`];
    const key = ['-inkey', path.join(folder, `${name}.key`), '-out', `${file}.zip`];
    execFileSync('openssl', [...words, ...key], { stdio: 'ignore' });
    const archive = await openZip(`${file}.zip`, { entries: 1000, entrySize: 10_000 });
    const found = new Map<string, string>();
    for (const entry of archive.entries) found.set(entry.name, (await archive.read(entry)).toString());
    await archive.close();
    expect(archive.troubles).toEqual([]);
    return found;
  }
  const reasonsOf = (answer: { body: unknown }) =>
    (answer.body as { errors: { reason: string }[] }).errors.map((one) => one.reason);

  test('an order gives both certificates of each next free device, and keys that only the recipient opens', async () => {
    // The second Device ID of the range has a certificate already.
    const { id: before } = (await here.submit([{ id: 'one', csr: deviceCsr('00db123420000001').pem }]))
      .body as BatchBody;
    await here.work();
    expect((await here.get(`/v1/batches/${before}`)).body).toMatchObject({ state: 'COMPLETED' });

    const answer = await order();
    expect([answer.status, answer.headers['location']]).toEqual([
      202,
      `/v1/batches/${(answer.body as BatchBody).id}`,
    ]);
    const { id } = answer.body as BatchBody;
    expect((await fetchKeys(id)).status).toBe(409);
    await here.work();
    expect((await here.get(`/v1/batches/${id}`)).body).toMatchObject({
      state: 'COMPLETED',
      items: 6,
      progress: { counts: { SUCCESS: 6 } },
    });
    const fetched = await fetchKeys(id);
    expect(fetched.headers).toMatchObject({
      'content-type': 'application/pkcs7-mime',
      'content-disposition': 'attachment; filename=rig-keys.p7m',
      'cache-control': 'no-store',
      etag: `"${hash('sha256', fetched.body as Buffer)}"`,
    });
    // Keys are the participant's as long as the certificates are.
    await vary({ effectiveTo: '2026-11-24T11:00:00.000Z' });
    const lapsed = await fetchKeys(id);
    expect([lapsed.status, (lapsed.body as Buffer).toString()]).toEqual([
      403,
      expect.stringContaining('"AGREEMENT_EXPIRED"'),
    ]);
    await vary({ effectiveTo: '2099-01-12T00:00:00.000Z' });
    const keys = await open(fetched.body as Buffer);
    const names = ['00DB123420000000', '00DB123420000002', '00DB123420000003'].flatMap((eui64) => [
      `${eui64}-DS`,
      `${eui64}-KA`,
    ]);
    expect([...keys.keys()]).toEqual(names.map((name) => `${name}.key`));
    const { rows } = await query<{ id: string; der: Buffer; profile: string }>(
      here.database.pool,
      `select i.id, c.der, c.profile from batch_item i join certificate c on c.batch_id = i.batch_id and c.batch_position = i.position
        where i.batch_id = $1 order by i.position`,
      [id],
    );
    expect(rows.map((row) => row.id)).toEqual(names);
    for (const row of rows) {
      const key = createPrivateKey(keys.get(`${row.id}.key`) ?? '');
      expect(new X509Certificate(row.der).checkPrivateKey(key)).toBe(true);
      expect(row.profile).toContain(row.id.endsWith('DS') ? 'digital-signing' : 'key-agreement');
    }
    // OpenSSL reads them too, and each key is one of its own.
    writeFileSync(path.join(folder, 'one.key'), keys.get(`${names[0]}.key`) ?? '');
    execFileSync('openssl', ['pkey', '-in', path.join(folder, 'one.key'), '-check', '-noout'], {
      stdio: 'ignore',
    });
    expect(
      new Set(
        [...keys.values()].map((pem) =>
          createPublicKey(pem).export({ type: 'spki', format: 'der' }).toString('hex'),
        ),
      ).size,
    ).toBe(6);
    expect(() =>
      execFileSync(
        'openssl',
        [
          'cms',
          '-decrypt',
          '-binary',
          '-inform',
          'DER',
          '-in',
          path.join(folder, 'keys.p7m'),
          '-inkey',
          path.join(folder, 'one.key'),
        ],
        { stdio: 'ignore' },
      ),
    ).toThrow();
  }, 60_000);

  test('a broken download is repeated, the same octets; sent to the last one they are gone, for good, and who took them is told', async () => {
    const { id } = (await order({ devices: 1 })).body as BatchBody;
    await here.work();
    const looked = await headOf(id);
    expect(looked.status).toBe(200);
    // Many pieces: more than a socket takes whose other end does not read.
    const message = await lengthen(id);
    await breakOff(id, async () => expect((await fetchKeys(id)).status).toBe(409));
    expect(await pieces(id)).toBeGreaterThan(0);
    const broken = await acknowledge(id, hash('sha256', message.subarray(1)));
    expect([broken.status, (broken.body as { detail: string }).detail]).toEqual([
      409,
      expect.stringContaining('they are kept'),
    ]);
    // As a download leaves it whose process died: it has the keys until its minute is over.
    await lease(id, '1 minute');
    const second = await fetchKeys(id);
    expect([second.status, (second.body as Buffer).toString()]).toEqual([
      409,
      expect.stringContaining('REQUEST_IN_PROGRESS'),
    ]);
    await lease(id, '-1 second');
    expect(((await fetchKeys(id)).body as Buffer).equals(message)).toBe(true);
    await delivered(id);
    expect(await pieces(id)).toBe(0);
    const late = await fetchKeys(id);
    expect([late.status, JSON.parse((late.body as Buffer).toString())]).toEqual([
      410,
      expect.objectContaining({
        type: 'urn:problem:tcs:gone',
        detail: expect.stringMatching(/^The keys were delivered to .+ on 2026-11-24T12:00:00.000Z/) as string,
        errors: [expect.objectContaining({ reason: 'GONE' })],
      }),
    ]);
    expect((await headOf(id)).status).toBe(410);
    const at = '2026-11-24T12:00:00Z';
    const told = { keys: null, sha256: hash('sha256', message), octets: message.length };
    expect(await keysTold(id)).toEqual({ ...told, deliveredAt: at, deliveredTo: 'METERWORKS/aro' });
    // Both downloads are on record, and the delivery.
    const receipts = await query<{ what: string; certificates: number; channel: string }>(
      here.database.pool,
      `select what, certificates, channel from batch_download_receipt where batch_id = $1`,
      [id],
    );
    const whole = { what: 'KEYS', certificates: 2, channel: 'INTERNET' };
    expect(receipts.rows).toEqual([whole, whole]);
    expect(await eventsOf(id)).toEqual(['batch.keys.fetched', 'batch.keys.fetched', 'batch.keys.delivered']);
    expect((await acknowledge(id, hash('sha256', message.subarray(1)))).status).toBe(409);
    const receipt = await acknowledge(id, hash('sha256', message));
    expect([receipt.status, receipt.body]).toEqual([200, { acknowledgedAt: at }]);
    expect(await keysTold(id)).toMatchObject({ ...told, acknowledgedAt: at });
    expect((await acknowledge(id, hash('sha256', message))).status).toBe(200);
    // The certificates are had as ever, and the Device ID is not taken again.
    expect((await here.get(`/v1/batches/${id}/items`)).body).toMatchObject({
      items: [{ status: 'SUCCESS' }, { status: 'SUCCESS' }],
    });
  });

  test('a download is not taken over while it is held; once it was, it breaks off and is not recorded', async () => {
    const { id } = (await order({ devices: 1 })).body as BatchBody;
    await here.work();
    const message = await lengthen(id);
    const { pool } = here.database;
    const batch = (await findBatch(id, pool))!;
    const caller = { credentialId: batch.credentialId, person: batch.person } as Caller;
    const fetched = { what: 'KEYS', channel: 'INTERNET', form: '', requestId: 'r' } as const;
    const { issuance } = here.app.batches;
    const stalled = await beginDownload(batch, pool);
    const itsPieces = keyPieces(stalled, batch, pool);
    await itsPieces.next();
    await lease(id, '20 seconds');
    const letGo = holdDownload(stalled, pool, 5);
    const renewed = async () =>
      (
        await query(
          pool,
          `select from laboratory_keys where batch_id = $1 and download_until > clock_timestamp() + interval '30 seconds'`,
          [id],
        )
      ).rowCount === 1;
    while (!(await renewed())) await pause(5);
    letGo();
    await expect(beginDownload(batch, pool)).rejects.toMatchObject({ code: 'request-in-progress' });
    await pause(20);
    await lease(id, '-1 second');
    const other = await beginDownload(batch, pool);
    await expect(itsPieces.next()).rejects.toMatchObject({ code: 'request-in-progress' });
    await expect(recordDelivery(batch, caller, fetched, stalled, issuance)).rejects.toThrow(
      'another download',
    );
    await endDownload(stalled, pool);
    const arrived: Buffer[] = [];
    for await (const piece of keyPieces(other, batch, pool)) arrived.push(piece);
    expect(Buffer.concat(arrived).equals(message)).toBe(true);
    await recordDelivery(batch, caller, fetched, other, issuance);
    expect([await pieces(id), await eventsOf(id)]).toEqual([0, ['batch.keys.delivered']]);
    // Between the beginning of a download and its first piece they may go, too.
    await expect(keyPieces(other, batch, pool).next()).rejects.toMatchObject({ code: 'gone' });
  });

  test('where a delivery cannot be recorded the keys stay to be had, at once', async () => {
    const { id } = (await order({ devices: 1 })).body as BatchBody;
    await here.work();
    await query(
      here.database.pool,
      `create function fail() returns trigger language plpgsql as $$ begin raise exception 'failed'; end $$`,
    );
    await query(
      here.database.pool,
      `create trigger fail before delete on laboratory_keys_piece for each statement execute function fail()`,
    );
    const first = await fetchKeys(id);
    expect(first.status).toBe(200);
    while (!written.some((line) => line.includes('it is not on record'))) await pause(5);
    await query(here.database.pool, `drop trigger fail on laboratory_keys_piece`);
    let second = await fetchKeys(id);
    // The lease is given back after the log has its line.
    while (second.status === 409) second = await fetchKeys(id);
    expect((second.body as Buffer).equals(first.body as Buffer)).toBe(true);
    await delivered(id);
    expect((await fetchKeys(id)).status).toBe(410);
    expect(await eventsOf(id)).toEqual(['batch.keys.fetched', 'batch.keys.fetched', 'batch.keys.delivered']);
  });

  test('a message that is no longer what was made is not sent, and stays; acknowledged before it is sent whole, it is gone', async () => {
    const { id } = (await order({ devices: 1 })).body as BatchBody;
    await here.work();
    const { headers } = await headOf(id);
    await flip(id);
    expect((await fetchKeys(id)).status).toBe(500);
    expect(await pieces(id)).toBe(1);
    await flip(id);
    expect((await acknowledge(id, String(headers['etag']).slice(1, -1))).status).toBe(200);
    const late = await fetchKeys(id);
    expect([late.status, (late.body as Buffer).toString()]).toEqual([
      410,
      expect.stringContaining('acknowledged on 2026-11-24T12:00:00.000Z'),
    ]);
  });

  test('a recipient with a P-256 key opens them with it, and with no other', async () => {
    const p256 = certificate('p256', 'P-256', [
      'basicConstraints=CA:false',
      'keyUsage=critical,keyAgreement',
    ]);
    certificate('other', 'P-256');
    const { id } = (await order({ devices: 1, recipient: p256 })).body as BatchBody;
    await here.work();
    const message = (await fetchKeys(id)).body as Buffer;
    expect((await open(message, 'p256')).size).toBe(2);
    await expect(open(message, 'other')).rejects.toThrow('openssl cms -decrypt');
  });

  test('no private key is in the database, its files, the log or the data folder; the scalars were looked for', async () => {
    const { id } = (await order({ devices: 10 })).body as BatchBody;
    await here.work();
    const keys = await open((await fetchKeys(id)).body as Buffer);
    expect(keys.size).toBe(20);
    const scalars = [...keys.values()].map((pem) =>
      Buffer.from(createPrivateKey(pem).export({ format: 'jwk' }).d ?? '', 'base64url'),
    );
    await query(here.database.pool, 'checkpoint');
    const shown = async (sql: string) =>
      (await query<{ data_directory: string }>(here.database.pool, sql)).rows[0]?.data_directory ?? '';
    const data = onPostgres ? await shown('show data_directory') : dataDir;
    const places = new Map<string, Buffer>([['the log', Buffer.from(written.join(''))]]);
    for (const inside of [data, here.batches.folder])
      for (const [file, content] of filesBelow(inside)) places.set(file, content);
    const { rows: tables } = await query<{ name: string }>(
      here.database.pool,
      `select tablename as name from pg_tables where schemaname = 'public'`,
    );
    for (const { name } of tables) {
      const { rows } = await query<{ row: string }>(
        here.database.pool,
        `select t::text as row from "${name}" t`,
      );
      places.set(`table ${name}`, Buffer.from(rows.map(({ row }) => row).join('\n')));
    }
    const whereIs = (octets: Buffer | string) =>
      [...places].filter(([, content]) => content.includes(octets)).map(([place]) => place);
    // The search finds what is there: a public key, in files and in the form in which tables show octets.
    const point = Buffer.from(
      createPublicKey([...keys.values()][0] ?? '').export({ format: 'jwk' }).x ?? '',
      'base64url',
    );
    expect(whereIs(point.toString('hex'))).toContain('table certificate');
    expect(whereIs(point).some((place) => place.startsWith(data))).toBe(true);
    for (const scalar of onPostgres ? scalars.slice(0, 4) : scalars)
      expect(
        [scalar, scalar.toString('hex'), scalar.toString('base64').slice(0, 16)].flatMap(whereIs),
      ).toEqual([]);
    expect(whereIs('BEGIN PRIVATE KEY')).toEqual([]);
  }, 120_000);

  test('whoever dies over an order leaves nothing; the next one makes other keys', async () => {
    const { id } = (await order({ devices: 2 })).body as BatchBody;
    await query(
      here.database.pool,
      `create function die() returns trigger language plpgsql as $$ begin raise exception 'died'; end $$`,
    );
    await query(
      here.database.pool,
      `create trigger die before insert on laboratory_keys_piece for each statement execute function die()`,
    );
    await expect(workOnce(here.batches)).rejects.toThrow('died');
    for (const table of ['laboratory_keys', 'laboratory_device', 'batch_item'])
      expect(
        (await query(here.database.pool, `select from ${table} where batch_id = $1`, [id])).rowCount,
      ).toBe(0);
    await query(here.database.pool, `drop trigger die on laboratory_keys_piece`);
    await query(here.database.pool, `update batch set parse_after = null`);
    await here.work();
    expect((await here.get(`/v1/batches/${id}`)).body).toMatchObject({
      state: 'COMPLETED',
      progress: { counts: { SUCCESS: 4 } },
    });
  });

  test('keys that nobody fetched go with the result; a range without enough free Device IDs refuses the order', async () => {
    const small = { from: '00-DB-12-34-20-01-00-00', to: '00-DB-12-34-20-01-00-02' };
    const { id } = (await order({ devices: 2, ...small })).body as BatchBody;
    await here.work();
    const over = (await order({ devices: 2, ...small })).body as BatchBody;
    await here.work();
    expect((await here.get(`/v1/batches/${over.id}`)).body).toMatchObject({
      state: 'REJECTED',
      reasons: [{ reason: 'GENERATION_RANGE', errorCode: 'FM:RANGE' }],
    });
    expect((await fetchKeys(over.id)).status).toBe(409);
    here.clock.advance(29 * 86_400_000);
    await sweepResults(here.batches);
    expect((await headOf(id)).status).toBe(200);
    const told = { sha256: (await keysOnRecord(id)).sha256, octets: expect.any(Number) as number };
    expect(await keysTold(id)).toEqual({ keys: `/v1/batches/${id}/keys`, ...told });
    here.clock.advance(2 * 86_400_000);
    await sweepResults(here.batches);
    expect(await keysTold(id)).toEqual({ keys: null, ...told, removedAt: formatInstant(here.clock.now()) });
    const swept = await fetchKeys(id);
    expect([swept.status, (swept.body as Buffer).toString()]).toEqual([
      410,
      expect.stringContaining('The keys were kept until'),
    ]);
    expect((await acknowledge(id, (await keysOnRecord(id)).sha256)).status).toBe(409);
    expect(
      (await query(here.database.pool, `select from laboratory_keys_piece where batch_id = $1`, [id]))
        .rowCount,
    ).toBe(0);
    here.clock.advance(-31 * 86_400_000);
  });

  test('only its owner sees the keys of a batch', async () => {
    const { id } = (await order({ devices: 1 })).body as BatchBody;
    await here.work();
    expect((await fetchKeys(id, 'NORTHGATE')).status).toBe(404);
    const { id: plain } = (await here.submit([{ id: 'one', csr: deviceCsr('00db12342a000001').pem }]))
      .body as BatchBody;
    await here.work();
    expect(await keysTold(plain)).toBeUndefined();
    expect((await fetchKeys(plain)).status).toBe(409);
  });

  test('on the command line: ordered, fetched, acknowledged; what did not come whole is not acknowledged', async () => {
    const server = here.http.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const token = path.join(folder, 'token');
    const at = (file: string) => path.join(folder, file);
    writeFileSync(token, (await here.bearer('METERWORKS')).replace('Bearer ', ''));
    const there = [
      '--url',
      `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
      '--token-file',
      token,
      '--json',
    ];
    try {
      const words = [
        '--devices',
        '2',
        '--from',
        RANGE.from,
        '--to',
        RANGE.to,
        '--purpose',
        PURPOSE,
        '--recipient',
        recipient,
      ];
      const ordered = await tcs({}, 'batch', 'generate', ...words, ...there);
      expect(ordered).toMatchObject({ code: 0, fault: '' });
      const { id } = JSON.parse(ordered.out) as BatchBody;
      await here.work();
      const keys = (file: string) => tcs({}, 'batch', 'keys', id, '--out', at(file), ...there);
      writeFileSync(at('there.p7m'), 'other');
      expect((await keys('there.p7m')).code).toBe(73);
      // Another octet on record is not sent; another message than the one that was asked for is not acknowledged.
      await flip(id);
      expect((await keys('broken.p7m')).code).toBe(69);
      await flip(id);
      const { sha256 } = await keysOnRecord(id);
      let sent = { tag: sha256, meanwhile: () => {} };
      const other = createServer(({ method }, response) => {
        sent.meanwhile();
        if (method === 'GET') response.setHeader('ETag', `"${sent.tag}"`).end('other');
        else response.writeHead(500).end();
      });
      await once(other.listen(0, '127.0.0.1'), 'listening');
      const elsewhere = ['--url', `http://127.0.0.1:${String((other.address() as AddressInfo).port)}`];
      const fromOther = (out: string) =>
        tcs({}, 'batch', 'keys', id, '--out', at(out), ...there, ...elsewhere);
      const broken = await fromOther('broken.p7m');
      // Keys that came whole stay, whatever fails after that.
      sent = { tag: hash('sha256', 'other'), meanwhile: () => {} };
      expect(await fromOther('unacknowledged.p7m')).toMatchObject({ code: 0 });
      expect(readFileSync(at('unacknowledged.p7m'), 'latin1')).toBe('other');
      sent.meanwhile = () => {
        writeFileSync(at('raced.p7m'), 'of somebody else');
      };
      const raced = await fromOther('raced.p7m');
      const draft = /What came is in (\S+\.new)\. /.exec(raced.fault)?.[1] ?? '';
      expect([raced.code, readFileSync(draft, 'latin1')]).toEqual([73, 'other']);
      expect(readFileSync(at('raced.p7m'), 'latin1')).toBe('of somebody else');
      other.close();
      other.closeAllConnections();
      expect(broken).toMatchObject({
        code: 65,
        fault: expect.stringContaining('nothing was acknowledged') as string,
      });
      expect(readdirSync(folder).filter((name) => name.startsWith('broken'))).toEqual([]);
      const fetched = await keys('keys-of-cli.p7m');
      expect(JSON.parse(fetched.out)).toEqual({ file: at('keys-of-cli.p7m'), sha256 });
      expect(hash('sha256', readFileSync(at('keys-of-cli.p7m')))).toBe(sha256);
      expect((await open(readFileSync(at('keys-of-cli.p7m')))).size).toBe(4);
      await delivered(id);
      const late = await keys('late.p7m');
      expect([late.code, late.fault]).toEqual([73, expect.stringContaining('The keys were delivered to')]);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }, 60_000);

  describe('are refused', () => {
    test('where the service makes none, or the agreement does not allow it, with every reason', async () => {
      Object.assign(here.app.batches, { laboratoryKeys: false });
      await vary({ laboratoryKeys: false });
      const answer = await order();
      expect([answer.status, reasonsOf(answer)]).toEqual([
        403,
        ['LABORATORY_KEYS_OFF', 'LABORATORY_KEYS_NOT_AGREED'],
      ]);
      Object.assign(here.app.batches, { laboratoryKeys: true });
      expect(reasonsOf(await order())).toEqual(['LABORATORY_KEYS_NOT_AGREED']);
      await vary({ laboratoryKeys: true });
      // A member of the SEC has no agreement that could allow it.
      const north = { from: '00-DB-12-34-10-00-00-00', to: '00-DB-12-34-10-00-00-FF' };
      expect(reasonsOf(await order(north, 'NORTHGATE'))).toEqual(['LABORATORY_KEYS_NOT_AGREED']);
      expect((await order({}, 'OLDMETER')).status).toBe(403);
    });

    test.each([
      [
        "another's range",
        { from: '00-DB-12-34-10-00-00-00', to: '00-DB-12-34-10-00-00-FF' },
        'GENERATION_RANGE',
      ],
      ['a range that ends before it begins', { from: RANGE.to, to: RANGE.from }, 'GENERATION_RANGE'],
      ['more devices than the range has', { devices: 3, to: '00-DB-12-34-20-00-00-01' }, 'GENERATION_RANGE'],
      ['more than half as many devices as a batch has items', { devices: 25_001 }, 'GENERATION_DEVICES'],
    ])('for %s', async (_, change, reason) => {
      const answer = await order(change);
      expect([answer.status, reasonsOf(answer)]).toEqual([400, [reason]]);
    });

    test.each([
      ['a text', () => 'no certificate', 'RECIPIENT_UNREADABLE'],
      ['a private key', () => readFileSync(path.join(folder, 'lab.key'), 'latin1'), 'RECIPIENT_UNREADABLE'],
      ['an RSA key of 1024 bits', () => certificate('weak', 'rsa:1024'), 'RECIPIENT_KEY'],
      ['a P-384 key', () => certificate('curve', 'P-384'), 'RECIPIENT_KEY'],
      [
        'a P-256 key that only signs',
        () => certificate('ec-signer', 'P-256', ['keyUsage=digitalSignature']),
        'RECIPIENT_USAGE',
      ],
      [
        'a key whose exponent is 3',
        () => certificate('small', 'rsa -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3'),
        'RECIPIENT_KEY',
      ],
      [
        'a key of more bits than are taken',
        () => withModulus(recipient, (modulus) => Buffer.concat([modulus, Buffer.alloc(8200 / 8 - 256, 1)])),
        'RECIPIENT_KEY',
      ],
      [
        'a key to which nothing can be encrypted: its modulus is even',
        () => withModulus(recipient, (modulus) => Buffer.concat([modulus.subarray(0, -1), Buffer.of(2)])),
        'RECIPIENT_KEY',
      ],
      [
        'a keyUsage of digitalSignature',
        () => certificate('signer', 'rsa:2048', ['keyUsage=digitalSignature']),
        'RECIPIENT_USAGE',
      ],
      [
        'a CA',
        () =>
          certificate('ca', 'rsa:2048', ['basicConstraints=CA:true', 'keyUsage=keyEncipherment,keyCertSign']),
        'RECIPIENT_USAGE',
      ],
      [
        "a CA's certificate without keyUsage",
        () => certificate('ca-without-usage', 'rsa:2048', ['basicConstraints=CA:true']),
        'RECIPIENT_USAGE',
      ],
      [
        'a certificate that has expired',
        () => certificate('old', 'rsa:2048', [], new Date(TEST_NOW.getTime() - 40 * 86_400_000)),
        'RECIPIENT_VALIDITY',
      ],
      [
        'one that is not valid yet',
        () => certificate('early', 'rsa:2048', [], new Date(TEST_NOW.getTime() + 3 * 86_400_000)),
        'RECIPIENT_VALIDITY',
      ],
    ])('for a recipient with %s', async (_, made, reason) => {
      const answer = await order({ recipient: made() });
      expect([answer.status, reasonsOf(answer)]).toEqual([400, [reason]]);
    });

    test('for a recipient whose key everybody knows', async () => {
      const spki = createPublicKey(recipient).export({ type: 'spki', format: 'der' });
      const { issuance } = here.app.batches;
      Object.assign(here.app.batches, {
        issuance: { ...issuance, refusedKeys: new Set([hash('sha256', spki)]) },
      });
      expect(reasonsOf(await order())).toEqual(['RECIPIENT_KEY']);
      Object.assign(here.app.batches, { issuance });
    });
  });
});
