// A process that hands a batch in and works on it, and kills itself (SIGKILL) at the n-th step: before and after every
// statement and every signature. It writes what it signed into a file, for its survivors to compare with the database.
import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { DEFAULT_BATCH_LIMITS } from '../../src/batches/batch-limits.ts';
import { loadItemCodes } from '../../src/batches/item-codes.ts';
import type { BatchNeeds } from '../../src/batches/needs.ts';
import { receiveUpload } from '../../src/batches/receive-upload.ts';
import { submitBatch } from '../../src/batches/submit-batch.ts';
import { workOnce } from '../../src/batches/worker.ts';
import { openHierarchy } from '../../src/ca/hierarchy.ts';
import { loadRefused } from '../../src/ca/refused.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { withTransaction } from '../../src/db/pool.ts';
import { systemRandom } from '../../src/domain/serial-number.ts';
import { loadRuleSets } from '../../src/eligibility/rule-sets.ts';
import { loadProfiles } from '../../src/profiles/load-profiles.ts';
import { findCallers } from '../../src/registry/callers.ts';
import { hashToken } from '../../src/registry/credentials.ts';
import { verifyingHere } from '../../src/x509/verifier.ts';
import { TEMPLATES, TEST_PASSPHRASE } from '../support/authorities.ts';
import { fixedClock } from '../support/dates.ts';

export interface BatchOrders {
  readonly database: { readonly url: string } | { readonly dataDir: string };
  readonly authorities: string;
  readonly token: string;
  /** NDJSON to hand in; absent: the batches that are there are worked on. */
  readonly upload?: string;
  /** Which step is the last; 0: none, and the number of steps is printed. */
  readonly dieAt: number;
  /** A folder of its own. */
  readonly evidence: string;
  /** The evidence of another: after its first chunk it waits until the other has signed too; its steps count from there. */
  readonly meet?: string;
}

async function main(orders: BatchOrders): Promise<void> {
  let steps = 0;
  let armed = false;
  const step = () => {
    if (!armed) return;
    steps += 1;
    if (steps === orders.dieAt) process.kill(process.pid, 'SIGKILL');
  };
  const { prototype } = pg.Client as unknown as { prototype: { query: (...given: unknown[]) => unknown } };
  const original = prototype.query;
  prototype.query = function (this: unknown, ...given: unknown[]) {
    step();
    const answer: unknown = original.apply(this, given);
    return answer instanceof Promise ? answer.finally(step) : answer;
  };

  mkdirSync(orders.evidence, { recursive: true });
  const clock = fixedClock();
  const profiles = loadProfiles(TEMPLATES);
  const refused = loadRefused(TEMPLATES);
  const opened = openHierarchy(
    { folder: orders.authorities, passphrase: TEST_PASSPHRASE, profiles, refused },
    clock.now(),
  );
  const hierarchy: typeof opened = {
    ...opened,
    issuing: (name) => {
      const authority = opened.issuing(name);
      const sign: typeof authority.sign = (tbs) => {
        step();
        const certificate = authority.sign(tbs);
        appendFileSync(path.join(orders.evidence, 'signed'), `${certificate.toString('base64')}\n`);
        step();
        return certificate;
      };
      return { ...authority, sign };
    },
  };
  const database = await openDatabase(orders.database);
  const { pool } = database;
  const [caller] = await findCallers([hashToken(orders.token)], clock.now(), pool);
  if (caller === undefined) throw new Error('the token is not known');
  const needs: BatchNeeds = {
    issuance: {
      db: pool,
      hierarchy,
      profiles,
      ruleSets: loadRuleSets(),
      refusedKeys: refused.keys,
      clock,
      fillRandom: systemRandom,
      verifier: verifyingHere,
    },
    intake: { limits: DEFAULT_BATCH_LIMITS, codes: loadItemCodes() },
    folder: orders.evidence,
    chunkItems: 3,
    leaseSeconds: 60,
  };

  process.stdout.write('begins\n');
  armed = true;
  if (orders.upload !== undefined) {
    const file = path.join(orders.evidence, `upload-${randomUUID()}`);
    const upload = await receiveUpload(Readable.from([Buffer.from(orders.upload)]), file, needs.intake);
    const request = {
      category: 'DEVICE',
      purpose: 'DEVICE_AND_USER_SYSTEM_TESTS',
      channel: 'INTERNET',
    } as const;
    const submitted = { upload, contentType: 'application/x-ndjson', name: 'crash', request } as const;
    await withTransaction(pool, (db) => submitBatch(submitted, caller, clock.now(), db));
    step();
  }
  if (orders.meet !== undefined) {
    armed = false;
    while (!hasSigned(orders.evidence)) await workOnce(needs);
    while (!hasSigned(orders.meet)) await setTimeout(5);
    armed = true;
  }
  while (await workOnce(needs)) step();
  armed = false;
  await database.close();
  process.stdout.write(`${String(steps)}\n`);
}

const hasSigned = (evidence: string) => existsSync(path.join(evidence, 'signed'));

void main(JSON.parse(process.argv[2] ?? '{}') as BatchOrders);
