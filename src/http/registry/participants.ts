import { Fault } from '../../domain/fault.ts';
import type { Fact } from '../../domain/facts.ts';
import { NON_PARTY_KINDS } from '../../domain/participant.ts';
import { SIGNIFIER_FORM } from '../../domain/signifier.ts';
import type { Db } from '../../db/query.ts';
import { findFacts, findFeedVersion, listFacts } from '../../registry/facts.ts';
import { listNotifications } from '../../registry/notifications.ts';
import { findWholeParticipant, listSignifiers, type ParticipantRef } from '../../registry/participants.ts';
import {
  changeDetails,
  proposeClosure,
  proposeDetails,
  recordGateway,
  registerParticipant,
  rejectDetails,
} from '../../registrar/details.ts';
import { present } from '../present.ts';
import { requireNumberCursor } from '../cursor.ts';
import { listRoute, pageSchema } from '../list-route.ts';
import { EVERYBODY, READERS, route } from '../route.ts';
import { z } from '../zod.ts';
import * as fields from '../fields.ts';
import * as items from './items.ts';
import * as views from './views.ts';

const details = {
  legalName: fields.text(200).describe('its full name'),
  tradingName: fields.text(200).optional().describe('where it trades under another'),
  companyNumber: fields.text(32).optional().describe('as registered, at Companies House or abroad'),
};
/** What the DCC says of who comes with no feed, and nobody proposes. */
const ofNoFeed = {
  legalEntityId: fields.text(64).optional().describe('the same of participants that are one legal entity'),
  nonPartyKind: z.enum(NON_PARTY_KINDS).optional(),
};
const ofFeed = { ...details, legalName: details.legalName.optional() };
const namesSomething = (body: object) => Object.keys(body).length > 0;
const changes = z.strictObject({ ...ofFeed, ...ofNoFeed }).refine(namesSomething, 'names nothing to change');
/** No more than a feed tells: it could confirm nothing else. */
const proposal = z.strictObject(ofFeed).refine(namesSomething, 'names nothing to change');

