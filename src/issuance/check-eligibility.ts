import type { CertificateRequest } from '../domain/certificate-request.ts';
import type { Decision } from '../domain/decision.ts';
import { Fault } from '../domain/fault.ts';
import type { Caller } from '../domain/participant.ts';
import { askRequests } from './decide-requests.ts';
import type { IssuanceNeeds } from './needs.ts';
import { readRequest } from './read-request.ts';

/** What an eligibility check asks: a certificate request whose CSR may still be missing. */
export type EligibilityCheck = Omit<CertificateRequest, 'csr'> & { readonly csr?: Buffer | string };

/**
 * The decision that a request would get now, with every reason; issues nothing and binds no key.
 * @throws Fault `malformed-request` where issuing would: the decision is PASS, and the profile that was named is none, or
 *         does not fit
 */
export async function checkEligibility(
  check: EligibilityCheck,
  caller: Caller,
  needs: IssuanceNeeds,
): Promise<Decision> {
  const { csr, ...request } = check;
  const undecided =
    csr === undefined
      ? { asked: { request, caller }, profile: profileFault(check, needs) }
      : readRequest({ request: { ...request, csr }, caller }, needs);
  const [asked] = await askRequests([undecided], needs, needs.clock.now(), needs.db);
  if (asked === undefined) throw new TypeError('a question without an answer');
  if (asked.decision.outcome === 'PASS' && asked.read.profile instanceof Fault) throw asked.read.profile;
  return asked.decision;
}

/** Without a CSR: whether the category has a profile of the name at all. */
function profileFault(
  { category, profile }: EligibilityCheck,
  { profiles }: IssuanceNeeds,
): Fault | undefined {
  const ofCategory = [...profiles.profiles.values()].filter((one) => one.category === category);
  if (profile === undefined || ofCategory.some((one) => one.profile === profile)) return undefined;
  const detail = `There is no profile ${profile} of the category ${category}.`;
  const fix = `Profiles of ${category}: ${ofCategory.map((one) => one.profile).join(', ')}.`;
  return new Fault('malformed-request', detail, {
    reasons: [{ reason: 'PROFILE_NOT_APPLICABLE', clause: 'DESIGN', detail, fix }],
  });
}
