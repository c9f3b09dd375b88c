import type { IncomingMessage } from 'node:http';

/** What of a request did not arrive in its time. */
export type Late = 'REQUEST' | 'UPLOAD';

/**
 * Calls `onLate` once if a request does not arrive in its time. It has to be whole `seconds` after its headers; the upload of a batch,
 * which may be large and its line slow, only has to go on: as long as no `seconds` pass in which less than 16 KiB come. The octets are
 * counted at the socket: to listen to the body would take it from who reads it.
 */
export function watchArrival(request: IncomingMessage, seconds: number, onLate: (late: Late) => void): void {
  const { socket, headers } = request;
  // Without a body it is whole with its headers.
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return;
  const isUpload = request.method === 'POST' && UPLOADS.has(request.url?.split('?')[0] ?? '');
  let since = performance.now();
  let counted = socket.bytesRead;
  const look = () => {
    if (request.complete || socket.destroyed) {
      clearInterval(looks);
      return;
    }
    if (isUpload && socket.bytesRead - counted >= PACE) {
      since = performance.now();
      counted = socket.bytesRead;
    }
    if (performance.now() - since < seconds * 1000) return;
    clearInterval(looks);
    onLate(isUpload ? 'UPLOAD' : 'REQUEST');
  };
  const looks = setInterval(look, BETWEEN_LOOKS).unref();
  // A request that is answered before it is whole closes, too, and the rest of it may come for ever.
  request.once('close', () => {
    if (request.complete) clearInterval(looks);
  });
}

const UPLOADS: ReadonlySet<string> = new Set(['/v1/batches', '/v1/batches/']);
/** Octets. */
const PACE = 16_384;
/** Milliseconds. */
const BETWEEN_LOOKS = 1000;
