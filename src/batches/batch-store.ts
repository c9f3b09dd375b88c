import type { BatchState, FailedStatus, ItemStatus } from '../domain/batch.ts';
import type { Category, DeviceType, TestingPurpose } from '../domain/category.ts';
import type { CertificateRequest } from '../domain/certificate-request.ts';
import { Fault, type Reason } from '../domain/fault.ts';
import type { Caller } from '../domain/participant.ts';
import type { SerialNumber } from '../domain/serial-number.ts';
import { isUuid } from '../domain/uuid.ts';
import { query, type Db, type Transaction } from '../db/query.ts';
import type { BatchContentType, ContainerReason } from './batch-item.ts';

/** What every item of a batch asks for. */
export type BatchRequest = Omit<CertificateRequest, 'csr' | 'deviceType'>;

/** A batch as it stands. */
export interface Batch {
  readonly id: string;
  readonly state: BatchState;
  readonly participantId: string;
  /** Signifier of who is to have the certificates. */
  readonly participant: string;
  /** Of whoever asked. */
  readonly credentialId: string;
  readonly person: string;
  readonly name: string;
  readonly request: BatchRequest;
  readonly contentType: BatchContentType | 'application/vnd.tcs.generation+json';
  readonly uploadSha256: Buffer;
  readonly uploadOctets: number;
  readonly retryOf: string | null;
  readonly submittedAt: Date;
  readonly approvedPerson: string | null;
  readonly approvedAt: Date | null;
  /** PAUSED because the nightly window closed. */
  readonly rests: boolean;
  /** Known once it is parsed. */
  readonly items: number | null;
  readonly reasons: readonly ContainerReason[];
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly resultSignature: Buffer | null;
  readonly resultKey: Buffer | null;
  readonly resultRemovedAt: Date | null;
  /** Of a batch whose keys the service makes, once they are made: the message that has them, and what became of it. */
  readonly keys: BatchKeys | null;
  /** All that is left of it waits for a quota until then, when it is looked at again. */
  readonly quotaUntil: Date | null;
  /** What is done, and how many seconds it was worked on. */
  readonly worked: { readonly items: number; readonly seconds: number } | null;
  /** Verdicts of the chunks that were worked on, by status. */
  readonly counts: Partial<Readonly<Record<ItemStatus, number>>>;
}

/** Of generated keys; instants as PostgreSQL writes them in JSON. */
export interface BatchKeys {
  /** Of the message, in hex. */
  readonly sha256: string;
  readonly octets: number;
  readonly deliveredAt: string | null;
  readonly deliveredPerson: string | null;
  readonly acknowledgedAt: string | null;
  readonly removedAt: string | null;
}

/** An item and its verdict, if it has one. */
export interface StoredItem {
  readonly position: number;
  readonly id: string;
  readonly fileName: string | null;
  readonly deviceType: DeviceType | null;
  readonly status: ItemStatus | null;
  readonly errorCode: string | null;
  readonly reasons: readonly Reason[] | null;
  readonly serialNumber: SerialNumber | null;
}

/** The verdict over an item that gets no certificate; a certificate is its own verdict. */
export interface FailureVerdict {
  readonly position: number;
  readonly status: FailedStatus;
  readonly errorCode: string;
  readonly reasons: readonly Reason[];
}

/** A batch that is about to be. */
export interface NewBatch extends Pick<
  Batch,
  | 'id'
  | 'participantId'
  | 'name'
  | 'request'
  | 'contentType'
  | 'uploadSha256'
  | 'uploadOctets'
  | 'retryOf'
  | 'items'
> {
  readonly state: 'PREPARED' | 'PENDING' | 'QUEUED';
  readonly turnCost: number;
  readonly by: Pick<Caller, 'credentialId' | 'person'>;
}

