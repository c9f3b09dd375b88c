import { Fault, type FaultCode, type Reason } from '../domain/fault.ts';
import type { CallerRole } from '../domain/participant.ts';
import type { ReasonCode } from '../eligibility/rule-set.ts';

/** A row of the table, in the form of the rule set's. */
export type HttpReason = Omit<ReasonCode, 'gate'> & { readonly gate: 'HTTP' };

/** Why a request was not even asked of the rules: beside those of the rule set, for `GET /v1/reason-codes`. */
export const HTTP_REASONS: readonly HttpReason[] = [
  row('CURSOR_INVALID', 'GET /openapi.json', 'The cursor is none that this service gave out.', {
    fix: 'Send nextCursor of the page before, unchanged; leave it out for the first page.',
  }),
  row('IDEMPOTENCY_KEY_INVALID', 'GET /openapi.json', 'The Idempotency-Key has a form that no key has.', {
    fix: 'Take 1 to 255 visible ASCII characters, a UUID for example.',
  }),
  row(
    'IDEMPOTENCY_KEY_REUSED',
    'GET /openapi.json',
    'The Idempotency-Key came before with another request.',
    {
      fix: 'Take a new key for every new request; the old one repeats its own request only.',
    },
  ),
  row('REQUEST_IN_PROGRESS', 'GET /openapi.json', 'The same request is being worked on.', {
    fix: 'Send it again under the same Idempotency-Key after Retry-After.',
  }),
  row(
    'CREDENTIAL_INVALID',
    'RFC 6750, 3.1',
    'There is no credential, or it is unknown, expired or revoked.',
    {
      fix: 'Send "Authorization: Bearer <token>" with a valid token; the testing team of the DCC gives out new ones.',
    },
  ),
  row('CREDENTIAL_IN_ADDRESS', 'RFC 6750, 5.3', 'A token stands in the address, where logs keep it.', {
    fix: 'Send it in the Authorization header, and have this token revoked.',
  }),
  row(
    'NOT_FOUND',
    'RFC 9110, 15.5.5',
    'There is nothing of this name, or it belongs to another participant.',
    {
      fix: 'Check the address: /docs shows every route, and the lists show what there is for this credential.',
    },
  ),
  row('METHOD_NOT_ALLOWED', 'RFC 9110, 15.5.6', 'The method is not possible at this address.', {
    fix: 'Use a method that the header Allow names.',
  }),
  row('NOT_ACCEPTABLE', 'RFC 9110, 15.5.7', 'It cannot be had in a form that Accept asks for.', {
    fix: 'Name one of the forms in Accept, or leave Accept out.',
  }),
  row('CONFLICT', 'RFC 9110, 15.5.10', 'The request does not go together with what is on record.', {
    fix: 'Read the record again, and ask for what may follow it.',
  }),
  row('PRECONDITION_FAILED', 'RFC 9110, 15.5.13', 'What is there is not what If-Match names.', {
    fix: 'Take the ETag of the answer without If-Match, or leave it out.',
  }),
  row('TOO_LARGE', 'RFC 9110, 15.5.14', 'The body is larger than the service reads.', {
    fix: 'Send less: limits stand in GET /v1/categories; many CSRs are sent as a batch.',
  }),
  row(
    'MEDIA_TYPE_UNSUPPORTED',
    'RFC 9110, 15.5.16',
    'The body has a type, charset or encoding that is not read here.',
    {
      fix: 'Send Content-Type as the OpenAPI document has it; JSON in UTF-8, without another charset.',
    },
  ),
  row('TOO_MANY_REQUESTS', 'RFC 6585, 4', 'There were too many requests in this minute.', {
    fix: 'Come again after Retry-After; many CSRs are sent as a batch.',
  }),
  row('RANGE_NOT_SATISFIABLE', 'RFC 9110, 15.5.17', 'It has no octets where Range begins.', {
    fix: 'Begin before the length that Content-Range tells; a file that is whole needs no more.',
  }),
  row('SERVICE_UNAVAILABLE', 'RFC 9110, 15.6.4', 'A part of the service is away.', {
    fix: 'Send the request again after Retry-After, under the same Idempotency-Key.',
  }),
  row('SERVICE_FAILED', 'RFC 9110, 15.6.1', 'The service failed; the fault is not in the request.', {
    fix: 'Report it with the requestId.',
  }),
];

/** A reason of this table about one request. */
export function httpReason(code: string, detail: string, fix?: string): Reason {
  const known = BY_CODE.get(code);
  if (known === undefined) throw new TypeError(`${code} is not among the reasons of HTTP`);
  return { reason: code, clause: known.clause, detail, fix: fix ?? known.fix };
}

/** What is told of a fault: its reasons, or the one that its kind stands for. */
export function reasonsOf({ code, message, reasons }: Fault): readonly Reason[] {
  return reasons.length > 0 ? reasons : [httpReason(DEFAULTS[code] ?? 'SERVICE_FAILED', message)];
}

/** A request that is malformed in a way that has a reason of its own. */
export const malformedRequest = (code: string, detail: string): Fault =>
  new Fault('malformed-request', detail, { reasons: [httpReason(code, detail)] });

/** The role may not; which roles may is no secret. */
export function roleNotPermitted(role: CallerRole, roles: readonly CallerRole[], what = 'do this'): Fault {
  const detail = `The role ${role} may not ${what}.`;
  const fix = `It takes ${roles.join(' or ')}; GET /v1/me shows the role of this credential.`;
  return new Fault('role-not-permitted', detail, {
    reasons: [httpReason('ROLE_NOT_PERMITTED_HERE', detail, fix)],
  });
}

function row(
  reason: string,
  clause: string,
  says: string,
  { fix, authority = 'LEGAL_TEXT' }: { readonly fix: string; readonly authority?: ReasonCode['authority'] },
): HttpReason {
  const design = clause.startsWith('GET ');
  return {
    reason,
    gate: 'HTTP',
    outcome: 'REFUSE',
    authority: design ? 'DESIGN' : authority,
    clause,
    says,
    fix,
  };
}

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
    reason: 'CERTIFICATE_UNPARSEABLE',
    clause: 'RFC 7468, 5',
    fix: 'Send one certificate as DER, PEM (BEGIN CERTIFICATE) or Base64 of DER.',
  },
];
const BY_CODE = new Map([...HTTP_REASONS, ...OF_RULE_SET].map((one) => [one.reason, one]));
/** Faults that come without reasons; those of decisions always bring theirs, and what is ours has none to tell. */
const DEFAULTS: Partial<Record<FaultCode, string>> = {
  'malformed-request': 'REQUEST_MALFORMED',
  'not-authenticated': 'CREDENTIAL_INVALID',
  'role-not-permitted': 'ROLE_NOT_PERMITTED_HERE',
  'not-found': 'NOT_FOUND',
  'method-not-allowed': 'METHOD_NOT_ALLOWED',
  'not-acceptable': 'NOT_ACCEPTABLE',
  conflict: 'CONFLICT',
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
