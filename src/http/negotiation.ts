import type { Request, RequestHandler, Response } from 'express';
import { Fault } from '../domain/fault.ts';
import { httpReason } from './problem-reasons.ts';

/** What there is, by media type; the first is the default. */
type Forms = Readonly<Record<string, () => string | Buffer | Promise<string | Buffer>>>;

/** The media type that Accept asks for. @throws Fault `not-acceptable` that names the forms there are */
export function acceptedForm(request: Request, forms: Forms): string {
  const types = Object.keys(forms);
  const chosen = request.accepts(types);
  if (chosen !== false) return chosen;
  throw new Fault(
    'not-acceptable',
    `This can be had as ${types.join(', ')}; Accept asks for ${request.get('Accept') ?? 'something else'}.`,
  );
}

/** Answers in the form that Accept asks for. @throws Fault `not-acceptable` that names the forms there are */
export async function sendAccepted(request: Request, response: Response, forms: Forms): Promise<void> {
  response.vary('Accept');
  const chosen = acceptedForm(request, forms);
  const body = await forms[chosen]?.();
  response.type(chosen);
  response.send(body);
}

/** Whether the answer will give octets: none to HEAD, nor to who has them by its own word (304). @see RFC 9110, 9.3.2 and 15.4.5 */
export const sendsBody = ({ method, fresh }: Pick<Request, 'method' | 'fresh'>): boolean =>
  method !== 'HEAD' && !fresh;

/** Refuses a body that is not of one of these types. */
export function requireType(...types: readonly string[]): RequestHandler {
  return (request, _response, next) => {
    requireTypeOf(request, ...types);
    next();
  };
}

/** @throws Fault `unsupported-media-type` when the body is not of one of these types */
export function requireTypeOf(request: Request, ...types: readonly string[]): void {
  if (request.is([...types]) !== false && request.get('Content-Type') !== undefined) return;
  throw new Fault('unsupported-media-type', `The body is sent as ${types.join(' or ')}.`);
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
