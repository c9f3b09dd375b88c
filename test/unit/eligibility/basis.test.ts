import { decide } from '../../../src/eligibility/decide.ts';
import { loadRuleSet } from '../../../src/eligibility/rule-set.ts';
import type { EligibilityBasis, Outcome } from '../../../src/domain/decision.ts';
import type { Agreement, MembershipState, TestingParticipant } from '../../../src/domain/participant.ts';
import {
  agreement,
  askDevice,
  askInfrastructure,
  daysFromNow,
  dcc,
  manufacturer,
  rdp,
  serviceProvider,
  supplier,
} from '../../support/participants.ts';

const ruleSet = loadRuleSet();

interface Row {
  readonly name: string;
  readonly given: TestingParticipant;
  readonly outcome: Outcome;
  readonly basis?: EligibilityBasis;
  /** The reasons of gate A4, in order. */
  readonly reasons?: readonly string[];
}

const party = (state: MembershipState, agreements: readonly Agreement[] = [], expelledAt?: Date) =>
  supplier({
    membership: { state, since: daysFromNow(-50), ...(expelledAt ? { expelledAt } : {}) },
    agreements,
  });
const nonParty = (...agreements: readonly Agreement[]) => manufacturer({ agreements });
const nominated = (
  networkPartyState: MembershipState,
  agreements: readonly Agreement[] = [],
  period = { from: daysFromNow(-30), to: daysFromNow(30) },
) => rdp({ agreements, nominations: [{ networkParty: 'TRENTNET', networkPartyState, ...period }] });
const expired = agreement({ effectiveTo: daysFromNow(-1) });

