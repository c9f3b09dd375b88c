import request from 'supertest';
import { query } from '../../../src/db/query.ts';
import type { CallerRole } from '../../../src/domain/participant.ts';
import { openApiDocument } from '../../../src/http/openapi.ts';
import { world, type World } from '../../support/world.ts';

interface Page {
  readonly items: { readonly [name: string]: unknown }[];
  readonly nextCursor: string | null;
}

interface Schema {
  readonly $ref?: string;
  readonly properties?: object;
}

/** What the document says, as far as lists go. */
interface Described {
  readonly paths: Record<
    string,
    {
      readonly get?: {
        readonly parameters?: { readonly name: string }[];
        readonly responses: Record<
          string,
          { readonly content?: Record<string, { readonly schema: Schema }> }
        >;
      };
    }
  >;
  readonly components: { readonly schemas: Record<string, Schema> };
}

describe('lists', () => {
  let here: World;
  beforeAll(async () => {
    here = await world();
  });
  afterAll(() => here.close());

  const get = async (path: string, role: CallerRole = 'PARTICIPANT_SRO', signifier = 'NORTHGATE') =>
    request(here.http)
      .get(`/v1/${path}`)
      .set('Authorization', `Bearer ${await here.token(signifier, role)}`);
  const page = async (path: string): Promise<Page> => (await get(path)).body as Page;

  test('every list is given out in pages', () => {
    const { paths, components } = openApiDocument('0') as unknown as Described;
    const propertiesOf = ({ $ref, properties = {} }: Schema = {}): object =>
      $ref === undefined ? properties : propertiesOf(components.schemas[$ref.split('/').at(-1) ?? '']);
    const lists = Object.entries(paths).flatMap(([path, { get: one }]) => {
      const answers = Object.keys(propertiesOf(one?.responses['200']?.content?.['application/json']?.schema));
      const asks = (one?.parameters ?? []).map(({ name }) => name);
      // What is shown of one thing may have items too.
      return answers.includes('items') && !path.endsWith('}') ? [{ path, asks, answers }] : [];
    });
    expect(lists.map(({ path }) => path.replace('/v1/', '')).sort()).toEqual(LISTS);
    for (const { path, asks, answers } of lists)
      expect({ path, asks, answers }).toEqual({
        path,
        asks: expect.arrayContaining(['limit', 'cursor']) as string[],
        answers: expect.arrayContaining(['items', 'nextCursor']) as string[],
      });
  });

  test.each(['history', 'officers', 'obligations', 'role-assignments', 'device-ranges', 'allocations'])(
    'pages of %s hold what the whole list holds, each once and in its order',
    async (name) => {
      const path = `participants/NORTHGATE/${name}`;
      const whole = await page(`${path}?limit=500`);
      expect(whole.items.length).toBeGreaterThan(0);
      expect(whole.nextCursor).toBeNull();
      const found: unknown[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const next: Page = await page(`${path}?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`);
        expect(next.items).toHaveLength(1);
        found.push(...next.items);
        cursor = next.nextCursor;
      }
      expect(found).toEqual(whole.items);
    },
  );

  test('an agreement with a reference in any script has pages', async () => {
    const decide = async (id: string) =>
      request(here.http)
        .post(`/v1/reviews/${id}/decision`)
        .set('Authorization', `Bearer ${await here.token('DCC', 'DCC_TEST_APPROVER')}`)
        .send({ approve: true, because: 'as agreed' })
        .expect(200);
    for (const ref of ['BÄ–1', '№ 2']) {
      const proposed = await request(here.http)
        .post('/v1/participants/STRANGER/agreements')
        .set('Authorization', `Bearer ${await here.token('DCC', 'DCC_REGISTRAR')}`)
        .send({
          ref,
          state: 'OFFERED',
          permittedCategories: ['DEVICE'],
          permittedPurposes: ['DEVICE_AND_USER_SYSTEM_TESTS'],
        });
      await decide(String(proposed.body.id));
    }
    const path = 'participants/STRANGER/agreements?limit=1';
    const first = (await get(path, 'DCC_REGISTRAR', 'DCC')).body as Page;
    const second = (await get(`${path}&cursor=${String(first.nextCursor)}`, 'DCC_REGISTRAR', 'DCC'))
      .body as Page;
    expect([first, second].map(({ items: [one] }) => one?.['ref'])).toEqual(['BÄ–1', '№ 2']);
    expect(second.nextCursor).toBeNull();
  });

  test('a page follows the one before it although its last item is gone', async () => {
    const own = `participants/NORTHGATE/role-assignments`;
    const { items } = await page(own);
    const first = await page(`${own}?limit=1`);
    await request(here.http)
      .post(`/v1/${own}/end`)
      .set('Authorization', `Bearer ${await here.token('NORTHGATE', 'PARTICIPANT_SRO')}`)
      .send(items[0])
      .expect(200);
    expect((await page(`${own}?cursor=${String(first.nextCursor)}`)).items).toEqual(items.slice(1));
  });

  test('notifications come newest first, page by page, each once, also from the tenth on', async () => {
    await query(
      here.database.pool,
      `insert into notification (participant_id, at, event, object, text)
       select p.id, $1, 'thing.happened', n.place, '' from participant p, generate_series(1, 12) as n (place)
        where p.signifier = 'NORTHGATE' order by n.place`,
      [here.clock.now()],
    );
    const path = 'participants/NORTHGATE/notifications?limit=5';
    const first = await page(path);
    const second = await page(`${path}&cursor=${String(first.nextCursor)}`);
    const third = await page(`${path}&cursor=${String(second.nextCursor)}`);
    const objects = [first, second, third].flatMap(({ items }) => items.map((one) => Number(one['object'])));
    expect(objects).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(third.nextCursor).toBeNull();
  });

  test('a history begins with what was recorded first', async () => {
    const { items } = await page('participants/NORTHGATE/history?limit=500');
    const recorded = items.map((one) => String(one['recordedAt']));
    expect(recorded).toEqual([...recorded].sort());
  });

  test.each(['cursor=x', 'cursor=%00', 'cursor=AA', 'limit=0', 'limit=501', 'limit=1&cursor=!!'])(
    'officers?%s is malformed',
    async (query) => {
      expect((await get(`participants/NORTHGATE/officers?${query}`)).status).toBe(400);
    },
  );

  test.each(['cursor=x', 'cursor=9999999999', 'limit=0'])('feeds?%s is malformed', async (query) => {
    expect((await get(`feeds?${query}`, 'DCC_REGISTRAR', 'DCC')).status).toBe(400);
  });

  test.each([
    ['feeds', 'DCC_REGISTRAR', 'DCC'],
    ['audit-events', 'DCC_TEST_APPROVER', 'DCC'],
    ['participants/NORTHGATE/notifications', 'PARTICIPANT_SRO', 'NORTHGATE'],
  ] as const)('%s tells that a cursor is none of its own', async (path, role, of) => {
    expect((await get(`${path}?cursor=x`, role, of)).body).toMatchObject({
      errors: [{ reason: 'CURSOR_INVALID' }],
    });
  });
});

const OF_PARTICIPANT = [
  'agreements',
  'allocations',
  'demand-notices',
  'details-changes',
  'device-ceilings',
  'device-ranges',
  'history',
  'holds',
  'nominations',
  'notifications',
  'obligations',
  'officers',
  'role-assignments',
];
const LISTS = [
  'applications',
  'audit-events',
  'batches',
  'batches/{id}/items',
  'certificates',
  'certificates/{serialNumber}/receipts',
  'decisions',
  'demand-notices',
  'device-ceilings',
  'feeds',
  'participants',
  ...OF_PARTICIPANT.map((name) => `participants/{signifier}/${name}`),
  'referrals',
  'registry-entries',
  'reports/overdue-allocations',
  'reviews',
  'webhooks',
  'webhooks/{id}/deliveries',
];
