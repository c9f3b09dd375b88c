import type { SerialNumber } from '../domain/serial-number.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { abandonLeftovers } from '../ca/certificate-store.ts';
import { withTransaction } from '../db/pool.ts';
import type { IssuanceNeeds } from './needs.ts';

/** Marks the intents of a process that died abandoned, before what it was about is done again. */
export async function abandonInterrupted(
  prepared: readonly SerialNumber[],
  credentialId: string,
  { db: pool, clock }: Pick<IssuanceNeeds, 'db' | 'clock'>,
): Promise<void> {
  const at = clock.now();
  await withTransaction(pool, async (db) => {
    const abandoned = await abandonLeftovers(prepared, REASON, at, db);
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
  });
}

const REASON = 'interrupted; the request was repeated';
