// A process that hands a batch in and works on it, and kills itself at the n-th step.
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { DEFAULT_BATCH_LIMITS } from '../../src/batches/batch-limits.ts';
import { loadItemCodes } from '../../src/batches/item-codes.ts';
import type { BatchNeeds } from '../../src/batches/needs.ts';
import { receiveUpload } from '../../src/batches/intake/receive-upload.ts';
import { submitBatch } from '../../src/batches/intake/submit-batch.ts';
import { workOnce } from '../../src/batches/engine/worker.ts';
import { withTransaction } from '../../src/db/transaction.ts';
import { runVictim, type Victim, type VictimOrders } from './run-victim.ts';

export interface BatchOrders extends VictimOrders {
  /** NDJSON to hand in; absent: the batches that are there are worked on. */
  readonly upload?: string;
  /** The evidence of another: after its first chunk it waits until the other has signed too; its steps count from there. */
  readonly meet?: string;
}

async function workOnBatches(
  { evidence, upload, meet }: BatchOrders,
  { needs: issuance, caller, step, uncounted }: Victim,
): Promise<void> {
  const needs: BatchNeeds = {
    issuance,
    intake: { limits: DEFAULT_BATCH_LIMITS, codes: loadItemCodes() },
    folder: evidence,
    chunkItems: 3,
    leaseSeconds: 60,
    retentionDays: 30,
  };
  if (upload !== undefined) {
    const file = path.join(evidence, `upload-${randomUUID()}`);
    const received = await receiveUpload(Readable.from([Buffer.from(upload)]), file, needs.intake);
    const request = {
      category: 'DEVICE',
      purpose: 'DEVICE_AND_USER_SYSTEM_TESTS',
      channel: 'INTERNET',
    } as const;
    const submitted = {
      upload: received,
      contentType: 'application/x-ndjson',
      name: 'crash',
      request,
    } as const;
    await withTransaction(issuance.db, (db) => submitBatch(submitted, caller, issuance.clock.now(), db));
    step();
  }
  if (meet !== undefined)
    await uncounted(async () => {
      while (!hasSigned(evidence)) await workOnce(needs);
      while (!hasSigned(meet)) await setTimeout(5);
    });
  while (await workOnce(needs)) step();
}

const hasSigned = (evidence: string) => existsSync(path.join(evidence, 'signed'));

const orders = JSON.parse(process.argv[2] ?? '{}') as BatchOrders;
void runVictim(orders, (victim) => workOnBatches(orders, victim));
