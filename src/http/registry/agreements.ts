import {
  CATEGORIES,
  ENVIRONMENTS,
  PURPOSES,
  REMOTE_PARTY_ROLES,
  type RemotePartyRole,
} from '../../domain/category.ts';
import { MOST_BATCH_ITEMS } from '../../domain/batch.ts';
import { AGREEMENT_STATES } from '../../domain/participant.ts';
import { HOLD_CAUSES } from '../../domain/facts.ts';
import { findWholeParticipant } from '../../registry/participants.ts';
import { findFacts } from '../../registry/facts.ts';
import { proposeAgreement, proposeAgreementState } from '../../registrar/agreements.ts';
import { proposeHold, proposeRelease } from '../../registrar/holds.ts';
import { proposeNomination, proposeNominationEnd } from '../../registrar/nominations.ts';
import { present } from '../present.ts';
import { listRoute } from '../list-route.ts';
import { EVERYBODY, route } from '../route.ts';
import { z } from '../zod.ts';
import * as fields from '../fields.ts';
import * as items from './items.ts';
import { waiting } from './participants.ts';
import * as views from './views.ts';

const roles = Object.keys(REMOTE_PARTY_ROLES) as [RemotePartyRole, ...RemotePartyRole[]];
const ranges = z
  .array(z.strictObject(fields.range).refine(({ from, to }) => from <= to, 'the range ends before it begins'))
  .max(1000);
const GATEWAY = 'a non-Party has its DCC Gateway Connection by it';
const terms = {
  requestedAt: fields.instant.optional(),
  offeredAt: fields.instant.optional(),
  executedAt: fields.instant.optional(),
  effectiveFrom: fields.instant.optional(),
  effectiveTo: fields.instant.optional(),
  permittedCategories: z.array(z.enum(CATEGORIES)),
  permittedPurposes: z.array(z.enum(PURPOSES)),
  permittedEnvironments: z.array(z.enum(ENVIRONMENTS)).default([...ENVIRONMENTS]),
  permittedRoles: z.array(z.enum(roles)).default([]),
  deviceRanges: ranges.default([]),
  volumeCap: fields.count.optional().describe('certificates in all'),
  dailyQuota: fields.count.optional().describe('certificates of a category in 24 hours'),
  batchItems: fields.count.max(MOST_BATCH_ITEMS).optional().describe('CSRs of a batch'),
  gatewayPermitted: z.boolean().default(false).describe(GATEWAY),
  laboratoryKeys: z.boolean().optional().describe('the service may make keys for its devices'),
  documentSha256: fields.sha256.optional().describe('SHA-256 of the signed document, in hex'),
  signatories: z.array(fields.text(200)).max(20).optional().describe('who signed it'),
};
const state = z.enum(AGREEMENT_STATES, fields.must);
const ref = fields.text(64).describe('the reference of the agreement');
const newAgreement = z.strictObject({ ref, state, ...terms }).openapi('NewAgreement');
const nextState = z
  .strictObject({
    state,
    ...z.strictObject(terms).partial().shape,
    permittedEnvironments: z.array(z.enum(ENVIRONMENTS)).optional(),
    permittedRoles: z.array(z.enum(roles)).optional(),
    deviceRanges: ranges.optional(),
    gatewayPermitted: z.boolean().optional().describe(GATEWAY),
  })
  .openapi('AgreementState');

const because = z.strictObject({ because: fields.because });
const agreementPath = '/v1/participants/{signifier}/agreements';
const nominationPath = '/v1/participants/{signifier}/nominations';
const holdPath = '/v1/participants/{signifier}/holds';
/** Of the table that the command line shows; the papers and what is seldom asked stand in the JSON. */
const AGREEMENT_COLUMNS = [
  'ref',
  'state',
  'standing',
  'effectiveFrom',
  'effectiveTo',
  'permittedCategories',
  'permittedPurposes',
  'permittedRoles',
  'deviceRanges',
  'volumeCap',
  'dailyQuota',
];