const ROWS: readonly Row[] = [
  { name: 'an active Party', given: party('ACTIVE'), outcome: 'PASS', basis: 'SEC_MEMBERSHIP' },
  {
    name: 'an active Party whose agreement has expired',
    given: party('ACTIVE', [expired]),
    outcome: 'PASS',
    basis: 'SEC_MEMBERSHIP',
  },
  {
    name: 'an applicant with an agreement in force',
    given: party('APPLICANT', [agreement()]),
    outcome: 'PASS',
    basis: 'BILATERAL_AGREEMENT',
  },
  {
    name: 'an applicant with an expired agreement',
    given: party('APPLICANT', [expired]),
    outcome: 'REFUSE',
    reasons: ['MEMBERSHIP_PENDING', 'AGREEMENT_EXPIRED'],
  },
  {
    name: 'an applicant without an agreement',
    given: party('APPLICANT'),
    outcome: 'REFUSE',
    reasons: ['MEMBERSHIP_PENDING'],
  },
  {
    name: 'a suspended Party, whatever its agreement',
    given: party('SUSPENDED', [agreement()]),
    outcome: 'REFUSE',
    reasons: ['MEMBERSHIP_SUSPENDED'],
  },
  {
    name: 'an expelled Party with an agreement executed afterwards',
    given: party('EXPELLED', [agreement()], daysFromNow(-40)),
    outcome: 'REFER',
    basis: 'BILATERAL_AGREEMENT',
    reasons: ['MEMBERSHIP_EXPELLED_AGREEMENT_REVIEW'],
  },
  {
    name: 'an expelled Party with an agreement executed before',
    given: party('EXPELLED', [agreement({ executedAt: daysFromNow(-41) })], daysFromNow(-40)),
    outcome: 'REFUSE',
    reasons: ['MEMBERSHIP_EXPELLED'],
  },
  {
    name: 'an expelled Party with an agreement executed at the same instant',
    given: party('EXPELLED', [agreement({ executedAt: daysFromNow(-40) })], daysFromNow(-40)),
    outcome: 'REFUSE',
    reasons: ['MEMBERSHIP_EXPELLED'],
  },
  {
    name: 'a Party expelled on a day not on record, and since before the agreement',
    given: party('EXPELLED', [agreement()]),
    outcome: 'REFER',
    basis: 'BILATERAL_AGREEMENT',
    reasons: ['MEMBERSHIP_EXPELLED_AGREEMENT_REVIEW'],
  },
  {
    name: 'an expelled Party',
    given: party('EXPELLED'),
    outcome: 'REFUSE',
    reasons: ['MEMBERSHIP_EXPELLED'],
  },
  {
    name: 'a Party that withdrew and has an agreement in force',
    given: party('WITHDRAWN', [agreement()]),
    outcome: 'PASS',
    basis: 'BILATERAL_AGREEMENT',
  },
  {
    name: 'a Party that withdrew and whose agreement is suspended',
    given: party('WITHDRAWN', [agreement({ state: 'SUSPENDED' })]),
    outcome: 'REFUSE',
    reasons: ['MEMBERSHIP_WITHDRAWN', 'AGREEMENT_SUSPENDED'],
  },
  {
    name: 'a Party that withdrew',
    given: party('WITHDRAWN'),
    outcome: 'REFUSE',
    reasons: ['MEMBERSHIP_WITHDRAWN'],
  },
  {
    name: 'a Party whose membership begins tomorrow',
    given: supplier({ membership: { state: 'ACTIVE', since: daysFromNow(1) } }),
    outcome: 'REFUSE',
    reasons: ['MEMBERSHIP_PENDING'],
  },
  {
    name: 'a Party without a membership on record',
    given: (({ membership: _, ...rest }) => rest)(supplier()),
    outcome: 'REFUSE',
    reasons: ['NO_MEMBERSHIP_OR_AGREEMENT'],
  },
  {
    name: 'a non-Party with an agreement in force',
    given: nonParty(agreement()),
    outcome: 'PASS',
    basis: 'BILATERAL_AGREEMENT',
  },
  {
    name: 'a non-Party with one agreement in force beside an expired one',
    given: nonParty(expired, agreement({ ref: 'AGR-2' })),
    outcome: 'PASS',
    basis: 'BILATERAL_AGREEMENT',
  },
  {
    name: 'a non-Party that asked for an agreement',
    given: nonParty(agreement({ state: 'REQUESTED' })),
    outcome: 'REFUSE',
    reasons: ['AGREEMENT_NOT_EXECUTED'],
  },
  {
    name: 'a non-Party to which an agreement is offered',
    given: nonParty(agreement({ state: 'OFFERED' })),
    outcome: 'REFUSE',
    reasons: ['AGREEMENT_NOT_EXECUTED'],
  },
  {
    name: 'a non-Party whose agreement will be signed tomorrow',
    given: nonParty(agreement({ executedAt: daysFromNow(1) })),
    outcome: 'REFUSE',
    reasons: ['AGREEMENT_NOT_EXECUTED'],
  },
  {
    name: 'a non-Party whose agreement begins tomorrow',
    given: nonParty(agreement({ effectiveFrom: daysFromNow(1) })),
    outcome: 'REFUSE',
    reasons: ['AGREEMENT_NOT_YET_EFFECTIVE'],
  },
  {
    name: 'a non-Party whose agreement begins on a day not on record',
    given: nonParty((({ effectiveFrom: _, ...rest }) => rest)(agreement())),
    outcome: 'REFUSE',
    reasons: ['AGREEMENT_NOT_YET_EFFECTIVE'],
  },
  {
    name: 'a non-Party whose agreement is suspended',
    given: nonParty(agreement({ state: 'SUSPENDED' })),
    outcome: 'REFUSE',
    reasons: ['AGREEMENT_SUSPENDED'],
  },
  {
    name: 'a non-Party whose agreement expired',
    given: nonParty(expired),
    outcome: 'REFUSE',
    reasons: ['AGREEMENT_EXPIRED'],
  },
  {
    name: 'a non-Party whose suspended agreement expired',
    given: nonParty(agreement({ state: 'SUSPENDED', effectiveTo: daysFromNow(-1) })),
    outcome: 'REFUSE',
    reasons: ['AGREEMENT_EXPIRED'],
  },
  {
    name: 'a non-Party whose agreement was terminated',
    given: nonParty(agreement({ state: 'TERMINATED' })),
    outcome: 'REFUSE',
    reasons: ['AGREEMENT_TERMINATED'],
  },
  {
    name: 'a non-Party whose offer lapsed',
    given: nonParty(agreement({ state: 'LAPSED' })),
    outcome: 'REFUSE',
    reasons: ['AGREEMENT_LAPSED'],
  },
  {
    name: 'a non-Party with two agreements, neither in force',
    given: nonParty(agreement({ state: 'LAPSED' }), agreement({ ref: 'AGR-2', state: 'TERMINATED' })),
    outcome: 'REFUSE',
    reasons: ['AGREEMENT_LAPSED', 'AGREEMENT_TERMINATED'],
  },
  {
    name: 'a non-Party without an agreement',
    given: nonParty(),
    outcome: 'REFUSE',
    reasons: ['NO_MEMBERSHIP_OR_AGREEMENT'],
  },
  { name: 'a nominated RDP', given: nominated('ACTIVE'), outcome: 'PASS', basis: 'RDP_NOMINATION' },
  {
    name: 'an RDP with one active nominating Party among two',
    given: rdp({
      nominations: [
        { networkParty: 'GONE', networkPartyState: 'EXPELLED', from: daysFromNow(-30) },
        { networkParty: 'TRENTNET', networkPartyState: 'ACTIVE', from: daysFromNow(-30) },
      ],
    }),
    outcome: 'PASS',
    basis: 'RDP_NOMINATION',
  },
  {
    name: 'an RDP that is not nominated and has an agreement in force',
    given: rdp({ nominations: [], agreements: [agreement()] }),
    outcome: 'PASS',
    basis: 'BILATERAL_AGREEMENT',
  },
  {
    name: 'an RDP whose nominating Party is suspended, with an agreement in force',
    given: nominated('SUSPENDED', [agreement()]),
    outcome: 'PASS',
    basis: 'BILATERAL_AGREEMENT',
  },
  {
    name: 'an RDP whose nominating Party is suspended',
    given: nominated('SUSPENDED', [expired]),
    outcome: 'REFUSE',
    reasons: ['NOMINATING_PARTY_INACTIVE'],
  },
  {
    name: 'an RDP that nobody nominates',
    given: rdp({ nominations: [] }),
    outcome: 'REFUSE',
    reasons: ['RDP_NOT_NOMINATED'],
  },
  {
    name: 'an RDP whose nomination ends now',
    given: nominated('ACTIVE', [], { from: daysFromNow(-30), to: daysFromNow(0) }),
    outcome: 'REFUSE',
    reasons: ['RDP_NOT_NOMINATED'],
  },
  {
    name: 'an RDP whose nomination begins tomorrow',
    given: nominated('ACTIVE', [], { from: daysFromNow(1), to: daysFromNow(30) }),
    outcome: 'REFUSE',
    reasons: ['RDP_NOT_NOMINATED'],
  },
  { name: 'the DCC', given: dcc(), outcome: 'PASS', basis: 'DCC' },
  {
    name: 'a service provider of the DCC',
    given: serviceProvider(),
    outcome: 'REFER',
    basis: 'DCC_CONTRACT',
    reasons: [],
  },
];

