// What every victim does: it opens what issuing needs, and kills itself (SIGKILL) at the n-th step: before and after every
// statement and every signature, and where it says so itself. It writes what it signed into a file, for its survivors to
// compare with the database.
import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { openHierarchy, type Hierarchy } from '../../src/ca/hierarchy.ts';
import { loadRefused } from '../../src/ca/refused.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import type { Caller } from '../../src/domain/participant.ts';
import { systemRandom } from '../../src/domain/serial-number.ts';
import { loadRuleSets } from '../../src/eligibility/rule-sets.ts';
import type { IssuanceNeeds } from '../../src/issuance/needs.ts';
import { loadProfiles } from '../../src/profiles/load-profiles.ts';
import { findCallers } from '../../src/registry/callers.ts';
import { hashToken } from '../../src/registry/credentials.ts';
import { verifyingHere } from '../../src/x509/verifier.ts';
import { TEMPLATES, TEST_PASSPHRASE } from '../support/authorities.ts';
import { fixedClock } from '../support/dates.ts';

/** What every victim is told; its first argument, as JSON. */
export interface VictimOrders {
  readonly database: { readonly url: string } | { readonly dataDir: string };
  readonly authorities: string;
  readonly token: string;
  /** Which step is the last; 0: none, and the number of steps is printed. */
  readonly dieAt: number;
  /** A folder of its own. */
  readonly evidence: string;
}

/** What a victim works with. */
export interface Victim {
  readonly needs: IssuanceNeeds;
  /** Whose token it is. */
  readonly caller: Caller;
  /** A step of its own, beside the statements and signatures. */
  readonly step: () => void;
  /** Whatever is done in it is no step. */
  readonly uncounted: (act: () => Promise<void>) => Promise<void>;
}

/** Opens what was ordered, and acts and counts; prints when it begins, and how many steps it took. */
export async function runVictim(orders: VictimOrders, act: (victim: Victim) => Promise<void>): Promise<void> {
  let steps = 0;
  let armed = false;
  const step = () => {
    if (!armed) return;
    steps += 1;
    if (steps === orders.dieAt) process.kill(process.pid, 'SIGKILL');
  };
  countStatements(step);
  mkdirSync(orders.evidence, { recursive: true });
  const clock = fixedClock();
  const profiles = loadProfiles(TEMPLATES);
  const refused = loadRefused(TEMPLATES);
  const files = { folder: orders.authorities, passphrase: TEST_PASSPHRASE, profiles, refused };
  const hierarchy = countSignatures(openHierarchy(files, clock.now()), step, orders.evidence);
  const database = await openDatabase(orders.database);
  const { pool } = database;
  const [caller] = await findCallers([hashToken(orders.token)], clock.now(), pool);
  if (caller === undefined) throw new Error('the token is not known');
  const needs: IssuanceNeeds = {
    db: pool,
    hierarchy,
    profiles,
    ruleSets: loadRuleSets(),
    refusedKeys: refused.keys,
    verifier: verifyingHere,
    clock,
    fillRandom: systemRandom,
  };
  const uncounted: Victim['uncounted'] = async (aside) => {
    armed = false;
    await aside();
    armed = true;
  };

  process.stdout.write('begins\n');
  armed = true;
  await act({ needs, caller, step, uncounted });
  armed = false;
  await database.close();
  process.stdout.write(`${String(steps)}\n`);
}

function countStatements(step: () => void): void {
  const { prototype } = pg.Client as unknown as { prototype: { query: (...given: unknown[]) => unknown } };
  const original = prototype.query;
  prototype.query = function (this: unknown, ...given: unknown[]) {
    step();
    const answer: unknown = original.apply(this, given);
    return answer instanceof Promise ? answer.finally(step) : answer;
  };
}

function countSignatures(opened: Hierarchy, step: () => void, evidence: string): Hierarchy {
  return {
    ...opened,
    issuing: (name) => {
      const authority = opened.issuing(name);
      return {
        ...authority,
        sign: (tbs) => {
          step();
          const certificate = authority.sign(tbs);
          appendFileSync(path.join(evidence, 'signed'), `${certificate.toString('base64')}\n`);
          step();
          return certificate;
        },
      };
    },
  };
}
