import type { EligibilityBasis, Outcome } from '../../../src/domain/decision.ts';
import type {
  Agreement,
  MembershipState,
  RdpNomination,
  TestingParticipant,
} from '../../../src/domain/participant.ts';
import {
  agreement,
  daysFromNow,
  dcc,
  manufacturer,
  rdp,
  serviceProvider,
  supplier,
  without,
} from '../../support/participants.ts';

/** A participant, and what gate A4 says of it. */
export interface BasisCase {
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
const TRENTNET: RdpNomination = {
  networkParty: 'TRENTNET',
  networkPartyState: 'ACTIVE',
  from: daysFromNow(-30),
};
const expired = agreement({ effectiveTo: daysFromNow(-1) });

/** At least one participant for every row of the basis table. */
export const BASIS_CASES: readonly BasisCase[] = [
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
    name: 'a Party on record as suspended from a later day',
    given: supplier({ membership: { state: 'SUSPENDED', since: daysFromNow(1) } }),
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
    given: without(supplier(), 'membership'),
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
    given: nonParty(without(agreement(), 'effectiveFrom')),
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
    name: 'an RDP whose nominating Party has a closed record',
    given: rdp({ nominations: [{ ...TRENTNET, networkPartyStatus: 'CLOSED' }] }),
    outcome: 'REFUSE',
    reasons: ['NOMINATING_PARTY_INACTIVE'],
  },
  {
    name: 'an RDP whose nominating Party has become a Supplier',
    given: rdp({ nominations: [{ ...TRENTNET, networkPartyCategory: 'LARGE_SUPPLIER' }] }),
    outcome: 'REFUSE',
    reasons: ['NOMINATING_PARTY_INACTIVE'],
  },
  {
    name: 'an RDP whose nominating Party has a closed record, with an agreement in force',
    given: rdp({
      nominations: [{ ...TRENTNET, networkPartyStatus: 'CLOSED' }],
      agreements: [agreement()],
    }),
    outcome: 'PASS',
    basis: 'BILATERAL_AGREEMENT',
  },
  {
    name: 'an RDP with a closed and a Supplier among its nominating Parties, and one that carries',
    given: rdp({
      nominations: [
        { ...TRENTNET, networkParty: 'GONE', networkPartyStatus: 'CLOSED' },
        { ...TRENTNET, networkParty: 'NORTHGATE', networkPartyCategory: 'LARGE_SUPPLIER' },
        TRENTNET,
      ],
    }),
    outcome: 'PASS',
    basis: 'RDP_NOMINATION',
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
