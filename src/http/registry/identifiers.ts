import { DEVICE_TYPES } from '../../domain/category.ts';
import { formatEui64 } from '../../domain/eui64.ts';
import { USER_ROLES, type TestingParticipant } from '../../domain/participant.ts';
import { findDeviceCeilings, findGivenDelegations, findIdentifiers } from '../../registry/identifiers.ts';
import {
  delegateDeviceRange,
  endDelegation,
  endDeviceRange,
  proposeDeviceCeiling,
  registerDeviceRange,
} from '../../registrar/device-ranges.ts';
import { assignUserRole, endUserRole } from '../../registrar/user-roles.ts';
import { listRoute } from '../list-route.ts';
import { EVERYBODY, READERS, route } from '../route.ts';
import { z } from '../zod.ts';
import * as fields from '../fields.ts';
import { waiting } from './participants.ts';
import * as items from './items.ts';
import * as views from './views.ts';

const assignment = z.strictObject({
  eui64: fields.eui64.describe('a User ID'),
  userRole: z.enum(USER_ROLES, fields.must),
});
const { range } = fields;
const delegate = fields.signifier.describe('Signifier of who may use them');
const newRange = z.strictObject({ ...range, deviceTypes: z.array(z.enum(DEVICE_TYPES)).default([]) });
const rolePath = '/v1/participants/{signifier}/role-assignments';
const devicePath = '/v1/participants/{signifier}/device-ranges';
const ceilingPath = '/v1/participants/{signifier}/device-ceilings';

type ListedRange = TestingParticipant['deviceRanges'][number] & { readonly delegatedTo?: string };

