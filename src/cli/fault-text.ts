import { Fault, type FaultCode } from '../domain/fault.ts';

/** A fault as an operator reads it: what, then every reason with its clause and what to do. */
export function explainFault(error: unknown): string {
  if (!(error instanceof Fault))
    return `Unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  const reasons = error.reasons.map(
    ({ reason, clause, detail, fix }) => `  - ${detail}\n    ${reason} (${clause})\n    ${fix}`,
  );
  return [error.message, ...(error.fix === undefined ? [] : [error.fix]), ...reasons].join('\n');
}

/** A fault as a program reads it: with `--json`, on standard error. */
export function faultValue(error: unknown) {
  return error instanceof Fault
    ? {
        code: error.code,
        detail: error.message,
        ...(error.fix === undefined ? {} : { fix: error.fix }),
        reasons: error.reasons,
      }
    : { code: 'internal', detail: error instanceof Error ? error.message : String(error), reasons: [] };
}

/** Exit codes by kind of fault, after sysexits.h: 64 usage, 65 data, 69 unavailable, 70 ours, 75 try again, 77 not permitted, 78 configuration. */
export function exitCodeOf(error: unknown): number {
  return error instanceof Fault ? EXIT_CODES[error.code] : 70;
}

/** What each exit code says; the table of the README. */
export const EXIT_MEANINGS: Readonly<Record<number, string>> = {
  0: 'done',
  64: 'wrong usage, or a request that is malformed',
  65: 'a CSR, certificate or file that breaks a rule',
  66: 'nothing of this name, or a file that cannot be read',
  69: 'the database, the service or the port is not to be had',
  70: 'a fault of the service itself',
  73: 'it is there already, or does not go together with what is on record',
  74: 'the output cannot be written',
  75: 'not now: send it again later',
  77: 'no credential, not permitted, not eligible, or referred',
  78: 'configuration, templates, rule set or test CAs',
};

export const EXIT_CODES = {
  'malformed-request': 64,
  'method-not-allowed': 64,
  'not-acceptable': 64,
  'precondition-failed': 64,
  'range-not-satisfiable': 64,
  'unsupported-media-type': 64,
  'csr-refused': 65,
  'certificate-unreadable': 65,
  'registry-invalid': 65,
  'table-unreadable': 65,
  'feed-invalid': 65,
  'feed-signature-invalid': 65,
  'result-invalid': 65,
  'audit-broken': 65,
  'too-large': 65,
  'not-found': 66,
  'database-unavailable': 69,
  'storage-full': 69,
  'address-unavailable': 69,
  'service-unreachable': 69,
  'answer-unknown': 69,
  'lint-failed': 70,
  'signing-failed': 70,
  conflict: 73,
  gone: 73,
  'idempotency-key-reused': 73,
  'output-unwritable': 74,
  'request-in-progress': 75,
  'request-timeout': 75,
  'too-many-requests': 75,
  'not-authenticated': 77,
  'role-not-permitted': 77,
  'not-eligible': 77,
  referred: 77,
  'profile-invalid': 78,
  'configuration-invalid': 78,
  'authority-refused': 78,
} as const satisfies Record<FaultCode, number>;
