import { Fault, type FaultCode, type Reason } from '../domain/fault.ts';
import type { CallerRole } from '../domain/participant.ts';
import { OUTSIDE_REASONS } from './reason-table.ts';

/** A reason of `reasons.yaml` about one request: why it is not even asked of the rules. */
export function httpReason(code: string, detail: string, fix?: string): Reason {
  const known = BY_CODE.get(code);
  if (known === undefined) throw new TypeError(`${code} is not among the reasons of HTTP`);
  return { reason: code, clause: known.clause, detail, fix: fix ?? known.fix };
}

/** What is told of a fault: its reasons, or the one that its kind stands for. */
export function reasonsOf({ code, message, reasons, fix }: Fault): readonly Reason[] {
  return reasons.length > 0 ? reasons : [httpReason(DEFAULTS[code] ?? 'SERVICE_FAILED', message, fix)];
}

/** A request that is malformed in a way that has a reason of its own. */
export const malformedRequest = (code: string, detail: string): Fault =>
  new Fault('malformed-request', detail, { reasons: [httpReason(code, detail)] });

/** The role may not; which roles may is no secret. */
export function roleNotPermitted(role: CallerRole, roles: readonly CallerRole[], what = 'do this'): Fault {
  const detail = `The role ${role} may not ${what}.`;
  const fix =
    roles.length === 0
      ? 'Nobody states it here: it comes with the SECAS feed (POST /v1/feeds).'
      : `It takes ${roles.join(' or ')}; GET /v1/me shows the role of this credential.`;
  return new Fault('role-not-permitted', detail, {
    reasons: [httpReason('ROLE_NOT_PERMITTED_HERE', detail, fix)],
  });
}

/** The officer behind the credential is locked: it takes another one, or the end of the lock. */
export const officerNotActive = (detail: string): Fault =>
  new Fault('role-not-permitted', detail, { reasons: [httpReason('OFFICER_NOT_ACTIVE', detail)] });

/** These stand in the rule set; here are their clause and fix for a request that never comes to it. A test holds them alike. */
const OF_RULE_SET = [
  {
    reason: 'REQUEST_MALFORMED',
    clause: 'DESIGN',
    fix: 'Send the field as the OpenAPI document describes it (readable at /docs).',
  },
  {
    reason: 'ROLE_NOT_PERMITTED_HERE',
    clause: 'DESIGN',
    fix: 'Use a credential of one of the roles that the answer names.',
  },
  {
    reason: 'OFFICER_NOT_ACTIVE',
    clause: 'SEC Appendix M; SEC Appendix P, 3.1',
    fix: "Have the officer's lock lifted, or the nomination completed; a lock after wrong passwords ends by itself.",
  },
  {
    reason: 'CERTIFICATE_UNPARSEABLE',
    clause: 'RFC 7468, 5',
    fix: 'Send one certificate as DER, PEM (BEGIN CERTIFICATE) or Base64 of DER.',
  },
];
const BY_CODE = new Map([...OUTSIDE_REASONS, ...OF_RULE_SET].map((one) => [one.reason, one]));
/** Faults that come without reasons; those of decisions always bring theirs, and what is ours has none to tell. */
const DEFAULTS: Partial<Record<FaultCode, string>> = {
  'malformed-request': 'REQUEST_MALFORMED',
  'not-authenticated': 'CREDENTIAL_INVALID',
  'role-not-permitted': 'ROLE_NOT_PERMITTED_HERE',
  'not-found': 'NOT_FOUND',
  'method-not-allowed': 'METHOD_NOT_ALLOWED',
  'not-acceptable': 'NOT_ACCEPTABLE',
  'request-timeout': 'REQUEST_TIMEOUT',
  conflict: 'CONFLICT',
  gone: 'GONE',
  'registry-invalid': 'CONFLICT',
  'idempotency-key-reused': 'IDEMPOTENCY_KEY_REUSED',
  'request-in-progress': 'REQUEST_IN_PROGRESS',
  'precondition-failed': 'PRECONDITION_FAILED',
  'too-large': 'TOO_LARGE',
  'range-not-satisfiable': 'RANGE_NOT_SATISFIABLE',
  'unsupported-media-type': 'MEDIA_TYPE_UNSUPPORTED',
  'certificate-unreadable': 'CERTIFICATE_UNPARSEABLE',
  'too-many-requests': 'TOO_MANY_REQUESTS',
  'database-unavailable': 'SERVICE_UNAVAILABLE',
  'storage-full': 'SERVICE_UNAVAILABLE',
};
