import { createHash } from 'node:crypto';
import type { EligibilityQuestion } from '../domain/eligibility-question.ts';
import type { TestingParticipant } from '../domain/participant.ts';

/** A question as it is kept: the participant as it was, which many decisions share, and the rest. */
export interface KeptQuestion {
  readonly inputs: string;
  readonly snapshot?: { readonly sha256: Buffer; readonly value: string };
}

/** JSON of a question in two parts. @param snapshots  of this set so far, by participant: each is written once */
export function keepQuestion(
  {
    request,
    caller,
    participant,
    csr,
    standing,
    referral,
    now,
    validUntil,
    unfitProfile,
  }: EligibilityQuestion,
  snapshots: Map<string, NonNullable<KeptQuestion['snapshot']>>,
): KeptQuestion {
  const { category, purpose, environment, deviceType, replacement, channel, onBehalfOf } = request;
  const asked = { category, purpose, environment, deviceType, replacement, channel, onBehalfOf };
  const rest = { csr, standing, referral, now, validUntil, unfitProfile };
  if (participant === undefined) return { inputs: JSON.stringify({ request: asked, caller, ...rest }) };
  const { allocations, roleAssignments, deviceRanges, certificatesIssued, issuedInDay } = participant;
  const own = { allocations, roleAssignments, deviceRanges, certificatesIssued, issuedInDay };
  let snapshot = snapshots.get(participant.id);
  if (snapshot === undefined) snapshots.set(participant.id, (snapshot = takeSnapshot(participant)));
  return {
    inputs: JSON.stringify({ request: asked, caller, participant: own, ...rest }),
    snapshot,
  };
}

/** The question again, as `decide` takes it. */
export function restoreQuestion(inputs: string, snapshot: string | null): EligibilityQuestion {
  const rest = JSON.parse(inputs, reviveInstant) as EligibilityQuestion;
  if (snapshot === null) return { ...rest, participant: undefined };
  const core = JSON.parse(snapshot, reviveInstant) as TestingParticipant;
  return { ...rest, participant: { ...core, ...rest.participant } };
}

/** What does not depend on the request: `JSON.stringify` leaves out what is `undefined`. */
function takeSnapshot(participant: TestingParticipant): NonNullable<KeptQuestion['snapshot']> {
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
