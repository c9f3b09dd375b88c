import type { CallerRole } from '../../domain/participant.ts';
import {
  decideNotice,
  giveNotice,
  isInTime,
  listNotices,
  NOTICE_STATES,
  withdrawNotice,
  type NoticeOnRecord,
} from '../../registrar/demand-notices.ts';
import { listRoute } from '../list-route.ts';
import { EVERYBODY, READERS, route } from '../route.ts';
import { z } from '../zod.ts';
import * as fields from '../fields.ts';
import * as items from './items.ts';
import * as views from './views.ts';

const path = '/v1/participants/{signifier}/demand-notices';
const GIVERS: readonly CallerRole[] = ['PARTICIPANT_SRO', 'PARTICIPANT_ARO'];

/** Of the table that the command line shows. */
const COLUMNS = [
  'id',
  'participant',
  'state',
  'givenAt',
  'inTime',
  'category',
  'perDay',
  'from',
  'to',
  'because',
];

/** Notices of more certificates in 24 hours than the quota: given by the participant, decided by the DCC. */
export const DEMAND_NOTICE_ROUTES = [
  listRoute({
    path,
    command: 'demand-notices list',
    summary: 'the notices of demand of a participant and how each stands',
    roles: EVERYBODY,
    columns: COLUMNS,
    query: fields.asAt,
    item: items.demandNotice,
    find: async ({ participant, query, pool, at: now }, { issuance }) => {
      const at = query.at ?? now;
      const notices = await listNotices({ participantId: participant.id }, at, pool);
      return withTiming(notices, issuance.ruleSets.at(at));
    },
    key: ({ givenAt, id }) => `${givenAt.toISOString()} ${id}`,
    view: views.plain,
  }),
  listRoute({
    path: '/v1/demand-notices',
    command: 'demand-notices search',
    summary: 'notices of demand of every participant, those that wait for the DCC with state GIVEN',
    roles: READERS,
    columns: COLUMNS,
    query: z.strictObject({ state: z.enum(NOTICE_STATES).optional() }),
    item: items.demandNotice,
    find: async ({ query, pool, at }, { issuance }) =>
      withTiming(await listNotices({ state: query.state }, at, pool), issuance.ruleSets.at(at)),
    key: ({ givenAt, id }) => `${givenAt.toISOString()} ${id}`,
    view: views.plain,
  }),
  route({
    method: 'post',
    path,
    command: 'demand-notices give',
    summary: 'give the DCC notice of more certificates of a category in 24 hours than the quota',
    roles: GIVERS,
    body: z
      .strictObject({
        category: fields.category,
        perDay: fields.count.describe('certificates of the category in 24 hours'),
        from: fields.instant,
        to: fields.instant.describe('a date, or an RFC 3339 instant in UTC; exclusive'),
      })
      .openapi('DemandNotice'),
    answer: z.object({ id: z.uuid() }),
    status: 201,
    event: 'demand-notice.given',
    handle: async (asked) => {
      const given = await giveNotice(asked, asked.body);
      return { body: given, object: given.id };
    },
  }),
  route({
    method: 'post',
    path: `${path}/{id}/decision`,
    command: 'demand-notices decide',
    summary: 'accept a notice of demand, which raises the quota for its period, or refuse it',
    roles: ['DCC_TEST_APPROVER', 'DCC_REGISTRAR'],
    body: z.strictObject({ accept: z.boolean().describe('false: it is refused'), because: fields.because }),
    answer: fields.done,
    event: 'demand-notice.decided',
    handle: async (asked) => {
      const id = asked.params['id'] ?? '';
      await decideNotice(asked, { id, ...asked.body });
      return { body: { done: true }, object: id };
    },
  }),
  route({
    method: 'post',
    path: `${path}/{id}/withdrawal`,
    command: 'demand-notices withdraw',
    summary: 'take an own notice of demand back',
    roles: GIVERS,
    answer: fields.done,
    event: 'demand-notice.withdrawn',
    handle: async (asked) => {
      const id = asked.params['id'] ?? '';
      await withdrawNotice(asked, id);
      return { body: { done: true }, object: id };
    },
  }),
];

const withTiming = (notices: readonly NoticeOnRecord[], ruleSet: Parameters<typeof isInTime>[1]) =>
  notices.map((one) => ({ ...one, inTime: isInTime(one, ruleSet) }));
