import type { Obligation } from '../../../src/eligibility/rule-set.ts';
import { decide } from '../../../src/eligibility/decide.ts';
import { isTriggered, obligationsOf, obligationState } from '../../../src/eligibility/obligations.ts';
import { loadRuleSets } from '../../../src/eligibility/rule-sets.ts';
import type { ObligationStanding, TestingParticipant } from '../../../src/domain/participant.ts';
import { TEST_NOW } from '../../support/dates.ts';
import {
  askDevice,
  attested,
  daysFromNow,
  dcc,
  serviceProvider,
  supplier,
} from '../../support/participants.ts';

const ruleSet = loadRuleSets().at(TEST_NOW);
const device = { category: 'DEVICE', channel: 'INTERNET' } as const;
const obligation = (changes: Partial<Obligation> = {}): Obligation => ({
  ...ruleSet.obligations[0]!,
  triggers: [{ categories: ['DEVICE'], channels: ['DCC_GATEWAY'] }, { categories: ['DCCKI'] }],
  on: { PARTY: 'USER_SYSTEM' },
  ...changes,
});

test.each<[string, Partial<Parameters<typeof isTriggered>[2]>, boolean]>([
  ['category and channel of one trigger', { channel: 'DCC_GATEWAY' }, true],
  ['the category without its channel', {}, false],
  ['the channel without its category', { category: 'ORGANISATION', channel: 'DCC_GATEWAY' }, false],
  ['a category that is asked for over every channel', { category: 'DCCKI' }, true],
])('an obligation is triggered, or not, by %s', (_, change, expects) => {
  expect(isTriggered(obligation(), 'SEC_PARTY', { ...device, ...change })).toBe(expects);
});

test('an obligation is on whom it names; service providers have those of the DCC', () => {
  const ofDcc = obligation({ on: { DCC: 'DCC_SYSTEM' }, triggers: [{}] });
  const holders = (['SEC_PARTY', 'RDP', 'NON_PARTY', 'DCC', 'DCC_SERVICE_PROVIDER'] as const).filter(
    (type) => obligationsOf(type, [ofDcc]).length > 0,
  );
  expect(holders).toEqual(['DCC', 'DCC_SERVICE_PROVIDER']);
  expect(isTriggered(ofDcc, 'SEC_PARTY', device)).toBe(false);
  expect(isTriggered(ofDcc, 'DCC_SERVICE_PROVIDER', device)).toBe(true);
});

test('who is not under an obligation need not attest it', () => {
  const but = (unattested: string) => attested().filter((one) => one.obligation !== unattested);
  const outstanding = (given: TestingParticipant) =>
    decide(askDevice(given), ruleSet).reasons.filter(
      (one) => one.reason === 'SECURITY_OBLIGATION_OUTSTANDING',
    );
  for (const make of [dcc, serviceProvider])
    expect(outstanding(make({ obligations: but('NO_ONWARD_SUPPLY') }))).toEqual([]);
  expect(outstanding(supplier({ obligations: but('NO_ONWARD_SUPPLY') }))).toHaveLength(1);
});

test.each<[string, Partial<ObligationStanding>, string]>([
  ['what is REQUIRED stays it', { state: 'REQUIRED' }, 'is REQUIRED: '],
  ['what is BREACHED does not lapse', { state: 'BREACHED', since: daysFromNow(-999) }, 'is BREACHED: '],
  ['what was attested lapses', { since: daysFromNow(-365) }, 'is LAPSED since 2026-11-24: '],
  ['an end of its own comes first', { expiresAt: daysFromNow(-3) }, 'is LAPSED since 2026-11-21: '],
])('%s', (_, change, words) => {
  const [first, ...rest] = attested();
  const obligations = [{ ...first!, ...change }, ...rest];
  const { reasons } = decide(askDevice(supplier({ obligations })), ruleSet);
  expect(reasons.map(({ detail }) => detail)).toEqual([
    expect.stringContaining(`KEY_STORAGE of NORTHGATE ${words}`),
  ]);
});

test('what is not on record is REQUIRED', () => {
  expect(obligationState(obligation(), { obligations: [] }, TEST_NOW)).toEqual({ state: 'REQUIRED' });
});
