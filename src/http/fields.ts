import { CATEGORIES, DEVICE_TYPES, ENVIRONMENTS, PURPOSES } from '../domain/category.ts';
import { REPOSITORY_STATUSES } from '../domain/certificate.ts';
import { CHANNELS } from '../domain/certificate-request.ts';
import { parseEui64, type Eui64 } from '../domain/eui64.ts';
import { isSignifier, SIGNIFIER_FORM } from '../domain/signifier.ts';
import { z } from './zod.ts';

// What requests and answers have in common, each with the one way in which it is read.

/** Of a choice that must be made: zod tells of one that is missing as of one that is none of them. */
export const must = {
  error: ({ input, values }: { readonly input?: unknown; readonly values?: readonly unknown[] }) =>
    input === undefined ? `is missing; expected one of ${(values ?? []).join(', ')}` : undefined,
};
export const category = z.enum(CATEGORIES, must).openapi('Category');
export const purpose = z
  .enum(PURPOSES, {
    error: ({ input }) =>
      input === undefined ? 'is missing' : 'is none of the purposes of GET /v1/categories',
  })
  .openapi('TestingPurpose', { description: 'Testing Services (SEC H14) and testing under SEC Section T' });
export const environment = z.enum(ENVIRONMENTS).openapi('TestEnvironment');
export const deviceType = z.enum(DEVICE_TYPES).openapi('DeviceType');
export const channel = z.enum(CHANNELS).openapi('DeliveryChannel');
export const repositoryStatus = z.enum(REPOSITORY_STATUSES).openapi('RepositoryStatus');

/** An EUI-64 in any of its forms. */
export const eui64 = z
  .string()
  .transform((text, context): Eui64 => {
    const value = parseEui64(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: 'is not an EUI-64 of 16 hex digits' });
    return z.NEVER;
  })
  .openapi({ type: 'string', example: '90-B3-D5-1F-30-01-00-00' });

/** RFC 3339 in UTC, or a date: its first instant. */
export const instant = z
  .union([z.iso.date(), z.iso.datetime()], {
    error: 'is not a date, nor an RFC 3339 instant in UTC (ending in Z)',
  })
  .transform((text) => new Date(text))
  .refine((at) => at.getTime() >= 0, 'lies before 1970')
  .openapi({ type: 'string', format: 'date-time', example: '2026-11-24T12:00:00Z' })
  .describe('a date, or an RFC 3339 instant in UTC');

/** What people read: no control characters, and nothing that UTF-8 cannot hold. */
export const text = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'has a control character or half a character')
    // The pattern without the flag, which a document has no place for (JSON Schema, 6.4: patterns are of Unicode).
    .openapi({ pattern: '^[^\\p{Cc}\\p{Cs}]*$' });

export const signifier = z.string().refine(isSignifier, `is no Signifier: ${SIGNIFIER_FORM}`);
export const sha256 = z.string().regex(/^[0-9a-fA-F]{64}$/, 'is no SHA-256 in hex');
/** Why somebody does it. */
export const because = text(2000).describe('why; it stays on record');
/** Both are of the range. */
export const range = {
  from: eui64.describe('first EUI-64 of the range'),
  to: eui64.describe('last EUI-64 of the range'),
};
export const count = z.int().min(1).max(2_147_483_647);

/** `?at=`: the question as at an instant; absent: now. */
export const asAt = z.strictObject({ at: instant.optional() });
export const page = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'is no number from 1 to 500')
    .transform(Number)
    .refine((value) => value >= 1 && value <= 500, 'is no number from 1 to 500')
    .default(50)
    .openapi({ type: 'integer', minimum: 1, maximum: 500 })
    .describe('items of a page, from 1 to 500; 50 unless told'),
  /** What may be told of a key: the longest text of one has 64 letters, of up to three octets each. */
  cursor: z.string().max(400).optional().describe('where the page before ended, as its nextCursor told'),
};
export const done = z.object({ done: z.literal(true) }).openapi('Done');
