import { ITEM_STATUSES, type ItemStatus } from '../../domain/batch.ts';
import { Fault, type Reason } from '../../domain/fault.ts';
import type { Caller } from '../../domain/participant.ts';
import { NIL_UUID } from '../../domain/uuid.ts';
import { countDemand } from '../../issuance/count-demand.ts';
import { findWholeParticipant } from '../../registry/participants.ts';
import { agreedLimits } from '../batch-limits.ts';
import type { BatchRequest } from '../batch-store.ts';
import { manifestFacts, presentIssuer, type BatchIssuer } from '../results/batch-result.ts';
import { itemFailure, waitsForQuota, type ItemCodes } from '../item-codes.ts';
import type { BatchNeeds } from '../needs.ts';
import { readItems } from '../containers/read-items.ts';
import { longestCertificate, measureResult } from '../results/result-size.ts';
import { participantOf, type SubmittedBatch } from '../intake/submit-batch.ts';
import { durationOf, limitsUsed, type AskedBatch, type BatchCost } from './batch-cost.ts';
import { rehearseItems, type RehearsedItem } from './rehearse-items.ts';

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
 * ask for meanwhile is not. All of it is decided as at the instant at which it begins, however long it takes. The answer tells
 * what the batch would use, too.
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
  const batch = await askAbout(signifier, { request, caller, now }, needs);
  const { participant } = batch;
  const agreed = participant === undefined ? intake.limits : agreedLimits(participant, intake.limits, now);

  const tally = new Tally(intake.codes);
  const items = readItems({ file: upload.file, contentType }, { ...intake, limits: agreed });
  for await (const rehearsed of rehearseItems(items, batch, needs)) {
    const failure = tally.add(rehearsed);
    if (failure !== undefined) await tell(failure);
  }

  const { counts, waiting, again } = tally;
  const issuer = tally.issuer ?? presentIssuer(request.category, issuance.hierarchy);
  const facts = manifestFacts({ id: NIL_UUID, name, participant: signifier, request }, issuer, now);
  const certificates = counts.SUCCESS;
  return {
    items: tally.items,
    counts,
    waiting,
    again,
    cost: {
      chargeable: false,
      signatures: certificates,
      chunks: Math.ceil(tally.items / needs.chunkItems),
      resultOctets: tally.result.octets(facts, counts, issuer.chain, needs.serviceKey?.spki ?? NO_KEY),
      limits: limitsUsed(
        { items: tally.items, certificates, beyond: (reason) => tally.told(reason) },
        batch,
        { ofService: intake.limits, agreed },
        issuance.ruleSets.at(now),
      ),
      duration: await durationOf(tally.items, { category: request.category, now, begun }, needs),
    },
  };
}

/** A batch with what is on record of its participant, and what was counted of its demand. */
async function askAbout(
  signifier: string,
  batch: { readonly request: BatchRequest; readonly caller: Caller; readonly now: Date },
  { issuance: { db, ruleSets } }: BatchNeeds,
): Promise<AskedBatch> {
  const { request, caller, now } = batch;
  const item = { asked: { request, caller, place: { batchId: NIL_UUID, position: 1 } } };
  const participant = await findWholeParticipant(signifier, now, db);
  const demandOf = await countDemand([item], ruleSets.at(now), now, db);
  return { ...batch, participant, demand: demandOf?.(signifier, item) };
}

/** Counts what items would come to, and measures their result. */
class Tally {
  items = 0;
  waiting = 0;
  again = 0;
  readonly counts = Object.fromEntries(ITEM_STATUSES.map((status) => [status, 0])) as Record<
    ItemStatus,
    number
  >;
  /** Of the first certificate. */
  issuer: BatchIssuer | undefined;
  readonly result = measureResult();
  readonly #told = new Map<string, number>();
  readonly #codes: ItemCodes;

  constructor(codes: ItemCodes) {
    this.#codes = codes;
  }

  /** @returns the failure of an item that would fail */
  add({ item, result, again }: RehearsedItem): RehearsedFailure | undefined {
    const { position, id, fileName } = item;
    const about = { position, id, ...(fileName === undefined ? {} : { fileName }) };
    this.items += 1;
    if (result instanceof Fault) {
      for (const reason of new Set(result.reasons.map((one) => one.reason)))
        this.#told.set(reason, this.told(reason) + 1);
      if (waitsForQuota(result)) {
        this.waiting += 1;
        return undefined;
      }
      const failure = { ...about, ...itemFailure(result, this.#codes) };
      this.counts[failure.status] += 1;
      this.result.add(failure);
      return failure;
    }
    const certificate = longestCertificate(result);
    this.counts.SUCCESS += 1;
    if (again) this.again += 1;
    this.issuer ??= result.signedBy;
    this.result.add({ ...about, status: 'SUCCESS', certificate, serialNumber: result.serialNumber });
    return undefined;
  }

  /** How many items are told a reason. */
  told(reason: string): number {
    return this.#told.get(reason) ?? 0;
  }
}

const NO_KEY = Buffer.alloc(0);
