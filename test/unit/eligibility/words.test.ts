import { decide } from '../../../src/eligibility/decide.ts';
import { loadRuleSets } from '../../../src/eligibility/rule-sets.ts';
import type { RdpNomination, TestingParticipant } from '../../../src/domain/participant.ts';
import { TEST_NOW } from '../../support/dates.ts';
import {
  agreement,
  askDevice,
  daysFromNow,
  manufacturer,
  rdp,
  supplier,
  without,
} from '../../support/participants.ts';

const ruleSet = loadRuleSets().at(TEST_NOW);
const party = (state: 'ACTIVE' | 'APPLICANT' | 'SUSPENDED', since: number) =>
  supplier({ membership: { state, since: daysFromNow(since) } });
const nominated = (...nominations: readonly Partial<RdpNomination>[]) =>
  rdp({
    nominations: nominations.map((one) => ({
      networkParty: 'TRENTNET',
      networkPartyState: 'ACTIVE',
      from: daysFromNow(-30),
      ...one,
    })),
  });
const agreed = (changes: Parameters<typeof agreement>[0]) =>
  manufacturer({ agreements: [agreement(changes)] });

/** A decision on record is replayed in its words: they stay as they are. */
test.each<[string, TestingParticipant]>([
  ['Agreement AGR-1 is OFFERED.', agreed({ state: 'OFFERED' })],
  ['Agreement AGR-1 is TERMINATED.', agreed({ state: 'TERMINATED' })],
  ['Agreement AGR-1 is SUSPENDED.', agreed({ state: 'SUSPENDED' })],
  ['Agreement AGR-1 ended on 2026-11-23.', agreed({ effectiveTo: daysFromNow(-1) })],
  ['Agreement AGR-1 ended on 2026-11-23.', agreed({ state: 'SUSPENDED', effectiveTo: daysFromNow(-1) })],
  ['Agreement AGR-1 applies from 2026-11-25.', agreed({ effectiveFrom: daysFromNow(1) })],
  ['Agreement AGR-1 has its signature on 2026-11-25.', agreed({ executedAt: daysFromNow(1) })],
  ['METERWORKS has no membership or agreement that applies.', manufacturer({ agreements: [] })],
  ['NORTHGATE has no membership or agreement that applies.', without(supplier(), 'membership')],
  ['NORTHGATE is SUSPENDED since 2026-11-23.', party('SUSPENDED', -1)],
  ['NORTHGATE is ACTIVE only from 2026-11-25.', party('ACTIVE', 1)],
  ['NORTHGATE is APPLICANT since 2026-11-23.', party('APPLICANT', -1)],
])('%s', (detail, given) => {
  expect(decide(askDevice(given), ruleSet).reasons.map((one) => one.detail)).toContain(detail);
});

test.each<[string, TestingParticipant]>([
  ['is nominated by no Network Party.', nominated()],
  [
    'is nominated only by TRENTNET, without an active membership.',
    nominated({ networkPartyState: 'SUSPENDED' }),
  ],
  ['is nominated only by TRENTNET (its record is CLOSED).', nominated({ networkPartyStatus: 'CLOSED' })],
  [
    'is nominated only by TRENTNET (its membership is SUSPENDED), GASNET (it is no Network Party (its category is LARGE_SUPPLIER)).',
    nominated(
      { networkPartyState: 'SUSPENDED' },
      { networkParty: 'GASNET', networkPartyCategory: 'LARGE_SUPPLIER' },
    ),
  ],
])('an RDP %s', (words, given) => {
  expect(decide(askDevice(given), ruleSet).reasons.map((one) => one.detail)).toContain(
    `${given.signifier} ${words}`,
  );
});
