import { keepQuestion, restoreQuestion } from '../../../src/audit/decision-inputs.ts';
import { decide } from '../../../src/eligibility/decide.ts';
import { loadRuleSets } from '../../../src/eligibility/rule-sets.ts';
import type { EligibilityQuestion } from '../../../src/domain/eligibility-question.ts';
import { TEST_NOW } from '../../support/dates.ts';
import { agreement, askOrganisation, manufacturer, otherParty } from '../../support/participants.ts';

const ruleSet = loadRuleSets().at(TEST_NOW);
const review = '4c8d5d6e-0000-4000-8000-000000000001';
/** A question that is referred, and the same once an approver covered what was found. */
const referredQuestion = askOrganisation(otherParty(), 'supplier');
const approved = (question: EligibilityQuestion): EligibilityQuestion => ({
  ...question,
  referral: {
    review,
    approvedReasons: decide(question, ruleSet).reasons.map(({ reason, detail }) => ({ reason, detail })),
  },
});

describe('what an approver covered', () => {
  test('no longer refers the request, and the certificate is still marked as a simulated role', () => {
    expect(decide(referredQuestion, ruleSet)).toMatchObject({ outcome: 'REFER', simulatedRole: true });
    expect(decide(approved(referredQuestion), ruleSet)).toMatchObject({
      outcome: 'PASS',
      basis: 'SEC_MEMBERSHIP',
      reasons: [],
      simulatedRole: true,
    });
  });

  test('is exactly what was approved: the same code about something else is not covered', () => {
    const held = { cause: 'BREACH', because: 'the first' } as const;
    const question = askOrganisation(otherParty({ holds: [held] }), 'supplier');
    const later = {
      ...approved(question),
      participant: otherParty({ holds: [{ ...held, because: 'the second' }] }),
    };
    expect(decide(approved(question), ruleSet).outcome).toBe('PASS');
    const { outcome, reasons } = decide(later, ruleSet);
    expect([outcome, reasons.map((one) => one.reason)]).toEqual(['REFER', ['PARTICIPANT_ON_HOLD']]);
  });

  test('never covers a reason that refuses', () => {
    const refused = askOrganisation(
      manufacturer({ agreements: [agreement({ state: 'SUSPENDED' })] }),
      'supplier',
    );
    expect(decide(approved(refused), ruleSet)).toEqual(decide(refused, ruleSet));
    expect(decide(refused, ruleSet).outcome).toBe('REFUSE');
  });

  test('is kept with the decision, so that the replay gives the same answer', () => {
    const question = approved(referredQuestion);
    const { inputs, snapshot } = keepQuestion(question, new Map());
    const again = restoreQuestion(JSON.stringify(inputs), snapshot?.value ?? null, question.referral ?? null);
    expect(again.referral).toEqual(question.referral);
    expect(decide(again, ruleSet)).toEqual(decide(question, ruleSet));
  });
});
