// A process that issues certificates, one by one or as an application, and kills itself at the n-th step of the issuing path.
// It writes what it gave away into a file too.
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { issuesOneByOne } from '../../src/issuance/issue-certificate.ts';
import { submitApplication } from '../../src/issuance/submit-application.ts';
import { runVictim, type Victim, type VictimOrders } from './run-victim.ts';

export interface IssuingOrders extends VictimOrders {
  readonly csrs: readonly string[];
  /** All of them in one application. */
  readonly asApplication?: boolean;
}

async function issueEach({ csrs, evidence }: IssuingOrders, { needs, caller, step }: Victim): Promise<void> {
  const issue = issuesOneByOne(needs);
  const given = csrs.map(async (csr, place) => {
    // The set of the first one has begun then: were they one set, there would be fewer steps.
    if (place === 1) await setImmediate();
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

const orders = JSON.parse(process.argv[2] ?? '{}') as IssuingOrders;
void runVictim(orders, async (victim) => {
  if (orders.asApplication) await submitApplication(WANTED, orders.csrs, victim.caller, victim.needs);
  else await issueEach(orders, victim);
});
