import type { ErrorRequestHandler, Request, Response } from 'express';
import { ZodError } from 'zod';
import { Fault, type FaultCode, type Reason } from '../domain/fault.ts';
import { requestIdOf } from './request-id.ts';

/** The only place where a fault becomes a status. @see RFC 9457 */
export const PROBLEMS = {
  'malformed-request': { status: 400, title: 'Malformed request' },
  'not-authenticated': { status: 401, title: 'Not authenticated' },
  'role-not-permitted': { status: 403, title: 'Role not permitted' },
  'not-eligible': { status: 403, title: 'Not eligible' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  'not-acceptable': { status: 406, title: 'Not acceptable' },
  conflict: { status: 409, title: 'Conflict' },
  'idempotency-key-reused': { status: 409, title: 'Idempotency-Key reused' },
  'request-in-progress': { status: 409, title: 'Request in progress' },
  'too-large': { status: 413, title: 'Too large' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  'csr-refused': { status: 422, title: 'CSR refused' },
  'certificate-unreadable': { status: 422, title: 'Certificate unreadable' },
  'result-invalid': { status: 422, title: 'Batch result invalid' },
  'registry-invalid': { status: 422, title: 'Registry file invalid' },
  'table-unreadable': { status: 422, title: 'Table unreadable' },
  'feed-invalid': { status: 422, title: 'SECAS feed invalid' },
  'feed-signature-invalid': { status: 422, title: 'SECAS feed not signed' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  'lint-failed': { status: 500, title: 'Certificate not made' },
  'signing-failed': { status: 500, title: 'Certificate not made' },
  'profile-invalid': { status: 500, title: 'Profile invalid' },
  'configuration-invalid': { status: 500, title: 'Configuration invalid' },
  'authority-refused': { status: 500, title: 'Authority refused' },
  'address-unavailable': { status: 500, title: 'Address unavailable' },
  'database-unavailable': { status: 503, title: 'Database unavailable' },
} as const satisfies Record<Exclude<FaultCode, 'referred'>, { status: number; title: string }>;

/** RFC 9457, with every reason. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly requestId: string;
  readonly errors: readonly Reason[];
}

/** Express's last word: a Fault becomes its problem; anything else is 500 without its text, and goes to the log. */
export const problemHandler: ErrorRequestHandler = (error: unknown, request, response, next) => {
  if (response.headersSent) {
    next(error);
    return;
  }
  const fault = faultOf(error);
  if (fault?.code === 'referred') {
    response.status(202).json({ outcome: 'REFER', detail: fault.message, reasons: fault.reasons });
    return;
  }
  const known = fault && PROBLEMS[fault.code];
  const status = known?.status ?? 500;
  // What is ours to mend is logged with its cause and told without its text.
  if (status === 500) request.log.error({ err: error }, 'request failed');
  const hidden = status === 500;
  sendProblem(request, response, {
    type: `urn:problem:tcs:${fault?.code ?? 'internal'}`,
    title: known?.title ?? 'Internal error',
    status,
    detail: hidden || !fault ? 'The service failed; report it with the requestId.' : fault.message,
    instance: request.path,
    requestId: requestIdOf(request),
    errors: hidden ? [] : (fault?.reasons ?? []),
  });
};

/** The status of a fault; 202 for a referral. */
export function statusOf({ code }: Fault): number {
  return code === 'referred' ? 202 : PROBLEMS[code].status;
}
export const HIGHEST_STATUS_OF_A_CALLER = 499;

function sendProblem(request: Request, response: Response, problem: Problem): void {
  if (problem.status === 401) response.set('WWW-Authenticate', 'Bearer realm="test-certificate-service"');
  const retryAfter = RETRY_AFTER.get(problem.type);
  if (retryAfter !== undefined && !response.get('Retry-After')) response.set('Retry-After', retryAfter);
  // A body that was not read must not be taken for the next request.
  if (!request.complete) response.set('Connection', 'close');
  response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}

/** What Express, its parsers and zod throw for what a caller sent. */
function faultOf(error: unknown): Fault | undefined {
  if (error instanceof Fault) return error;
  if (error instanceof ZodError) return malformed(error);
  if (error instanceof URIError) return new Fault('malformed-request', 'The address cannot be decoded.');
  const { type, status } = (error ?? {}) as { type?: unknown; status?: unknown };
  if (typeof type === 'string' && PARSER_FAULTS.has(type)) {
    const [code, detail] = PARSER_FAULTS.get(type) ?? ['malformed-request', ''];
    return new Fault(code, detail);
  }
  return typeof status === 'number' && status >= 400 && status < 500
    ? new Fault('malformed-request', 'The request cannot be understood.')
    : undefined;
}

/** Every broken field at once, each with its JSON pointer. */
function malformed(error: ZodError): Fault {
  return new Fault('malformed-request', 'The request breaks its schema.', {
    reasons: error.issues.map((issue) => ({
      reason: purposeReason(issue.path, issue.message) ?? 'REQUEST_MALFORMED',
      clause: 'GET /openapi.json',
      detail: `/${issue.path.map(String).join('/')}: ${issue.message}`,
      fix: 'Send the field as the OpenAPI document describes it (readable at /docs).',
    })),
  });
}

/** Gate A5 has reason codes of its own. */
function purposeReason(path: readonly PropertyKey[], message: string): string | undefined {
  if (path.length !== 1 || path[0] !== 'purpose') return undefined;
  return message.includes('missing') ? 'PURPOSE_MISSING' : 'PURPOSE_NOT_PERMITTED';
}

const RETRY_AFTER = new Map([
  ['urn:problem:tcs:database-unavailable', '5'],
  ['urn:problem:tcs:request-in-progress', '2'],
  // A quota: the number of the last 24 hours falls by the hour.
  ['urn:problem:tcs:too-many-requests', '3600'],
]);
const PARSER_FAULTS = new Map<string, [FaultCode, string]>([
  ['entity.too.large', ['too-large', 'The body is larger than 64 KiB.']],
  ['entity.parse.failed', ['malformed-request', 'The body is not JSON.']],
  ['entity.verify.failed', ['malformed-request', 'The body is not JSON.']],
  ['request.aborted', ['malformed-request', 'The request was broken off.']],
  ['request.size.invalid', ['malformed-request', 'The body does not have the length that was announced.']],
  ['stream.encoding.set', ['malformed-request', 'The body cannot be read.']],
  ['parameters.too.many', ['malformed-request', 'There are too many parameters.']],
  ['charset.unsupported', ['unsupported-media-type', 'JSON is sent in UTF-8.']],
  ['encoding.unsupported', ['unsupported-media-type', 'The content encoding is not supported.']],
]);
