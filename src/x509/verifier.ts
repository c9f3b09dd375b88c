import type { KeyObject } from 'node:crypto';
import type { CsrFacts } from '../domain/certificate-request.ts';
import { proofOfPossession, type ProofOfPossession } from './proof-of-possession.ts';
import { checkIssued } from './second-opinion.ts';

/** A finished certificate, and the key of its issuer. */
export interface Finished {
  readonly der: Buffer;
  readonly issuerKey: KeyObject;
}

/** The two verdicts that cost most of a certificate, given by OpenSSL over whole sets, in their order. */
export interface Verifier {
  /** Whether each CSR is signed by the key it carries. */
  proofsOfPossession(csrs: readonly CsrFacts[]): Promise<ProofOfPossession[]>;
  /** `true` only where OpenSSL reads the finished certificate and its signature verifies; else what it has against it. */
  secondOpinions(certificates: readonly Finished[]): Promise<(true | Error)[]>;
  close(): Promise<void>;
}

/** Verifies in the thread that asks. */
export const verifyingHere: Verifier = {
  proofsOfPossession: (csrs) => Promise.resolve(csrs.map(proofOfPossession)),
  secondOpinions: (certificates) => Promise.resolve(certificates.map(secondOpinion)),
  close: () => Promise.resolve(),
};

/** `true`, or why OpenSSL does not agree with a finished certificate. */
export function secondOpinion({ der, issuerKey }: Finished): true | Error {
  try {
    checkIssued(der, issuerKey);
    return true;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
