/** CSRs of a batch, whoever allows how many: so many can be read, and told in one result. */
export const MOST_BATCH_ITEMS = 500_000;

/** The states of a batch (requirements 3.2; SEC Appendix M, D). */
export const BATCH_STATES = [
  'PREPARED',
  'APPROVED_BY_SECOND_OPERATOR',
  'PENDING',
  'PARSING',
  'REJECTED',
  'TAMPERED',
  'QUEUED',
  'PROCESSING',
  'PAUSED',
  'COMPLETED',
  'CANCELLED',
] as const;
export type BatchState = (typeof BATCH_STATES)[number];

/** Where nothing follows. */
export const ENDED_STATES: readonly BatchState[] = ['REJECTED', 'TAMPERED', 'COMPLETED', 'CANCELLED'];

/** What an item comes to, as the live service calls it (SEC Appendix M). Of several reasons the first status of this list counts. */
export const FAILED_STATUSES = [
  'CSR_ERROR',
  'INELIGIBLE',
  'ISSUANCE_ANOMALY',
  'CA_ERROR',
  'WORKFLOW_ERROR',
] as const;
export type FailedStatus = (typeof FAILED_STATUSES)[number];
export const ITEM_STATUSES = ['SUCCESS', ...FAILED_STATUSES] as const;
export type ItemStatus = (typeof ITEM_STATUSES)[number];

/** The item of a batch for which a certificate is. */
export interface BatchPlace {
  readonly batchId: string;
  /** 1 for the first. */
  readonly position: number;
}
