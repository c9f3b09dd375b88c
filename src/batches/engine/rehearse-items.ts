import type { Fault } from '../../domain/fault.ts';
import { NIL_UUID } from '../../domain/uuid.ts';
import type { RuleSet } from '../../eligibility/rule-set.ts';
import { EarlierRequests } from '../../issuance/earlier-requests.ts';
import { rehearseCertificates, type RehearsedCertificate } from '../../issuance/issue-certificates.ts';
import type { BatchItem } from '../batch-item.ts';
import type { BatchNeeds } from '../needs.ts';
import type { AskedBatch } from './batch-cost.ts';
import { duplicateOf } from './duplicate-item.ts';
import { askedHash } from './parse-batch.ts';

/** An item, and what it would come to. */
export interface RehearsedItem extends RehearsedCertificate {
  readonly item: BatchItem;
}

/**
 * Decides, fills and lints items as if those before them had been issued, part by part as a batch is worked on. The next part is
 * not read before every item of this one was taken.
 * @throws Fault as `items` and `rehearseCertificates`
 */
export async function* rehearseItems(
  items: AsyncIterable<BatchItem>,
  batch: Pick<AskedBatch, 'request' | 'caller' | 'now'>,
  needs: BatchNeeds,
): AsyncGenerator<RehearsedItem> {
  const rehearse = rehearsing(batch, needs);
  let part: BatchItem[] = [];
  for await (const item of items) {
    part.push(item);
    if (part.length < needs.chunkItems) continue;
    yield* await rehearse(part);
    part = [];
  }
  if (part.length > 0) yield* await rehearse(part);
}

/** Rehearses one part after another; what asks for the same certificate a second time is not asked about. */
function rehearsing(
  { request, caller, now }: Pick<AskedBatch, 'request' | 'caller' | 'now'>,
  { issuance }: BatchNeeds,
) {
  const positions = new Map<string, number>();
  const ruleSet = issuance.ruleSets.at(now);
  const earlier = new EarlierRequests();
  return async (part: readonly BatchItem[]): Promise<RehearsedItem[]> => {
    const found = part.map((item) => ({ item, duplicate: duplicateFault(item, positions, ruleSet) }));
    const asked = found
      .filter(({ duplicate }) => duplicate === undefined)
      .map(({ item: { csr, deviceType, position } }) => ({
        request: { ...request, csr, ...(deviceType === undefined ? {} : { deviceType }) },
        caller,
        place: { batchId: NIL_UUID, position },
      }));
    const rehearsed = await rehearseCertificates(asked, issuance, now, earlier);
    let next = 0;
    return found.map(({ item, duplicate }) => {
      const answer = duplicate === undefined ? rehearsed[next++] : { result: duplicate, again: false };
      if (answer === undefined) throw new TypeError('an item that was asked about has no answer');
      return { item, ...answer };
    });
  };
}

/** @param positions  of the first item with each CSR: its `askedHash` -> position; added to */
function duplicateFault(
  { position, csr }: BatchItem,
  positions: Map<string, number>,
  ruleSet: RuleSet,
): Fault | undefined {
  const asked = askedHash(csr);
  if (asked === undefined) return undefined;
  const first = positions.get(asked);
  if (first !== undefined) return duplicateOf(first, ruleSet);
  positions.set(asked, position);
  return undefined;
}
