/** One reason why something was refused, as the caller reads it. */
export interface Reason {
  /** A published reason code, e.g. `AGREEMENT_EXPIRED` (`GET /v1/reason-codes`). */
  readonly reason: string;
  /** The source clause, e.g. `SEC Section H14.11`. */
  readonly clause: string;
  /** What is wrong in this request. */
  readonly detail: string;
  /** What the caller can do about it. */
  readonly fix: string;
}

/** Every way in which the service says no. HTTP statuses are told once, in `http/problem.ts`. */
export const FAULT_CODES = [
  'malformed-request',
  'not-authenticated',
  'role-not-permitted',
  'not-found',
  'not-eligible',
  'csr-refused',
  'referred',
  'conflict',
  'gone',
  'idempotency-key-reused',
  'request-in-progress',
  'too-large',
  'unsupported-media-type',
  'not-acceptable',
  'precondition-failed',
  'range-not-satisfiable',
  'method-not-allowed',
  'request-timeout',
  'too-many-requests',
  'database-unavailable',
  'storage-full',
  'address-unavailable',
  'service-unreachable',
  'answer-unknown',
  'lint-failed',
  'signing-failed',
  'profile-invalid',
  'registry-invalid',
  'table-unreadable',
  'feed-invalid',
  'feed-signature-invalid',
  'configuration-invalid',
  'authority-refused',
  'certificate-unreadable',
  'result-invalid',
  'audit-broken',
  'output-unwritable',
] as const;
export type FaultCode = (typeof FAULT_CODES)[number];

/** What on record a fault is about. */
export interface FaultSubject {
  /** Id of the decision that refused or referred. */
  readonly decision?: string;
  /** Id of the application that waits for what is missing. */
  readonly application?: string;
}

/** A caller's or an operator's mistake, or a part that is away; a programmer's mistake is a `TypeError`. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly reasons: readonly Reason[];
  readonly about: FaultSubject;
  /** What to do, where there is more to say than for every fault of the kind. */
  readonly fix?: string;

  constructor(
    code: FaultCode,
    detail: string,
    options: { reasons?: readonly Reason[]; about?: FaultSubject; fix?: string; cause?: unknown } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Fault';
    this.code = code;
    this.reasons = options.reasons ?? [];
    this.about = options.about ?? {};
    if (options.fix !== undefined) this.fix = options.fix;
  }
}
