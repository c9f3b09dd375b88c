import type { LiveTimings } from '../domain/live-timings.ts';
import type { IssuanceNeeds } from '../issuance/needs.ts';
import type { Signer } from '../keys/signer.ts';
import type { BatchLimits } from './batch-limits.ts';
import type { ItemCodes } from './item-codes.ts';

/** What the intake of batches works with. */
export interface IntakeNeeds {
  readonly limits: BatchLimits;
  readonly codes: ItemCodes;
}

/** What the use cases of batches work with; opened once at start. */
export interface BatchNeeds {
  readonly issuance: IssuanceNeeds;
  readonly intake: IntakeNeeds;
  /** Where uploads and results rest while they are written or fetched; nothing in it is needed after a restart. */
  readonly folder: string;
  /** The key by which results are vouched for; absent where `tcs ca init` has not made one. */
  readonly serviceKey?: Signer;
  /** Whether keys are made for laboratories whose agreement allows it; absent: never. */
  readonly laboratoryKeys?: boolean;
  /** Items that a worker takes at a time. */
  readonly chunkItems: number;
  /** How long a chunk is a worker's without a word of it, by the clock of the database. Seconds. */
  readonly leaseSeconds: number;
  /** Days for which a result can be fetched after its batch has ended. */
  readonly retentionDays: number;
  /** When batches are worked on, as in the live service; absent: at once. */
  readonly timings?: LiveTimings;
}
