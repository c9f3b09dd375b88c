import type { IncomingMessage } from 'node:http';

/** The id of a request in logs, problems, decisions and audit; `requestLog` has made it a text. */
export function requestIdOf(request: IncomingMessage): string {
  return typeof request.id === 'string' ? request.id : '';
}
