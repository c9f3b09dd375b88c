import type { DeliveryChannel } from '../domain/certificate-request.ts';
import { query, type Db } from '../db/pool.ts';

/** One handing-out of a certificate after its issue. */
export interface DownloadReceipt {
  readonly serialNumber: string;
  readonly credentialId: string;
  readonly at: Date;
  readonly channel: DeliveryChannel;
  /** In which form: the media type, or the name of a file. */
  readonly form: string;
}

/** Appends receipts, one statement for all; nothing changes them afterwards. */
export async function recordReceipts(
  serialNumbers: readonly string[],
  { credentialId, at, channel, form }: Omit<DownloadReceipt, 'serialNumber'>,
  db: Db,
): Promise<void> {
  if (serialNumbers.length === 0) return;
  await query(
    db,
    `insert into download_receipt (serial_number, participant_id, credential_id, at, channel, form)
     select serial_number, participant_id, $2, $3, $4, $5 from certificate where serial_number = any($1)
      order by serial_number`,
    [serialNumbers, credentialId, at, channel, form],
  );
}

/** Every handing-out of a certificate, oldest first. */
export async function listReceipts(serialNumber: string, db: Db): Promise<DownloadReceipt[]> {
  const { rows } = await query<DownloadReceipt>(
    db,
    `select serial_number as "serialNumber", credential_id as "credentialId", at, channel, form from download_receipt
      where serial_number = $1 order by id`,
    [serialNumber],
  );
  return rows;
}