/** What the registrar or an operator of the DCC prepares and a second person approves: agreements, nominations, holds. */
export const AGREEMENT_ROUTES = [
  listRoute({
    path: agreementPath,
    command: 'agreements list',
    summary: 'the bilateral agreements of a participant, and how each stands',
    roles: EVERYBODY,
    columns: AGREEMENT_COLUMNS,
    query: fields.asAt,
    item: items.agreement,
    find: async ({ participant, query, at: now, pool }) => {
      const at = query.at ?? now;
      const agreements = (await findWholeParticipant(participant.signifier, at, pool))?.agreements ?? [];
      return agreements.map((one) => ({ one, at }));
    },
    key: ({ one }) => one.ref,
    view: ({ one, at }) => views.agreementView(one, at),
  }),
  route({
    method: 'post',
    path: agreementPath,
    command: 'agreements propose',
    summary: 'prepare the entry of a bilateral agreement; a second person approves',
    roles: ['DCC_REGISTRAR'],
    body: newAgreement,
    answer: views.review,
    status: 202,
    event: 'agreement.proposed',
    handle: async (asked, { testBlock }) => {
      const { ref, state: first, ...rest } = asked.body;
      return waiting(await proposeAgreement(asked, { ref, state: first, terms: present(rest) }, testBlock));
    },
  }),
  route({
    method: 'post',
    path: `${agreementPath}/{ref}/state`,
    command: 'agreements state',
    summary:
      'prepare the next state of an agreement, with what changes of its terms; a second person approves',
    roles: ['DCC_REGISTRAR'],
    body: nextState,
    answer: views.review,
    status: 202,
    event: 'agreement.state-proposed',
    handle: async (asked, { testBlock }) => {
      const { state: next, ...changes } = asked.body;
      const ref = asked.params['ref'] ?? '';
      const wanted = { ref, state: next, changes: present(changes) };
      return waiting(await proposeAgreementState(asked, wanted, testBlock));
    },
  }),
  listRoute({
    path: nominationPath,
    command: 'nominations list',
    summary: 'who nominates an RDP',
    roles: EVERYBODY,
    item: items.nomination,
    query: fields.asAt,
    find: async ({ participant, query, at, pool }) =>
      (await findWholeParticipant(participant.signifier, query.at ?? at, pool))?.nominations ?? [],
    key: ({ networkParty }) => networkParty,
    view: views.plain,
  }),
  route({
    method: 'post',
    path: nominationPath,
    command: 'nominations propose',
    summary: 'prepare the nomination of an RDP by a Network Party; a second person approves',
    roles: ['DCC_REGISTRAR'],
    body: z.strictObject({
      networkParty: fields.signifier.describe('Signifier of the Network Party that nominates'),
      from: fields.instant,
      to: fields.instant.optional(),
    }),
    answer: views.review,
    status: 202,
    event: 'nomination.proposed',
    handle: async (asked, { issuance }) =>
      waiting(await proposeNomination(asked, issuance.ruleSets.at(asked.at), present(asked.body))),
  }),
  route({
    method: 'post',
    path: `${nominationPath}/{networkParty}/end`,
    command: 'nominations end',
    summary: 'prepare the end of a nomination; a second person approves',
    roles: ['DCC_REGISTRAR'],
    body: z.strictObject({ at: fields.instant.optional() }),
    answer: views.review,
    status: 202,
    event: 'nomination.end-proposed',
    handle: async (asked) => {
      const networkParty = asked.params['networkParty'] ?? '';
      return waiting(await proposeNominationEnd(asked, { networkParty, ...present(asked.body) }));
    },
  }),
  listRoute({
    path: holdPath,
    command: 'holds list',
    summary: 'holds on a participant, released ones too',
    roles: EVERYBODY,
    columns: ['id', 'state', 'since', 'cause', 'because'],
    item: items.hold,
    query: fields.asAt,
    find: async ({ participant, query, at, pool }) => findFacts(participant.id, query.at ?? at, pool, 'HOLD'),
    key: ({ key }) => key,
    view: views.factView,
  }),
  route({
    method: 'post',
    path: holdPath,
    command: 'holds propose',
    summary: 'prepare a hold: nothing is issued or downloaded while it lasts; a second person approves',
    roles: ['DCC_TEST_OPERATOR', 'DCC_REGISTRAR'],
    body: z.strictObject({ cause: z.enum(HOLD_CAUSES, fields.must), ...because.shape }),
    answer: views.review,
    status: 202,
    event: 'hold.proposed',
    handle: async (asked) => waiting(await proposeHold(asked, asked.body)),
  }),
  route({
    method: 'post',
    path: `${holdPath}/{id}/release`,
    command: 'holds release',
    summary: 'prepare the end of a hold; a second person approves',
    roles: ['DCC_TEST_OPERATOR', 'DCC_REGISTRAR'],
    body: because,
    answer: views.review,
    status: 202,
    event: 'hold.release-proposed',
    handle: async (asked) =>
      waiting(await proposeRelease(asked, { id: asked.params['id'] ?? '', because: asked.body.because })),
  }),
];
