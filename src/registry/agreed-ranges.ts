import type { Eui64Range } from '../domain/eui64.ts';
import { Fault } from '../domain/fault.ts';
import { violatedConstraint } from '../db/database-errors.ts';
import { query, type Db, type Transaction } from '../db/query.ts';

/** Device IDs that an agreement is to have, and while it does; a bound that is absent is open. */
export interface AgreedDeviceIds {
  readonly deviceRanges: readonly Eui64Range[];
  readonly effectiveFrom?: Date | undefined;
  readonly effectiveTo?: Date | undefined;
}

/**
 * No agreement holds Device IDs of another participant, by a device range of its own or by an agreement that has not ended, unless
 * their owner delegated them (government response, paragraph 29); the database refuses it too.
 * @throws Fault `conflict` with what the others have
 */
export async function requireDeviceIdsOfNobodyElse(
  participantId: string,
  { deviceRanges, effectiveFrom, effectiveTo }: AgreedDeviceIds,
  at: Date,
  db: Db,
): Promise<void> {
  if (deviceRanges.length === 0) return;
  const { rows } = await query<{ other: string }>(
    db,
    `select distinct other from unnest($2::text[], $3::text[]) as range (first, last)
      cross join lateral device_ids_of_others($1, first, last, $4, $5, $6) as other order by other`,
    [
      participantId,
      deviceRanges.map((one) => one.from),
      deviceRanges.map((one) => one.to),
      effectiveFrom ?? null,
      effectiveTo ?? null,
      at,
    ],
  );
  if (rows.length > 0) throw ofAnother(rows.map((one) => one.other).join('; '));
}

/** From now on until the transaction ends, or `checkAgreedRanges`, Device IDs may be of two: as while a file moves them from one to another. */
export async function deferAgreedRanges(db: Transaction): Promise<void> {
  await query(db, 'set constraints agreed_range_of_another deferred');
}

/** Asks what was put off. @throws Fault `conflict` when Device IDs are of two */
export async function checkAgreedRanges(db: Transaction): Promise<void> {
  try {
    await query(db, 'set constraints agreed_range_of_another immediate');
  } catch (error) {
    throw agreedRangeFault(error) ?? error;
  }
}

/** What the database refused as Device IDs of another, in words; `undefined` for every other error. */
export function agreedRangeFault(error: unknown): Fault | undefined {
  if (violatedConstraint(error) !== 'agreed_range_of_another') return undefined;
  return ofAnother((error as { detail?: string }).detail ?? '', error);
}

function ofAnother(held: string, cause?: unknown): Fault {
  const detail = `These Device IDs are of another participant: ${held}.`;
  return new Fault('conflict', detail, {
    reasons: [
      {
        reason: 'CONFLICT',
        clause: 'government response of 26 January 2015, paragraph 29',
        detail,
        fix: 'Take Device IDs that no other participant has; or have their owner delegate them first (tcs device-ranges delegate), or the agreement that holds them varied or ended (tcs agreements state).',
      },
    ],
    ...(cause === undefined ? {} : { cause }),
  });
}
