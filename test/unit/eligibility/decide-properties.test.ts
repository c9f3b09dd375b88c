import fc from 'fast-check';
import { CATEGORIES, ENVIRONMENTS, PURPOSES, REMOTE_PARTY_ROLES } from '../../../src/domain/category.ts';
import type { RemotePartyRole } from '../../../src/domain/category.ts';
import { OUTCOMES } from '../../../src/domain/decision.ts';
import type { EligibilityQuestion } from '../../../src/domain/eligibility-question.ts';
import {
  AGREEMENT_STATES,
  MEMBERSHIP_STATES,
  PARTICIPANT_TYPES,
  PARTY_CATEGORIES,
  USER_ROLES,
  type Agreement,
  type TestingParticipant,
} from '../../../src/domain/participant.ts';
import { decide } from '../../../src/eligibility/decide.ts';
import { loadRuleSets } from '../../../src/eligibility/rule-sets.ts';
import {
  agreement,
  aroOf,
  askDevice,
  askInfrastructure,
  askOrganisation,
  daysFromNow,
  network,
  supplier,
  USER_ID,
  without,
} from '../../support/participants.ts';
import { TEST_NOW } from '../../support/dates.ts';

const ruleSet = loadRuleSets().at(TEST_NOW);
const SEED = { seed: 20261124, numRuns: 2000 };

/** Days around the tests' now, so that periods begin, end and touch it. */
const day = fc.integer({ min: -4, max: 4 }).map(daysFromNow);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const roles = Object.keys(REMOTE_PARTY_ROLES) as RemotePartyRole[];

const anAgreement: fc.Arbitrary<Agreement> = fc
  .record({
    state: fc.constantFrom(...AGREEMENT_STATES),
    executedAt: maybe(day),
    effectiveFrom: maybe(day),
    effectiveTo: maybe(day),
    permittedCategories: fc.subarray([...CATEGORIES]),
    permittedPurposes: fc.subarray([...PURPOSES]),
    permittedRoles: fc.subarray(roles),
    volumeCap: maybe(fc.integer({ min: 0, max: 3 })),
    gatewayPermitted: fc.boolean(),
  })
  .map((made) => agreement(present(made)));

const aParticipant: fc.Arbitrary<TestingParticipant> = fc
  .record({
    type: fc.constantFrom(...PARTICIPANT_TYPES),
    status: fc.constantFrom('ACTIVE' as const, 'ACTIVE' as const, 'CLOSED' as const),
    partyCategory: maybe(fc.constantFrom(...PARTY_CATEGORIES)),
    membership: maybe(
      fc
        .record({ state: fc.constantFrom(...MEMBERSHIP_STATES), since: day, expelledAt: maybe(day) })
        .map(present),
    ),
    agreements: fc.array(anAgreement, { maxLength: 3 }),
    nominations: fc.array(
      fc
        .record({
          networkParty: fc.constant('TRENTNET'),
          networkPartyState: fc.constantFrom(...MEMBERSHIP_STATES),
          networkPartyStatus: maybe(fc.constant('CLOSED' as const)),
          networkPartyCategory: maybe(fc.constantFrom('LARGE_SUPPLIER' as const, 'NONE' as const)),
          from: day,
          to: maybe(day),
        })
        .map(present),
      { maxLength: 2 },
    ),
    allocations: fc.subarray([
      { from: USER_ID, to: USER_ID, kind: 'USER_ID' as const, state: 'ACTIVE' as const },
      { from: USER_ID, to: USER_ID, kind: 'RDP_ID' as const, state: 'ACTIVE' as const },
      { from: USER_ID, to: USER_ID, kind: 'DCC_ID' as const, state: 'ACTIVE' as const },
    ]),
    roleAssignments: fc.subarray(USER_ROLES.map((userRole) => ({ eui64: USER_ID, userRole }))),
    gatewayConnection: fc.boolean(),
    certificatesIssued: fc.integer({ min: 0, max: 3 }),
  })
  .map((made) => supplierOf(present(made)));

const aQuestion: fc.Arbitrary<EligibilityQuestion> = aParticipant.chain((participant) =>
  fc
    .record({
      purpose: fc.constantFrom(...PURPOSES),
      environment: maybe(fc.constantFrom(...ENVIRONMENTS)),
      ask: fc.constantFrom(
        () => askDevice(participant),
        () => askInfrastructure(participant),
        ...roles.map((role) => () => askOrganisation(participant, role)),
      ),
    })
    .map(({ purpose, environment, ask }) => {
      const question = ask();
      const request = { ...question.request, purpose, ...(environment ? { environment } : {}) };
      return { ...question, request };
    }),
);

