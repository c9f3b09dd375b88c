import type { EligibilityQuestion } from '../domain/eligibility-question.ts';
import type { Reason } from '../domain/fault.ts';
import { decide } from './decide.ts';
import type { RuleSet } from './rule-set.ts';

/** What stands against handing out a certificate that was issued. */
export interface DownloadAnswer {
  readonly reasons: readonly Reason[];
  /** On which its participant's eligibility rested is no longer there. */
  readonly basisLapsed: boolean;
}

/**
 * Asks again at a download what may have changed since the issue: the participant, basis, purpose, what the agreement
 * covers, obligations and holds (requirements 3.3: A4, A5 and A8). Identifier, key and CSR are in the certificate already,
 * and caps count what is new. Pure.
 */
export function askDownload(
  question: Omit<EligibilityQuestion, 'csr' | 'standing'>,
  ruleSet: RuleSet,
): DownloadAnswer {
  const gateOf = ({ reason }: Reason) => ruleSet.reasonCodes.get(reason)?.gate ?? '';
  const reasons = decide(question, ruleSet).reasons.filter(
    (one) => DOWNLOAD_GATES.has(gateOf(one)) && !COUNTED.has(one.reason),
  );
  return { reasons, basisLapsed: reasons.some((one) => BASIS_GATES.has(gateOf(one))) };
}

const BASIS_GATES: ReadonlySet<string> = new Set(['A1', 'A4']);
const DOWNLOAD_GATES: ReadonlySet<string> = new Set([
  ...BASIS_GATES,
  'A2',
  'A5',
  'A6',
  'A8',
  'A11',
  'AGREEMENT',
]);
const COUNTED: ReadonlySet<string> = new Set(['AGREEMENT_VOLUME_EXCEEDED']);
