import { Fault } from '../../domain/fault.ts';
import { explain, type RuleSet } from '../../eligibility/rule-set.ts';

/** The refusal of an item that asks for what an earlier one asks for. @param position  of the earlier one */
export function duplicateOf(position: number, ruleSet: RuleSet): Fault {
  const detail = `item ${String(position)} of the batch asks for the same certificate`;
  const reason = explain({ reason: 'CSR_DUPLICATE_IN_BATCH', detail }, ruleSet);
  return new Fault('csr-refused', 'The CSR is there twice.', { reasons: [reason] });
}
