import { OUTCOMES } from '../../domain/decision.ts';
import { Fault } from '../../domain/fault.ts';
import { parseSerialNumber } from '../../domain/serial-number.ts';
import { isUuid } from '../../domain/uuid.ts';
import { searchEvents } from '../../audit/find-events.ts';
import { findDecision, listDecisions } from '../../audit/decisions.ts';
import { listReceipts } from '../../ca/download-receipts.ts';
import { findCertificate } from '../../ca/find-certificates.ts';
import { decisionSummary, decisionView } from '../../issuance/decision-view.ts';
import { readerOf } from '../../issuance/list-certificates.ts';
import { ruleSetOnRecord } from '../../issuance/replay-decision.ts';
import { findIssuanceReport, findOverdueAllocations } from '../../registrar/reports.ts';
import { readCursor, requireNumberCursor, writeCursor } from '../cursor.ts';
import { listRoute, pageSchema } from '../list-route.ts';
import { EVERYBODY, READERS, route } from '../route.ts';
import { z } from '../zod.ts';
import * as fields from '../fields.ts';
import * as answers from './evidence-answers.ts';
import * as views from './views.ts';

const period = z.strictObject({ from: fields.instant.optional(), to: fields.instant.optional() });

/** What was decided and done, and how well: decisions, audit, reports. */
export const EVIDENCE_ROUTES = [
  route({
    method: 'get',
    path: '/v1/decisions',
    command: 'decisions search',
    summary: 'decisions, newest first: passed, referred and refused alike',
    roles: EVERYBODY,
    query: z.strictObject({
      ...fields.page,
      outcome: z.enum(OUTCOMES).optional(),
      participant: fields.signifier.optional().describe('Signifier'),
    }),
    answer: pageSchema(answers.decisionSummary),
    handle: async ({ caller, query, pool }) => {
      const { limit, cursor, outcome, participant } = query;
      const mine = READERS.includes(caller.role) ? undefined : caller.participantId;
      const place = cursor === undefined ? undefined : readCursor(cursor, isUuid);
      const found = await listDecisions(
        {
          ...(mine === undefined ? {} : { participantId: mine }),
          ...(participant === undefined ? {} : { signifier: participant }),
          ...(outcome === undefined ? {} : { outcome }),
        },
        place === undefined ? { limit } : { limit, after: { decidedAt: place.at, id: place.id } },
        pool,
      );
      const last = found.at(-1);
      const nextCursor =
        found.length < limit || last === undefined ? null : writeCursor({ at: last.decidedAt, id: last.id });
      return { body: { items: found.map((one) => views.plain(decisionSummary(one))), nextCursor } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/decisions/{id}',
    command: 'decisions get',
    summary: 'one decision as evidence: what was asked, what was on record, and the result of every rule',
    roles: EVERYBODY,
    answer: answers.decisionEvidence,
    handle: async ({ caller, params, pool }, { issuance }) => {
      const id = params['id'] ?? '';
      const mine = READERS.includes(caller.role) ? undefined : caller.participantId;
      const decision = isUuid(id) ? await findDecision(id, pool, mine) : undefined;
      if (decision === undefined) throw new Fault('not-found', 'There is no such decision.');
      const rules = await ruleSetOnRecord(decision.ruleSet, issuance.ruleSets, pool);
      return { body: views.plain(decisionView(decision, rules)) };
    },
  }),
  listRoute({
    path: '/v1/certificates/{serialNumber}/receipts',
    command: 'receipts list',
    summary:
      'when a certificate was handed out after its issue, over which channel and to whose credential, oldest first',
    roles: EVERYBODY,
    item: answers.receipt,
    find: async ({ caller, params, pool }) => {
      const serialNumber = parseSerialNumber(params['serialNumber'] ?? '');
      const certificate = serialNumber && (await findCertificate(readerOf(caller), serialNumber, pool));
      if (certificate === undefined)
        throw new Fault('not-found', 'You have no certificate with this serial number.');
      return listReceipts(certificate.serialNumber, pool);
    },
    key: ({ at, id }) => `${at.toISOString()} ${id}`,
    view: ({ at, channel, form, by }) => views.plain({ at, channel, form, by }),
  }),
  route({
    method: 'get',
    path: '/v1/audit-events',
    command: 'audit list',
    summary: 'what was done and what was refused, newest first',
    roles: ['AUDITOR', 'ASSESSOR', 'DCC_TEST_APPROVER'],
    query: z.strictObject({
      ...fields.page,
      participant: fields.signifier.optional().describe('Signifier'),
      event: fields
        .text(100)
        .optional()
        .describe('an event as the audit names it, or its beginning: certificate.issued, batch.'),
      object: fields
        .text(200)
        .optional()
        .describe(
          'serial number, id, signifier or prefix; a serial number also finds what is told of its whole set',
        ),
    }),
    answer: pageSchema(answers.auditEvent),
    handle: async ({ query, pool }) => {
      if (query.cursor !== undefined) requireNumberCursor(query.cursor);
      const found = await searchEvents(query, pool);
      const nextCursor = found.length < query.limit ? null : (found.at(-1)?.id ?? null);
      return { body: views.plain({ items: found, nextCursor }) };
    },
  }),
  route({
    method: 'get',
    path: '/v1/reports/issuance',
    command: 'reports issuance',
    summary:
      'issuance quality: counts, refusals by reason, and by category how long it took from the request',
    roles: READERS,
    query: period,
    answer: answers.issuanceReport,
    handle: async ({ query, at, pool }) => {
      const to = query.to ?? at;
      const from = query.from ?? new Date(to.getTime() - 30 * 86_400_000);
      return { body: views.plain(await findIssuanceReport({ from, to }, pool)) };
    },
  }),
  listRoute({
    path: '/v1/reports/overdue-allocations',
    command: 'reports overdue-allocations',
    summary: 'allocations that took, or take, the SEC Panel longer than the target',
    roles: READERS,
    query: z.strictObject({
      days: z
        .string()
        .regex(/^\d{1,3}$/, 'is no number of up to three digits')
        .transform(Number)
        .default(10)
        .openapi({ type: 'integer' })
        .describe('days that the target has; 10 unless told'),
    }),
    item: answers.overdueAllocation,
    find: async ({ query, at, pool }) => findOverdueAllocations(query.days, at, pool),
    key: ({ requestedAt, id }) => `${requestedAt.toISOString()} ${id}`,
    view: views.plain,
  }),
];
