import {
  APPLICATION_STATES,
  APPLICATION_STEPS,
  receiptOf,
  requireStep,
  type Application,
} from '../../../src/domain/application.ts';
import { Fault } from '../../../src/domain/fault.ts';
import { TEST_NOW } from '../../support/dates.ts';

const pairs = APPLICATION_STATES.flatMap((from) => APPLICATION_STATES.map((to) => [from, to] as const));
const legal = pairs.filter(([from, to]) => APPLICATION_STEPS[from].includes(to));
const illegal = pairs.filter(([from, to]) => !APPLICATION_STEPS[from].includes(to));

describe('the state machine of an application (requirements 3.2)', () => {
  test.each(legal)('%s may become %s', (from, to) => {
    expect(() => requireStep(from, to)).not.toThrow();
  });

  test.each(illegal)('%s cannot become %s', (from, to) => {
    const refused = catchFault(() => requireStep(from, to));
    expect(refused.code).toBe('conflict');
    expect(refused.reasons[0]?.detail).toContain(APPLICATION_STEPS[from].join(', ') || 'nothing else');
  });

  test('whatever is not issued yet can be withdrawn, and nothing else', () => {
    const withdrawable = APPLICATION_STATES.filter((state) => APPLICATION_STEPS[state].includes('WITHDRAWN'));
    expect(withdrawable).toEqual(['DRAFT', 'SUBMITTED', 'SCREENED', 'REFERRED', 'APPROVED']);
  });

  test('only what was approved is issued, and only screening or a referral approves', () => {
    const before = (to: (typeof APPLICATION_STATES)[number]) =>
      APPLICATION_STATES.filter((state) => APPLICATION_STEPS[state].includes(to));
    expect(before('ISSUING')).toEqual(['APPROVED']);
    expect(before('APPROVED')).toEqual(['SCREENED', 'REFERRED']);
  });

  test('every state can be reached from DRAFT, and from every state an end', () => {
    const reached = (from: (typeof APPLICATION_STATES)[number], seen = new Set([from])) => {
      for (const to of APPLICATION_STEPS[from]) if (!seen.has(to)) reached(to, seen.add(to));
      return seen;
    };
    expect([...reached('DRAFT')].sort()).toEqual([...APPLICATION_STATES].sort());
    for (const state of APPLICATION_STATES)
      expect([...reached(state)].some((state) => APPLICATION_STEPS[state].length === 0)).toBe(true);
  });
});

test('the receipt tells terms, phase and channel, and that there is no liability', () => {
  const application = {
    id: 'b0c3f5a0-0000-4000-8000-000000000000',
    participant: 'NORTHGATE',
    createdAt: TEST_NOW,
    termsVersion: '2026-11-24',
    items: [{}, {}],
    request: {
      category: 'DEVICE',
      purpose: 'END_TO_END_TESTING',
      channel: 'IN_PERSON_MEDIA',
      testPhase: 'ENDURING',
      governingDocument: 'ETAD',
    },
  } as unknown as Application;
  expect(receiptOf(application)).toEqual({
    application: application.id,
    receivedAt: TEST_NOW,
    participant: 'NORTHGATE',
    category: 'DEVICE',
    purpose: 'END_TO_END_TESTING',
    items: 2,
    channel: 'IN_PERSON_MEDIA',
    testPhase: 'ENDURING',
    governingDocument: 'ETAD',
    termsVersion: '2026-11-24',
    liability: 'none',
  });
});

function catchFault(work: () => void): Fault {
  try {
    work();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
