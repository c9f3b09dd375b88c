import { formatEui64, type Eui64, type Eui64Range } from '../domain/eui64.ts';
import type { DeviceType } from '../domain/category.ts';
import { Fault } from '../domain/fault.ts';
import type { Review } from '../domain/review.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { query } from '../db/query.ts';
import { violatedConstraint } from '../db/database-errors.ts';
import { agreedRangeFault } from '../registry/agreed-ranges.ts';
import { findCeilingReview, hasDeviceId } from '../registry/identifiers.ts';
import { notify } from '../registry/notifications.ts';
import { findParticipants } from '../registry/participants.ts';
import { openReview } from '../registry/reviews.ts';
import { inRegistryEntry, inTestAllocation, requireDeviceIds } from '../registry/registry-entries.ts';
import type { Acting } from './acting.ts';

/** A range of Device IDs; `from` and `to` belong to it. */
export type NewDeviceRange = Eui64Range & { readonly deviceTypes: readonly DeviceType[] };

/**
 * Registers Device IDs of a manufacturer or Party.
 * @throws Fault `conflict` when it overlaps another's range or the range of another's agreement, or reaches into a Registry Entry of
 *         the SEC Panel, into a test-only allocation, or into what is yet to be given of the test block
 */
export async function registerDeviceRange(
  { participant, at, db }: Acting,
  range: NewDeviceRange,
  testBlock?: Eui64Range,
): Promise<void> {
  requireOrder(range);
  await requireDeviceIds([range], THE_RANGE, testBlock, db);
  await insertRange(
    `insert into device_range (participant_id, eui64_from, eui64_to, device_types, valid_from, source) values ($1, $2, $3, $4, $5, 'DCC')`,
    [participant.id, range.from, range.to, range.deviceTypes, at],
    db,
  );
}

/**
 * The owner lets another participant use part of its range, in writing.
 * @returns  id of the delegate
 * @throws Fault `not-found` when the range is not all the owner's, or not for these device types; also when the delegate is nobody,
 *         the owner itself or closed, which are answered alike; `conflict` when the delegate has it already
 */
export async function delegateDeviceRange(
  { participant, at, db }: Acting,
  wanted: NewDeviceRange & { readonly delegate: string; readonly documentSha256: string },
): Promise<string> {
  requireOrder(wanted);
  const { rowCount } = await query(
    db,
    // Held until the end: a range that is ended meanwhile ends with every delegation of it.
    `select 1 from device_range where participant_id = $1 and delegated_by is null and valid_from <= $4
        and valid_to is null and eui64_from <= $2 and eui64_to >= $3
        and (device_types = '{}' or ($5::text[] <> '{}' and $5::text[] <@ device_types)) for share`,
    [participant.id, wanted.from, wanted.to, at, wanted.deviceTypes],
  );
  if (rowCount !== 1)
    throw new Fault(
      'not-found',
      `No device range of ${participant.signifier} holds all of these Device IDs, for these device types.`,
    );
  const delegate = (await findParticipants([wanted.delegate], at, db)).get(wanted.delegate);
  if (delegate?.status !== 'ACTIVE' || delegate.id === participant.id)
    throw new Fault('not-found', `Device IDs cannot be delegated to ${wanted.delegate}.`);
  await insertRange(
    `insert into device_range (participant_id, eui64_from, eui64_to, device_types, valid_from, delegated_by, delegation_document_sha256, source)
     values ($1, $2, $3, $4, $5, $6, $7, 'PARTICIPANT')`,
    [
      delegate.id,
      wanted.from,
      wanted.to,
      wanted.deviceTypes,
      at,
      participant.signifier,
      wanted.documentSha256,
    ],
    db,
  );
  return delegate.id;
}

/**
 * Ends a device range, an own one and every delegation of it, or one that is delegated by or to the participant; all with these
 * ends. Whoever has Device IDs no longer is told, and the owner of what it delegated; each finds it in its own audit.
 * @returns  ids of those who are told
 * @throws Fault `not-found`
 */
export async function endDeviceRange(acting: Acting, range: Eui64Range): Promise<string[]> {
  const { participant, at, db } = acting;
  // Whoever delegates of it has it in hand: only what is asked after that sees the delegation.
  await query(
    db,
    `select from device_range where participant_id = $1 and delegated_by is null and valid_to is null
        and eui64_from = $2 and eui64_to = $3 for update`,
    [participant.id, range.from, range.to],
  );
  const { rows: ended } = await query<
    Eui64Range & { holder: string; owner: string | null; by: string | null }
  >(
    db,
    `update device_range set valid_to = greatest($4, valid_from + interval '1 microsecond')
      where valid_to is null and eui64_from >= $2 and eui64_to <= $3
        and ((eui64_from = $2 and eui64_to = $3 and (participant_id = $1 or delegated_by = $5))
          or (delegated_by = $5 and exists (select from device_range own where own.participant_id = $1 and own.delegated_by is null
                and own.valid_to is null and own.eui64_from = $2 and own.eui64_to = $3)))
      returning participant_id as holder, delegated_by as by, eui64_from as "from", eui64_to as "to",
        (select p.id from participant p where p.signifier = delegated_by) as owner`,
    [participant.id, range.from, range.to, at, participant.signifier],
  );
  if (ended.length === 0)
    throw new Fault('not-found', `${participant.signifier} has no device range with these ends.`);
  const notices = ended.flatMap(({ holder, owner, by, from, to }) => {
    const object = `${formatEui64(from)} to ${formatEui64(to)}`;
    const told = by === null ? OWN_ENDED : DELEGATION_ENDED;
    const of = by === null ? '' : ` that ${by} delegated`;
    const text = `The DCC ended the range of Device IDs ${object}${of}.`;
    const whom = owner === null ? [holder] : [holder, owner];
    return whom.map((participantId) => ({ participantId, at, event: told, object, text }));
  });
  await tell(acting, notices);
  return [...new Set(notices.map((one) => one.participantId))];
}

