import { OUTCOMES } from '../../domain/decision.ts';
import { IDENTIFIER_KINDS } from '../../domain/participant.ts';
import { instant, reason } from '../answer-schemas.ts';
import * as fields from '../fields.ts';
import { z } from '../zod.ts';

// What was decided and done, as it is told.

export const decisionSummary = z
  .object({
    id: z.uuid(),
    decidedAt: instant,
    participant: z.string().nullable(),
    category: fields.category.or(z.null()),
    purpose: z.string().nullable(),
    channel: fields.channel.or(z.null()),
    subject: z.string().nullable(),
    outcome: z.enum(OUTCOMES),
    basis: z.string().nullable(),
    agreementRef: z.string().nullable(),
    simulatedRole: z.boolean(),
    ruleSet: z.string(),
    reasons: z.array(reason),
  })
  .openapi('DecisionSummary');

export const receipt = z
  .object({
    at: instant,
    channel: fields.channel,
    form: z.string(),
    by: z.string().openapi({ description: 'whose credential took it' }),
  })
  .openapi('Receipt');

export const auditEvent = z
  .object({
    id: z.string(),
    at: instant,
    event: z.string(),
    participant: z.string().nullable(),
    credential: z.string().nullable().openapi({ description: 'prefix of the one that acted' }),
    requestId: z.string().nullable(),
    object: z.string().nullable(),
    facts: z.record(z.string(), z.unknown()).openapi({ description: 'by event' }),
  })
  .openapi('AuditEvent');

export const overdueAllocation = z
  .object({
    id: z.string(),
    participant: z.string(),
    kind: z.enum(IDENTIFIER_KINDS),
    from: z.string(),
    to: z.string(),
    requestedAt: instant,
    allocatedAt: instant.nullable(),
    days: z.int().openapi({ description: 'from the request to the allocation, or to now' }),
  })
  .openapi('OverdueAllocation');

export const decisionEvidence = decisionSummary
  .extend({
    requestId: z.string().nullable(),
    request: z.record(z.string(), z.unknown()).nullable(),
    askedBy: z.record(z.string(), z.unknown()).nullable(),
    onRecord: z.record(z.string(), z.unknown()).nullable().openapi({ description: 'what it looked at' }),
    testPhase: z.string().nullable(),
    goodIndustryPractice: z.string().openapi({ description: 'version of the list of controls' }),
    terms: z.string().openapi({ description: 'version' }),
    rules: z.array(
      z.object({
        rule: z.string(),
        gate: z.string(),
        clause: z.string(),
        authority: z.string(),
        result: z.enum(['KEPT', 'BROKEN', 'COVERED', 'NOT_ASKED']),
      }),
    ),
  })
  .openapi('DecisionEvidence');

const milliseconds = z.object({ p50: z.number(), p95: z.number(), p99: z.number() });
export const issuanceReport = z
  .object({
    from: instant,
    to: instant,
    decisions: z.record(z.string(), z.int()).openapi({ description: 'by outcome' }),
    issued: z.record(z.string(), z.int()).openapi({ description: 'by category' }),
    reasons: z.array(z.object({ reason: z.string(), decisions: z.int() })),
    turnaround: z.record(z.string(), milliseconds).openapi({ description: 'by category, in milliseconds' }),
    decidedByRule: z
      .number()
      .nullable()
      .openapi({ description: 'share of requests that a rule decided without a person' }),
  })
  .openapi('IssuanceReport');