describe('for every participant and request', () => {
  test('nobody without a basis in force at that instant passes', () => {
    let passed = 0;
    fc.assert(
      fc.property(aQuestion, (question) => {
        const { outcome, basis } = decide(question, ruleSet);
        if (!hasBasis(question.participant!, question.now)) expect(outcome).toBe('REFUSE');
        if (outcome === 'PASS') expect(basis).toBeDefined();
        if (outcome === 'PASS') passed += 1;
      }),
      SEED,
    );
    // The property says nothing when nobody passes at all.
    expect(passed).toBeGreaterThan(20);
  });

  test('a decision is the same when it is asked again', () => {
    fc.assert(
      fc.property(aQuestion, (question) => {
        expect(decide(structuredClone(question), ruleSet)).toEqual(decide(question, ruleSet));
      }),
      { ...SEED, numRuns: 300 },
    );
  });

  test('the outcome is the worst of its reasons', () => {
    fc.assert(
      fc.property(aQuestion, (question) => {
        const { outcome, reasons } = decide(question, ruleSet);
        const each = reasons.map(({ reason }) => OUTCOMES.indexOf(ruleSet.reasonCodes.get(reason)!.outcome));
        expect(OUTCOMES.indexOf(outcome)).toBe(Math.min(OUTCOMES.indexOf('PASS'), ...each));
      }),
      SEED,
    );
  });

  test.each(Object.entries(broken()))('%s never improves the outcome', (_, worsen) => {
    fc.assert(
      fc.property(aQuestion, (question) => {
        const before = decide(question, ruleSet).outcome;
        const after = decide(worsen(question), ruleSet).outcome;
        expect(OUTCOMES.indexOf(after)).toBeLessThanOrEqual(OUTCOMES.indexOf(before));
      }),
      { ...SEED, numRuns: 500 },
    );
  });
});

/** Facts that stand against a request, whatever else is true. */
function broken(): Record<string, (question: EligibilityQuestion) => EligibilityQuestion> {
  const standing =
    (changes: Partial<NonNullable<EligibilityQuestion['standing']>>) => (question: EligibilityQuestion) => ({
      ...question,
      standing: { ...question.standing!, ...changes },
    });
  const participant =
    (changes: (one: TestingParticipant) => Partial<TestingParticipant>) =>
    (question: EligibilityQuestion) => ({
      ...question,
      participant: { ...question.participant!, ...changes(question.participant!) },
    });
  return {
    'an identifier of another': standing({ identifierOwnedByOther: true }),
    'an identifier of the central registry': standing({ identifierInCentralRegistry: true }),
    'a hundred certificates of the device': standing({ certificatesForDevice: 100 }),
    'a key of another subject': standing({ keyUsedForAnotherSubject: true }),
    'a published key': standing({ keyKnownCompromised: true }),
    'a closed record': participant(() => ({ status: 'CLOSED' })),
    'no agreement': participant(() => ({ agreements: [] })),
    'no nomination': participant(() => ({ nominations: [] })),
    'no allocation': participant(() => ({ allocations: [] })),
    'no device range': participant(() => ({ deviceRanges: [] })),
    'no gateway': participant(() => ({ gatewayConnection: false })),
    'more certificates': participant((one) => ({ certificatesIssued: one.certificatesIssued + 1 })),
    'a suspension': participant(() => ({ membership: { state: 'SUSPENDED', since: daysFromNow(-1) } })),
    'a caller of another participant': (question) => ({
      ...question,
      caller: aroOf(network({ id: 'another', signifier: 'TRENTNET' })),
      request: { ...question.request, onBehalfOf: question.participant!.signifier },
    }),
    'a caller who may only look': (question) => ({
      ...question,
      caller: { ...question.caller, role: 'PARTICIPANT_VIEWER' },
    }),
    'a broken rule of the CSR': (question) => ({
      ...question,
      csr: { ...question.csr!, findings: [{ reason: 'CSR_KEY_TYPE', detail: 'The key is on P-384.' }] },
    }),
  };
}

/** The basis table, told a second time in the plainest words. */
function hasBasis({ type, membership, agreements, nominations }: TestingParticipant, now: Date): boolean {
  const at = now.getTime();
  const begun = (instant?: Date) => instant !== undefined && instant.getTime() <= at;
  const ended = (instant?: Date) => instant !== undefined && instant.getTime() <= at;
  const inForce = agreements.filter(
    (one) =>
      one.state === 'EXECUTED' &&
      begun(one.executedAt) &&
      begun(one.effectiveFrom) &&
      !ended(one.effectiveTo),
  );
  if (type === 'DCC' || type === 'DCC_SERVICE_PROVIDER') return true;
  if (type === 'NON_PARTY') return inForce.length > 0;
  if (type === 'RDP')
    return (
      inForce.length > 0 ||
      nominations.some(
        (one) =>
          one.networkPartyState === 'ACTIVE' &&
          one.networkPartyStatus !== 'CLOSED' &&
          one.networkPartyCategory === undefined &&
          begun(one.from) &&
          !ended(one.to),
      )
    );
  if (membership === undefined || membership.state === 'SUSPENDED') return false;
  if (membership.state === 'ACTIVE' && begun(membership.since)) return true;
  if (membership.state !== 'EXPELLED') return inForce.length > 0;
  const expelled = membership.expelledAt ?? membership.since;
  return inForce.some((one) => one.executedAt !== undefined && one.executedAt > expelled);
}

/** Fields that are `undefined` are absent (exactOptionalPropertyTypes). */
function present<T extends object>(made: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(made).filter(([, value]) => value !== undefined)) as never;
}

/** A participant with these facts and, but for them, nothing wrong. */
function supplierOf(facts: Partial<TestingParticipant>): TestingParticipant {
  return { ...without(supplier(), 'partyCategory', 'membership'), ...facts };
}
