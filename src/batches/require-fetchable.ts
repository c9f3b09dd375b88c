import type { DeliveryChannel } from '../domain/certificate-request.ts';
import { Fault } from '../domain/fault.ts';
import type { SerialNumber } from '../domain/serial-number.ts';
import type { Caller } from '../domain/participant.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { findCertificate } from '../ca/find-certificates.ts';
import { recordBatchReceipt } from '../ca/download-receipts.ts';
import { query } from '../db/query.ts';
import { withTransaction } from '../db/transaction.ts';
import { askDownloads } from '../issuance/require-downloadable.ts';
import type { IssuanceNeeds } from '../issuance/needs.ts';
import type { Batch } from './batch-store.ts';

/** How something of a batch is fetched. */
export interface Fetched {
  readonly what: 'RESULT' | 'KEYS';
  readonly channel: DeliveryChannel;
  /** The media type, or for a refusal what the caller accepts. */
  readonly form: string;
  readonly requestId: string;
}

/**
 * Lets the result of a batch, or the keys that were made with it, be fetched if its participant may still have the certificates,
 * as each download of one is asked (requirements 3.3: A4, A5 and A8 at each download). All were asked for the same category, purpose and environment, so one
 * stands for all; a result without certificates is a report, which anybody who asked may read.
 * @param fetched  what, over which channel, in which form, and by which request
 * @throws Fault `not-eligible` with every reason, on record: the basis lapsed, an obligation is outstanding, a hold is placed
 */
export async function requireFetchable(
  { id, participantId, participant: signifier }: Batch,
  caller: Caller,
  { what, channel, form, requestId }: Fetched,
  { db, clock, ruleSets }: Pick<IssuanceNeeds, 'db' | 'clock' | 'ruleSets'>,
): Promise<void> {
  const { rows } = await query<{ serialNumber: SerialNumber }>(
    db,
    `select serial_number as "serialNumber" from batch_verdict where batch_id = $1 and status = 'SUCCESS'
      order by position limit 1`,
    [id],
  );
  const [first] = rows;
  if (first === undefined) return;
  const certificate = await findCertificate({ participantId, reach: 'ALL' }, first.serialNumber, db);
  if (certificate === undefined) throw new TypeError('a verdict without its certificate');
  // Who sees the batch was asked before: an approver of the DCC has a batch that an operator began. This asks of its participant.
  const own = { ...caller, participantId, signifier };
  const [answer] = await askDownloads([certificate], own, channel, { db, clock, ruleSets });
  const { reasons } = answer ?? { reasons: [] };
  if (reasons.length === 0) return;
  const { credentialId, person } = caller;
  const event = `${EVENTS[what]}.refused`;
  const facts = { by: person, channel, form, reasons: reasons.map((one) => one.reason) };
  await recordEvents(
    [{ at: clock.now(), event, participantId, credentialId, requestId, object: id, facts }],
    db,
  );
  throw new Fault('not-eligible', 'The participant may no longer have these certificates.', { reasons });
}

/** The receipt of a result or of keys, and its event: one of each for all certificates of the batch (requirements, F07). */
export async function recordFetched(
  { id, participantId, counts }: Batch,
  { credentialId, person }: Caller,
  { what, channel, form, requestId }: Fetched,
  { db, clock }: Pick<IssuanceNeeds, 'db' | 'clock'>,
): Promise<void> {
  const at = clock.now();
  const certificates = counts.SUCCESS ?? 0;
  const event = `${EVENTS[what]}.fetched`;
  const facts = { by: person, channel, form, certificates };
  await withTransaction(db, async (transaction) => {
    await recordBatchReceipt(
      { batchId: id, what, certificates, credentialId, at, channel, form },
      transaction,
    );
    await recordEvents(
      [{ at, event, participantId, credentialId, requestId, object: id, facts }],
      transaction,
    );
  });
}

const EVENTS = { RESULT: 'batch.result', KEYS: 'batch.keys' } as const;
