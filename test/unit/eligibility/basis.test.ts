import { restoreQuestion } from '../../../src/audit/decision-inputs.ts';
import { decide } from '../../../src/eligibility/decide.ts';
import { loadRuleSets } from '../../../src/eligibility/rule-sets.ts';
import type { TestingParticipant } from '../../../src/domain/participant.ts';
import {
  agreement,
  askDevice,
  askInfrastructure,
  daysFromNow,
  manufacturer,
  rdp,
  without,
} from '../../support/participants.ts';
import { TEST_NOW } from '../../support/dates.ts';
import { BASIS_CASES } from './basis-cases.ts';

const ruleSet = loadRuleSets().at(TEST_NOW);

describe('the basis of eligibility', () => {
  test.each(BASIS_CASES)('$name: $outcome', ({ given, outcome, basis, reasons = [] }) => {
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
    const decided = new Set(BASIS_CASES.map((row) => basisRowOf(row.given)));
    expect(ruleSet.basis.filter((row) => !decided.has(row))).toEqual([]);
  });
});

describe('a refusal for the nominating Parties', () => {
  const [given] = rdp().nominations;
  const detailOf = (nominations: TestingParticipant['nominations']) =>
    decide(askInfrastructure(rdp({ nominations })), ruleSet).reasons.map((one) => one.detail);

  test('names each and why it carries nobody', () => {
    expect(
      detailOf([
        { ...given!, networkPartyState: 'SUSPENDED', networkPartyStatus: 'CLOSED' },
        { ...given!, networkParty: 'NORTHGATE', networkPartyCategory: 'LARGE_SUPPLIER' },
      ]),
    ).toEqual([
      'REGDATA is nominated only by TRENTNET (its membership is SUSPENDED; its record is CLOSED), ' +
        'NORTHGATE (it is no Network Party (its category is LARGE_SUPPLIER)).',
    ]);
  });

  test('has the words of the decisions on record where only memberships are at fault', () => {
    expect(detailOf([{ ...given!, networkPartyState: 'SUSPENDED' }])).toEqual([
      'REGDATA is nominated only by TRENTNET, without an active membership.',
    ]);
  });

  test('is none where a decision on record was made on the membership alone', () => {
    const inputs = JSON.stringify({ ...askInfrastructure(rdp()), participant: undefined });
    const snapshot = JSON.stringify(rdp());
    expect(decide(restoreQuestion(inputs, snapshot, null), ruleSet)).toMatchObject({
      outcome: 'PASS',
      basis: 'RDP_NOMINATION',
    });
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
    const open = without(agreement(), 'effectiveTo');
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
