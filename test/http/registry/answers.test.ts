import request from 'supertest';
import type { CallerRole } from '../../../src/domain/participant.ts';
import { openApiDocument } from '../../../src/http/openapi.ts';
import { ROUTES } from '../../../src/http/routes.ts';
import { deviceCsr } from '../../support/csr-builder.ts';
import { neverNull, notAsDescribed, wholeOf, type Schema, type Schemas } from '../../support/described.ts';
import { world, type World } from '../../support/world.ts';

interface Described {
  readonly paths: Record<
    string,
    Record<
      string,
      {
        readonly responses: Record<
          string,
          { readonly content?: Record<string, { readonly schema: Schema }> }
        >;
      }
    >
  >;
  readonly components: { readonly schemas: Schemas };
}

const { paths, components } = openApiDocument('0') as unknown as Described;
const answerOf = (path: string, method: string, status: number, type = 'application/json') =>
  paths[path]?.[method]?.responses[String(status)]?.content?.[type]?.schema;
const READABLE = ROUTES.filter((row) => row.method === 'get');

describe('what the document says of answers', () => {
  let here: World;
  let serialNumber: string;
  beforeAll(async () => {
    here = await world();
    serialNumber = await putSomethingOnRecord();
  }, 60_000);
  afterAll(() => here.close());

  const send = async (
    path: string,
    body: object,
    role: CallerRole = 'PARTICIPANT_ARO',
    signifier = 'NORTHGATE',
  ): Promise<{ readonly id: string; readonly serialNumber: string }> => {
    const answer = await request(here.http)
      .post(`/v1/${path}`)
      .set('Authorization', `Bearer ${await here.token(signifier, role)}`)
      .send(body);
    expect([path, answer.body]).toEqual([path, answer.status < 300 ? answer.body : 'done']);
    return answer.body as { id: string; serialNumber: string };
  };
  const approved = async (path: string, body: object) => {
    const { id } = await send(path, body, 'DCC_REGISTRAR', 'DCC');
    await send(`reviews/${id}/decision`, { approve: true, because: 'seen' }, 'DCC_TEST_APPROVER', 'DCC');
  };

  /** One of each that a list of NORTHGATE shows, or of all. */
  async function putSomethingOnRecord(): Promise<string> {
    const of = (name: string) => `participants/NORTHGATE/${name}`;
    const eui64 = '00-DB-12-34-10-00-00-01';
    const asked = { category: 'DEVICE', purpose: 'DEVICE_AND_USER_SYSTEM_TESTS' };
    const issued = await send('certificates', { ...asked, csr: deviceCsr(eui64).pem });
    await approved(of('agreements'), { ...AGREEMENT, ref: 'BA-1' });
    await approved(of('device-ceilings'), { eui64, certificates: 200, because: 'rig' });
    await send(of('demand-notices'), {
      category: 'DEVICE',
      perDay: 500_000,
      from: '2099-01-01',
      to: '2099-01-02',
    });
    await send(of('details-changes'), { legalName: 'Northgate plc' }, 'PARTICIPANT_SRO');
    await send('applications', { ...asked, csrs: [deviceCsr('00-DB-12-34-20-00-00-01').pem] });
    await send('webhooks', { endpoint: 'https://example.org/told', events: ['batch.completed'] });
    await approved(of('holds'), { cause: 'BREACH', because: 'looked into' });
    return issued.serialNumber;
  }

  test('of each item of a list it says what it holds', () => {
    const untold = READABLE.filter(({ path }) => {
      const schema = wholeOf(answerOf(path, 'get', 200) ?? {}, components.schemas);
      const items = schema.properties?.['items']?.items;
      if (items === undefined) return false;
      const { type, properties = {} } = wholeOf(items, components.schemas);
      return type !== 'string' && Object.keys(properties).length === 0;
    });
    expect(untold.map(({ path }) => path)).toEqual([]);
  });

  test('what it says may be null may be', () => {
    const { schemas } = components;
    const never = Object.entries(schemas).map(([name, one]) => [name, neverNull(one, schemas)]);
    expect(never.filter(([, members]) => members?.length !== 0)).toEqual([]);
  });

  test.each(READABLE.map(({ path, roles }) => [path, roles[0] ?? 'AUDITOR'] as const))(
    'GET %s answers what it says, member for member',
    async (path, role) => {
      const signifier = role === 'AUDITOR' ? 'ASSESS' : role.startsWith('PARTICIPANT') ? 'NORTHGATE' : 'DCC';
      const token = await here.token(signifier, role);
      const real = path.replace('{signifier}', 'NORTHGATE').replace('{serialNumber}', serialNumber);
      const ids = /\{\w+\}/.test(real) ? await idsOf(path, token) : [''];
      for (const id of ids) {
        const answer = await request(here.http)
          .get(real.replace(/\{\w+\}/, id))
          .set('Authorization', `Bearer ${token}`);
        const schema = answerOf(path, 'get', answer.status) ?? answerOf(path, 'get', answer.status, PROBLEM);
        expect([answer.status, notAsDescribed(answer.body, schema ?? {}, components.schemas)]).toEqual([
          id === NOBODY ? 404 : 200,
          [],
        ]);
      }
    },
  );

  test.each([
    ['a batch of another type', 'post', '/v1/batches', 'METERWORKS', 'PARTICIPANT_ARO', 415],
    ['events for who has no batches', 'get', '/v1/batches/{id}/events', 'ASSESS', 'ASSESSOR', 403],
  ] as const)('refused as it says: %s', async (_, method, path, signifier, role, status) => {
    const real = `${path.replace('{id}', NOBODY)}${method === 'post' ? '?category=DEVICE&purpose=END_TO_END_TESTING' : ''}`;
    const token = await here.token(signifier, role);
    const answer = await request(here.http)[method](real).set('Authorization', `Bearer ${token}`);
    const schema = answerOf(path, method, answer.status, PROBLEM);
    expect([answer.status, schema && notAsDescribed(answer.body, schema, components.schemas)]).toEqual([
      status,
      [],
    ]);
  });

  test('an agreement is told in one order, whatever order the database has: what it is before what is on paper', async () => {
    const answer = await request(here.http)
      .get('/v1/participants/NORTHGATE/agreements')
      .set('Authorization', `Bearer ${await here.token('NORTHGATE')}`);
    const { items } = answer.body as { items: object[] };
    expect(items.map((one) => Object.keys(one).join(' '))).toEqual([
      'ref state standing effectiveFrom effectiveTo permittedCategories permittedPurposes permittedEnvironments permittedRoles ' +
        'deviceRanges volumeCap dailyQuota batchItems gatewayPermitted laboratoryKeys requestedAt offeredAt executedAt ' +
        'documentSha256 signatories',
    ]);
  });

  /** Of one thing: the first that its list shows. */
  async function idsOf(path: string, token: string): Promise<string[]> {
    const list = path.replace(/\/\{\w+\}.*$/, '');
    const { body } = await request(here.http).get(list).set('Authorization', `Bearer ${token}`);
    const [first] = (body as { items?: { id: string }[] }).items ?? [];
    return [first?.id ?? NOBODY];
  }
});

const PROBLEM = 'application/problem+json';
const NOBODY = '00000000-0000-4000-8000-000000000000';
const AGREEMENT = {
  state: 'EXECUTED',
  requestedAt: '2026-01-01',
  offeredAt: '2026-01-02',
  executedAt: '2026-01-03',
  effectiveFrom: '2026-01-04',
  effectiveTo: '2099-01-01',
  permittedCategories: ['DEVICE'],
  permittedPurposes: ['DEVICE_AND_USER_SYSTEM_TESTS'],
  permittedRoles: ['supplier'],
  deviceRanges: [{ from: '00-DB-12-34-70-00-00-00', to: '00-DB-12-34-70-00-00-FF' }],
  volumeCap: 10,
  dailyQuota: 5,
  batchItems: 4,
  laboratoryKeys: true,
  documentSha256: 'a'.repeat(64),
  signatories: ['A. Signatory'],
};
