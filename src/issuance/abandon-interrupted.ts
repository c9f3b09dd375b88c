import type { SerialNumber } from '../domain/serial-number.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { abandonIntents } from '../ca/intent-store.ts';
import type { Transaction } from '../db/query.ts';

/** Marks the intents of a process that died abandoned, before what it was about is done again. */
export async function abandonInterrupted(
  prepared: readonly SerialNumber[],
  credentialId: string,
  at: Date,
  db: Transaction,
): Promise<void> {
  const abandoned = await abandonIntents(prepared, REASON, at, db);
  await recordEvents(
    abandoned.map((serialNumber) => ({
      at,
      event: 'certificate.abandoned',
      credentialId,
      object: serialNumber,
      facts: { reason: REASON },
    })),
    db,
  );
}

const REASON = 'interrupted; the request was repeated';
