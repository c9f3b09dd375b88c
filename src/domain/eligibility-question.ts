import type { CertificateRequest, CertificateSubject } from './certificate-request.ts';
import type { Reason } from './fault.ts';
import type { Caller, TestingParticipant } from './participant.ts';

/** A broken rule found while reading, before its clause and fix are looked up in the rule set. */
export interface Finding {
  /** A reason code of the rule set, e.g. `CSR_KEY_USAGE`. */
  readonly reason: string;
  /** What is wrong in this request. */
  readonly detail: string;
}

/** What a CSR asks for under the rules of its category, and every rule that it breaks. */
export interface CsrReading {
  /** Absent when the subject could not be made out. */
  readonly subject?: CertificateSubject;
  /** Absent when not exactly one of those that the category knows. */
  readonly keyUsage?: 'digitalSignature' | 'keyAgreement';
  readonly findings: readonly Finding[];
}

/** What the records say about the identifier and the key of a CSR, beyond the participant itself. */
export interface Standing {
  /** The EUI-64 lies in an allocation or own device range of another participant. */
  readonly identifierOwnedByOther: boolean;
  /** The EUI-64 lies in a central Registry Entry (MA-S of the SEC Panel): User IDs and RDP IDs only. */
  readonly identifierInCentralRegistry: boolean;
  /** Device Certificates already issued (or being issued) for this Device ID. */
  readonly certificatesForDevice: number;
  /** The limit that the DCC raised for this Device ID; absent: that of the rule set. */
  readonly deviceCeiling?: number;
  /** The public key already stands in a certificate of another subject. */
  readonly keyUsedForAnotherSubject: boolean;
  /** The public key is on the deny-list of published test keys. */
  readonly keyKnownCompromised: boolean;
}

/** How many certificates of the category there were, where the rule set limits that; what it does not limit is not counted. */
export interface DemandCounts {
  /** By single requests of the participant, not as items of batches, in 24 hours; those that are about to be signed included. */
  readonly adHocInDay?: number;
  /** By all participants together, in 24 hours. */
  readonly ofAllInDay?: number;
  readonly month?: MonthlyDemand;
}

/** What a participant had in the last 30 days, and in those before, by which its average is made. */
export interface MonthlyDemand {
  /** In the last 30 days, but for the hours of which notice was given and accepted. */
  readonly issued: number;
  /** In the days before those 30. */
  readonly before: number;
  /** How many days before those 30 are looked at; no more than since its first certificate. */
  readonly days: number;
}

/** What an approver took upon the DCC: exactly these findings that want a second look no longer hold a request back. */
export interface ApprovedReferral {
  /** Id of the review. */
  readonly review: string;
  readonly approvedReasons: readonly Finding[];
}

/** Everything `decide` looks at: a value, so that the same question always has the same answer. */
export interface EligibilityQuestion {
  readonly request: Pick<
    CertificateRequest,
    'category' | 'purpose' | 'environment' | 'deviceType' | 'replacement' | 'channel' | 'onBehalfOf'
  >;
  readonly caller: Caller;
  /** The participant who is to receive the certificate; `undefined` when nobody is known under that signifier. */
  readonly participant: TestingParticipant | undefined;
  /** Absent when an eligibility check came without a CSR: the rules that need one are then not asked. */
  readonly csr?: CsrReading;
  readonly standing?: Standing;
  /** Absent where the rule set limits nothing of it. */
  readonly demand?: DemandCounts;
  /** Present when a second person approved what was referred. */
  readonly referral?: ApprovedReferral;
  readonly now: Date;
  /** Last second of the certificate, from its profile; absent: not known, or no rule asks for it. */
  readonly validUntil?: Date;
  /** Why no profile can be filled: no matter of eligibility, and yet there will be no certificate. */
  readonly unfitProfile?: readonly Reason[];
}
