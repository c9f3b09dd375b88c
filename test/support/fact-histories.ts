import fc from 'fast-check';
import {
  requireTransition,
  STATE_MACHINES,
  type Fact,
  type FactKind,
  type FactValues,
} from '../../src/domain/facts.ts';
import {
  NETWORK_CATEGORIES,
  type AgreementState,
  type MembershipState,
  type PartyCategory,
  type TestingParticipant,
} from '../../src/domain/participant.ts';
import { agreement, daysFromNow, without } from './participants.ts';

/** One version of a fact, as the registry takes it; their order is the order of their versions. */
export type Version = Pick<Fact, 'kind' | 'key' | 'state' | 'since' | 'value'>;
/** What happened to a participant, and to the Network Party that may nominate it. */
export interface History {
  readonly type: 'SEC_PARTY' | 'NON_PARTY' | 'RDP';
  readonly own: readonly Version[];
  readonly network: readonly Version[];
}
export const NETWORK = 'TRENTNET';

const day = fc.integer({ min: -4, max: 4 }).map(daysFromNow);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const terms = without(agreement(), 'ref', 'state', 'executedAt', 'effectiveFrom', 'effectiveTo');
const dates = fc.record({ executedAt: maybe(day), effectiveFrom: maybe(day), effectiveTo: maybe(day) });
const present = (made: object) =>
  Object.fromEntries(Object.entries(made).filter(([, member]) => member !== undefined));

const version = (kind: FactKind, key: string, value: fc.Arbitrary<object>) =>
  fc
    .record({ state: fc.constantFrom(...statesOf(kind)), since: day, value: value.map(present) })
    .map((made): Version => ({ kind, key, ...made }));
const membership = version('MEMBERSHIP', '', fc.record({ expelledAt: maybe(day) }));
const status = version('STATUS', '', fc.constant({}));
const category = (...of: readonly PartyCategory[]) =>
  version('DETAILS', '', fc.record({ partyCategory: fc.constantFrom(...of) }));
const anything = fc.oneof(
  membership,
  version(
    'AGREEMENT',
    'AGR-1',
    dates.map((made) => ({ ...terms, ...made })),
  ),
  version(
    'AGREEMENT',
    'AGR-2',
    dates.map((made) => ({ ...terms, ...made })),
  ),
  version('NOMINATION', NETWORK, fc.record({ to: maybe(day) })),
);

/** Histories as they may happen: what no state machine allows is left out, as the registry refuses it. */
export const aHistory: fc.Arbitrary<History> = fc.record({
  type: fc.constantFrom('SEC_PARTY' as const, 'NON_PARTY' as const, 'RDP' as const),
  own: fc.array(anything, { maxLength: 12 }).map(allowed),
  // Most begin as what may nominate.
  network: fc
    .tuple(
      category('ELECTRICITY_NETWORK', 'GAS_NETWORK'),
      fc.array(fc.oneof(membership, membership, status, category('GAS_NETWORK', 'OTHER_SEC_PARTY')), {
        maxLength: 6,
      }),
    )
    .map(([first, others]) => allowed([first, ...others])),
});

/** The facts of a participant as at an instant, folded out of its history. */
export function factsAt(
  { type, own, network }: History,
  at: Date,
): Pick<TestingParticipant, 'type' | 'agreements' | 'nominations'> &
  Pick<Partial<TestingParticipant>, 'membership'> {
  const held = holding(own, at).filter((one) => one.state !== 'VOID');
  const [party] = held.filter((one) => one.kind === 'MEMBERSHIP');
  const nominator = (kind: FactKind) =>
    holding(network, at).find((one) => one.kind === kind && one.state !== 'VOID');
  const told = nominator('DETAILS')?.value as FactValues['DETAILS'] | undefined;
  const partyCategory = told?.partyCategory ?? 'NONE';
  return {
    type,
    ...(party === undefined
      ? {}
      : {
          membership: {
            state: party.state as MembershipState,
            since: party.since,
            ...party.value,
          },
        }),
    agreements: held
      .filter((one) => one.kind === 'AGREEMENT')
      .map(({ key, state, value }) => ({
        ref: key,
        state: state as AgreementState,
        ...(value as FactValues['AGREEMENT']),
      })),
    nominations: held
      .filter((one) => one.kind === 'NOMINATION')
      .map(({ key, state, since, value }) => ({
        networkParty: key,
        networkPartyState: (nominator('MEMBERSHIP')?.state ?? 'WITHDRAWN') as MembershipState,
        ...(nominator('STATUS')?.state === 'CLOSED' ? { networkPartyStatus: 'CLOSED' as const } : {}),
        ...(isNetwork(partyCategory) ? {} : { networkPartyCategory: partyCategory }),
        ...(state === 'ENDED' ? { from: new Date(0), to: since } : { from: since, ...value }),
      })),
  };
}

