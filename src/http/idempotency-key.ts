import type { Request } from 'express';
import { malformedRequest } from './problem-reasons.ts';

/** The Idempotency-Key of a request. @throws Fault `malformed-request` for one that is not 1 to 255 visible ASCII characters */
export function idempotencyKeyOf(request: Request): string | undefined {
  const key = request.get('Idempotency-Key');
  if (key === undefined || /^[!-~]{1,255}$/.test(key)) return key;
  throw malformedRequest('IDEMPOTENCY_KEY_INVALID', 'Idempotency-Key has 1 to 255 visible ASCII characters.');
}
