import { existsSync } from 'node:fs';
import path from 'node:path';
import { hash } from 'node:crypto';
import type { Category } from '../../domain/category.ts';
import { Fault } from '../../domain/fault.ts';
import { formatInstant } from '../../domain/instant.ts';
import type { SerialNumber } from '../../domain/serial-number.ts';
import type { Hierarchy } from '../../ca/hierarchy.ts';
import { query } from '../../db/query.ts';
import { formatName } from '../../x509/name.ts';
import { readCertificate } from '../../x509/read-certificate.ts';
import { VERDICT_OF_ITEM, type Batch, type StoredItem } from '../batch-store.ts';
import type { BatchNeeds } from '../needs.ts';
import { itemLine, type FinishedItem } from './finished-item.ts';
import type { BatchFacts, Seal } from './manifest.ts';
import { resultName, writeResult } from './write-result.ts';

/** A result that can be fetched, at rest on this node. */
export interface BatchResult {
  readonly file: string;
  /** To offer for the download. */
  readonly name: string;
  /** Names these very octets. */
  readonly tag: string;
}

/**
 * The result of a batch that has ended, written on this node if it is not yet: on every node the same octets.
 * @throws Fault `request-in-progress` before its end; `conflict` where there is none; `gone` when its time is over; `configuration-invalid` without a service key
 */
export async function openResult(batch: Batch, needs: BatchNeeds): Promise<BatchResult> {
  requireResult(batch);
  const file = path.join(needs.folder, `${batch.id}.zip`);
  const kept = batch.resultSignature;
  if (kept !== null && existsSync(file)) return { file, name: resultName(batch.name), tag: tagOf(kept) };
  const { facts, chain } = await describe(batch, needs);
  const written = await writeResult(finishedItems(batch, needs), facts, {
    file,
    chain,
    seal: sealOf(batch, needs),
  });
  return { file, name: written.name, tag: tagOf(written.signature) };
}

/** Every item with its verdict, a line of JSON each. @throws Fault as `openResult` */
export async function* resultLines(batch: Batch, needs: BatchNeeds): AsyncGenerator<string, void, undefined> {
  requireResult(batch);
  for await (const item of finishedItems(batch, needs))
    yield itemLine(item, item.status === 'SUCCESS' ? hash('sha256', item.certificate) : undefined);
}

function requireResult({ state, items, resultRemovedAt }: Batch): void {
  if (state === 'REJECTED' || state === 'TAMPERED')
    throw new Fault('conflict', `The batch is ${state}: nothing of it was taken, so it has no result.`, {
      fix: 'Read why in its reasons (GET /v1/batches/{id}), and hand the corrected file in as another batch.',
    });
  if (state !== 'COMPLETED' && state !== 'CANCELLED')
    throw new Fault(
      'request-in-progress',
      `The batch is ${state}; it has a result once it is COMPLETED or CANCELLED.`,
      { fix: 'Ask again when GET /v1/batches/{id} or the webhook batch.completed says that it has ended.' },
    );
  if (items === null)
    throw new Fault('conflict', 'The batch was cancelled before it was read: it has no result.', {
      fix: 'Hand the file in again.',
    });
  if (resultRemovedAt !== null)
    throw new Fault(
      'gone',
      `The result could be fetched until ${formatInstant(resultRemovedAt)}; the certificates still can, one by one.`,
      {
        fix: 'Take the serial numbers from GET /v1/batches/{id}/items, and GET /v1/certificates/{serialNumber} each.',
      },
    );
}

/** Items in their order: positions are 1, 2, 3 and so on. While those of a page are told, the next page is looked up. */
async function* finishedItems(
  { id, items }: Batch,
  { issuance: { db } }: BatchNeeds,
): AsyncGenerator<FinishedItem, void, undefined> {
  const lookUp = (first: number) => {
    const page = query<FinishedRow>(db, PAGE, [id, first, first + PAGE_ITEMS - 1]);
    // Whoever stops before it is there does not ask whether it failed.
    page.catch(() => undefined);
    return page;
  };
  const last = items ?? 0;
  let next = last > 0 ? lookUp(1) : undefined;
  for (let first = 1; next !== undefined; first += PAGE_ITEMS) {
    const { rows } = await next;
    next = first + PAGE_ITEMS <= last ? lookUp(first + PAGE_ITEMS) : undefined;
    for (const row of rows) yield toFinished(row);
  }
}

type FinishedRow = StoredItem & { readonly der: Buffer | null };

