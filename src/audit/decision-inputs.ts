import { createHash } from 'node:crypto';
import type { ApprovedReferral, EligibilityQuestion } from '../domain/eligibility-question.ts';
import type { TestingParticipant } from '../domain/participant.ts';

/** What of a question stands with its decision, by member; those that are `undefined` are not kept. */
export type KeptInputs = Readonly<Record<string, unknown>>;

/** The participant as it was, which many decisions share. */
export interface Snapshot {
  readonly sha256: Buffer;
  readonly value: string;
}

/**
 * A question as it is kept, but for its referral.
 * @param snapshots  those so far, by participant: each is written once
 */
export function keepQuestion(
  { request, caller, participant, csr, standing, demand, now, validUntil, unfitProfile }: EligibilityQuestion,
  snapshots: Map<string, Snapshot>,
): { readonly inputs: KeptInputs; readonly snapshot?: Snapshot } {
  const { category, purpose, environment, deviceType, replacement, channel, onBehalfOf } = request;
  const asked = { category, purpose, environment, deviceType, replacement, channel, onBehalfOf };
  if (participant === undefined)
    return { inputs: { request: asked, caller, csr, standing, demand, now, validUntil, unfitProfile } };
  const { allocations, roleAssignments, deviceRanges, certificatesIssued, issuedInDay } = participant;
  const identifiers = { allocations, roleAssignments, deviceRanges };
  // Apart from the identifiers: it is another with each request, they mostly are not.
  const counted = { certificatesIssued, issuedInDay };
  let snapshot = snapshots.get(participant.id);
  if (snapshot === undefined) snapshots.set(participant.id, (snapshot = takeSnapshot(participant)));
  return {
    inputs: {
      request: asked,
      caller,
      participant: identifiers,
      counted,
      csr,
      standing,
      demand,
      now,
      validUntil,
      unfitProfile,
    },
    snapshot,
  };
}

/** The question again, as `decide` takes it. */
export function restoreQuestion(
  inputs: string,
  snapshot: string | null,
  referral: ApprovedReferral | null,
): EligibilityQuestion {
  const { counted, ...kept } = JSON.parse(inputs, reviveInstant) as EligibilityQuestion & {
    counted?: object;
  };
  const rest = referral === null ? kept : { ...kept, referral };
  if (snapshot === null) return { ...rest, participant: undefined };
  const core = JSON.parse(snapshot, reviveInstant) as TestingParticipant;
  return { ...rest, participant: { ...core, ...rest.participant, ...counted } };
}

/** What does not depend on the request: `JSON.stringify` leaves out what is `undefined`. */
function takeSnapshot(participant: TestingParticipant): Snapshot {
  const value = JSON.stringify({
    ...participant,
    allocations: undefined,
    roleAssignments: undefined,
    deviceRanges: undefined,
    certificatesIssued: undefined,
    issuedInDay: undefined,
  });
  return { sha256: createHash('sha256').update(value).digest(), value };
}

/** Instants are the members of these names that `JSON.stringify` wrote; a range of EUI-64s has `from` and `to` too. */
function reviveInstant(name: string, value: unknown): unknown {
  return typeof value === 'string' && INSTANTS.has(name) && INSTANT.test(value) ? new Date(value) : value;
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const INSTANTS = new Set([
  'now',
  'since',
  'from',
  'to',
  'requestedAt',
  'offeredAt',
  'executedAt',
  'effectiveFrom',
  'effectiveTo',
  'expelledAt',
  'expiresAt',
  'validUntil',
]);
