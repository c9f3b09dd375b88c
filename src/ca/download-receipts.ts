import type { DeliveryChannel } from '../domain/certificate-request.ts';
import { query, type Db } from '../db/query.ts';

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

/** One handing-out of the result of a batch, or of the keys that were made with it. */
export interface BatchReceipt extends Omit<DownloadReceipt, 'serialNumber'> {
  readonly batchId: string;
  readonly what: 'RESULT' | 'KEYS';
  /** How many the batch had. */
  readonly certificates: number;
}

/** Appends one receipt for all certificates of a batch: they are found by it, so it need not name each. */
export async function recordBatchReceipt(
  { batchId, what, certificates, credentialId, at, channel, form }: BatchReceipt,
  db: Db,
): Promise<void> {
  await query(
    db,
    `insert into batch_download_receipt (batch_id, what, certificates, credential_id, at, channel, form)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [batchId, what, certificates, credentialId, at, channel, form],
  );
}

/** A receipt as it is on record. */
export interface StoredReceipt extends Pick<DownloadReceipt, 'at' | 'channel' | 'form'> {
  /** Of no other receipt. */
  readonly id: string;
  /** Signifier of whose credential it was. */
  readonly by: string;
}

/** Every handing-out of a certificate, alone, in a list or in the result of its batch, oldest first. */
export async function listReceipts(serialNumber: string, db: Db): Promise<StoredReceipt[]> {
  const { rows } = await query<StoredReceipt>(
    db,
    `select r.id, p.signifier as by, r.at, r.channel, r.form
       from (
         select 'certificate ' || lpad(id::text, 18, '0') as id, credential_id, at, channel, form
           from download_receipt where serial_number = $1
         union all
         select 'batch ' || lpad(b.id::text, 18, '0'), b.credential_id, b.at, b.channel, b.form
           from certificate c join batch_download_receipt b on b.batch_id = c.batch_id and b.what = 'RESULT'
          where c.serial_number = $1) as r
       join credential c on c.id = r.credential_id join participant p on p.id = c.participant_id
      order by r.at, r.id`,
    [serialNumber],
  );
  return rows;
}
