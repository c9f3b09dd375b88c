import { Fault, type FaultCode } from '../domain/fault.ts';

/** A fault as an operator reads it: what, then every reason with its clause and what to do. */
export function explainFault(error: unknown): string {
  if (!(error instanceof Fault))
    return `Unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  const reasons = error.reasons.map(
    ({ reason, clause, detail, fix }) => `  - ${detail}\n    ${reason} (${clause})\n    ${fix}`,
  );
  return [error.message, ...reasons].join('\n');
}

/** Exit codes by kind of fault, after sysexits.h: 64 usage, 65 data, 69 unavailable, 70 ours, 75 try again, 77 not permitted, 78 configuration. */
export function exitCodeOf(error: unknown): number {
  return error instanceof Fault ? EXIT_CODES[error.code] : 70;
}

const EXIT_CODES = {
  'malformed-request': 64,
  'method-not-allowed': 64,
  'not-acceptable': 64,
  'unsupported-media-type': 64,
  'csr-refused': 65,
  'certificate-unreadable': 65,
  'registry-invalid': 65,
  'table-unreadable': 65,
  'feed-invalid': 65,
  'feed-signature-invalid': 65,
  'result-invalid': 65,
  'too-large': 65,
  'not-found': 66,
  'database-unavailable': 69,
  'address-unavailable': 69,
  'lint-failed': 70,
  'signing-failed': 70,
  conflict: 73,
  'idempotency-key-reused': 73,
  'request-in-progress': 75,
  'too-many-requests': 75,
  'not-authenticated': 77,
  'role-not-permitted': 77,
  'not-eligible': 77,
  referred: 77,
  'profile-invalid': 78,
  'configuration-invalid': 78,
  'authority-refused': 78,
} as const satisfies Record<FaultCode, number>;
