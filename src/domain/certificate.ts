import type { Category, TestEnvironment, TestingPurpose } from './category.ts';
import type { EligibilityBasis } from './decision.ts';
import type { Eui64 } from './eui64.ts';
import type { SerialNumber } from './serial-number.ts';

/** The statuses of the SMKI Repository (requirements, section 2); PENDING is never shown: an intent is not a certificate. */
export const REPOSITORY_STATUSES = ['IN_USE', 'NOT_IN_USE', 'EXPIRED', 'REVOKED'] as const;
export type RepositoryStatus = (typeof REPOSITORY_STATUSES)[number];

/** A test certificate on record, issued. */
export interface IssuedCertificate {
  readonly serialNumber: SerialNumber;
  readonly category: Category;
  readonly profile: string;
  /** Name of the authority that signed it. */
  readonly authority: string;
  /** Signifier of the participant to whom it belongs. */
  readonly participant: string;
  readonly purpose: TestingPurpose;
  readonly environment?: TestEnvironment;
  readonly eui64?: Eui64;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly issuedAt: Date;
  /** The whole certificate, DER. */
  readonly der: Buffer;
  readonly sha256: Buffer;
  readonly publicKeySha256: Buffer;
  readonly decision: {
    readonly id: string;
    readonly basis: EligibilityBasis;
    readonly ruleSet: string;
    readonly simulatedRole: boolean;
  };
}

/** A serial number whose signature was intended and never confirmed: the process died in between. */
export interface Leftover {
  readonly serialNumber: SerialNumber;
  readonly authority: string;
  readonly profile: string;
  readonly participant: string;
  readonly subject: string;
  readonly preparedAt: Date;
}

/** Whether a validity is over: the whole second of notAfter still counts. @see RFC 5280, 4.1.2.5 */
export const hasExpired = (notAfter: Date, now: Date): boolean => now.getTime() >= notAfter.getTime() + 1000;

/** In use until the validity is over. */
export function repositoryStatus(
  certificate: Pick<IssuedCertificate, 'notAfter'>,
  now: Date,
): RepositoryStatus {
  return hasExpired(certificate.notAfter, now) ? 'EXPIRED' : 'IN_USE';
}
