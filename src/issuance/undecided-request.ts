import type { BatchPlace } from '../domain/batch.ts';
import type { CertificateRequest } from '../domain/certificate-request.ts';
import type { ApprovedReferral, CsrReading } from '../domain/eligibility-question.ts';
import type { Fault } from '../domain/fault.ts';
import type { Caller } from '../domain/participant.ts';
import type { Profile } from '../profiles/profile.ts';

/** A request, with its CSR read if it came with one. */
export interface UndecidedRequest {
  readonly asked: {
    readonly request: Omit<CertificateRequest, 'csr'>;
    readonly caller: Caller;
    readonly referral?: ApprovedReferral;
    /** Of an item of a batch. */
    readonly place?: BatchPlace;
  };
  readonly reading?: CsrReading;
  readonly key?: { readonly sha256: Buffer };
  /** The profile that fits, or why none does. */
  readonly profile?: Profile | Fault;
}

/** The participant who is to have the certificate: the caller's own, or the one a DCC operator names. */
export function signifierOf({ asked }: UndecidedRequest): string {
  return asked.request.onBehalfOf ?? asked.caller.signifier;
}

/** The Device ID (EUI-64) for which a certificate is asked. */
export function deviceOf({ reading }: UndecidedRequest): string | undefined {
  return reading?.subject?.category === 'DEVICE' ? reading.subject.eui64 : undefined;
}

/** Whether it is a single request, and no item of a batch. */
export const isAdHoc = ({ asked }: Pick<UndecidedRequest, 'asked'>): boolean => asked.place === undefined;
