import { ITEM_STATUSES, type ItemStatus } from '../../domain/batch.ts';
import { Fault, type Reason } from '../../domain/fault.ts';
import type { Caller } from '../../domain/participant.ts';
import { NIL_UUID } from '../../domain/uuid.ts';
import { explain, type RuleSet } from '../../eligibility/rule-set.ts';
import { countDemand } from '../../issuance/count-demand.ts';
import { EarlierRequests } from '../../issuance/earlier-requests.ts';
import { rehearseCertificates } from '../../issuance/issue-certificates.ts';
import { findWholeParticipant } from '../../registry/participants.ts';
import type { BatchItem } from '../batch-item.ts';
import { agreedLimits } from '../batch-limits.ts';
import { manifestFacts, presentIssuer, type BatchIssuer } from '../results/batch-result.ts';
import { itemFailure, waitsForQuota } from '../item-codes.ts';
import type { BatchNeeds } from '../needs.ts';
import { readItems } from '../containers/read-items.ts';
import { longestCertificate, measureResult } from '../results/result-size.ts';
import { participantOf, type SubmittedBatch } from '../intake/submit-batch.ts';
import { durationOf, limitsUsed, type AskedBatch, type BatchCost } from './batch-cost.ts';
import { askedHash } from './parse-batch.ts';

/** What a batch would come to now, and what it would use. */
export interface Rehearsal {
  readonly items: number;
  readonly counts: Readonly<Record<ItemStatus, number>>;
  /** Items that would have no verdict yet: a quota is used up. */
  readonly waiting: number;
  /** Items that would get a certificate although one was signed for their key and subject already. */
  readonly again: number;
  readonly cost: BatchCost;
}

/** An item that would fail. */
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
 * ask for meanwhile is not. All of it is decided as at the instant at which it begins, however long it takes. The answer tells what
 * the batch would use, too.
 * @param tell  is told every item that would fail, in their order; the next part of the upload waits for it
 * @throws Fault as `readItems`, for a container that would be refused as a whole; as `participantOf` and `rehearseCertificates`
 */
export async function rehearseBatch(
  { upload, contentType, name, request }: SubmittedBatch,
  caller: Caller,
  needs: BatchNeeds,
  tell: (failure: RehearsedFailure) => Promise<void>,
): Promise<Rehearsal> {
  const begun = performance.now();
  const { intake, issuance } = needs;
  const now = issuance.clock.now();
  const { signifier } = await participantOf(request, caller, issuance.db);
  const participant = await findWholeParticipant(signifier, now, issuance.db);
  const ruleSet = issuance.ruleSets.at(now);
  const first = { asked: { request, caller, place: { batchId: NIL_UUID, position: 1 } } };
  const counted = await countDemand([first], ruleSet, now, issuance.db);
  const agreed = participant === undefined ? intake.limits : agreedLimits(participant, intake.limits, now);

  const counts = Object.fromEntries(ITEM_STATUSES.map((status) => [status, 0])) as Record<ItemStatus, number>;
  const measure = measureResult();
  const ask = rehearsing({ request, caller, now }, needs);
  let issuer: BatchIssuer | undefined;
  let items = 0;
  let waiting = 0;
  let again = 0;
  let unasked: BatchItem[] = [];
  const refused = new Map<string, number>();
  const countReasons = (reasons: readonly Reason[]) => {
    for (const reason of new Set(reasons.map((one) => one.reason)))
      refused.set(reason, (refused.get(reason) ?? 0) + 1);
  };
  const rehearse = async () => {
    for (const { item, result, again: isAgain } of await ask(unasked)) {
      const { position, id, fileName } = item;
      const about = { position, id, ...(fileName === undefined ? {} : { fileName }) };
      if (result instanceof Fault) countReasons(result.reasons);
      if (waitsForQuota(result)) waiting += 1;
      else if (result instanceof Fault) {
        const failure = itemFailure(result, intake.codes);
        counts[failure.status] += 1;
        await tell({ ...about, ...failure });
        measure.add({ ...about, ...failure });
      } else {
        counts.SUCCESS += 1;
        if (isAgain) again += 1;
        issuer ??= result.signedBy;
        const certificate = longestCertificate(result);
        measure.add({ ...about, status: 'SUCCESS', certificate, serialNumber: result.serialNumber });
      }
    }
    unasked = [];
  };
  for await (const item of readItems({ file: upload.file, contentType }, { ...intake, limits: agreed })) {
    items += 1;
    unasked.push(item);
    if (unasked.length === needs.chunkItems) await rehearse();
  }
  if (unasked.length > 0) await rehearse();

  issuer ??= presentIssuer(request.category, issuance.hierarchy);
  const facts = manifestFacts({ id: NIL_UUID, name, participant: signifier, request }, issuer, now);
  const certificates = counts.SUCCESS;
  return {
    items,
    counts,
    waiting,
    again,
    cost: {
      chargeable: false,
      signatures: certificates,
      chunks: Math.ceil(items / needs.chunkItems),
      resultOctets: measure.octets(facts, counts, issuer.chain, needs.serviceKey?.spki ?? NO_KEY),
      limits: limitsUsed(
        { items, certificates, beyond: (reason) => refused.get(reason) ?? 0 },
        { request, caller, participant, demand: counted?.(signifier, first), now },
        { ofService: intake.limits, agreed },
        ruleSet,
      ),
      duration: await durationOf(items, { category: request.category, now, begun }, needs),
    },
  };
}

/** Asks about items as if those before them had been issued; what asks for the same certificate a second time is not asked. */
function rehearsing({ request, caller, now }: Omit<AskedBatch, 'participant'>, needs: BatchNeeds) {
  const positions = new Map<string, number>();
  const ruleSet = needs.issuance.ruleSets.at(now);
  const earlier = new EarlierRequests();
  return async (items: readonly BatchItem[]) => {
    const found = items.map((item) => ({ item, duplicate: duplicateFault(item, positions, ruleSet) }));
    const asked = found
      .filter(({ duplicate }) => duplicate === undefined)
      .map(({ item: { csr, deviceType, position } }) => ({
        request: { ...request, csr, ...(deviceType === undefined ? {} : { deviceType }) },
        caller,
        place: { batchId: NIL_UUID, position },
      }));
    const rehearsed = await rehearseCertificates(asked, needs.issuance, now, earlier);
    let next = 0;
    return found.map(({ item, duplicate }) => {
      const answer = duplicate === undefined ? rehearsed[next++] : { result: duplicate, again: false };
      if (answer === undefined) throw new TypeError('an item that was asked about has no answer');
      return { item, ...answer };
    });
  };
}

function duplicateFault(
  { position, csr }: BatchItem,
  positions: Map<string, number>,
  ruleSet: RuleSet,
): Fault | undefined {
  const asked = askedHash(csr);
  const first = asked === undefined ? undefined : positions.get(asked);
  if (asked !== undefined && first === undefined) positions.set(asked, position);
  return first === undefined ? undefined : duplicateOf(first, ruleSet);
}

/** The refusal of an item that asks for what an earlier one asks for. */
export function duplicateOf(position: number, ruleSet: RuleSet): Fault {
  const detail = `item ${String(position)} of the batch asks for the same certificate`;
  const reason = explain({ reason: 'CSR_DUPLICATE_IN_BATCH', detail }, ruleSet);
  return new Fault('csr-refused', 'The CSR is there twice.', { reasons: [reason] });
}

const NO_KEY = Buffer.alloc(0);
