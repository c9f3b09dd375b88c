import type { CertificateRequest } from '../domain/certificate-request.ts';
import type { Decision } from '../domain/decision.ts';
import { Fault } from '../domain/fault.ts';
import type { Caller } from '../domain/participant.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { securityEvents } from '../audit/security-events.ts';
import { unknownProfile } from '../profiles/choose-profile.ts';
import { askRequests } from './decide-requests.ts';
import { gather } from './gather.ts';
import type { IssuanceNeeds } from './needs.ts';
import { readRequests } from './read-requests.ts';

/** What an eligibility check asks: a certificate request whose CSR may still be missing. */
export type EligibilityCheck = Omit<CertificateRequest, 'csr'> & { readonly csr?: Buffer | string };

/**
 * The decision that a request would get now, with every reason; issues nothing and binds no key.
 * @throws Fault `malformed-request` where issuing would: nothing refuses it but the profile that was named, which is none,
 *         or does not fit; with every reason
 */
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
  return async (request, caller) => {
    const answer = await checkGathered({ request, caller });
    if (answer instanceof Fault) throw answer;
    return answer;
  };
}

async function checkSet(set: readonly Asked[], needs: IssuanceNeeds): Promise<(Decision | Fault)[]> {
  const read = await readRequests(set.filter(hasCsr), needs);
  let next = 0;
  const undecided = set.map((one) =>
    hasCsr(one) ? (read[next++] ?? { asked: one }) : withoutCsr(one, needs),
  );
  const decided = await askRequests(undecided, needs, needs.clock.now(), needs.db, 'ALONE');
  // A check binds and keeps nothing, but reaching for what is another's is on record however it is done.
  await recordEvents(
    securityEvents(decided.map(({ question, decision }) => ({ question, decision }))),
    needs.db,
  );
  return decided.map(({ decision, refusedBy }) => refusedBy ?? decision);
}

function hasCsr(one: Asked): one is Asked & { readonly request: CertificateRequest } {
  return one.request.csr !== undefined;
}

/** Without a CSR: whether the category has a profile of the name at all. */
function withoutCsr(asked: Asked, { profiles }: IssuanceNeeds) {
  const { category, profile } = asked.request;
  const fault = unknownProfile(profiles, category, profile);
  return fault === undefined ? { asked } : { asked, profile: fault };
}

const GATHERED = { items: 64, inFlight: 2 };