/** Allocations are the feed's (test-only ones: test-allocations.ts), User Roles the Party's, device ranges the registrar's, their delegation the owner's. */
export const IDENTIFIER_ROUTES = [
  listRoute({
    path: '/v1/participants/{signifier}/allocations',
    command: 'allocations list',
    summary: 'blocks of EUI-64s: those that the SEC Panel allocated, and test-only ones of the DCC',
    roles: EVERYBODY,
    query: fields.asAt,
    item: items.allocation,
    find: async ({ participant, query, at, pool }) =>
      (await findIdentifiers(participant.id, query.at ?? at, pool)).allocations,
    key: ({ from, kind, state }) => `${from} ${kind} ${state}`,
    view: ({ kind, state, from, to, environment = 'BOTH' }) => ({
      kind,
      state,
      from: formatEui64(from),
      to: formatEui64(to),
      environment,
    }),
  }),
  route({
    method: 'post',
    path: '/v1/participants/{signifier}/allocations',
    command: 'allocations state',
    summary: 'state an allocation: nobody does so here, it comes with the SECAS feed (POST /v1/feeds)',
    roles: [],
    body: z.unknown(),
    answer: z.unknown(),
    event: 'allocation.stated',
    handle: () => Promise.reject(new TypeError('no role may state an allocation')),
  }),
  listRoute({
    path: rolePath,
    command: 'user-roles list',
    summary: 'which User ID has which User Role',
    roles: EVERYBODY,
    query: fields.asAt,
    item: items.roleAssignment,
    find: async ({ participant, query, at, pool }) =>
      (await findIdentifiers(participant.id, query.at ?? at, pool)).roleAssignments,
    key: ({ eui64, userRole }) => `${eui64} ${userRole}`,
    view: ({ eui64, userRole }) => ({ eui64: formatEui64(eui64), userRole }),
  }),
  route({
    method: 'post',
    path: rolePath,
    command: 'user-roles assign',
    summary: 'say which User Role a User ID of the own Party has',
    roles: ['PARTICIPANT_SRO', 'PARTICIPANT_ARO'],
    body: assignment,
    answer: items.roleAssignment,
    status: 201,
    event: 'user-role.assigned',
    handle: async (asked) => {
      await assignUserRole(asked, asked.body);
      const { eui64, userRole } = asked.body;
      return { body: { eui64: formatEui64(eui64), userRole }, object: formatEui64(eui64) };
    },
  }),
  route({
    method: 'post',
    path: `${rolePath}/end`,
    command: 'user-roles end',
    summary: 'end the User Role of a User ID of the own Party',
    roles: ['PARTICIPANT_SRO', 'PARTICIPANT_ARO'],
    body: assignment,
    answer: fields.done,
    event: 'user-role.ended',
    handle: async (asked) => {
      await endUserRole(asked, asked.body);
      return { body: { done: true }, object: formatEui64(asked.body.eui64) };
    },
  }),
  listRoute({
    path: devicePath,
    command: 'device-ranges list',
    summary:
      'Device IDs of a participant: its own ranges, those delegated to it, and those that it delegated',
    roles: EVERYBODY,
    query: fields.asAt,
    item: items.deviceRange,
    find: async ({ participant, query, at: now, pool }): Promise<ListedRange[]> => {
      const at = query.at ?? now;
      const { deviceRanges } = await findIdentifiers(participant.id, at, pool);
      return [...deviceRanges, ...(await findGivenDelegations(participant.signifier, at, pool))];
    },
    key: ({ from, to, delegatedBy = '', delegatedTo = '' }) => `${from} ${to} ${delegatedBy} ${delegatedTo}`,
    view: ({ from, to, ...rest }) => views.plain({ from: formatEui64(from), to: formatEui64(to), ...rest }),
  }),
  route({
    method: 'post',
    path: devicePath,
    command: 'device-ranges register',
    summary: 'register a range of Device IDs of a participant',
    roles: ['DCC_REGISTRAR'],
    body: newRange,
    answer: fields.done,
    status: 201,
    event: 'device-range.registered',
    handle: async (asked, { testBlock }) => {
      await registerDeviceRange(asked, asked.body, testBlock);
      return { body: { done: true } };
    },
  }),
  route({
    method: 'post',
    path: `${devicePath}/end`,
    command: 'device-ranges end',
    summary: 'end a range of Device IDs, and every delegation of it',
    roles: ['DCC_REGISTRAR'],
    body: z.strictObject(range),
    answer: fields.done,
    event: 'device-range.ended',
    handle: async (asked) => {
      const changed = await endDeviceRange(asked, asked.body);
      return { body: { done: true }, changed };
    },
  }),
  route({
    method: 'post',
    path: `${devicePath}/delegations`,
    command: 'device-ranges delegate',
    summary: 'let another participant use Device IDs of an own range, in writing',
    roles: ['PARTICIPANT_SRO'],
    body: z.strictObject({
      ...newRange.shape,
      delegate,
      documentSha256: fields.sha256.describe('SHA-256 of the signed document, in hex'),
    }),
    answer: fields.done,
    status: 201,
    event: 'device-range.delegated',
    handle: async (asked) => {
      const delegate = await delegateDeviceRange(asked, asked.body);
      return { body: { done: true }, changed: [delegate] };
    },
  }),
  route({
    method: 'post',
    path: `${devicePath}/delegations/end`,
    command: 'device-ranges end-delegation',
    summary: 'end the delegation of Device IDs of an own range; the delegate is told',
    roles: ['PARTICIPANT_SRO', 'PARTICIPANT_ARO'],
    body: z.strictObject({ ...range, delegate }),
    answer: fields.done,
    event: 'device-range.delegation-ended',
    handle: async (asked) => {
      const { from, to } = asked.body;
      const delegate = await endDelegation(asked, asked.body);
      return {
        body: { done: true },
        object: `${formatEui64(from)} to ${formatEui64(to)}`,
        changed: [delegate],
      };
    },
  }),
  listRoute({
    path: ceilingPath,
    command: 'device-ranges ceilings',
    summary: 'Device IDs of a participant whose limit of certificates the DCC raised',
    roles: EVERYBODY,
    query: fields.asAt,
    item: items.deviceCeiling,
    find: async ({ participant, query, at, pool }) =>
      findDeviceCeilings(query.at ?? at, pool, participant.id),
    key: ({ eui64 }) => eui64,
    // For whom it was raised is another's matter where the range was delegated, or has moved.
    view: ({ eui64, certificates, since }) => views.plain({ eui64: formatEui64(eui64), certificates, since }),
  }),
  listRoute({
    path: '/v1/device-ceilings',
    command: 'device-ceilings list',
    summary: 'every Device ID whose limit of certificates the DCC raised, for whom and by which review',
    roles: READERS,
    query: fields.asAt,
    item: items.anyDeviceCeiling,
    find: async ({ query, at, pool }) => findDeviceCeilings(query.at ?? at, pool),
    key: ({ eui64 }) => eui64,
    view: ({ eui64, ...rest }) => views.plain({ eui64: formatEui64(eui64), ...rest }),
  }),
  route({
    method: 'post',
    path: ceilingPath,
    command: 'device-ranges ceiling',
    summary: 'prepare a higher limit of certificates for one Device ID; a second person approves',
    roles: ['DCC_TEST_OPERATOR', 'DCC_REGISTRAR'],
    body: z.strictObject({
      eui64: fields.eui64.describe('a Device ID'),
      certificates: fields.count.describe('how many it may have at most'),
      because: fields.because,
    }),
    answer: views.review,
    status: 202,
    event: 'device-ceiling.proposed',
    handle: async (asked) => waiting(await proposeDeviceCeiling(asked, asked.body)),
  }),
];
