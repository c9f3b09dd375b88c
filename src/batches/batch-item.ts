import type { DeviceType } from '../domain/category.ts';
import type { Reason } from '../domain/fault.ts';

/** The forms in which a batch may come. */
export const BATCH_CONTENT_TYPES = ['application/zip', 'application/x-ndjson', 'text/csv'] as const;
export type BatchContentType = (typeof BATCH_CONTENT_TYPES)[number];

/** One CSR of a batch, not yet read. */
export interface BatchItem {
  /** 1 for the first of the batch. */
  readonly position: number;
  /** Unique in the batch, whatever the case of its letters; in a ZIP the file's name without `.csr`. */
  readonly id: string;
  /** Name of the file in a ZIP. */
  readonly fileName?: string;
  /** PEM, or Base64 of DER; whether it is one is the business of `readRequests`. */
  readonly csr: string;
  readonly deviceType?: DeviceType;
}

/** A fault of the container, with the code that clients of the live service know. */
export interface ContainerReason extends Reason {
  /** `FM:` and up to seven letters or digits. */
  readonly errorCode: string;
  /** `line 17`, `file "meter1.csr"`; absent: the upload as a whole. */
  readonly position?: string;
}

/** A fault as it is found, before the table of codes explains it. */
export interface ContainerFinding {
  readonly reason: string;
  readonly position?: string;
  readonly detail: string;
  /** What to do, where that of the table does not help. */
  readonly fix?: string;
}

/** An item before it is known to be one of the batch. */
export type ItemContent = Omit<BatchItem, 'position'>;

/** What the reader of one form finds next: an item and where it stands, or a fault. */
export type FoundItem =
  { readonly item: ItemContent; readonly place: string } | { readonly finding: ContainerFinding };
