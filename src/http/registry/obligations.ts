import {
  acceptTerms,
  attest,
  judgeObligation,
  listObligations,
  proposeWaiver,
} from '../../registrar/obligations.ts';
import { present } from '../present.ts';
import { listRoute } from '../list-route.ts';
import { EVERYBODY, route } from '../route.ts';
import { z } from '../zod.ts';
import * as fields from '../fields.ts';
import { waiting } from './participants.ts';
import * as items from './items.ts';
import * as views from './views.ts';

const path = '/v1/participants/{signifier}/obligations';
const { because } = fields;

/** Security obligations, their attestation, verification and waiver, and the terms. */
export const OBLIGATION_ROUTES = [
  listRoute({
    path,
    command: 'obligations list',
    summary: 'the security obligations of a participant and how each stands',
    roles: EVERYBODY,
    query: fields.asAt,
    item: items.obligation,
    find: async ({ participant, query, at: now, db }, { issuance }) => {
      const at = query.at ?? now;
      return listObligations({ participant, at, db }, issuance.ruleSets.at(at));
    },
    key: ({ obligation }) => obligation,
    view: views.plain,
  }),
  route({
    method: 'post',
    path: `${path}/{obligation}/attestation`,
    command: 'obligations attest',
    summary: 'attest that an own obligation is met, with evidence',
    roles: ['PARTICIPANT_SRO', 'PARTICIPANT_ARO'],
    body: z
      .strictObject({
        evidence: fields.text(2000).describe('what shows that it is met'),
        evidenceSha256: fields.sha256.optional().describe('SHA-256 of a document that shows it, in hex'),
        expiresAt: fields.instant.optional(),
      })
      .openapi('Attestation'),
    answer: fields.done,
    event: 'obligation.attested',
    handle: async (asked, { issuance }) => {
      const obligation = asked.params['obligation'] ?? '';
      await attest(asked, issuance.ruleSets.at(asked.at), { obligation, ...present(asked.body) });
      return { body: { done: true }, object: obligation };
    },
  }),
  route({
    method: 'post',
    path: `${path}/{obligation}/judgement`,
    command: 'obligations judge',
    summary: 'verify an attestation, or find the obligation breached',
    roles: ['DCC_TEST_APPROVER', 'DCC_REGISTRAR'],
    body: z.strictObject({ state: z.enum(['VERIFIED', 'BREACHED'], fields.must), because }),
    answer: fields.done,
    event: 'obligation.judged',
    handle: async (asked, { issuance }) => {
      const obligation = asked.params['obligation'] ?? '';
      await judgeObligation(asked, issuance.ruleSets.at(asked.at), { obligation, ...asked.body });
      return { body: { done: true }, object: obligation };
    },
  }),
  route({
    method: 'post',
    path: `${path}/{obligation}/waiver`,
    command: 'obligations waive',
    summary: 'prepare that an obligation is waived for a time; a second person approves',
    roles: ['DCC_TEST_OPERATOR', 'DCC_REGISTRAR'],
    body: z.strictObject({ because, expiresAt: fields.instant }),
    answer: views.review,
    status: 202,
    event: 'obligation.waiver-proposed',
    handle: async (asked, { issuance }) => {
      const obligation = asked.params['obligation'] ?? '';
      return waiting(
        await proposeWaiver(asked, issuance.ruleSets.at(asked.at), { obligation, ...asked.body }),
      );
    },
  }),
  route({
    method: 'get',
    path: '/v1/terms',
    command: 'terms show',
    summary: 'the terms that an officer accepts before certificates are given, as they are now',
    roles: EVERYBODY,
    answer: items.terms,
    handle: ({ at }, { issuance }) => Promise.resolve({ body: issuance.ruleSets.at(at).terms }),
  }),
  route({
    method: 'post',
    path: '/v1/participants/{signifier}/terms-acceptances',
    command: 'terms accept',
    summary: 'accept the current terms',
    roles: ['PARTICIPANT_SRO', 'PARTICIPANT_ARO'],
    body: z.strictObject({ version: fields.text(32).describe('of the terms that GET /v1/terms shows') }),
    answer: fields.done,
    status: 201,
    event: 'terms.accepted',
    handle: async (asked, { issuance }) => {
      await acceptTerms(asked, issuance.ruleSets.at(asked.at), asked.body.version);
      return { body: { done: true }, object: asked.body.version };
    },
  }),
];
