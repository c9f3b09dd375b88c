import { PURPOSES, type TestingPurpose, type TestPhase } from '../domain/category.ts';
import type { Rule } from './rule.ts';
import type { RuleSet } from './rule-set.ts';

/** Gates A5 and A6: a purpose is stated, is one for which Test Certificates are given, and is open to the participant. */
export const PURPOSE_RULES: readonly Rule[] = [
  {
    reason: 'PURPOSE_MISSING',
    check: ({ question }) => (isStated(question.request.purpose) ? [] : ['The request states no purpose.']),
  },
  {
    reason: 'PURPOSE_NOT_PERMITTED',
    check: ({ question: { request } }) =>
      !isStated(request.purpose) || isKnown(request.purpose)
        ? []
        : [`${JSON.stringify(request.purpose)} is no purpose of testing.`],
  },
  {
    reason: 'PURPOSE_NOT_OPEN_TO_TYPE',
    check: ({ question: { request }, participant: { type }, agreement, ruleSet: { purposes } }) => {
      const { purpose } = request;
      if (!isKnown(purpose) || purposes[type].includes(purpose)) return [];
      // A non-Party's agreement may open a purpose beyond the table.
      if (type === 'NON_PARTY' && agreement?.permittedPurposes.includes(purpose)) return [];
      return [`${purpose} is not open to a participant of the type ${type}.`];
    },
  },
  {
    reason: 'TEST_PHASE_NOT_OPEN',
    check: ({ question: { request, now }, ruleSet }) => {
      if (!isKnown(request.purpose)) return [];
      const { testPhase, governingDocument } = testPhaseOf(request.purpose, now, ruleSet);
      return governingDocument === undefined
        ? [`${request.purpose} is not open in the ${testPhase.toLowerCase()} phase.`]
        : [];
    },
  },
];

/** The test phase of an instant, and the document that governs a purpose in it; absent: it is not open then. */
export function testPhaseOf(purpose: TestingPurpose, at: Date, { phases }: Pick<RuleSet, 'phases'>) {
  const testPhase: TestPhase = at.getTime() < phases.enduringFrom.getTime() ? 'TRANSITIONAL' : 'ENDURING';
  const governingDocument = phases.purposes[purpose][testPhase];
  return { testPhase, ...(governingDocument === undefined ? {} : { governingDocument }) };
}

// What comes over the wire is checked there too; here nothing passes because a type was believed.
const isStated = (purpose: string | undefined) => purpose !== undefined && purpose !== '';
const isKnown = (purpose: string): purpose is TestingPurpose =>
  (PURPOSES as readonly string[]).includes(purpose);
