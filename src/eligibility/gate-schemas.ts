import { z } from 'zod';
import { CATEGORIES, PURPOSES } from '../domain/category.ts';
import { CHANNELS } from '../domain/certificate-request.ts';
import { PARTICIPANT_TYPES } from '../domain/participant.ts';

/** The schemas of the files behind gates A6 to A10, and of the Good Industry Practice. */

/** Who has security obligations, and on which system (government response, paragraph 28 and glossary). */
export const OBLIGED = ['PARTY', 'RDP', 'NON_PARTY', 'DCC'] as const;
const SYSTEMS = ['USER_SYSTEM', 'RDP_SYSTEM', 'NON_PARTY_SYSTEM', 'DCC_SYSTEM'] as const;

/** What may be said beyond a quota. */
export const QUOTA_REASONS = ['QUOTA_EXCEEDED', 'NOTICE_REQUIRED'] as const;
export type QuotaReason = (typeof QUOTA_REASONS)[number];

/** A reason code, or any other name in UPPER_SNAKE. */
export const code = z.string().regex(/^[A-Z0-9_]{3,64}$/, 'a name in UPPER_SNAKE');
const text = z.string().min(1);
const version = z.string().regex(/^[A-Za-z0-9._-]{1,32}$/, 'a version of letters, digits, dots and hyphens');

/** `phases.yaml` */
export const phasesSchema = z.strictObject({
  enduringFrom: z.iso.date().transform((day) => new Date(day)),
  clause: text,
  purposes: z.strictObject(
    each(
      PURPOSES,
      z
        .strictObject({
          TRANSITIONAL: z.enum(['SRT_APPROACH', 'ETAD']).optional(),
          ENDURING: z.enum(['SRT_APPROACH', 'ETAD']).optional(),
        })
        .refine((phases) => Object.keys(phases).length > 0, { message: 'is open in at least one phase' }),
    ),
  ),
});

/** `terms.yaml` */
export const termsSchema = z.strictObject({
  version,
  exempt: z.array(z.enum(PARTICIPANT_TYPES)),
  liability: z.literal('none'),
  parts: z.array(z.strictObject({ name: code, clause: text, says: text })).min(1),
});

/** `obligations.yaml` */
export const obligationsSchema = z.array(
  z.strictObject({
    obligation: code,
    clause: text,
    sourceDocument: text.default('ETAD'),
    on: z.partialRecord(z.enum(OBLIGED), z.enum(SYSTEMS)),
    triggers: z
      .array(
        z.strictObject({
          categories: z.array(z.enum(CATEGORIES)).min(1).optional(),
          channels: z.array(z.enum(CHANNELS)).min(1).optional(),
        }),
      )
      .min(1)
      .default([{}]),
    says: text,
    validityDays: z.number().int().min(1),
  }),
);

/** `categories.yaml` */
export const categoriesSchema = z.strictObject(
  each(
    CATEGORIES,
    z.strictObject({
      governingDocument: text,
      /** Left out while no text at hand says which version governs. */
      governingVersion: version.optional(),
      clause: text,
      channels: z.array(z.enum(CHANNELS)).min(1),
    }),
  ),
);

/** A whole number from `least` on, or NONE; the message says so, also where it is missing. */
const numberOrNone = (least: number) =>
  z.union([z.number().int().min(least), z.literal('NONE')], {
    error: `a whole number of ${String(least)} or more, or NONE, is wanted`,
  });
const most = numberOrNone(0);

/** `quotas.yaml`; what may be left out is NONE, and what the live service has is in its comment. */
export const quotasSchema = z.strictObject(
  each(
    CATEGORIES,
    z.strictObject({
      clause: text,
      beyond: z.enum(QUOTA_REASONS),
      perDay: z.strictObject(each(PARTICIPANT_TYPES, most)),
      /** By single requests, not as items of batches. SEC Appendix N: 150 Device CSRs in 24 hours for each Party. */
      adHoc: z
        .strictObject({ clause: text, perDay: z.strictObject(each(PARTICIPANT_TYPES, most)) })
        .optional(),
      /** All participants together, in 24 hours. SEC Appendix N: 375,000 Device CSRs in a night. */
      everybody: z.strictObject({ clause: text, perDay: most }).optional(),
      /**
       * How much of its own monthly average a participant may have without notice. MP160, a proposal: 150 %. A month is 30 days; of
       * those before the last one `months` are looked at, and `least` certificates in a month never want notice.
       */
      exceptional: z
        .strictObject({
          clause: text,
          percent: z.strictObject(each(PARTICIPANT_TYPES, numberOrNone(100))),
          months: z.number().int().min(1).max(24),
          least: z.number().int().min(0),
        })
        .optional(),
    }),
  ),
);

/** `good-industry-practice.yaml` */
export const goodIndustryPracticeSchema = z.strictObject({
  version,
  controls: z.array(z.strictObject({ control: code, clause: text, says: text })).min(1),
});

/** The same schema for each of these names. */
export function each<Name extends string, Schema>(
  names: readonly Name[],
  schema: Schema,
): Record<Name, Schema> {
  return Object.fromEntries(names.map((name) => [name, schema])) as Record<Name, Schema>;
}
