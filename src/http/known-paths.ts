import type { RequestHandler } from 'express';
import { Fault } from '../domain/fault.ts';
import { OPERATIONS } from './operations.ts';
import { ROUTES } from './routes.ts';

/** What is at no address is not found, whoever asks; only what is there asks for a credential. Below `/v1`. */
export function requireKnownPath(): RequestHandler {
  const paths = new Set([...OPERATIONS, ...ROUTES].map((one) => one.path));
  // As Express matches: in either case, with or without a slash at the end.
  const known = [...paths].map((path) => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}/?$`, 'i'));
  return (request, _response, next) => {
    const path = `${request.baseUrl}${request.path}`;
    if (!known.some((one) => one.test(path))) throw nothingHere();
    next();
  };
}

export const nothingHere = (): Fault =>
  new Fault('not-found', 'There is nothing at this address; /docs lists what there is.');
