import { isSignifier } from '../../../src/domain/signifier.ts';
import { loadRuleSets } from '../../../src/eligibility/rule-sets.ts';
import { TEST_NOW } from '../../support/dates.ts';

const { signifierPattern } = loadRuleSets().at(TEST_NOW).settings;

test.each([
  ['NORTHGATE', true],
  ['A-1', true],
  ['A'.repeat(32), true],
  ['A'.repeat(33), false],
  ['AB', false],
  ['', false],
  ['northgate', false],
  ['NORTH GATE', false],
  ['NORTHGATE\n', false],
  ['NÖRTHGATE', false],
])('%j may be a Signifier: %s, everywhere alike', (text, may) => {
  expect([isSignifier(text), signifierPattern.test(text)]).toEqual([may, may]);
});
