import { Fault } from '../domain/fault.ts';
import { isOutOfRoom } from '../db/database-errors.ts';

/**
 * What a full disk refuses as a Fault that is 503 to a caller, and for which a worker waits; every other error as it is.
 * Nothing on this disk is needed: what was received and issued is in the database.
 */
export function roomFault(error: unknown): unknown {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && FULL.has(code)
    ? new Fault(
        'storage-full',
        'The service has no room on its disk at present; send the request again later.',
        {
          cause: error,
        },
      )
    : error;
}

/** Whether this disk, or the database, has no room: nobody's fault, and not for ever. */
export const isWithoutRoom = (error: unknown): boolean =>
  isOutOfRoom(error) || (error instanceof Fault && error.code === 'storage-full');

/** No space left, quota of the user used up, larger than a file may be. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
