import type { TestPhase } from './category.ts';
import type { CertificateRequest } from './certificate-request.ts';
import type { Outcome } from './decision.ts';
import { Fault, type Reason } from './fault.ts';

/** Most CSRs of one application; more are a batch. */
export const APPLICATION_ITEMS = 100;

export const APPLICATION_STATES = [
  'DRAFT',
  'SUBMITTED',
  'SCREENED',
  'REFERRED',
  'APPROVED',
  'ISSUING',
  'ISSUED',
  'PARTLY_ISSUED',
  'FAILED',
  'REFUSED',
  'WITHDRAWN',
] as const;
export type ApplicationState = (typeof APPLICATION_STATES)[number];

/** From each state to those that may follow. */
export const APPLICATION_STEPS: Record<ApplicationState, readonly ApplicationState[]> = {
  DRAFT: ['SUBMITTED', 'WITHDRAWN'], // requirements 3.2
  SUBMITTED: ['SCREENED', 'WITHDRAWN'], // requirements 3.2
  SCREENED: ['SCREENED', 'REFUSED', 'REFERRED', 'APPROVED', 'WITHDRAWN'], // requirements 3.2; SCREENED again: it waits
  // requirements 3.2; REFERRED again: other reasons, or it waits; SCREENED: what was referred is gone, such as a hold (DESIGN)
  REFERRED: ['REFERRED', 'SCREENED', 'REFUSED', 'APPROVED', 'WITHDRAWN'],
  APPROVED: ['ISSUING', 'WITHDRAWN'], // requirements 3.2
  ISSUING: ['ISSUED', 'PARTLY_ISSUED', 'FAILED'], // requirements 3.2
  ISSUED: [],
  PARTLY_ISSUED: [],
  FAILED: [],
  REFUSED: [],
  WITHDRAWN: [],
};

/** What is applied for, apart from the CSRs. */
export type ApplicationRequest = Omit<CertificateRequest, 'csr'>;

/** The phase in which it was made, and what governed its purpose then (requirements, F15). */
export interface ApplicationPhase {
  readonly testPhase: TestPhase;
  /** Absent: the purpose is not open in that phase. */
  readonly governingDocument?: string;
}

/** One CSR of an application, and what became of it. */
export interface ApplicationItem {
  /** Ties the certificate to the item: one item never has two. */
  readonly id: string;
  /** From 0, in the order in which the CSRs came. */
  readonly position: number;
  /** The latest decision that differs from the one before. */
  readonly decisionId: string | null;
  readonly outcome: Outcome | null;
  readonly serialNumber: string | null;
  readonly reasons: readonly Reason[];
}

/** One request for certificates of one category and purpose: 1 to 100 CSRs, decided one by one, moving as a whole. */
export interface Application {
  readonly id: string;
  /** Signifier of the participant who is to have the certificates. */
  readonly participant: string;
  readonly participantId: string;
  /** The credential with which it was made, and whose it is. */
  readonly credentialId: string;
  readonly applicantId: string;
  readonly state: ApplicationState;
  readonly stateSince: Date;
  /** Counts the steps: of two who act on the same one, one wins. */
  readonly version: number;
  readonly request: ApplicationRequest & ApplicationPhase;
  /** Version of the terms that the participant had accepted; null: none yet. */
  readonly termsVersion: string | null;
  readonly createdAt: Date;
  /** The referral, and until when it can be approved. */
  readonly reviewId: string | null;
  readonly expiresAt: Date | null;
  /** Reason codes of facts that may change: it is screened again by itself. */
  readonly waitingFor: readonly string[];
  /** Why it ended as a whole. */
  readonly reasons: readonly Reason[];
  readonly items: readonly ApplicationItem[];
}

/** What the applicant has in hand (requirements, F07 and F09). */
export interface ApplicationReceipt extends ApplicationPhase {
  readonly application: string;
  readonly receivedAt: Date;
  readonly participant: string;
  readonly category: ApplicationRequest['category'];
  readonly purpose: ApplicationRequest['purpose'];
  readonly items: number;
  readonly channel: ApplicationRequest['channel'];
  readonly termsVersion: string | null;
  /** There is none for a Test Certificate (government response, paragraph 27). */
  readonly liability: 'none';
}

export function receiptOf({
  id,
  createdAt,
  participant,
  request,
  termsVersion,
  items,
}: Application): ApplicationReceipt {
  const { category, purpose, channel, testPhase, governingDocument } = request;
  return {
    application: id,
    receivedAt: createdAt,
    participant,
    category,
    purpose,
    items: items.length,
    channel,
    testPhase,
    ...(governingDocument === undefined ? {} : { governingDocument }),
    termsVersion,
    liability: 'none',
  };
}

/** @throws Fault `conflict` with the states that may follow, when `to` may not follow `from` */
export function requireStep(from: ApplicationState, to: ApplicationState): void {
  const next = APPLICATION_STEPS[from];
  if (next.includes(to)) return;
  throw new Fault('conflict', `This application is ${from} and cannot become ${to}.`, {
    reasons: [
      {
        reason: 'TRANSITION_NOT_ALLOWED',
        clause: 'DESIGN',
        detail: `From ${from} it may become ${next.join(', ') || 'nothing else'}; ${to} was asked for.`,
        fix: 'Read its state again; somebody may have changed it meanwhile.',
      },
    ],
  });
}
