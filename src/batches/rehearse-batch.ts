import { ITEM_STATUSES, type ItemStatus } from '../domain/batch.ts';
import { Fault, type Reason } from '../domain/fault.ts';
import type { Caller } from '../domain/participant.ts';
import { explain } from '../eligibility/rule-set.ts';
import { EarlierRequests } from '../issuance/earlier-requests.ts';
import { rehearseCertificates } from '../issuance/issue-certificates.ts';
import type { BatchItem } from './batch-item.ts';
import { limitsOf } from './batch-limits.ts';
import type { SubmittedBatch } from './submit-batch.ts';
import { itemFailure } from './item-codes.ts';
import type { BatchNeeds } from './needs.ts';
import { askedHash } from './parse-batch.ts';
import { readItems } from './read-items.ts';

/** What a batch would come to now. */
export interface Rehearsal {
  readonly items: number;
  readonly counts: Readonly<Record<ItemStatus, number>>;
  /** Every item that would fail, in their order. */
  readonly failures: readonly RehearsedFailure[];
}

export interface RehearsedFailure {
  readonly position: number;
  readonly id: string;
  readonly fileName?: string;
  readonly status: ItemStatus;
  readonly errorCode: string;
  readonly reasons: readonly Reason[];
}

/**
 * Decides, fills and lints every item of an upload without a signature; nothing is kept. As in a real run, what the file
 * itself would use of quotas, caps and limits is counted, item by item, and so are the keys that it would bind; what others
 * ask for meanwhile is not.
 * @throws Fault as `readItems`, for a container that would be refused as a whole
 */
export async function rehearseBatch(
  { upload, contentType, request }: Omit<SubmittedBatch, 'name'>,
  caller: Caller,
  needs: BatchNeeds,
): Promise<Rehearsal> {
  const counts = Object.fromEntries(ITEM_STATUSES.map((status) => [status, 0])) as Record<ItemStatus, number>;
  const failures: RehearsedFailure[] = [];
  const positions = new Map<string, number>();
  const earlier = new EarlierRequests();
  let items = 0;
  let waiting: BatchItem[] = [];

  const rehearse = async () => {
    const found = waiting.map((item) => ({ item, duplicate: duplicateFault(item, positions, needs) }));
    const asking = found.filter((one) => one.duplicate === undefined).map((one) => one.item);
    const asked = asking.map(({ csr, deviceType }) => ({
      request: { ...request, csr, ...(deviceType === undefined ? {} : { deviceType }) },
      caller,
    }));
    const results = await rehearseCertificates(asked, needs.issuance, earlier);
    let next = 0;
    for (const { item, duplicate } of found) {
      const result = duplicate ?? results[next++];
      if (!(result instanceof Fault)) {
        counts.SUCCESS += 1;
        continue;
      }
      const failure = itemFailure(result, needs.intake.codes);
      counts[failure.status] += 1;
      const { position, id, fileName } = item;
      failures.push({ position, id, ...(fileName === undefined ? {} : { fileName }), ...failure });
    }
    waiting = [];
  };

  const { intake, issuance } = needs;
  const signifier = request.onBehalfOf ?? caller.signifier;
  const limits = await limitsOf(signifier, intake.limits, issuance.clock.now(), issuance.db);
  for await (const item of readItems({ file: upload.file, contentType }, { ...intake, limits })) {
    items += 1;
    waiting.push(item);
    if (waiting.length === needs.chunkItems) await rehearse();
  }
  await rehearse();
  return { items, counts, failures };
}

function duplicateFault(
  { position, csr }: BatchItem,
  positions: Map<string, number>,
  { issuance: { ruleSets, clock } }: BatchNeeds,
): Fault | undefined {
  const asked = askedHash(csr);
  const first = asked === undefined ? undefined : positions.get(asked);
  if (asked !== undefined && first === undefined) positions.set(asked, position);
  return first === undefined ? undefined : duplicateOf(first, ruleSets.at(clock.now()));
}

/** The refusal of an item that asks for what an earlier one asks for. */
export function duplicateOf(position: number, ruleSet: Parameters<typeof explain>[1]): Fault {
  const detail = `item ${String(position)} of the batch asks for the same certificate`;
  const reason = explain({ reason: 'CSR_DUPLICATE_IN_BATCH', detail }, ruleSet);
  return new Fault('csr-refused', 'The CSR is there twice.', { reasons: [reason] });
}