/**
 * The owner ends a delegation of its own; the delegate is told, and finds it in its own audit.
 * @returns  id of the participant that has the Device IDs no longer
 * @throws Fault `not-found` when the owner has delegated none with these ends to it; who is nobody's Signifier is answered alike
 */
export async function endDelegation(
  acting: Acting,
  { from, to, delegate }: Eui64Range & { readonly delegate: string },
): Promise<string> {
  const { participant, at, db } = acting;
  const shown = `${formatEui64(from)} to ${formatEui64(to)}`;
  const { rows } = await query<{ participantId: string }>(
    db,
    `update device_range d set valid_to = greatest($5, d.valid_from + interval '1 microsecond')
       from participant p
      where p.signifier = $4 and d.participant_id = p.id and d.delegated_by = $1 and d.valid_to is null
        and d.eui64_from = $2 and d.eui64_to = $3
      returning d.participant_id as "participantId"`,
    [participant.signifier, from, to, delegate, at],
  );
  const [ended] = rows;
  if (ended === undefined)
    throw new Fault(
      'not-found',
      `${participant.signifier} delegates no device range ${shown} to ${delegate}.`,
    );
  const text = `${participant.signifier} ended the delegation of the Device IDs ${shown}.`;
  await tell(acting, [
    { participantId: ended.participantId, at, event: DELEGATION_ENDED, object: shown, text },
  ]);
  return ended.participantId;
}

/** Tells whoever it touches; the act is in the audit of the record that it was done on, and here in that of the others. */
async function tell(
  { caller, participant, at, db }: Acting,
  notices: Parameters<typeof notify>[0],
): Promise<void> {
  await notify(notices, db);
  const { credentialId, person: by, role } = caller;
  const facts = { by, role, of: participant.signifier };
  const others = notices.filter(({ participantId }) => participantId !== participant.id);
  await recordEvents(
    others.map(({ participantId, event, object }) => ({
      at,
      event,
      participantId,
      credentialId,
      object,
      facts,
    })),
    db,
  );
}

/**
 * Prepares a higher limit of certificates for one Device ID (SEC Appendix M: 100 a device): a second person approves.
 * A non-Party has Device IDs by its agreement too. What is prepared on one limit is approved on that limit only.
 * @throws Fault `not-found` for a Device ID of others
 */
export async function proposeDeviceCeiling(
  { caller, participant, at, db }: Acting,
  wanted: { readonly eui64: Eui64; readonly certificates: number; readonly because: string },
): Promise<Review> {
  const { eui64, certificates, because } = wanted;
  if (!(await hasDeviceId(participant.id, eui64, at, db)))
    throw new Fault(
      'not-found',
      `${formatEui64(eui64)} is in no device range of ${participant.signifier}, nor of its agreement in force.`,
    );
  const after = await findCeilingReview(eui64, db);
  const act = { do: 'RAISE_DEVICE_CEILING', eui64, certificates, after } as const;
  const summary = `Let ${formatEui64(eui64)} of ${participant.signifier} have ${String(certificates)} certificates: ${because}`;
  return openReview(
    { kind: 'DEVICE_CEILING', participantId: participant.id, act, summary, preparedBy: caller },
    at,
    db,
  );
}

async function insertRange(text: string, values: readonly unknown[], db: Acting['db']): Promise<void> {
  try {
    await query(db, text, values);
  } catch (error) {
    const constraint = violatedConstraint(error);
    if (constraint === 'device_range_not_in_registry_entry') throw inRegistryEntry(THE_RANGE, error);
    if (constraint === 'device_id_not_in_test_allocation') throw inTestAllocation(THE_RANGE, error);
    if (constraint === 'device_range_no_overlap') throw overlapping(error);
    if (constraint === 'device_range_delegated_once')
      throw new Fault('conflict', 'These Device IDs are delegated to this participant already.', {
        fix: 'End that delegation first for one with other device types: tcs device-ranges end-delegation.',
        cause: error,
      });
    throw agreedRangeFault(error) ?? error;
  }
}

function requireOrder({ from, to }: Eui64Range): void {
  if (from > to)
    throw new Fault(
      'malformed-request',
      `The range ends before it begins (${formatEui64(from)} to ${formatEui64(to)}).`,
    );
}

function overlapping(cause: unknown): Fault {
  const detail = 'The range overlaps one that is registered already.';
  return new Fault('conflict', detail, {
    reasons: [
      {
        reason: 'CONFLICT',
        clause: 'government response of 26 January 2015, paragraph 29',
        detail,
        fix: 'Register only Device IDs that nobody has; GET /v1/participants/{signifier}/device-ranges shows those of each.',
      },
    ],
    cause,
  });
}

const THE_RANGE = 'The range';
const OWN_ENDED = 'device-range.ended';
const DELEGATION_ENDED = 'device-range.delegation-ended';