function toFinished(row: FinishedRow): FinishedItem {
  const { position, id, fileName, status, errorCode, reasons, serialNumber, der } = row;
  const file = fileName === null ? {} : { fileName };
  if (status === 'SUCCESS' && serialNumber !== null && der !== null)
    return {
      position,
      id,
      ...file,
      status,
      certificate: der,
      serialNumber: serialNumber satisfies SerialNumber,
    };
  if (status === null || status === 'SUCCESS' || errorCode === null || reasons === null)
    throw new TypeError(`item ${String(position)} of batch ${id} has no verdict`);
  return { position, id, ...file, status, errorCode, reasons };
}

/** What the manifest says of the batch, and the CAs above its certificates: those under which the first was issued. */
async function describe(
  batch: Batch,
  { issuance: { db, hierarchy } }: BatchNeeds,
): Promise<{ facts: BatchFacts; chain: readonly Buffer[] }> {
  const { rows } = await query<{ der: Buffer; authority: string }>(
    db,
    `select der, authority from certificate where batch_id = $1 and status = 'issued' order by batch_position limit 1`,
    [batch.id],
  );
  await hierarchy.chains.learn(rows, db);
  const [first] = rows;
  const issuer =
    first === undefined
      ? presentIssuer(batch.request.category, hierarchy)
      : { name: first.authority, chain: hierarchy.chains.above(readCertificate(first.der).facts) };
  if (batch.endedAt === null) throw new TypeError('a result without an end');
  return { chain: issuer.chain, facts: manifestFacts(batch, issuer, batch.endedAt) };
}

/** A CA under which a batch is issued, and its chain from itself up. */
export interface BatchIssuer {
  readonly name: string;
  readonly chain: readonly Buffer[];
}

/** The one whose name a result without certificates bears. */
export function presentIssuer(
  category: Category,
  { authorities }: Pick<Hierarchy, 'authorities'>,
): BatchIssuer {
  const found = authorities.find((one) => one.category === category && one.kind === 'ISSUING');
  if (found === undefined) throw new TypeError(`nobody issues ${category} certificates`);
  return found;
}

/** What a manifest says of a batch before anything is counted. */
export function manifestFacts(
  { id, name, participant, request }: Pick<Batch, 'id' | 'name' | 'participant' | 'request'>,
  issuer: BatchIssuer,
  endedAt: Date,
): BatchFacts {
  const { category, purpose, environment } = request;
  const [certificate] = issuer.chain;
  if (certificate === undefined) throw new TypeError('an issuer without a certificate');
  return {
    batch: id,
    name,
    participant,
    category,
    purpose,
    ...(environment === undefined ? {} : { environment }),
    completedAt: formatInstant(endedAt),
    issuer: {
      name: issuer.name,
      subject: formatName(readCertificate(certificate).facts.subject),
      sha256: hash('sha256', certificate),
    },
  };
}

/** The key of this node signs once; the first signature of any node is kept and given back from then on. */
function sealOf({ id, resultKey }: Batch, { issuance: { db }, serviceKey }: BatchNeeds): Seal {
  const spki = resultKey ?? serviceKey?.spki;
  if (spki === undefined)
    throw new Fault('configuration-invalid', 'There is no key that signs results; run tcs ca init.');
  return {
    algorithm: 'ecdsa-with-SHA256',
    spki,
    sign: async (statement) => {
      if (resultKey === null && serviceKey !== undefined)
        await query(
          db,
          `update batch set result_signature = $2, result_key = $3 where id = $1 and result_signature is null`,
          [id, serviceKey.sign(statement), serviceKey.spki],
        );
      const { rows } = await query<{ signature: Buffer; key: Buffer }>(
        db,
        `select result_signature as signature, result_key as key from batch where id = $1`,
        [id],
      );
      const [kept] = rows;
      if (kept?.key.equals(spki) === true) return kept.signature;
      throw new Fault('request-in-progress', 'Another node is making this result; send the request again.');
    },
  };
}

const tagOf = (signature: Buffer) => hash('sha256', signature);
const PAGE_ITEMS = 1000;
/** Both ends are named: a plan that sorts what it finds would sort the whole rest of the batch for each page. */
const PAGE = `
  select i.position, i.id, i.file_name as "fileName", v.status, v.error_code as "errorCode", v.reasons,
         v.serial_number as "serialNumber", c.der
    from batch_item i ${VERDICT_OF_ITEM}
    left join lateral (select der from certificate where serial_number = v.serial_number offset 0) c on true
   where i.batch_id = $1 and i.position between $2 and $3 order by i.position`;
