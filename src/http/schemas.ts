import { extendZodWithOpenApi } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { CATEGORIES, DEVICE_TYPES, ENVIRONMENTS, PURPOSES } from '../domain/category.ts';
import { REPOSITORY_STATUSES } from '../domain/certificate.ts';
import { CHANNELS } from '../domain/certificate-request.ts';
import { OUTCOMES } from '../domain/decision.ts';
import { parseEui64 } from '../domain/eui64.ts';
import { parseSerialNumber } from '../domain/serial-number.ts';
import { isSignifier, SIGNIFIER_FORM } from '../domain/signifier.ts';

extendZodWithOpenApi(z);
export { z };

const instant = z.string().openapi({
  format: 'date-time',
  example: '2026-11-24T12:00:00Z',
  description: 'RFC 3339, UTC, whole seconds',
});
const pem = z.string().openapi({ example: '-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----\n' });
const hex = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .openapi({ description: 'SHA-256, lower-case hex' });
const repositoryStatus = z.enum(REPOSITORY_STATUSES).openapi('RepositoryStatus');
const category = z.enum(CATEGORIES).openapi('Category');
const purpose = z
  .enum(PURPOSES, {
    error: ({ input }) =>
      input === undefined ? 'is missing' : 'is none of the purposes of GET /v1/categories',
  })
  .openapi('TestingPurpose', { description: 'Testing Services (SEC H14) and testing under SEC Section T' });

/** Everything of a certificate request but its CSR. */
const question = {
  category,
  purpose,
  environment: z.enum(ENVIRONMENTS).optional().openapi('TestEnvironment'),
  profile: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .openapi({ description: 'Absent: the profile that fits the CSR' }),
  deviceType: z.enum(DEVICE_TYPES).optional().openapi('DeviceType'),
  channel: z.enum(CHANNELS).default('INTERNET').openapi('DeliveryChannel'),
  onBehalfOf: z
    .string()
    .refine(isSignifier, `is no Signifier: ${SIGNIFIER_FORM}`)
    .optional()
    .openapi({ description: 'Signifier of the participant for whom an operator of the DCC asks' }),
};
const csr = z.string().min(1).openapi({
  description:
    'PKCS#10: PEM (text around it is passed over), or Base64 of DER, at most 16 KiB of DER. docs/making-csrs.md has a recipe for each category: tcs csr, or OpenSSL with any signer',
  example: '-----BEGIN CERTIFICATE REQUEST-----\n...',
});

export const certificateRequest = z.strictObject({ ...question, csr }).openapi('CertificateRequest');
const batchName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._ -]{0,99}$/, 'up to 100 letters, digits, spaces, full stops, _ and -')
  .default('batch')
  .openapi({ description: 'names the result: <name>-response.zip' });
export const batchSubmission = z
  .strictObject(question)
  .omit({ deviceType: true })
  .extend({
    name: batchName,
    dryRun: z
      .enum(['true', 'false'])
      .transform((text) => text === 'true')
      .default(false)
      .openapi({
        type: 'string',
        enum: ['true', 'false'],
        description: 'the report it would give; nothing is kept',
      }),
  });
const { purpose: forPurpose, environment, deviceType, channel } = question;
/** An order of devices whose keys the service makes. */
export const generation = z
  .strictObject({
    purpose: forPurpose,
    environment,
    channel,
    deviceType,
    devices: z.int().min(1).max(1_000_000),
    from: z
      .string()
      .openapi({ description: 'first Device ID of the range', example: '00-DB-12-34-20-00-00-00' }),
    to: z
      .string()
      .openapi({ description: 'last Device ID of the range', example: '00-DB-12-34-20-00-FF-FF' }),
    recipient: z
      .string()
      .max(32_768)
      .openapi({ description: 'certificate with an RSA key, PEM: only its holder opens the keys' }),
    name: batchName,
  })
  .openapi('KeyGeneration');
export const eligibilityCheck = z
  .strictObject({ ...question, csr: csr.optional() })
  .openapi('EligibilityCheck');
