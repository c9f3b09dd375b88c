import { dateFaultsOf } from '../domain/agreement-dates.ts';
import type { Eui64Range } from '../domain/eui64.ts';
import type { FactValues } from '../domain/facts.ts';
import { Fault } from '../domain/fault.ts';
import type { Review } from '../domain/review.ts';
import { query } from '../db/query.ts';
import { requireDeviceIdsOfNobodyElse } from '../registry/agreed-ranges.ts';
import { requireDeviceIds } from '../registry/registry-entries.ts';
import { presentFact, proposeFact, type Acting } from './acting.ts';

/** The terms and papers of a bilateral agreement. */
export type AgreementTerms = FactValues['AGREEMENT'];

/**
 * Prepares the entry of a bilateral agreement (SEC Section H14.11): it holds when a second person approves it.
 * @throws Fault `conflict` when the reference is taken, the dates contradict the state, or a device range reaches into a
 *         Registry Entry of the SEC Panel, a test-only allocation of the DCC, what is yet to be given of the test block, or Device
 *         IDs of another participant
 */
export async function proposeAgreement(
  acting: Acting,
  { ref, state, terms }: { readonly ref: string; readonly state: string; readonly terms: AgreementTerms },
  testBlock?: Eui64Range,
): Promise<Review> {
  if ((await presentFact(acting, 'AGREEMENT', ref)) !== undefined)
    throw new Fault('conflict', `Agreement ${ref} is on record already.`, {
      fix: `Change its state or terms instead: tcs agreements state ${acting.participant.signifier} ${ref}.`,
    });
  await requireFreeReference(acting, ref);
  requireDates(state, terms);
  await requireDeviceIds(terms.deviceRanges, DEVICE_RANGE, testBlock, acting.db);
  await requireFreeDeviceIds(acting, state, terms);
  const summary = `Enter agreement ${ref} with ${acting.participant.signifier} as ${state}: ${describe(terms)}.`;
  return proposeFact(acting, 'AGREEMENT', { kind: 'AGREEMENT', key: ref, state, value: terms }, summary);
}

/**
 * Prepares the next state of an agreement, with what changes of its terms.
 * @throws Fault `not-found` for a reference that is not the participant's; `conflict` for a state that may not follow, and for
 *         device ranges as when the agreement is entered
 */
export async function proposeAgreementState(
  acting: Acting,
  {
    ref,
    state,
    changes,
  }: { readonly ref: string; readonly state: string; readonly changes: Partial<AgreementTerms> },
  testBlock?: Eui64Range,
): Promise<Review> {
  const present = await presentFact(acting, 'AGREEMENT', ref);
  if (present === undefined)
    throw new Fault('not-found', `${acting.participant.signifier} has no agreement ${ref}.`);
  const terms = { ...present.value, ...changes };
  requireDates(state, terms);
  await requireDeviceIds(changes.deviceRanges ?? [], DEVICE_RANGE, testBlock, acting.db);
  // A suspension is kept from nobody for ranges that were agreed already.
  if (state !== 'SUSPENDED' || changes.deviceRanges !== undefined)
    await requireFreeDeviceIds(acting, state, terms);
  const changed = Object.keys(changes);
  const summary =
    `Agreement ${ref} with ${acting.participant.signifier}: from ${present.state} to ${state}` +
    (changed.length > 0 ? `, with other ${changed.join(', ')}.` : '.');
  return proposeFact(acting, 'AGREEMENT', { kind: 'AGREEMENT', key: ref, state, value: terms }, summary);
}

/** Ranges of an agreement that ends take nothing from anybody. */
async function requireFreeDeviceIds(
  { participant, at, db }: Acting,
  state: string,
  terms: AgreementTerms,
): Promise<void> {
  if (state === 'TERMINATED' || state === 'LAPSED') return;
  await requireDeviceIdsOfNobodyElse(participant.id, terms, at, db);
}

/** A reference belongs to one participant; the database refuses it too, when the review is approved. */
async function requireFreeReference({ participant, db }: Acting, ref: string): Promise<void> {
  const { rowCount } = await query(
    db,
    `select 1 from fact where kind = 'AGREEMENT' and key = $1 and participant_id <> $2 limit 1`,
    [ref, participant.id],
  );
  if (rowCount !== 0)
    throw new Fault('conflict', `${ref} is the reference of an agreement with somebody else.`, {
      fix: 'Take a reference that no agreement has yet.',
    });
}

function requireDates(state: string, terms: AgreementTerms): void {
  const [fault] = dateFaultsOf({ ...terms, state });
  if (fault !== undefined) throw new Fault('conflict', fault.detail, { fix: fault.fix });
}

function describe({
  permittedCategories,
  effectiveFrom,
  effectiveTo,
  volumeCap,
  dailyQuota,
  batchItems,
  laboratoryKeys,
}: AgreementTerms): string {
  const day = (instant: Date | undefined) => instant?.toISOString().slice(0, 10);
  return [
    permittedCategories.join(', ') || 'no category',
    ...(effectiveFrom === undefined ? [] : [`from ${day(effectiveFrom) ?? ''}`]),
    ...(effectiveTo === undefined ? [] : [`to ${day(effectiveTo) ?? ''}`]),
    ...(volumeCap === undefined ? [] : [`at most ${String(volumeCap)} certificates`]),
    ...(dailyQuota === undefined ? [] : [`${String(dailyQuota)} of a category in 24 hours`]),
    ...(batchItems === undefined ? [] : [`batches of ${String(batchItems)}`]),
    ...(laboratoryKeys ? ['keys made for its devices'] : []),
  ].join(', ');
}

const DEVICE_RANGE = 'A device range of the agreement';
