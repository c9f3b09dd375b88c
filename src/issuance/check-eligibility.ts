import type { CertificateRequest } from '../domain/certificate-request.ts';
import type { Decision } from '../domain/decision.ts';
import type { Caller } from '../domain/participant.ts';
import { askRequests } from './decide-requests.ts';
import type { IssuanceNeeds } from './needs.ts';
import { readRequest } from './read-request.ts';

/** What an eligibility check asks: a certificate request whose CSR may still be missing. */
export type EligibilityCheck = Omit<CertificateRequest, 'csr'> & { readonly csr?: Buffer | string };

/** The decision that a request would get now, with every reason; issues nothing and binds no key. */
export async function checkEligibility(
  check: EligibilityCheck,
  caller: Caller,
  needs: IssuanceNeeds,
): Promise<Decision> {
  const { csr, ...request } = check;
  const undecided =
    csr === undefined
      ? { asked: { request, caller } }
      : readRequest({ request: { ...request, csr }, caller }, needs);
  const [asked] = await askRequests([undecided], needs, needs.clock.now(), needs.db);
  if (asked === undefined) throw new TypeError('a question without an answer');
  return asked.decision;
}
