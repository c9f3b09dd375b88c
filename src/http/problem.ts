import type { ErrorRequestHandler, Request, Response } from 'express';
import { ZodError } from 'zod';
import { brokenFields } from '../domain/broken-fields.ts';
import { Fault, type FaultCode, type Reason } from '../domain/fault.ts';
import { visible } from '../domain/visible-text.ts';
import { explain } from '../eligibility/rule-set.ts';
import { outcomeOf } from '../issuance/application-verdict.ts';
import type { IssuanceNeeds } from '../issuance/needs.ts';
import { httpReason, reasonsOf } from './problem-reasons.ts';
import { requestIdOf } from './request-id.ts';
import { sendAndClose } from './send-and-close.ts';

/** The only place where a fault becomes a status. @see RFC 9457 */
export const PROBLEMS = {
  'malformed-request': { status: 400, title: 'Malformed request' },
  'not-authenticated': { status: 401, title: 'Not authenticated' },
  'role-not-permitted': { status: 403, title: 'Role not permitted' },
  'not-eligible': { status: 403, title: 'Not eligible' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  'not-acceptable': { status: 406, title: 'Not acceptable' },
  'request-timeout': { status: 408, title: 'Request Timeout' },
  conflict: { status: 409, title: 'Conflict' },
  'idempotency-key-reused': { status: 409, title: 'Idempotency-Key reused' },
  'request-in-progress': { status: 409, title: 'Request in progress' },
  gone: { status: 410, title: 'Gone' },
  'precondition-failed': { status: 412, title: 'Precondition failed' },
  'too-large': { status: 413, title: 'Too large' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  'range-not-satisfiable': { status: 416, title: 'Range not satisfiable' },
  'csr-refused': { status: 422, title: 'CSR refused' },
  'certificate-unreadable': { status: 422, title: 'Certificate unreadable' },
  'audit-broken': { status: 422, title: 'Audit chain broken' },
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
  'output-unwritable': { status: 500, title: 'Output unwritable' },
  'address-unavailable': { status: 500, title: 'Address unavailable' },
  'service-unreachable': { status: 500, title: 'Service unreachable' },
  'answer-unknown': { status: 500, title: 'Answer unknown' },
  'authority-refused': { status: 503, title: 'Authority refused' },
  'database-unavailable': { status: 503, title: 'Database unavailable' },
  'storage-full': { status: 503, title: 'Storage full' },
} as const satisfies Record<Exclude<FaultCode, 'referred'>, { status: number; title: string }>;

type Rules = Pick<IssuanceNeeds, 'ruleSets' | 'clock'>;

/** RFC 9457, with every reason, and what on record it is about. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly requestId: string;
  readonly decision?: string;
  readonly application?: string;
  readonly errors: readonly Reason[];
}

/** Express's last word: a Fault becomes its problem; anything else is 500 without its text, and goes to the log. */
export const problemHandler =
  (rules: Rules): ErrorRequestHandler =>
  (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const fault = faultOf(error, rules);
    if (fault?.code === 'referred') {
      const { message: detail, reasons } = fault;
      const { application, decision } = fault.about;
      if (application !== undefined) response.location(`/v1/applications/${application}`);
      const outcome = outcomeOf(reasons, rules.ruleSets.at(rules.clock.now()));
      response.status(202).json({ outcome, detail, application, decision, reasons });
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
      detail: hidden || !fault ? FAILED : fault.message,
      instance: request.path,
      requestId: requestIdOf(request),
      ...(hidden ? {} : fault?.about),
      errors: hidden || !fault ? [httpReason('SERVICE_FAILED', FAILED)] : reasonsOf(fault),
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
  const body = JSON.stringify({
    ...problem,
    detail: visible(problem.detail),
    errors: problem.errors.map((one) => ({ ...one, detail: visible(one.detail) })),
  });
  response.status(problem.status).type('application/problem+json');
  if (request.complete) response.send(body);
  else sendAndClose(request, response, body);
}

/** A fault, or what Express and zod throw for what a caller sent; `undefined` for what is ours. */
export function faultOf(error: unknown, rules: Rules): Fault | undefined {
  if (error instanceof Fault) return error;
  if (error instanceof ZodError) return malformed(error, rules);
  if (error instanceof URIError) return new Fault('malformed-request', 'The address cannot be decoded.');
  const { status } = (error ?? {}) as { status?: unknown };
  return typeof status === 'number' && status >= 400 && status < 500
    ? new Fault('malformed-request', 'The request cannot be understood.')
    : undefined;
}

/**
 * Every broken field at once, each with its JSON pointer; gate A5 has reason codes of its own. Of more than 100 the rest is told by its
 * number: a body of 64 KiB has room for thousands.
 */
function malformed(error: ZodError, { ruleSets, clock }: Rules): Fault {
  const fields = brokenFields(error);
  const reasons = fields.slice(0, MOST_FIELDS).map(({ path, says }) => {
    const detail = `/${path.map(String).join('/')}: ${says}`;
    const purpose = purposeReason(path, says);
    return purpose === undefined
      ? httpReason('REQUEST_MALFORMED', detail)
      : explain({ reason: purpose, detail }, ruleSets.at(clock.now()));
  });
  const left = fields.length - reasons.length;
  if (left > 0)
    reasons.push(httpReason('REQUEST_MALFORMED', `broken fields that are not told: ${String(left)}`));
  return new Fault('malformed-request', 'The request breaks its schema.', { reasons });
}

function purposeReason(path: readonly PropertyKey[], says: string): string | undefined {
  if (path.length !== 1 || path[0] !== 'purpose') return undefined;
  return says.includes('missing') ? 'PURPOSE_MISSING' : 'PURPOSE_NOT_PERMITTED';
}

const FAILED = 'The service failed; report it with the requestId.';
const MOST_FIELDS = 100;
const RETRY_AFTER = new Map([
  ['urn:problem:tcs:database-unavailable', '5'],
  ['urn:problem:tcs:storage-full', '60'],
  // Operators have to give this node a new test CA.
  ['urn:problem:tcs:authority-refused', '600'],
  ['urn:problem:tcs:request-in-progress', '2'],
  // A quota: the number of the last 24 hours falls by the hour.
  ['urn:problem:tcs:too-many-requests', '3600'],
]);
