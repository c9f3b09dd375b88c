import type { FactKind } from './facts.ts';
import type { Reason } from './fault.ts';

/** What needs a second person (requirements 3.7: preparer and approver are two people). */
export const REVIEW_KINDS = [
  'REFERRAL',
  'AGREEMENT',
  'NOMINATION',
  'PARTICIPANT',
  'WAIVER',
  'HOLD',
  'DEVICE_CEILING',
] as const;
export type ReviewKind = (typeof REVIEW_KINDS)[number];

export const REVIEW_STATES = ['OPEN', 'APPROVED', 'REFUSED', 'EXPIRED', 'WITHDRAWN'] as const;
export type ReviewState = (typeof REVIEW_STATES)[number];

/** What will be done when it is approved. */
export type ReviewAct =
  | {
      readonly do: 'RECORD_FACT';
      readonly kind: FactKind;
      readonly key: string;
      readonly state: string;
      /** Absent: from the approval on. */
      readonly since?: Date;
      readonly value: object;
      /** The version on which it was prepared, 0 for none: another one since, and it must be prepared anew. */
      readonly after: number;
    }
  | {
      readonly do: 'RAISE_DEVICE_CEILING';
      readonly eui64: string;
      readonly certificates: number;
      /** The review whose limit the Device ID had when it was prepared, `null` for none raised; absent: of an earlier build, never asked. */
      readonly after?: string | null;
    }
  | { readonly do: 'ISSUE_APPLICATION'; readonly application: string };

/** A case that waits for, or had, the decision of a second person. */
export interface Review {
  readonly id: string;
  readonly kind: ReviewKind;
  /** Signifier of the participant whom it is about. */
  readonly participant: string;
  readonly participantId: string;
  readonly state: ReviewState;
  readonly act: ReviewAct;
  /** The act in words. */
  readonly summary: string;
  /** Why a second person is asked, for referrals. */
  readonly reasons: readonly Reason[];
  readonly preparedPerson: string;
  readonly preparedAt: Date;
  /** After this instant it can no longer be approved. */
  readonly expiresAt: Date;
  readonly decidedPerson: string | null;
  readonly decidedAt: Date | null;
  readonly decidedBecause: string | null;
}
