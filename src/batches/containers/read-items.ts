import { createReadStream } from 'node:fs';
import type { BatchContentType, BatchItem, ContainerFinding, FoundItem, ItemContent } from '../batch-item.ts';
import { ContainerError, quoteName, refusedBatch } from '../container-error.ts';
import type { IntakeNeeds } from '../needs.ts';
import { duplicateFindings, idTrouble } from './item-names.ts';
import { readCsvItems, readNdjsonItems } from './text-items.ts';
import { readZipItems } from './zip-items.ts';

/**
 * Reads the items of a batch in their order, with flat memory: about 100 octets an item are kept, for its name.
 *
 * A fault of the container refuses the batch as a whole, so whoever writes items down does it in one transaction: the
 * fault may come after many good items. From the first fault on no item is given out; the rest is read to tell further
 * faults, twenty at most.
 *
 * @throws Fault `malformed-request`, `too-large` with every reason (`ContainerReason`): what, where, clause, fix, code
 */
export async function* readItems(
  upload: { readonly file: string; readonly contentType: BatchContentType },
  needs: IntakeNeeds,
): AsyncGenerator<BatchItem, void, undefined> {
  const findings: ContainerFinding[] = [];
  const seen = new Set<string>();
  let position = 0;
  try {
    for await (const found of readForm(upload, needs)) {
      if ('finding' in found) findings.push(found.finding);
      else {
        position += 1;
        if (position > needs.limits.items) throw tooMany(needs.limits.items);
        findings.push(...itemFindings(found.item, found.place, seen, needs));
        if (findings.length === 0) yield { position, ...found.item };
      }
      if (findings.length >= MOST_FINDINGS) break;
    }
  } catch (error) {
    if (!(error instanceof ContainerError)) throw error;
    findings.push(error.finding);
  }
  if (position === 0 && findings.length === 0)
    findings.push({ reason: 'BATCH_EMPTY', detail: 'there is no CSR in it' });
  if (findings.length > 0) throw refusedBatch(findings, needs.codes);
}

function readForm(
  { file, contentType }: { readonly file: string; readonly contentType: BatchContentType },
  { limits }: IntakeNeeds,
): AsyncIterable<FoundItem> {
  switch (contentType) {
    case 'application/zip':
      return readZipItems(file, limits);
    case 'application/x-ndjson':
      return readNdjsonItems(createReadStream(file), limits);
    case 'text/csv':
      return readCsvItems(createReadStream(file), limits);
  }
}

/** What is wrong with an item that every form may have wrong. */
function itemFindings(
  item: ItemContent,
  place: string,
  seen: Set<string>,
  { limits }: IntakeNeeds,
): ContainerFinding[] {
  const findings: ContainerFinding[] = [];
  const trouble = idTrouble(item.id);
  if (trouble !== undefined)
    findings.push({
      reason: 'BATCH_ID',
      position: place,
      detail: `the id ${quoteName(item.id)} ${trouble.fault}`,
    });
  findings.push(...duplicateFindings(item.id, place, seen));
  const octets = Buffer.byteLength(item.csr);
  // A file of a ZIP was measured before it was read: what is no text has become longer as one.
  if (item.fileName === undefined && octets > limits.csrOctets)
    findings.push({
      reason: 'BATCH_CSR_TOO_LARGE',
      position: place,
      detail: `the CSR has ${String(octets)} octets; at most ${String(limits.csrOctets)} are read`,
    });
  return findings;
}

const tooMany = (most: number) =>
  new ContainerError({
    reason: 'BATCH_TOO_MANY_ITEMS',
    detail: `there are more than ${most.toLocaleString('en-GB')} CSRs in it`,
  });

const MOST_FINDINGS = 20;
