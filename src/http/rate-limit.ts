import type { ErrorRequestHandler, RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { Fault } from '../domain/fault.ts';
import { callerOf } from './auth.ts';
import type { HttpNeeds } from './server.ts';

/** So many requests a minute for each credential, whatever address they come from. */
export function limitCredentials(needs: Pick<HttpNeeds, 'rateLimit'>): RequestHandler {
  return rateLimit({
    ...COMMON,
    limit: needs.rateLimit,
    keyGenerator: (_request, response) => callerOf(response).credentialId,
  });
}

/**
 * Addresses whose requests find no credential read 429 after so many a minute. Their tokens were looked up by then: that
 * nobody guesses one comes from its 256 bits of chance. Stands behind `authenticate` and sees its refusals only: whoever has
 * a credential, or wants none, is not slowed by a stranger at the same address.
 */
export function limitStrangers(needs: Pick<HttpNeeds, 'rateLimit'>): ErrorRequestHandler {
  const limit = rateLimit({
    ...COMMON,
    limit: needs.rateLimit,
    keyGenerator: (request) => ipKeyGenerator(request.ip ?? ''),
  });
  return (error: unknown, request, response, next) => {
    if (!(error instanceof Fault) || error.code !== 'not-authenticated') next(error);
    else void limit(request, response, (limited?: unknown) => next(limited ?? error));
  };
}

const COMMON = {
  windowMs: 60_000,
  standardHeaders: 'draft-7',
  legacyHeaders: false,
  validate: false,
  handler: () => {
    throw new Fault(
      'too-many-requests',
      'Too many requests in this minute; Retry-After says when to come again.',
    );
  },
} as const;
