import { eui64After, formatEui64Range, type Eui64Range } from '../domain/eui64.ts';
import { Fault } from '../domain/fault.ts';
import type { IdentifierAllocation, ParticipantType } from '../domain/participant.ts';
import { violatedConstraint } from '../db/database-errors.ts';
import { query, type Transaction } from '../db/query.ts';
import { lockFeed } from '../registry/feed-lock.ts';
import { notify } from '../registry/notifications.ts';
import { findUngiven } from '../registry/test-block.ts';
import type { Acting } from './acting.ts';
import { endRolesWithoutAllocation } from './apply-feed-identifiers.ts';

/** EUI-64s that the DCC gave for tests only. */
export type TestAllocation = Eui64Range & Pick<IdentifierAllocation, 'kind'>;

/**
 * Gives a SEC Party User IDs, or an RDP RDP IDs, for tests only: the next ones of the test block that were never given (DESIGN;
 * requirements, F26). The participant is told.
 * @param count  how many EUI-64s
 * @param block  what the operator set aside; absent: nothing
 * @throws Fault `conflict` when there is no block, it has no room, the participant is of another type, or the block reaches into a
 *         Registry Entry, an allocation that the DCC did not give, or Device IDs
 */
export async function giveTestAllocation(
  { participant, at, db }: Acting,
  count: number,
  block: Eui64Range | undefined,
): Promise<TestAllocation> {
  if (block === undefined) throw refused(['No test-only identifiers are given: TCS_TEST_BLOCK is not set.']);
  const kind = KINDS[participant.type];
  if (kind === undefined)
    throw new Fault(
      'conflict',
      `${participant.signifier} is a ${participant.type}; test-only identifiers are User IDs of a SEC_PARTY and RDP IDs of an RDP.`,
      { fix: 'Give them to a SEC Party or an RDP; Device IDs are registered as device ranges.' },
    );
  await lockFeed(db);
  await requireApart(block, db);
  const range = await findNext(block, count, db);
  try {
    await query(
      db,
      `insert into identifier_allocation (participant_id, kind, eui64_from, eui64_to, environment, source, valid_from)
       values ($1, $2, $3, $4, 'TEST', 'DCC', $5)`,
      [participant.id, kind, range.from, range.to, at],
    );
  } catch (error) {
    const says = CONSTRAINTS.get(violatedConstraint(error) ?? '');
    if (says === undefined) throw error;
    throw refused([`${formatEui64Range(range)} of the test block (TCS_TEST_BLOCK) ${says}.`], error);
  }
  const object = formatEui64Range(range);
  const text = `The DCC gave ${String(count)} EUI-64s as ${kind}, for tests only: ${object}.`;
  await notify([{ participantId: participant.id, at, event: 'test-allocation.given', object, text }], db);
  return { kind, ...range };
}

/**
 * Ends a test-only allocation and the User Roles that rest on it; its EUI-64s are not given again. The participant is told.
 * @throws Fault `not-found` when the DCC gave the participant none with these ends, or it has ended
 */
export async function endTestAllocation(
  { caller, participant, at, db }: Acting,
  { from, to }: Eui64Range,
): Promise<void> {
  const object = formatEui64Range({ from, to });
  const { rowCount } = await query(
    db,
    `update identifier_allocation set valid_to = greatest($4, valid_from + interval '1 microsecond')
      where participant_id = $1 and eui64_from = $2 and eui64_to = $3 and source = 'DCC' and valid_to is null`,
    [participant.id, from, to, at],
  );
  if (rowCount !== 1)
    throw new Fault(
      'not-found',
      `${participant.signifier} has no test-only allocation ${object} of the DCC.`,
      {
        fix: 'Give both ends of one; allocations of the SEC Panel end with the SECAS feed.',
      },
    );
  await endRolesWithoutAllocation([participant.id], caller.credentialId, at, db);
  const text = `The DCC ended the test-only allocation ${object}.`;
  await notify([{ participantId: participant.id, at, event: 'test-allocation.ended', object, text }], db);
}

/** The block is nobody's else: what was stated there since, or before it was set, is told whole. */
async function requireApart(block: Eui64Range, db: Transaction): Promise<void> {
  const { rows } = await query<Eui64Range & { what: string }>(
    db,
    `select 'the Registry Entry ' || name as what, eui64_from as "from", eui64_to as "to" from registry_entry
      where valid_to is null and eui64_from <= $2 and eui64_to >= $1
     union all
     select 'an allocation of ' || p.signifier, i.eui64_from, i.eui64_to
       from identifier_allocation i join participant p on p.id = i.participant_id
      where i.valid_to is null and i.source <> 'DCC' and i.eui64_from <= $2 and i.eui64_to >= $1
      order by 2, 1 limit ${String(MOST_TOLD)}`,
    [block.from, block.to],
  );
  const shown = `The test block ${formatEui64Range(block)} (TCS_TEST_BLOCK)`;
  if (rows.length > 0)
    throw refused(
      rows.map(({ what, ...range }) => `${shown} reaches into ${what}, ${formatEui64Range(range)}.`),
    );
}

/** Behind all that the DCC ever gave of the block: certificates may bear the EUI-64s of an allocation that has ended. */
async function findNext(block: Eui64Range, count: number, db: Transaction): Promise<Eui64Range> {
  const left = await findUngiven(block, db);
  const to = left && eui64After(left.from, count - 1);
  if (left === undefined || to === undefined || to > left.to)
    throw refused([
      `The test block ${formatEui64Range(block)} (TCS_TEST_BLOCK) has no room for ${String(count)} more identifiers.`,
    ]);
  return { from: left.from, to };
}

function refused(details: readonly string[], cause?: unknown): Fault {
  const fix =
    'Have the operator set TCS_TEST_BLOCK to EUI-64s that the DCC holds for tests alone, of which enough are free.';
  return new Fault('conflict', details.join(' '), {
    reasons: details.map((detail) => ({ reason: 'CONFLICT', clause: 'DESIGN', detail, fix })),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Of which kind the identifiers of a participant are (requirements, F20 and F32); absent: it gets none. */
const KINDS: Partial<Record<ParticipantType, TestAllocation['kind']>> = {
  SEC_PARTY: 'USER_ID',
  RDP: 'RDP_ID',
};
const MOST_TOLD = 20;
/** What the database refused, whatever happened at the same time. */
const CONSTRAINTS = new Map([
  ['identifier_allocation_no_overlap', 'overlaps an allocation of somebody'],
  ['test_allocation_not_in_registry_entry', 'reaches into a Registry Entry of the SEC Panel'],
  ['device_range_not_in_registry_entry', 'reaches into a range of Device IDs'],
  ['device_ceiling_not_in_registry_entry', 'reaches over a Device ID whose limit was raised'],
  ['agreed_range_not_in_registry_entry', 'reaches into a device range of an agreement'],
]);
