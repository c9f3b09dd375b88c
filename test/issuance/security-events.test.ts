import request from 'supertest';
import { query } from '../../src/db/query.ts';
import { listReceipts } from '../../src/ca/download-receipts.ts';
import { deviceCsr } from '../support/csr-builder.ts';
import { world, type World } from '../support/world.ts';

describe('whoever reaches for what is another’s', () => {
  let here: World;
  beforeAll(async () => {
    here = await world();
  });
  afterAll(() => here.close());

  const post = async (path: string, body: object) =>
    request(here.http)
      .post(path)
      .set('Authorization', `Bearer ${await here.token('METERWORKS')}`)
      .send({ category: 'DEVICE', purpose: 'DEVICE_AND_USER_SYSTEM_TESTS', ...body });
  let seen = '0';
  /** The security events since the last look. */
  const events = async () => {
    const { rows } = await query<{
      id: string;
      event: string;
      signifier: string;
      object: string;
      checked: boolean;
    }>(
      here.database.pool,
      `select e.id, e.event, p.signifier, e.object, (e.facts ->> 'checked')::boolean as checked
         from audit_event e join participant p on p.id = e.participant_id
        where e.event like 'security.%' and e.id > $1 order by e.id`,
      [seen],
    );
    seen = rows.at(-1)?.id ?? seen;
    return rows.map(({ event, signifier, object, checked }) => ({ event, signifier, object, checked }));
  };

  const FOREIGN = '00-DB-12-34-10-00-00-09';
  const OWN = '00-DB-12-34-20-00-00-09';

  test.each([
    ['a certificate', '/v1/certificates', false],
    ['a check', '/v1/eligibility-checks', true],
    ['an application', '/v1/applications', false],
  ])('for %s is a security event, in the range of another only', async (_what, path, checked) => {
    const body = (eui64: string) => {
      const csr = deviceCsr(eui64).pem;
      return path === '/v1/applications' ? { csrs: [csr] } : { csr };
    };
    await post(path, body(OWN));
    expect(await events()).toEqual([]);
    await post(path, body(FOREIGN));
    expect(await events()).toEqual([
      {
        event: 'security.identifier-of-another',
        signifier: 'METERWORKS',
        object: checked ? 'METERWORKS' : (expect.stringMatching(/^[0-9a-f-]{36}$/) as string),
        checked,
      },
    ]);
  });

  test('for another participant is one too, whether that exists or not', async () => {
    for (const onBehalfOf of ['NORTHGATE', 'NOBODY']) {
      await post('/v1/certificates', { csr: deviceCsr(OWN).pem, onBehalfOf });
      expect((await events()).map((one) => one.event)).toEqual(['security.asked-for-another']);
    }
  });

  test('a list that hands certificates out leaves a receipt for each', async () => {
    const token = await here.token('METERWORKS');
    const list = await request(here.http).get('/v1/certificates').set('Authorization', `Bearer ${token}`);
    const items = list.body.items as { serialNumber: string; certificate: string }[];
    expect(items.length).toBeGreaterThan(0);
    for (const { serialNumber, certificate } of items) {
      expect(certificate).toContain('BEGIN CERTIFICATE');
      expect(await listReceipts(serialNumber, here.database.pool)).toMatchObject([
        { channel: 'INTERNET', form: 'list' },
      ]);
    }
    const serialNumber = items[0]!.serialNumber;
    await request(here.http)
      .get(`/v1/certificates?channel=IN_PERSON_MEDIA&serialNumber=${serialNumber}`)
      .set('Authorization', `Bearer ${token}`)
      .expect(200);
    const channels = (await listReceipts(serialNumber, here.database.pool)).map((one) => one.channel);
    expect(channels).toEqual(['INTERNET', 'IN_PERSON_MEDIA']);
  });
});