/** Whether a basis was in force at an instant, told in the plainest words from what happened. */
export function hasBasisAt({ type, own, network }: History, at: Date): boolean {
  const begun = (instant: unknown) => instant instanceof Date && instant.getTime() <= at.getTime();
  const last = (versions: readonly Version[], kind: FactKind, key = '') =>
    versions.filter((one) => one.kind === kind && one.key === key && begun(one.since)).at(-1);
  const executedInForce = ['AGR-1', 'AGR-2'].flatMap((ref) => {
    const latest = last(own, 'AGREEMENT', ref);
    const value = (latest?.value ?? {}) as Partial<FactValues['AGREEMENT']>;
    const inForce =
      latest?.state === 'EXECUTED' &&
      begun(value.executedAt) &&
      begun(value.effectiveFrom) &&
      !begun(value.effectiveTo);
    return inForce && value.executedAt ? [value.executedAt] : [];
  });
  if (type === 'NON_PARTY') return executedInForce.length > 0;
  if (type === 'RDP') {
    const nomination = last(own, 'NOMINATION', NETWORK);
    const nominated =
      nomination?.state === 'NOMINATED' && !begun((nomination.value as FactValues['NOMINATION']).to);
    const details = last(network, 'DETAILS');
    const carries =
      last(network, 'MEMBERSHIP')?.state === 'ACTIVE' &&
      last(network, 'STATUS')?.state !== 'CLOSED' &&
      details?.state === 'RECORDED' &&
      isNetwork((details.value as FactValues['DETAILS']).partyCategory);
    return executedInForce.length > 0 || (nominated && carries);
  }
  const party = last(own, 'MEMBERSHIP');
  const expelledAt = (party?.value as FactValues['MEMBERSHIP'] | undefined)?.expelledAt ?? party?.since;
  switch (party?.state) {
    case 'ACTIVE':
      return true;
    case 'APPLICANT':
    case 'WITHDRAWN':
      return executedInForce.length > 0;
    case 'EXPELLED':
      return executedInForce.some((executedAt) => expelledAt !== undefined && executedAt > expelledAt);
    case undefined:
    default:
      return false;
  }
}

const isNetwork = (category: PartyCategory | 'NONE' | undefined) =>
  NETWORK_CATEGORIES.some((one) => one === category);

function holding(versions: readonly Version[], at: Date): Version[] {
  const begun = versions.filter((one) => one.since.getTime() <= at.getTime());
  const latest = new Map(begun.map((one) => [`${one.kind} ${one.key}`, one]));
  return [...latest.values()].sort((left, right) => (left.key < right.key ? -1 : 1));
}

function allowed(versions: readonly Version[]): Version[] {
  const states = new Map<string, string>();
  return versions.filter((one) => {
    const name = `${one.kind} ${one.key}`;
    const before = states.get(name) ?? '';
    try {
      requireTransition(one.kind, before === 'VOID' ? '' : before, one.state);
    } catch {
      return false;
    }
    states.set(name, one.state);
    return true;
  });
}

function statesOf(kind: FactKind): string[] {
  return [...new Set(Object.values(STATE_MACHINES[kind]).flat())];
}