export async function insertBatch(batch: NewBatch, at: Date, db: Transaction): Promise<void> {
  await query(
    db,
    `insert into batch (id, state, participant_id, credential_id, person, turn_cost, name, category, purpose, request,
       content_type, upload_sha256, upload_octets, retry_of, items, submitted_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
    [
      batch.id,
      batch.state,
      batch.participantId,
      batch.by.credentialId,
      batch.by.person,
      batch.turnCost,
      batch.name,
      batch.request.category,
      batch.request.purpose,
      JSON.stringify(batch.request),
      batch.contentType,
      batch.uploadSha256,
      batch.uploadOctets,
      batch.retryOf,
      batch.items,
      at,
    ],
  );
}

/** Whose batches somebody sees: those for its participant, and those that its participant asked for. */
export type Viewer = Pick<Caller, 'participantId'>;

export async function findBatch(id: string, db: Db, viewer?: Viewer): Promise<Batch | undefined> {
  const { rows } = await query<Batch>(
    db,
    `${SELECT} where b.id = $1 and ($2::uuid is null or ${VISIBLE.replaceAll('$viewer', '$2')})`,
    [id, viewer?.participantId ?? null],
  );
  return rows[0];
}

/** @throws Fault `not-found`, also for what belongs to others */
export async function requireBatch(id: string, viewer: Viewer, db: Db): Promise<Batch> {
  const batch = isUuid(id) ? await findBatch(id, db, viewer) : undefined;
  if (batch === undefined) throw new Fault('not-found', 'You have no batch with this id.');
  return batch;
}

/** Batches that somebody sees, newest first. */
export async function listBatches(
  viewer: Viewer,
  filter: {
    readonly state?: BatchState;
    readonly category?: Category;
    readonly purpose?: TestingPurpose;
    readonly participant?: string;
  },
  page: { readonly limit: number; readonly after?: { readonly at: Date; readonly id: string } },
  db: Db,
): Promise<Batch[]> {
  const { rows } = await query<Batch>(
    db,
    `${SELECT} where ${VISIBLE.replaceAll('$viewer', '$1')} and ($2::text is null or b.state = $2)
        and ($3::text is null or b.category = $3) and ($4::text is null or b.purpose = $4)
        and ($5::text is null or p.signifier = $5)
        and ($6::timestamptz is null or (b.submitted_at, b.id) < ($6, $7::uuid))
      order by b.submitted_at desc, b.id desc limit $8`,
    [
      viewer.participantId,
      filter.state ?? null,
      filter.category ?? null,
      filter.purpose ?? null,
      filter.participant ?? null,
      page.after?.at ?? null,
      page.after?.id ?? null,
      page.limit,
    ],
  );
  return rows;
}

/** Items in their order; `status`: those with this verdict, `null`: those without one. */
export async function listItems(
  batchId: string,
  filter: { readonly status?: ItemStatus | null },
  page: { readonly limit: number; readonly after?: number },
  db: Db,
): Promise<StoredItem[]> {
  const { rows } = await query<StoredItem>(
    db,
    `select i.position, i.id, i.file_name as "fileName", i.device_type as "deviceType", v.status,
            v.error_code as "errorCode", v.reasons, v.serial_number as "serialNumber"
       from batch_item i ${VERDICT_OF_ITEM}
      where i.batch_id = $1 and i.position > $2 and ($3::text is null or v.status = $3)
        and (not $4 or v.status is null)
      order by i.position limit $5`,
    [batchId, page.after ?? 0, filter.status ?? null, filter.status === null, page.limit],
  );
  return rows;
}

/** Writes verdicts over items without a certificate; a second one for an item fails. One statement. */
export async function recordFailures(
  batchId: string,
  verdicts: readonly FailureVerdict[],
  db: Transaction,
): Promise<void> {
  if (verdicts.length === 0) return;
  const rows = verdicts.map(({ errorCode, ...rest }) => ({ ...rest, error_code: errorCode }));
  await query(
    db,
    `insert into batch_failure (batch_id, position, status, error_code, reasons)
     select $1, position, status, error_code, reasons from json_to_recordset($2::json)
       as told (position integer, status text, error_code text, reasons jsonb)`,
    [batchId, JSON.stringify(rows)],
  );
}

/**
 * Joins the verdict `v` over the item `i`, if there is one: one look into the index for each item (`offset 0`). A plan of the
 * planner's own, made while there were no verdicts, would compare each item with each verdict.
 */
export const VERDICT_OF_ITEM = `left join lateral (
  select * from batch_verdict where batch_id = i.batch_id and position = i.position offset 0) v on true`;

const VISIBLE = `(b.participant_id = $viewer or exists (select from credential c
  where c.id = b.credential_id and c.participant_id = $viewer))`;
const SELECT = `
  select b.id, b.state, b.participant_id as "participantId", p.signifier as participant, b.credential_id as "credentialId",
    b.person, b.name, b.request, b.content_type as "contentType", b.upload_sha256 as "uploadSha256",
    b.upload_octets as "uploadOctets", b.retry_of as "retryOf", b.submitted_at as "submittedAt",
    b.approved_person as "approvedPerson", b.approved_at as "approvedAt", b.rests, b.items, b.reasons, b.started_at as "startedAt",
    b.ended_at as "endedAt", b.result_signature as "resultSignature", b.result_key as "resultKey",
    b.result_removed_at as "resultRemovedAt",
    (select json_build_object('sha256', encode(l.sha256, 'hex'), 'octets', l.octets, 'deliveredAt', l.delivered_at,
        'deliveredPerson', l.delivered_person, 'acknowledgedAt', l.acknowledged_at, 'removedAt', l.removed_at)
       from laboratory_keys l where l.batch_id = b.id) as keys,
    (select json_build_object('items', w.items, 'seconds', w.seconds) from batch_work w where w.batch_id = b.id) as worked,
    (select case when bool_and(k.waits_for_quota) and min(k.not_before) > clock_timestamp() then min(k.not_before) end
       from batch_chunk k where k.batch_id = b.id and not k.done) as "quotaUntil",
    (select coalesce(json_object_agg(status, items), '{}') from
       (select key as status, sum(value::integer) as items from batch_chunk k, jsonb_each_text(k.counts)
         where k.batch_id = b.id group by key) as told) as counts
  from batch b join participant p on p.id = b.participant_id`;
