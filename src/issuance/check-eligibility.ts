import type { CertificateRequest } from '../domain/certificate-request.ts';
import type { Decision } from '../domain/decision.ts';
import type { Caller } from '../domain/participant.ts';
import { askRequests } from './decide-requests.ts';
import { gather } from './gather.ts';
import type { IssuanceNeeds } from './needs.ts';
import { readRequests } from './read-request.ts';

/** What an eligibility check asks: a certificate request whose CSR may still be missing. */
export type EligibilityCheck = Omit<CertificateRequest, 'csr'> & { readonly csr?: Buffer | string };

/** The decision that a request would get now, with every reason; issues nothing and binds no key. */
export type CheckEligibility = (check: EligibilityCheck, caller: Caller) => Promise<Decision>;

interface Asked {
  readonly request: EligibilityCheck;
  readonly caller: Caller;
}

/**
 * The use case behind `POST /v1/eligibility-checks`. Checks that arrive together share the look-ups and the verifier, and
 * each is answered as if it were alone.
 */
export function checksOneByOne(needs: IssuanceNeeds): CheckEligibility {
  const checkGathered = gather((set: readonly Asked[]) => checkSet(set, needs), GATHERED);
  return (request, caller) => checkGathered({ request, caller });
}

async function checkSet(set: readonly Asked[], needs: IssuanceNeeds): Promise<Decision[]> {
  const read = await readRequests(set.filter(hasCsr), needs);
  let next = 0;
  const undecided = set.map((one) => (hasCsr(one) ? (read[next++] ?? { asked: one }) : { asked: one }));
  const decided = await askRequests(undecided, needs, needs.clock.now(), needs.db, 'ALONE');
  return decided.map((one) => one.decision);
}

function hasCsr(one: Asked): one is Asked & { readonly request: CertificateRequest } {
  return one.request.csr !== undefined;
}

const GATHERED = { items: 64, inFlight: 2 };