export const certificateCheck = z
  .strictObject({ certificate: z.string().min(1), profile: z.string().min(1).max(64).optional() })
  .openapi('CertificateCheck');

const eui64Filter = z.string().transform((text, context) => {
  const value = parseEui64(text);
  if (value === undefined) context.addIssue({ code: 'custom', message: 'is not an EUI-64' });
  return value;
});
const serialNumberFilter = z.string().transform((text, context) => {
  const value = parseSerialNumber(text);
  if (value === undefined) context.addIssue({ code: 'custom', message: 'is not a serial number in hex' });
  return value;
});
const instantFilter = z.iso.datetime().transform((text) => new Date(text));

export const certificateList = z.strictObject({
  onBehalfOf: z.string().refine(isSignifier, `is no Signifier: ${SIGNIFIER_FORM}`).optional().openapi({
    description:
      'Signifier of another participant: an operator of the DCC lists what the DCC had issued on its behalf, an assessor or auditor all that it has',
  }),
  category: category.optional(),
  eui64: eui64Filter.optional().openapi({ type: 'string' }),
  serialNumber: serialNumberFilter.optional().openapi({ type: 'string' }),
  sha256: z
    .string()
    .regex(/^[0-9A-Fa-f]{64}$/)
    .optional(),
  status: repositoryStatus.optional(),
  profile: z.string().max(64).optional(),
  batch: z.uuid().optional(),
  issuedFrom: instantFilter.optional().openapi({ type: 'string', format: 'date-time' }),
  issuedTo: instantFilter
    .optional()
    .openapi({ type: 'string', format: 'date-time', description: 'exclusive' }),
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .refine((value) => value >= 1 && value <= 500, 'from 1 to 500')
    .default(50)
    .openapi({ type: 'integer', minimum: 1, maximum: 500 }),
  cursor: z.string().max(200).optional(),
});
export const feedQuery = z.strictObject({
  dryRun: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .openapi({ type: 'boolean', description: 'shows what would change and changes nothing' }),
  fileName: z.string().min(1).max(200).default('feed').openapi({ description: 'for the messages' }),
});
export const certificateDownload = z.strictObject({ channel: z.enum(CHANNELS).default('INTERNET') });
export const trustAnchorQuery = z.strictObject({ category: category.optional() });

// Answers.

export const reason = z
  .object({ reason: z.string(), clause: z.string(), detail: z.string(), fix: z.string() })
  .openapi('Reason', {
    example: {
      reason: 'AGREEMENT_EXPIRED',
      clause: 'SEC Section H14.11',
      detail: 'Agreement BA-2022-014: ended on 2025-10-01.',
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
    errors: z.array(reason).min(1).openapi({ description: 'every reason, not the first' }),
  })
  .openapi('Problem');
export const certificate = z
  .object({
    serialNumber: z.string().openapi({ example: '3641B2225809FFBBA81B3E8E320AA6CF' }),
    category,
    profile: z.string(),
    status: repositoryStatus,
    participant: z.string(),
    purpose,
    environment: z.enum(ENVIRONMENTS).optional(),
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
    category,
    kind: z.enum(['ROOT', 'ISSUING']),
    subject: z.string(),
    serialNumber: z.string(),
    notBefore: instant,
    notAfter: instant,
    sha256: hex,
  })
  .openapi('Authority');
export const reasonCode = z
  .object({
    reason: z.string(),
    gate: z.string(),
    outcome: z.enum(OUTCOMES),
    authority: z.string(),
    clause: z.string(),
    says: z.string(),
    fix: z.string(),
    reserved: z.string().or(z.boolean()).optional().openapi({ description: 'not used yet' }),
    curable: z.boolean().optional().openapi({ description: 'goes away when a fact or the hour changes' }),
  })
  .openapi('ReasonCode');
export const categoryDescription = z
  .object({
    category,
    governingDocument: z.string(),
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
/** SECAS_FEED_STALE: the last feed is more than seven days old. */
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
