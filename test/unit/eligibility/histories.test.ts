import fc from 'fast-check';
import { keepQuestion, restoreQuestion } from '../../../src/audit/decision-inputs.ts';
import { decide } from '../../../src/eligibility/decide.ts';
import { loadRuleSets } from '../../../src/eligibility/rule-sets.ts';
import { canonicalDecision } from '../../../src/issuance/replay-decision.ts';
import { TEST_NOW } from '../../support/dates.ts';
import { aHistory, factsAt, hasBasisAt, type History } from '../../support/fact-histories.ts';
import { askDevice, askInfrastructure, daysFromNow, supplier, without } from '../../support/participants.ts';

const ruleSet = loadRuleSets().at(TEST_NOW);
const SEED = { seed: 20261125, numRuns: 1500 };
const anInstant = fc.integer({ min: -9, max: 9 }).map((halves) => daysFromNow(halves / 2));

/** A participant of a history at an instant, about whom nothing else is wrong. */
function questionOf(history: History, at: Date) {
  const participant = { ...without(supplier(), 'partyCategory', 'membership'), ...factsAt(history, at) };
  // An RDP has no devices, so it is asked about its TLS certificate.
  return history.type === 'RDP'
    ? askInfrastructure(participant, { now: at })
    : askDevice(participant, { now: at });
}

test('no sequence of events yields PASS without a basis in force at that instant', () => {
  let passed = 0;
  fc.assert(
    fc.property(aHistory, anInstant, (history, at) => {
      const { outcome, basis } = decide(questionOf(history, at), ruleSet);
      if (outcome !== 'PASS') return;
      passed += 1;
      expect(basis).toBeDefined();
      expect(hasBasisAt(history, at)).toBe(true);
    }),
    SEED,
  );
  // The property says nothing when nobody passes at all.
  expect(passed).toBeGreaterThan(25);
});

test('a basis that is in force is found, whatever happened before', () => {
  fc.assert(
    fc.property(aHistory, anInstant, (history, at) => {
      expect(decide(questionOf(history, at), ruleSet).basis !== undefined).toBe(hasBasisAt(history, at));
    }),
    SEED,
  );
});

test('a decision replayed from its record is the same, byte for byte', () => {
  fc.assert(
    fc.property(aHistory, anInstant, (history, at) => {
      const question = questionOf(history, at);
      const { inputs, snapshot } = keepQuestion(question, new Map());
      const again = restoreQuestion(JSON.stringify(inputs), snapshot?.value ?? null, null);
      expect(canonicalDecision(decide(again, ruleSet))).toBe(canonicalDecision(decide(question, ruleSet)));
    }),
    SEED,
  );
});
