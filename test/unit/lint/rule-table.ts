import type { Change } from '../../support/remake.ts';

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
