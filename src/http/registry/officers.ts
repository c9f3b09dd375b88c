import { CATEGORIES } from '../../domain/category.ts';
import { listOfficers, moveOfficer, nominateOfficer } from '../../registrar/officers.ts';
import { present } from '../present.ts';
import { listRoute } from '../list-route.ts';
import { EVERYBODY, route } from '../route.ts';
import { z } from '../zod.ts';
import * as fields from '../fields.ts';
import * as items from './items.ts';
import * as views from './views.ts';

const path = '/v1/participants/{signifier}/officers';
const change = z
  .object({ officer: items.officer, warnings: z.array(z.string()) })
  .openapi('OfficerChange', { description: 'The officer now, and what the participant should know' });

/** Senior and Authorised Responsible Officers. */
export const OFFICER_ROUTES = [
  listRoute({
    path,
    command: 'officers list',
    summary: 'the officers of a participant and how each stands',
    roles: EVERYBODY,
    columns: ['id', 'state', 'since', 'kind', 'name', 'email', 'categories', 'lockedUntil'],
    query: fields.asAt,
    item: items.officer,
    find: async ({ participant, query, at, db }) => listOfficers({ participant, at: query.at ?? at, db }),
    key: ({ id }) => id,
    view: views.plain,
  }),
  route({
    method: 'post',
    path,
    command: 'officers nominate',
    summary: 'nominate an officer: the SRO an ARO, the registrar an SRO',
    roles: ['PARTICIPANT_SRO', 'DCC_REGISTRAR'],
    body: z
      .strictObject({
        id: z
          .string()
          .regex(/^[a-z0-9][a-z0-9.-]{0,63}$/, 'has a-z, 0-9, . and - only')
          .describe('how this officer is called here: a-z, 0-9, . and -'),
        kind: z.enum(['SRO', 'ARO'], fields.must),
        name: fields.text(200).describe('of the person'),
        email: fields.text(200).optional().describe('of the person'),
        categories: z.array(z.enum(CATEGORIES)).default([...CATEGORIES]),
      })
      .openapi('NewOfficer'),
    answer: change,
    status: 201,
    event: 'officer.nominated',
    handle: async (asked) => ({
      body: views.plain(await nominateOfficer(asked, present(asked.body))),
      object: asked.body.id,
    }),
  }),
  route({
    method: 'post',
    path: `${path}/{id}/state`,
    command: 'officers state',
    summary: 'verify, activate, lock, unlock or revoke an officer; an SRO may revoke AROs',
    roles: ['PARTICIPANT_SRO', 'DCC_REGISTRAR'],
    body: z.strictObject({
      state: z.enum(['VERIFIED', 'ACTIVE', 'LOCKED', 'REVOKED'], fields.must),
      lockedUntil: fields.instant.optional(),
    }),
    answer: change,
    event: 'officer.moved',
    handle: async (asked) => {
      const id = asked.params['id'] ?? '';
      return { body: views.plain(await moveOfficer(asked, { id, ...present(asked.body) })), object: id };
    },
  }),
];
