import request from 'supertest';
import type { CallerRole } from '../../../src/domain/participant.ts';
import { OUTSIDE_REASONS } from '../../../src/http/reason-table.ts';
import { world, type World } from '../../support/world.ts';

const agreement = (more: object) => ({
  ref: 'BA-NEW',
  state: 'OFFERED',
  permittedCategories: ['DEVICE'],
  permittedPurposes: ['DEVICE_AND_USER_SYSTEM_TESTS'],
  ...more,
});
const role = { eui64: '90-B3-D5-1F-30-01-00-09', userRole: 'OTHER_USER' };
const nomination = { networkParty: 'TRENTNET', from: '2026-01-02' };
const general = OUTSIDE_REASONS.find((one) => one.reason === 'CONFLICT')?.fix;

/** What is refused, by whom it was asked, and how its way out begins; what is asked first is answered well. */
const CONFLICTS: readonly (readonly [string, object, string, CallerRole?, string?])[] = [
  ['METERWORKS/agreements', agreement({ ref: 'BA-2026-001' }), 'Change its state'],
  ['STRANGER/agreements', agreement({ ref: 'BA-2026-001' }), 'Take a reference'],
  ['STRANGER/agreements', agreement({ state: 'EXECUTED' }), 'Send both dates'],
  [
    'STRANGER/agreements',
    agreement({ effectiveFrom: '2026-12-02', effectiveTo: '2026-12-01' }),
    'Send an effectiveTo after',
  ],
  ['NORTHGATE/nominations', nomination, 'Name the RDP'],
  ['REGDATA/nominations', { ...nomination, to: '2026-01-01' }, 'Send a to after'],
  ['REGDATA/nominations', { ...nomination, networkParty: 'NORTHGATE' }, 'Name a Party of the category'],
  ['', { signifier: 'NORTHGATE', type: 'NON_PARTY', legalName: 'Another' }, 'Take another Signifier'],
  ['NORTHGATE/role-assignments', role, 'Nothing is to be done', 'PARTICIPANT_SRO', 'NORTHGATE'],
  [
    'NORTHGATE/terms-acceptances',
    { version: '2001-01-01' },
    'Read it (GET /v1/terms',
    'PARTICIPANT_SRO',
    'NORTHGATE',
  ],
];

describe('a conflict tells its own way out', () => {
  let here: World;
  beforeAll(async () => {
    here = await world();
  });
  afterAll(() => here.close());

  const send = async (path: string, body: object, by: CallerRole = 'DCC_REGISTRAR', of = 'DCC') =>
    request(here.http)
      .post(`/v1/participants${path === '' ? '' : `/${path}`}`)
      .set('Authorization', `Bearer ${await here.token(of, by)}`)
      .send(body);

  test('there is a way out in general', () => {
    expect(general).toMatch(/^Read the record again/);
  });

  test('what goes together with the record is taken', async () => {
    expect((await send('STRANGER/agreements', agreement({}))).status).toBe(202);
    const assigned = await send('NORTHGATE/role-assignments', role, 'PARTICIPANT_SRO', 'NORTHGATE');
    expect(assigned.status).toBe(201);
  });

  test.each(CONFLICTS.map(([path, body, fix, ...caller]) => ({ path, body, fix, caller })))(
    'POST $path $body: $fix',
    async ({ path, body, fix, caller }) => {
      const answer = await send(path, body, ...caller);
      expect([answer.status, answer.body.errors]).toMatchObject([
        409,
        [{ reason: 'CONFLICT', fix: expect.stringContaining(fix) as string }],
      ]);
    },
  );
});