describe('the basis of eligibility', () => {
  test.each(ROWS)('$name: $outcome', ({ given, outcome, basis, reasons = [] }) => {
    // An RDP has no devices, so it is asked about its TLS certificate.
    const question =
      given.type === 'RDP'
        ? askInfrastructure(given, { request: { purpose: 'INTERFACE_TESTING' } })
        : askDevice(given);
    const decision = decide(question, ruleSet);
    const gates = decision.reasons.filter(({ reason }) => ruleSet.reasonCodes.get(reason)?.gate === 'A4');
    expect(gates.map(({ reason }) => reason)).toEqual(reasons);
    expect(decision.outcome).toBe(outcome);
    expect(decision.basis).toBe(basis);
  });

  test('every row of the table decides one of these cases', () => {
    const decided = new Set(ROWS.map((row) => basisRowOf(row.given)));
    expect(ruleSet.basis.filter((row) => !decided.has(row))).toEqual([]);
  });
});

describe('an agreement', () => {
  const ends = daysFromNow(3);
  const given = manufacturer({
    agreements: [agreement({ effectiveFrom: daysFromNow(0), effectiveTo: ends })],
  });
  test.each([
    {
      at: new Date(daysFromNow(0).getTime() - 1),
      outcome: 'REFUSE',
      name: 'one millisecond before it begins',
    },
    { at: daysFromNow(0), outcome: 'PASS', name: 'at the instant it begins' },
    { at: new Date(ends.getTime() - 1), outcome: 'PASS', name: 'one millisecond before it ends' },
    { at: ends, outcome: 'REFUSE', name: 'at the instant it ends' },
  ])('$name: $outcome', ({ at, outcome }) => {
    expect(decide(askDevice(given, { now: at }), ruleSet).outcome).toBe(outcome);
  });

  test('without an end runs on', () => {
    const { effectiveTo: _, ...open } = agreement();
    expect(decide(askDevice(manufacturer({ agreements: [open] })), ruleSet).outcome).toBe('PASS');
  });
});

/** The row that decides a participant: the only one without which the answer of gate A4 is another. */
function basisRowOf(participant: TestingParticipant) {
  return ruleSet.basis.find((row) => {
    const alone = decide(askDevice(participant), { ...ruleSet, basis: [row] });
    return !alone.reasons.some(({ detail }) => detail === `${participant.signifier} has no basis.`);
  });
}
