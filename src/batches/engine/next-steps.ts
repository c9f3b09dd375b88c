import type { BatchState } from '../../domain/batch.ts';

/** What can be done with a batch that cannot have what was asked. */
export const NEXT_STEPS: Readonly<Record<BatchState, string>> = {
  PREPARED: 'Have another person of the DCC approve it first (tcs batch approve), or cancel it.',
  APPROVED_BY_SECOND_OPERATOR: 'It is approved. Wait until it is QUEUED, or cancel it.',
  PENDING: 'Wait until it is read (QUEUED), or cancel it.',
  PARSING: 'Wait until it is read (QUEUED), or cancel it.',
  REJECTED: 'Read its reasons (tcs batch show), and hand the corrected file in as another batch.',
  TAMPERED: 'Hand the file in again, as another batch.',
  QUEUED: 'Wait until it has ended; it can be paused or cancelled meanwhile.',
  PROCESSING: 'Wait until it has ended; it can be paused or cancelled meanwhile.',
  PAUSED:
    'Let it go on (tcs batch resume), or cancel it; one that rests until its nightly window opens goes on by itself.',
  COMPLETED: 'It has ended: fetch its result (tcs batch result), or try again what failed (tcs batch retry).',
  CANCELLED:
    'It has ended. If it was read, fetch its result (tcs batch result), or try again what was not issued (tcs batch retry).',
};
