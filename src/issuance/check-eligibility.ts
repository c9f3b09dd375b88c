import type { CertificateRequest } from '../domain/certificate-request.ts';
import type { Decision } from '../domain/decision.ts';
import type { Caller } from '../domain/participant.ts';
import { askRequests, type UndecidedRequest } from './decide-requests.ts';
import { gather } from './gather.ts';
import type { IssuanceNeeds } from './needs.ts';
import { readRequest } from './read-request.ts';

/** What an eligibility check asks: a certificate request whose CSR may still be missing. */
export type EligibilityCheck = Omit<CertificateRequest, 'csr'> & { readonly csr?: Buffer | string };

/** The decision that a request would get now, with every reason; issues nothing and binds no key. */
export type CheckEligibility = (check: EligibilityCheck, caller: Caller) => Promise<Decision>;

/**
 * The use case behind `POST /v1/eligibility-checks`. Checks that arrive together share the look-ups, and each is answered as
 * if it were alone.
 */
export function checksOneByOne(needs: IssuanceNeeds): CheckEligibility {
  const decideGathered = gather(async (checks: readonly UndecidedRequest[]) => {
    const decided = await askRequests(checks, needs, needs.clock.now(), needs.db, 'ALONE');
    return decided.map((one) => one.decision);
  }, GATHERED);
  return ({ csr, ...request }, caller) =>
    decideGathered(
      csr === undefined
        ? { asked: { request, caller } }
        : readRequest({ request: { ...request, csr }, caller }, needs),
    );
}

const GATHERED = { items: 64, inFlight: 2 };
