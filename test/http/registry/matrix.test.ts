import request from 'supertest';
import { query } from '../../../src/db/query.ts';
import { CALLER_ROLES, ROLE_HOLDERS, type CallerRole } from '../../../src/domain/participant.ts';
import { READERS } from '../../../src/http/route.ts';
import { ROUTES } from '../../../src/http/routes.ts';
import { world, type World } from '../../support/world.ts';

const ABOUT_SOMEBODY = ROUTES.filter((one) => one.path.includes('{signifier}'));
const OTHER_IDS = { ref: 'BA-0', networkParty: 'TRENTNET', id: '00000000-0000-4000-8000-000000000000' };

/** Every role, every route, every object: what is not one's own does not exist, and what is not one's act is refused. */
describe('the matrix of roles, routes and participants', () => {
  let here: World;
  beforeAll(async () => {
    here = await world();
  });
  afterAll(() => here.close());

  const ask = async (row: (typeof ROUTES)[number], signifier: string, role: CallerRole, caller: string) => {
    const path = row.path
      .replace('{signifier}', signifier)
      .replace(/\{(\w+)\}/g, (_all, name: keyof typeof OTHER_IDS) => OTHER_IDS[name]);
    const token = await here.token(caller, role);
    const sent = request(here.http)[row.method](path).set('Authorization', `Bearer ${token}`);
    return row.method === 'post' && row.body !== undefined ? sent.send({}) : sent;
  };
  const everything = async () =>
    (
      await query<{ facts: string; identifiers: string; reviews: string }>(
        here.database.pool,
        `select (select count(*) from fact) as facts, (select count(*) from device_range) + (select count(*) from user_id_role_assignment)
           as identifiers, (select count(*) from review) as reviews`,
      )
    ).rows[0];
  const told = ({ body, status }: { body: object; status: number }) => {
    const members = Object.entries(body).filter(([name]) => name !== 'requestId' && name !== 'instance');
    return { status, ...(Object.fromEntries(members) as object) };
  };

  const participantRoles = CALLER_ROLES.filter((role) => role.startsWith('PARTICIPANT_'));
  test.each(
    ABOUT_SOMEBODY.flatMap((row) =>
      participantRoles.map((role) => [row.command, row.method, role, row] as const),
    ),
  )('%s (%s): to a %s another participant is like nobody', async (_command, _method, role, row) => {
    const before = await everything();
    const other = await ask(row, 'TRENTNET', role, 'NORTHGATE');
    const nobody = await ask(row, 'NOBODY', role, 'NORTHGATE');
    expect(other.status).toBe(404);
    expect(told(other)).toEqual(told(nobody));
    expect(await everything()).toEqual(before);
  });

  const mayNot = ROUTES.flatMap((row) =>
    CALLER_ROLES.filter((role) => !row.roles.includes(role)).map(
      (role) => [row.command, row.method, role, row] as const,
    ),
  );
  test.each(mayNot)('%s (%s): a %s may not', async (_command, _method, role, row) => {
    const caller = role.startsWith('PARTICIPANT_') ? 'NORTHGATE' : holderOf(role);
    const before = await everything();
    const refused = await ask(row, 'NORTHGATE', role, caller);
    // Who is neither of the participant nor reads all does not even learn that it is there.
    const sees = caller === 'NORTHGATE' || READERS.includes(role) || role === 'SECAS_FEED';
    expect(refused.status).toBe(sees || !row.path.includes('{signifier}') ? 403 : 404);
    expect(await everything()).toEqual(before);
  });

  test('there is something to refuse in both halves', () => {
    expect(ABOUT_SOMEBODY.length).toBeGreaterThan(20);
    expect(mayNot.length).toBeGreaterThan(100);
  });
});

const holderOf = (role: CallerRole) => (ROLE_HOLDERS[role].includes('DCC') ? 'DCC' : 'ASSESS');
