// A process that issues certificates, one by one or as an application, and kills itself (SIGKILL) at the n-th step of the issuing path. It writes what
// it signed, and what it gave away, into files, so that its survivors can compare them with the database.
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { openHierarchy } from '../../src/ca/hierarchy.ts';
import { loadRefused } from '../../src/ca/refused.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { systemRandom } from '../../src/domain/serial-number.ts';
import { loadRuleSets } from '../../src/eligibility/rule-sets.ts';
import type { Caller } from '../../src/domain/participant.ts';
import { issuesOneByOne } from '../../src/issuance/issue-certificate.ts';
import type { IssuanceNeeds } from '../../src/issuance/needs.ts';
import { submitApplication } from '../../src/issuance/submit-application.ts';
import { loadProfiles } from '../../src/profiles/load-profiles.ts';
import { findCallers } from '../../src/registry/callers.ts';
import { hashToken } from '../../src/registry/credentials.ts';
import { verifyingHere } from '../../src/x509/verifier.ts';
import { TEMPLATES, TEST_PASSPHRASE } from '../support/authorities.ts';
import { fixedClock } from '../support/dates.ts';

interface Orders {
  readonly database: { readonly url: string } | { readonly dataDir: string };
  readonly authorities: string;
  readonly token: string;
  readonly csrs: readonly string[];
  /** All of them in one application. */
  readonly asApplication?: boolean;
  /** Which step is the last; 0: none, and the number of steps is printed. */
  readonly dieAt: number;
  /** Folder for what was signed and given away. */
  readonly evidence: string;
}

async function main(orders: Orders): Promise<void> {
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
      return {
        ...authority,
        sign: (tbs) => {
          step();
          const certificate = authority.sign(tbs);
          appendFileSync(path.join(orders.evidence, 'signed'), `${certificate.toString('base64')}\n`);
          step();
          return certificate;
        },
      };
    },
  };
  const database = await openDatabase(orders.database);
  const { pool } = database;
  const [caller] = await findCallers([hashToken(orders.token)], clock.now(), pool);
  if (caller === undefined) throw new Error('the token is not known');
  const needs = {
    db: pool,
    hierarchy,
    profiles,
    ruleSets: loadRuleSets(),
    refusedKeys: refused.keys,
    verifier: verifyingHere,
    clock,
    fillRandom: systemRandom,
  };
  armed = true;
  if (orders.asApplication) await submitApplication(WANTED, orders.csrs, caller, needs);
  else await issueEach(orders, caller, needs, step);
  armed = false;
  await database.close();
  process.stdout.write(`${String(steps)}\n`);
}

async function issueEach(
  { csrs, evidence }: Orders,
  caller: Caller,
  needs: IssuanceNeeds,
  step: () => void,
): Promise<void> {
  const issue = issuesOneByOne(needs);
  const given = csrs.map(async (csr, place) => {
    // The second one carries an Idempotency-Key, whose own statements are steps too.
    const certificate = await issue(
      { request: { ...WANTED, csr }, caller },
      place === 1 ? 'the-key' : undefined,
    );
    appendFileSync(path.join(evidence, 'given'), `${certificate.der.toString('base64')}\n`);
    step();
  });
  await Promise.all(given);
}

const WANTED = {
  category: 'DEVICE',
  purpose: 'DEVICE_AND_USER_SYSTEM_TESTS',
  channel: 'INTERNET',
} as const;

void main(JSON.parse(process.argv[2] ?? '{}') as Orders);
