/** As much of an agreement as its dates are judged by. */
export interface DatedAgreement {
  readonly state: string;
  readonly executedAt?: Date | undefined;
  readonly effectiveFrom?: Date | undefined;
  readonly effectiveTo?: Date | undefined;
}

/** A contradiction between the state of an agreement and its dates. */
export interface DateFault {
  /** What to mend; absent: a date that is missing. */
  readonly field?: 'effectiveTo';
  readonly detail: string;
  readonly fix: string;
}

/** What the dates of an agreement lack for its state, or contradict: without `effectiveFrom` it would never be in force. */
export function dateFaultsOf({ state, executedAt, effectiveFrom, effectiveTo }: DatedAgreement): DateFault[] {
  const undated = state === 'EXECUTED' && (executedAt === undefined || effectiveFrom === undefined);
  const reversed = effectiveFrom !== undefined && effectiveTo !== undefined && effectiveFrom >= effectiveTo;
  return [...(undated ? [UNDATED] : []), ...(reversed ? [REVERSED] : [])];
}

const UNDATED: DateFault = {
  detail: 'An EXECUTED agreement has executedAt and effectiveFrom.',
  fix: 'Send both dates as they stand in the agreement.',
};
const REVERSED: DateFault = {
  field: 'effectiveTo',
  detail: 'effectiveTo is not after effectiveFrom.',
  fix: 'Send an effectiveTo after effectiveFrom, or none for an agreement without an end.',
};
