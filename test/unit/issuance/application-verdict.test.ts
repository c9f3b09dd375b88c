import { loadRuleSets } from '../../../src/eligibility/rule-sets.ts';
import { canBeCured, judgeItems, outcomeOf } from '../../../src/issuance/application-verdict.ts';
import { TEST_NOW } from '../../support/dates.ts';

const ruleSet = loadRuleSets().at(TEST_NOW);
const why = (...codes: string[]) =>
  codes.map((reason) => ({ reason, clause: 'a clause', detail: `about ${reason}`, fix: 'a fix' }));
const item = (...codes: string[]) => ({ outcome: outcomeOf(why(...codes), ruleSet), reasons: why(...codes) });

const passes = item();
const held = item('AGREEMENT_NOT_EXECUTED');
const referred = item('ROLE_REVIEW');
const queued = item('QUOTA_EXCEEDED');
const refused = item('AGREEMENT_EXPIRED');

describe('an application moves as a whole', () => {
  test.each([
    ['what passes is approved', [passes, passes], 'APPROVED', []],
    ['what a changed fact may cure waits', [held], 'WAITING', ['AGREEMENT_NOT_EXECUTED']],
    ['a full quota waits', [queued], 'WAITING', ['QUOTA_EXCEEDED']],
    ['what needs an approver is referred', [referred], 'REFERRED', []],
    ['what is refused for good is refused', [refused], 'REFUSED', []],
    [
      'one reason for good refuses the rest with it',
      [item('AGREEMENT_NOT_EXECUTED', 'CSR_SUBJECT')],
      'REFUSED',
      [],
    ],
    [
      'first it waits, then an approver is asked',
      [item('TERMS_NOT_ACCEPTED', 'ROLE_REVIEW')],
      'WAITING',
      ['TERMS_NOT_ACCEPTED'],
    ],
    ['an item refused for good stays behind', [passes, refused], 'APPROVED', []],
    [
      'one that waits keeps the others',
      [passes, held, queued],
      'WAITING',
      ['AGREEMENT_NOT_EXECUTED', 'QUOTA_EXCEEDED'],
    ],
    ['one that is referred keeps the others', [passes, referred, refused], 'REFERRED', []],
  ] as const)('%s', (_name, items, to, waitingFor) => {
    expect(judgeItems(items, ruleSet)).toMatchObject({ to, waitingFor });
  });

  test('an approver is asked about each thing once', () => {
    const { referred: asked } = judgeItems([referred, referred, item('CATEGORY_REVIEW')], ruleSet);
    expect(asked.map((one) => one.reason)).toEqual(['ROLE_REVIEW', 'CATEGORY_REVIEW']);
  });

  test('once approved, what would let it wait refuses it; a full quota still lets it wait', () => {
    expect(judgeItems([held], ruleSet, false).to).toBe('REFUSED');
    expect(judgeItems([queued], ruleSet, false).to).toBe('WAITING');
  });
});

test('a reason that is in no rule set is one for good', () => {
  expect(outcomeOf(why('CERTIFICATE_NOT_MADE'), ruleSet)).toBe('REFUSE');
  expect(canBeCured(why('CERTIFICATE_NOT_MADE'), ruleSet)).toBe(false);
});
