import type { RequestHandler } from 'express';
import { Fault } from '../domain/fault.ts';

/**
 * Refuses what no route could answer well: credentials in the address, two of them in the headers, and characters that no
 * record can hold.
 */
export function guardRequests(): RequestHandler {
  return (request, _response, next) => {
    // The query begins at the first question mark; it may hold others (RFC 3986, 3.4).
    const [path = '', ...pieces] = request.originalUrl.split('?');
    const query = pieces.join('?');
    for (const [name, value] of new URLSearchParams(query))
      if (TOKEN_NAMES.test(name) || TOKEN.test(value)) throw tokenInAddress();
    if (TOKEN.test(path)) throw tokenInAddress();
    if (query.includes('%00')) throw malformed('The address holds the character U+0000.', 'Leave it out.');
    if (path.includes('%00')) throw new Fault('not-found', 'No name holds the character U+0000.');
    if (request.rawHeaders.filter((one, place) => place % 2 === 0 && /^authorization$/i.test(one)).length > 1)
      throw malformed('There are several Authorization headers.', 'Send one.');
    next();
  };
}

function tokenInAddress(): Fault {
  const detail = 'A token never stands in the address; send it in the Authorization header.';
  const fix =
    'Send "Authorization: Bearer <token>", and have this token revoked: addresses are written to logs.';
  return new Fault('malformed-request', detail, {
    reasons: [{ reason: 'CREDENTIAL_IN_ADDRESS', clause: 'RFC 6750, 5.3', detail, fix }],
  });
}

/** A request that cannot be understood, and what to do about it. */
export function malformed(detail: string, fix: string): Fault {
  return new Fault('malformed-request', detail, {
    reasons: [{ reason: 'REQUEST_MALFORMED', clause: 'DESIGN', detail, fix }],
  });
}

const TOKEN = /tcs_[0-9a-f]{8}_/i;
const TOKEN_NAMES = /^(access_?token|token|id_?token|bearer|authorization|api_?key|password|secret)$/i;
