import type { Request, RequestHandler, Response } from 'express';
import { Fault } from '../domain/fault.ts';
import { httpReason } from './problem-reasons.ts';

/**
 * Answers in the form that Accept asks for; the first is the default.
 * @throws Fault `not-acceptable` that names the forms there are
 */
export async function sendAccepted(
  request: Request,
  response: Response,
  forms: Readonly<Record<string, () => string | Buffer | Promise<string | Buffer>>>,
): Promise<void> {
  const types = Object.keys(forms);
  const chosen = request.accepts(types);
  response.vary('Accept');
  const form = chosen === false ? undefined : forms[chosen];
  if (chosen === false || form === undefined)
    throw new Fault(
      'not-acceptable',
      `This can be had as ${types.join(', ')}; Accept asks for ${request.get('Accept') ?? 'something else'}.`,
    );
  const body = await form();
  response.type(chosen);
  response.send(body);
}

/** Refuses a body that is not of one of these types. */
export function requireType(...types: readonly string[]): RequestHandler {
  return (request, _response, next) => {
    if (request.is([...types]) !== false && request.get('Content-Type') !== undefined) next();
    else throw new Fault('unsupported-media-type', `The body is sent as ${types.join(' or ')}.`);
  };
}

/** Refuses every query parameter, where there is none to be known. @throws Fault `malformed-request` */
export function refuseParameters({ query }: Pick<Request, 'query'>): void {
  const names = Object.keys(query);
  if (names.length === 0) return;
  throw new Fault('malformed-request', 'The request breaks its schema.', {
    reasons: names.map((name) =>
      httpReason('REQUEST_MALFORMED', `/: there is no query parameter ${JSON.stringify(name)} here`),
    ),
  });
}
export const noParameters: RequestHandler = (request, _response, next) => {
  refuseParameters(request);
  next();
};

/** What is left of a path whose other methods are known. */
export function onlyMethods(...methods: readonly string[]): RequestHandler {
  return (request, response) => {
    response.set('Allow', methods.join(', '));
    throw new Fault(
      'method-not-allowed',
      `${request.method} is not possible here; ${methods.join(', ')} is.`,
    );
  };
}
