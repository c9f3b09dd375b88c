import { formatEui64, parseEui64 } from '../../domain/eui64.ts';
import type { TestingParticipant } from '../../domain/participant.ts';
import type { Review } from '../../domain/review.ts';
import { agreementStanding } from '../../eligibility/agreement.ts';
import type { Fact } from '../../domain/facts.ts';
import { formatInstant } from '../../domain/instant.ts';
import { reason } from '../answer-schemas.ts';
import { z } from '../zod.ts';
import * as items from './items.ts';

export const review = z
  .object({
    id: z.uuid(),
    kind: z.string(),
    participant: z.string(),
    state: z.string(),
    summary: z.string(),
    act: z.record(z.string(), z.unknown()),
    reasons: z.array(reason),
    preparedBy: z.string(),
    preparedAt: z.string(),
    expiresAt: z.string(),
    decidedBy: z.string().nullable(),
    decidedAt: z.string().nullable(),
    because: z.string().nullable(),
  })
  .openapi('Review', { description: 'A case that waits for, or had, the decision of a second person' });

export function reviewView(one: Review) {
  return {
    id: one.id,
    kind: one.kind,
    participant: one.participant,
    state: one.state,
    summary: one.summary,
    act: actView(one.act),
    reasons: one.reasons,
    preparedBy: one.preparedPerson,
    preparedAt: formatInstant(one.preparedAt),
    expiresAt: formatInstant(one.expiresAt),
    decidedBy: one.decidedPerson,
    decidedAt: one.decidedAt && formatInstant(one.decidedAt),
    because: one.decidedBecause,
  };
}

/** The act in the forms of the wire: its EUI-64s in dashed pairs, wherever they stand. */
function actView(act: Review['act']): Record<string, unknown> {
  const dashed = JSON.stringify(plain(act), (name, value: unknown) => {
    const eui64 = EUI64_MEMBERS.has(name) && typeof value === 'string' ? parseEui64(value) : undefined;
    return eui64 === undefined ? value : formatEui64(eui64);
  });
  return JSON.parse(dashed) as Record<string, unknown>;
}
const EUI64_MEMBERS = new Set(['from', 'to', 'eui64']);

export const participant = z
  .object({ signifier: z.string(), type: z.string(), name: z.string(), status: z.string() })
  .loose()
  .openapi('Participant', { description: 'Everything on record of a participant, as at an instant' });

/** What is on record of a participant and no decision looks at. */
interface Besides extends Partial<
  Record<'tradingName' | 'companyNumber' | 'legalEntityId', string | undefined>
> {
  /** Of the feed that stated the membership. */
  readonly feedVersion?: number | undefined;
  readonly gatewaySharedWith?: readonly string[] | undefined;
}

export function participantView(
  one: TestingParticipant,
  at: Date,
  { feedVersion, ...besides }: Besides = {},
) {
  const { signifier, type, legalName, status, partyCategory, nonPartyKind, membership } = one;
  const range = ({
    from,
    to,
  }: {
    from: Parameters<typeof formatEui64>[0];
    to: Parameters<typeof formatEui64>[0];
  }) => ({
    from: formatEui64(from),
    to: formatEui64(to),
  });
  return plain({
    signifier,
    type,
    name: legalName,
    status,
    partyCategory,
    nonPartyKind,
    membership: membership && { ...membership, feedVersion },
    agreements: one.agreements.map((agreement) => agreementView(agreement, at)),
    nominations: one.nominations,
    allocations: one.allocations.map(({ kind, state, environment = 'BOTH', ...ends }) => ({
      kind,
      state,
      ...range(ends),
      environment,
    })),
    userIds: one.roleAssignments.map(({ eui64, userRole }) => ({ eui64: formatEui64(eui64), userRole })),
    deviceRanges: one.deviceRanges.map(({ deviceTypes, delegatedBy, ...ends }) => ({
      ...range(ends),
      deviceTypes,
      delegatedBy,
    })),
    gatewayConnection: one.gatewayConnection,
    termsAccepted: one.termsAccepted,
    obligations: one.obligations,
    holds: one.holds,
    demandNotices: one.demandNotices,
    ...besides,
  });
}

/** IN_FORCE is computed from the dates at this instant, never stored. */
export function agreementView(agreement: TestingParticipant['agreements'][number], at: Date) {
  const { deviceRanges, ...terms } = agreement;
  const members = plain({
    ...terms,
    standing: agreementStanding(agreement, at),
    deviceRanges: deviceRanges.map(({ from, to }) => ({ from: formatEui64(from), to: formatEui64(to) })),
  });
  // A database that keeps JSON orders its members by their length.
  return Object.fromEntries(
    Object.keys(items.agreement.shape)
      .filter((name) => name in members)
      .map((name) => [name, members[name]]),
  );
}

/** A fact that has an id of its own: how it stands, since when, and what it says. */
export function factView({ key, state, since, value }: Fact) {
  return plain({ id: key, state, since, ...value });
}

/** A value of the domain as JSON shows it: instants in whole seconds, absent members left out. */
export function plain(value: unknown): Record<string, unknown> {
  return toPlain(value) as Record<string, unknown>;
}

export const plainList = (values: readonly unknown[]): unknown[] => values.map(toPlain);

function toPlain(value: unknown): unknown {
  if (value instanceof Date) return formatInstant(value);
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [name, toPlain(member)]),
  );
}
