import { IDENTIFIER_KINDS, USER_ROLES } from '../../domain/participant.ts';
import { MARKET_SCHEMES } from '../../domain/feed.ts';
import { formatInstant } from '../../domain/instant.ts';
import {
  findIdentityMap,
  findIdentityMaps,
  identityMapRows,
  settledInstant,
  IDENTITY_MAP_COLUMNS,
  type IdentityMap,
} from '../../registrar/identity-map.ts';
import { csvLine } from '../../tables/write-csv.ts';
import { EVERYBODY, READERS, route } from '../route.ts';
import { z } from '../zod.ts';
import * as fields from '../fields.ts';

const marketParticipants = z.array(
  z.object({ scheme: z.enum(MARKET_SCHEMES), marketParticipantId: z.string(), roleCode: z.string() }),
);
const identityMap = z
  .object({
    signifier: z.string(),
    allocations: z.array(z.object({ kind: z.enum(IDENTIFIER_KINDS), from: z.string(), to: z.string() })),
    userIds: z.array(
      z.object({ eui64: z.string(), userRoles: z.array(z.enum(USER_ROLES)), marketParticipants }),
    ),
    unmapped: marketParticipants,
  })
  .openapi('IdentityMap', {
    description: 'Signifier, User IDs, their User Roles and Market Participant identities',
  });
const asked = z.strictObject({
  at: fields.instant.optional(),
  format: z.enum(['json', 'csv']).default('json'),
});

/** Who is who for Registration-based access control and User Entry: of one participant, and of all (government response, paragraph 29). */
export const IDENTITY_MAP_ROUTES = [
  route({
    method: 'get',
    path: '/v1/participants/{signifier}/identity-map',
    command: 'participants identity-map',
    summary:
      'Signifier, User IDs, User Roles and Market Participant identities; with the format csv as a table',
    roles: EVERYBODY,
    query: asked,
    answer: identityMap,
    tabular: IDENTITY_MAP_COLUMNS,
    handle: async ({ participant, query, at, pool }) => {
      const map = await findIdentityMap(participant, query.at ?? at, pool);
      return query.format === 'csv'
        ? { type: 'text/csv', body: [IDENTITY_MAP_COLUMNS, ...identityMapRows(map)].map(csvLine).join('') }
        : { body: map };
    },
  }),
  route({
    method: 'get',
    path: '/v1/identity-maps',
    command: 'identity-maps export',
    summary:
      'the identity maps of all participants as one document, for test environments; with the format csv as a table',
    roles: READERS,
    query: asked,
    answer: z.object({ at: z.string(), identityMaps: z.array(identityMap) }),
    tabular: IDENTITY_MAP_COLUMNS,
    handle: async ({ query, pool }, { issuance: { clock } }) => {
      const at = await settledInstant(query.at, clock, pool);
      const maps = findIdentityMaps(at, pool);
      return query.format === 'csv'
        ? { type: 'text/csv', body: undefined, pieces: tableOf(maps) }
        : { type: 'application/json', body: undefined, pieces: documentOf(at, maps) };
    },
  }),
];

/** The first piece waits for the first maps: until then nothing is answered. */
async function* documentOf(at: Date, maps: AsyncIterable<IdentityMap[]>) {
  const head = `{"at":${JSON.stringify(formatInstant(at))},"identityMaps":[`;
  let before = head;
  for await (const some of maps) {
    yield before + some.map((map) => JSON.stringify(map)).join(',');
    before = ',';
  }
  yield before === head ? `${head}]}` : ']}';
}

async function* tableOf(maps: AsyncIterable<IdentityMap[]>) {
  let head = csvLine(IDENTITY_MAP_COLUMNS);
  for await (const some of maps) {
    yield head + some.flatMap(identityMapRows).map(csvLine).join('');
    head = '';
  }
  yield head;
}
