import { unchanged, type Change } from '../../support/remake.ts';

/** One rule, the finished certificate it is tried on, a change that breaks it, and one that keeps it. */
export interface RuleRow {
  readonly rule: string;
  /** Name of a specimen. */
  readonly of: string;
  readonly broken: Change;
  /** What the finding says. */
  readonly says: string;
  readonly kept: Change;
}

/** A row that the specimen as it is keeps, unless another change is given. */
export function row(
  rule: string,
  of: string,
  broken: RuleRow['broken'],
  says: string,
  kept: RuleRow['kept'] = unchanged,
): RuleRow {
  return { rule, of, broken, says, kept };
}
