import { ITEM_STATUSES } from '../domain/batch.ts';
import { formatInstant } from '../domain/instant.ts';
import { DURATION_MEASURES, LIMIT_SETTERS, LIMITS } from '../batches/engine/batch-cost.ts';
import type { Rehearsal } from '../batches/engine/rehearse-batch.ts';
import { count, instant, reason } from './answer-schemas.ts';
import { z } from './zod.ts';

export const rehearsalSchema = z
  .object({
    items: count,
    counts: z.record(z.enum(ITEM_STATUSES), count),
    again: count.openapi({
      description: 'items that would get a certificate although their key has one for the same subject',
    }),
    waiting: count.openapi({
      description: 'items for which a quota is used up: they wait, without a verdict',
    }),
    cost: z
      .object({
        chargeable: z.literal(false),
        signatures: count.openapi({ description: 'one for each certificate' }),
        chunks: count.openapi({ description: 'parts in which it is worked on' }),
        resultOctets: count.openapi({ description: 'of the result as a ZIP, at most' }),
        limits: z.array(
          z.object({
            limit: z.enum(LIMITS),
            setBy: z.enum(LIMIT_SETTERS),
            most: count,
            used: count,
            takes: count,
            remains: count,
            beyond: count.openapi({ description: 'items for which nothing of it is left' }),
            reason: z.string().openapi({ description: 'that they are told' }),
          }),
        ),
        duration: z.object({
          seconds: count.openapi({ description: 'of work, once its turn has come' }),
          measuredBy: z.enum(DURATION_MEASURES).openapi({
            description:
              'RECENT_BATCHES: by the rate of those of the category that were completed last; DRY_RUN: as long as this took, without signing and recording, so at least',
          }),
          batches: count.optional().openapi({ description: 'recent ones that were looked at' }),
          waitsUntil: instant.optional().openapi({ description: 'with live timings: when its window opens' }),
        }),
      })
      .openapi('BatchCost', { description: 'what the batch would use' }),
    failures: z.array(
      z.object({
        position: count,
        id: z.string(),
        fileName: z.string().optional(),
        status: z.enum(ITEM_STATUSES),
        errorCode: z.string(),
        reasons: z.array(reason),
      }),
    ),
  })
  .openapi('BatchRehearsal');

/** What a dry run answers, but for its failures: their list, the last member, is filled on the way out (`dry-run.ts`). */
export function rehearsalView({ cost, ...rest }: Rehearsal): z.infer<typeof rehearsalSchema> {
  const { waitsUntil: until, ...duration } = cost.duration;
  const waits = until === undefined ? {} : { waitsUntil: formatInstant(until) };
  const { items, counts, waiting, again } = rest;
  return {
    items,
    counts,
    waiting,
    again,
    cost: { ...cost, limits: [...cost.limits], duration: { ...duration, ...waits } },
    failures: [],
  };
}