/** Participants: their records, details, gateway, and what they were told. */
export const PARTICIPANT_ROUTES = [
  route({
    method: 'get',
    path: '/v1/participants',
    command: 'participants list',
    summary: 'Signifiers of every participant, in their order',
    roles: READERS,
    query: z.strictObject({
      limit: fields.page.limit,
      cursor: fields.signifier.optional().describe('the last Signifier of the page before'),
    }),
    answer: pageSchema(z.string()),
    handle: async ({ pool, query: { limit, cursor } }) => {
      const found = await listSignifiers(pool, cursor === undefined ? { limit } : { limit, after: cursor });
      const nextCursor = found.length < limit ? null : (found.at(-1) ?? null);
      return { body: { items: found, nextCursor } };
    },
  }),
  route({
    method: 'post',
    path: '/v1/participants',
    command: 'participants register',
    summary: 'take on a participant that comes with no SECAS feed',
    roles: ['DCC_REGISTRAR'],
    body: z
      .strictObject({
        signifier: fields.signifier.describe(SIGNIFIER_FORM),
        type: z.enum(['NON_PARTY', 'DCC_SERVICE_PROVIDER'], fields.must),
        ...details,
        ...ofNoFeed,
      })
      .openapi('NewParticipant'),
    answer: views.participant,
    status: 201,
    event: 'participant.registered',
    handle: async ({ body, caller, at, db }) => {
      const { signifier, type, ...rest } = body;
      const made = await registerParticipant({ signifier, type, details: present(rest) }, caller, at, db);
      const view = await viewWhole(made, at, db);
      if (view === undefined) throw new TypeError('a participant was registered and is not there');
      return {
        body: view,
        location: `/v1/participants/${made.signifier}`,
        object: made.signifier,
        changed: [made.id],
      };
    },
  }),
  route({
    method: 'get',
    path: '/v1/participants/{signifier}',
    command: 'participants show',
    summary: 'everything on record of a participant, now or as at an instant',
    roles: EVERYBODY,
    query: fields.asAt,
    answer: views.participant,
    handle: async ({ participant, query, at: now, pool }) => {
      const at = query.at ?? now;
      const view = await viewWhole(participant, at, pool);
      if (view === undefined)
        throw new Fault('not-found', `${participant.signifier} was not on record at that instant.`);
      return { body: view };
    },
  }),
  listRoute({
    path: '/v1/participants/{signifier}/history',
    command: 'participants history',
    summary: 'every version of every fact of a participant, oldest first',
    roles: EVERYBODY,
    item: items.factVersion,
    find: async ({ participant, pool }) => listFacts(participant.id, pool),
    key: ({ recordedAt, kind, key, version }) =>
      `${recordedAt.toISOString()} ${kind} ${key} ${String(version).padStart(6, '0')}`,
    view: views.plain,
  }),
  route({
    method: 'post',
    path: '/v1/participants/{signifier}/details',
    command: 'participants change-details',
    summary: 'change the details of a participant that comes with no SECAS feed',
    roles: ['DCC_REGISTRAR'],
    body: changes,
    answer: z.unknown(),
    event: 'participant.details-changed',
    handle: async (asked) => ({ body: await changeDetails(asked, present(asked.body)) }),
  }),
  listRoute({
    path: '/v1/participants/{signifier}/details-changes',
    command: 'details-changes list',
    summary: 'changes of details that were proposed, and what became of them',
    roles: EVERYBODY,
    query: fields.asAt,
    item: items.detailsChange,
    find: async ({ participant, query, at, pool }) =>
      findFacts(participant.id, query.at ?? at, pool, 'DETAILS_CHANGE'),
    key: ({ key }) => key,
    view: views.factView,
  }),
  route({
    method: 'post',
    path: '/v1/participants/{signifier}/details-changes',
    command: 'details-changes propose',
    summary: 'propose other details of a SEC Party or RDP; the SECAS feed confirms them',
    roles: ['PARTICIPANT_SRO'],
    body: proposal,
    answer: z.object({ id: z.uuid() }),
    status: 201,
    event: 'details-change.proposed',
    handle: async (asked) => {
      const { id } = await proposeDetails(asked, present(asked.body));
      return {
        body: { id },
        object: id,
        location: `/v1/participants/${asked.participant.signifier}/details-changes`,
      };
    },
  }),
  route({
    method: 'post',
    path: '/v1/participants/{signifier}/details-changes/{id}/rejection',
    command: 'details-changes reject',
    summary: 'turn down proposed details',
    roles: ['SECAS_FEED'],
    body: z.strictObject({ because: fields.because }),
    answer: fields.done,
    event: 'details-change.rejected',
    handle: async (asked) => {
      await rejectDetails(asked, asked.params['id'] ?? '', asked.body.because);
      return { body: { done: true }, object: asked.params['id'] ?? '' };
    },
  }),
  route({
    method: 'post',
    path: '/v1/participants/{signifier}/gateway',
    command: 'participants gateway',
    summary: 'record the DCC Gateway Connection of a participant, or its end',
    roles: ['DCC_REGISTRAR'],
    body: z.strictObject({
      connected: z.boolean().describe('false: it ended'),
      sharedWith: z.array(fields.signifier).max(100).optional().describe('Signifiers of who uses it too'),
    }),
    answer: fields.done,
    event: 'gateway.recorded',
    handle: async (asked) => {
      await recordGateway(asked, present(asked.body));
      return { body: { done: true } };
    },
  }),
  route({
    method: 'post',
    path: '/v1/participants/{signifier}/closure',
    command: 'participants close',
    summary: 'prepare that a record is closed or opened again; a second person approves',
    roles: ['DCC_REGISTRAR'],
    body: z.strictObject({
      closed: z.boolean().describe('false: it is opened again'),
      because: fields.because,
    }),
    answer: views.review,
    status: 202,
    event: 'participant.closure-proposed',
    handle: async (asked) => waiting(await proposeClosure(asked, asked.body)),
  }),
  route({
    method: 'get',
    path: '/v1/participants/{signifier}/notifications',
    command: 'notifications list',
    summary: 'what a participant was told, newest first',
    roles: EVERYBODY,
    query: z.strictObject(fields.page),
    answer: pageSchema(items.notification),
    handle: async ({ participant, query, pool }) => {
      const { limit, cursor } = query;
      if (cursor !== undefined) requireNumberCursor(cursor);
      const page = cursor === undefined ? { limit } : { limit, before: cursor };
      const told = await listNotifications(participant.id, page, pool);
      const nextCursor = told.length < limit ? null : (told.at(-1)?.id ?? null);
      return { body: views.plain({ items: told, nextCursor }) };
    },
  }),
];

/** The answer to an act that waits for a second person. */
export function waiting(review: Parameters<typeof views.reviewView>[0]) {
  return { body: views.reviewView(review), location: `/v1/reviews/${review.id}`, object: review.id };
}

/** Everything on record of a participant at an instant; `undefined` when it was not there. */
async function viewWhole({ id, signifier }: Pick<ParticipantRef, 'id' | 'signifier'>, at: Date, db: Db) {
  const whole = await findWholeParticipant(signifier, at, db);
  if (whole === undefined) return undefined;
  const [held] = (await findFacts(id, at, db, 'DETAILS')) as Fact<'DETAILS'>[];
  const [gateway] = (await findFacts(id, at, db, 'GATEWAY')) as Fact<'GATEWAY'>[];
  const besides = {
    tradingName: held?.value.tradingName,
    companyNumber: held?.value.companyNumber,
    legalEntityId: held?.value.legalEntityId,
    feedVersion: await findFeedVersion(id, 'MEMBERSHIP', at, db),
    gatewaySharedWith: gateway?.state === 'CONNECTED' ? gateway.value.sharedWith : undefined,
  };
  return views.participantView(whole, at, besides);
}
