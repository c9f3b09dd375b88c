import type { Reason } from './fault.ts';

/** Worst first: the worst outcome of all rules wins (requirements 3.3, "Combining"). */
export const OUTCOMES = ['REFUSE', 'REFER', 'QUEUE', 'PASS'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export type EligibilityBasis =
  'SEC_MEMBERSHIP' | 'BILATERAL_AGREEMENT' | 'RDP_NOMINATION' | 'DCC' | 'DCC_CONTRACT';

/** The answer to "may they have it?", with every reason. A refusal is a decision, not an accident. */
export interface Decision {
  readonly outcome: Outcome;
  readonly basis?: EligibilityBasis;
  /** Reference of the agreement when that is the basis. */
  readonly agreementRef?: string;
  readonly reasons: readonly Reason[];
  /** Version of the rule set that was applied. */
  readonly ruleSet: string;
  /** The gates that were asked: a rule of one of them that is not among the reasons was kept. */
  readonly gates: readonly string[];
  /** The certificate would stand for a counter-party role that the tester does not hold. */
  readonly simulatedRole: boolean;
}

/** A decision that opens the way to a signature; only `hasPassed` makes one, so an unasked question does not compile. */
export type PassedDecision = Decision & { readonly basis: EligibilityBasis; readonly [passed]: true };
declare const passed: unique symbol;

export function hasPassed(decision: Decision): decision is PassedDecision {
  return decision.outcome === 'PASS' && decision.basis !== undefined;
}
