import request from 'supertest';
import { isAuthorityRetired } from '../../src/ca/intent-store.ts';
import { retireAuthorities } from '../../src/ca/authority-store.ts';
import { workOnce } from '../../src/batches/engine/worker.ts';
import { query } from '../../src/db/query.ts';
import { issueCertificates } from '../../src/issuance/issue-certificates.ts';
import { submitApplication } from '../../src/issuance/submit-application.ts';
import { findCallers } from '../../src/registry/callers.ts';
import { hashToken } from '../../src/registry/credentials.ts';
import { deviceCsrs, deviceRequest } from '../support/applications.ts';
import { batchWorld, deviceLines, PURPOSE, type BatchWorld } from '../support/batch-world.ts';
import { deviceCsr, organisationCsr } from '../support/csr-builder.ts';

jest.setTimeout(60_000);

describe('a test CA that is retired while a service runs that has it', () => {
  let here: BatchWorld;
  beforeEach(async () => (here = await batchWorld()));
  afterEach(() => here.close());

  const ask = async (category: 'DEVICE' | 'ORGANISATION', csr: string, as: string) =>
    request(here.http)
      .post('/v1/certificates')
      .set('Authorization', await here.bearer(as))
      .send({ category, purpose: PURPOSE, csr });
  const device = (eui64: string) => ask('DEVICE', deviceCsr(eui64).pem, 'METERWORKS');
  const organisation = () =>
    ask('ORGANISATION', organisationCsr('90-B3-D5-1F-30-01-00-00', '02').pem, 'NORTHGATE');
  const retire = (name: string) =>
    retireAuthorities([name], 'its key is lost', here.clock.now(), here.database.pool);
  const one = async <Row extends object>(text: string) =>
    (await query<Row>(here.database.pool, text)).rows[0]!;

  test('issues nothing more to who asks alone, who is told so; its neighbours of another CA are issued', async () => {
    expect((await device('00-DB-12-34-20-00-00-01')).status).toBe(201);
    await retire('issuing-dca');
    const [refused, neighbour] = await Promise.all([device('00-DB-12-34-20-00-00-02'), organisation()]);
    expect([neighbour.status, refused.status]).toEqual([201, 503]);
    expect(refused.body).toMatchObject({
      type: 'urn:problem:tcs:authority-refused',
      errors: [{ reason: 'AUTHORITY_RETIRED', fix: expect.stringContaining('new test CA') as string }],
    });
    expect(refused.headers['retry-after']).toBe('600');
    expect(await one(`select count(*)::int as count from certificate where category = 'DEVICE'`)).toEqual({
      count: 1,
    });
  });

  test('is told to whom it concerns of a set; the others of the set have their certificates', async () => {
    await retire('issuing-dca');
    const asked = async (category: 'DEVICE' | 'ORGANISATION', csr: Buffer, as: string) => {
      const [caller] = await findCallers(
        [hashToken(await here.token(as))],
        here.clock.now(),
        here.database.pool,
      );
      const [purpose, channel] = ['DEVICE_AND_USER_SYSTEM_TESTS', 'INTERNET'] as const;
      return { request: { category, purpose, channel, csr }, caller: caller! };
    };
    const results = await issueCertificates(
      [
        await asked('DEVICE', deviceCsr('00-DB-12-34-20-00-00-02').der, 'METERWORKS'),
        await asked('ORGANISATION', organisationCsr('90-B3-D5-1F-30-01-00-00', '02').der, 'NORTHGATE'),
      ],
      here.needs,
    );
    expect(results).toMatchObject([{ code: 'authority-refused' }, { category: 'ORGANISATION' }]);
  });

  test('goes with its root, and the service is no longer ready', async () => {
    expect((await request(here.http).get('/health/ready')).status).toBe(200);
    await retire('root-dca');
    expect((await device('00-DB-12-34-20-00-00-01')).status).toBe(503);
    const ready = await request(here.http).get('/health/ready');
    expect([ready.status, ready.body]).toEqual([
      503,
      { status: 'unavailable', parts: { database: 'ok', authorities: 'retired' } },
    ]);
  });

  test('leaves an application open, which is issued under the next one', async () => {
    const token = hashToken(await here.token('METERWORKS'));
    const [aro] = await findCallers([token], here.clock.now(), here.needs.db);
    await retire('issuing-dca');
    await expect(
      submitApplication(deviceRequest(), deviceCsrs('20', 2, 0x10), aro!, here.needs),
    ).rejects.toMatchObject({ code: 'authority-refused' });
    expect(await one('select state from application')).toEqual({ state: 'ISSUING' });
    expect(await one('select count(*)::int as count from certificate')).toEqual({ count: 0 });
  });

  test('leaves a batch without verdicts, which waits for another CA however long it takes', async () => {
    await here.submit(deviceLines(3));
    // Its upload is read.
    expect(await workOnce(here.batches)).toBe(true);
    await retire('issuing-dca');
    for (let turn = 0; turn < 2; turn += 1) {
      await query(here.database.pool, 'update batch_chunk set not_before = null');
      const fault = await workOnce(here.batches).catch((error: unknown) => error);
      expect(isAuthorityRetired(fault)).toBe(true);
    }
    expect(await one('select tries, done from batch_chunk')).toEqual({ tries: 0, done: false });
    expect(await one('select count(*)::int as count from certificate')).toEqual({ count: 0 });
  });

  test('refuses a dry run of a batch, which would wait; one of another CA, or that comes to no certificate, is answered', async () => {
    await retire('issuing-dca');
    const dry = { query: '&dryRun=true' };
    const refused = await here.submit(deviceLines(3), dry);
    expect(refused.status).toBe(503);
    expect(refused.body).toMatchObject({
      type: 'urn:problem:tcs:authority-refused',
      errors: [{ reason: 'AUTHORITY_RETIRED' }],
    });
    expect(refused.headers['retry-after']).toBe('600');
    const lines = [{ id: 'other', csr: organisationCsr('90-B3-D5-1F-30-01-00-00', '02').pem }];
    const other = await here.submit(lines, { ...dry, as: 'NORTHGATE', category: 'ORGANISATION' });
    expect(other.body).toMatchObject({ counts: { SUCCESS: 1 } });
    expect((await here.submit([{ id: 'bad', csr: 'none' }], dry)).body).toMatchObject({
      counts: { SUCCESS: 0, CSR_ERROR: 1 },
    });
  });
});
