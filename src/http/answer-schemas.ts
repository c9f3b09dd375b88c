import { OUTCOMES } from '../domain/decision.ts';
import * as fields from './fields.ts';
import { z } from './zod.ts';

export const instant = z.string().openapi({
  format: 'date-time',
  example: '2026-11-24T12:00:00Z',
  description: 'RFC 3339, UTC, whole seconds',
});
const pem = z.string().openapi({ example: '-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----\n' });
const hex = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .openapi({ description: 'SHA-256, lower-case hex' });

export const reason = z
  .object({ reason: z.string(), clause: z.string(), detail: z.string(), fix: z.string() })
  .openapi('Reason', {
    example: {
      reason: 'AGREEMENT_EXPIRED',
      clause: 'SEC Section H14.11',
      detail: 'Agreement BA-2022-014 ended on 2025-10-01.',
      fix: 'Renew the agreement with the DCC.',
    },
  });
export const problem = z
  .object({
    type: z.string().openapi({ example: 'urn:problem:tcs:not-eligible' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    requestId: z.string(),
    decision: z
      .uuid()
      .optional()
      .openapi({ description: 'id of the decision on record, where one was made' }),
    errors: z
      .array(
        reason.extend({
          errorCode: z.string().optional().openapi({ description: 'of a batch: as in its report' }),
          position: z.string().optional().openapi({ description: 'of a batch: where in the upload' }),
        }),
      )
      .min(1)
      .openapi({ description: 'every reason, not the first' }),
  })
  .openapi('Problem');
export const certificate = z
  .object({
    serialNumber: z.string().openapi({ example: '3641B2225809FFBBA81B3E8E320AA6CF' }),
    category: fields.category,
    profile: z.string(),
    status: fields.repositoryStatus,
    participant: z.string(),
    purpose: fields.purpose,
    environment: fields.environment.optional(),
    eui64: z.string().optional().openapi({ example: '00-DB-12-34-56-78-90-A0' }),
    subject: z.string(),
    issuer: z.string(),
    keyUsage: z.array(z.string()),
    notBefore: instant,
    notAfter: instant,
    issuedAt: instant,
    sha256: hex,
    subjectPublicKeySha256: hex,
    decision: z.object({ id: z.uuid(), basis: z.string(), ruleSet: z.string(), simulatedRole: z.boolean() }),
    certificate: pem.optional().openapi({ description: 'absent in lists while it may not be handed out' }),
    chain: z.array(pem).optional().openapi({ description: 'from the issuing CA to the root' }),
    basisLapsed: z.boolean().optional().openapi({ description: 'the basis of its issue no longer holds' }),
    withheld: z.array(reason).optional().openapi({ description: 'why it may not be handed out now' }),
  })
  .openapi('Certificate');
export const certificatePage = z
  .object({ items: z.array(certificate), nextCursor: z.string().nullable() })
  .openapi('CertificatePage');
export const decision = z
  .object({
    outcome: z.enum(OUTCOMES),
    basis: z.string().nullable(),
    reasons: z.array(reason),
    ruleSet: z.string(),
  })
  .openapi('Decision');
export const referral = z
  .object({
    outcome: z.enum(['REFER', 'QUEUE']),
    detail: z.string(),
    application: z.uuid().optional(),
    decision: z.uuid().optional(),
    reasons: z.array(reason),
  })
  .openapi('Referral', { description: 'An application was made of it (Location); nothing was issued yet' });
export const verdict = z
  .object({
    verdict: z.enum(['PASS', 'WARN', 'FAIL']),
    profile: z.string(),
    findings: z.array(
      z.object({
        rule: z.string(),
        severity: z.enum(['ERROR', 'WARN']),
        clause: z.string(),
        detail: z.string(),
      }),
    ),
  })
  .openapi('Verdict');
export const count = z.int().min(0);
export const verdictList = z
  .object({
    counts: z.object({ PASS: count, WARN: count, FAIL: count, NONE: count }),
    most: z.int().openapi({ description: 'certificates that one ZIP may hold' }),
    items: z.array(
      z.union([
        verdict.extend({ name: z.string() }),
        z.object({ name: z.string(), verdict: z.literal('NONE'), reasons: z.array(reason) }),
      ]),
    ),
  })
  .openapi('VerdictList', { description: 'Of a ZIP, in its order; NONE: the file holds no certificate' });
export const me = z
  .object({
    participant: z.string(),
    signifier: z.string(),
    name: z.string(),
    type: z.string(),
    role: z.string(),
    scopes: z.array(z.string()),
    eligibility: z.object({ basis: z.string().nullable(), reasons: z.array(reason), ruleSet: z.string() }),
  })
  .openapi('Me');
export const authority = z
  .object({
    name: z.string(),
    category: fields.category,
    kind: z.enum(['ROOT', 'ISSUING']),
    subject: z.string(),
    serialNumber: z.string(),
    notBefore: instant,
    notAfter: instant,
    sha256: hex,
  })
  .openapi('Authority');
const reasonWords = {
  authority: z.string(),
  clause: z.string(),
  says: z.string(),
  fix: z.string(),
};
export const reasonCode = z
  .object({
    reason: z.string(),
    gate: z.string(),
    outcome: z.enum(OUTCOMES),
    ...reasonWords,
    categories: z.record(z.string(), z.object(reasonWords)).optional().openapi({
      description: 'the same in the words of a category that has a source of its own, such as DCCKI',
    }),
    reserved: z.string().or(z.boolean()).optional().openapi({ description: 'not used yet' }),
    curable: z.boolean().optional().openapi({ description: 'goes away when a fact or the hour changes' }),
  })
  .openapi('ReasonCode');
export const categoryDescription = z
  .object({
    category: fields.category,
    governingDocument: z.string(),
    governingVersion: z
      .string()
      .nullable()
      .openapi({ description: 'null: unconfirmed, no text at hand says which version governs' }),
    sources: z
      .array(z.object({ cite: z.string(), title: z.string(), status: z.string() }))
      .openapi({ description: 'what is cited for the category, and how its text was at hand' }),
    channels: z.array(fields.channel),
    authority: z.string(),
    purposes: z.array(z.string()),
    limits: z.object({ csrOctets: z.int(), bodyOctets: z.int(), certificatesPerDevice: z.int().optional() }),
    chargeable: z.literal(false),
    profiles: z.array(
      z.object({
        profile: z.string(),
        keyUsage: z.string(),
        chosen: z.string(),
        roles: z.array(z.string()).optional(),
        key: z.string(),
        validity: z.string(),
        source: z.string(),
      }),
    ),
  })
  .openapi('CategoryDescription');
export const feedReport = z
  .object({
    applied: z.boolean(),
    diff: z.unknown(),
    text: z.string().openapi({ description: 'the diff in lines' }),
  })
  .openapi('FeedReport');
/** SECAS_FEED_STALE: the last feed is older than it should be (TCS_FEED_STALE_DAYS). */
export const HEALTH_WARNINGS = ['SECAS_FEED_STALE'] as const;
export const health = z
  .object({
    status: z.enum(['ok', 'unavailable']),
    parts: z.record(z.string(), z.string()),
    warnings: z
      .array(z.enum(HEALTH_WARNINGS))
      .optional()
      .openapi({ description: 'what should be looked at and hinders nothing; absent: nothing' }),
  })
  .openapi('Health');
