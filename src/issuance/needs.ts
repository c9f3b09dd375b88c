import type { BatchPlace } from '../domain/batch.ts';
import type { CertificateRequest } from '../domain/certificate-request.ts';
import type { Clock } from '../domain/clock.ts';
import type { ApprovedReferral } from '../domain/eligibility-question.ts';
import type { Caller } from '../domain/participant.ts';
import type { FillRandom } from '../domain/serial-number.ts';
import type { Pool } from '../db/pool.ts';
import type { RuleSets } from '../eligibility/rule-sets.ts';
import type { ProfileSet } from '../profiles/load-profiles.ts';
import type { Hierarchy } from '../ca/hierarchy.ts';
import type { Verifier } from '../x509/verifier.ts';

/** What the use cases work with; opened once at start. */
export interface IssuanceNeeds {
  readonly db: Pool;
  readonly hierarchy: Hierarchy;
  readonly profiles: ProfileSet;
  /** Every use takes the one in effect at its instant. */
  readonly ruleSets: RuleSets;
  /** SHA-256 of SPKI, lower-case hex, of keys that are public knowledge. */
  readonly refusedKeys: ReadonlySet<string>;
  readonly verifier: Verifier;
  readonly clock: Clock;
  readonly fillRandom: FillRandom;
}

/** One request as it reaches the use cases: what, by whom, and under which request. */
export interface AskedRequest {
  readonly request: CertificateRequest;
  readonly caller: Caller;
  /** Appears in the logs, the decision and the audit. */
  readonly requestId?: string;
  /** Row of the Idempotency-Key under which it came, or the item of an application: no second certificate has it. */
  readonly idempotencyId?: string;
  /** Who holds that row now; see `idempotency-store.ts`. */
  readonly fence?: number;
  /** What a second person approved. */
  readonly referral?: ApprovedReferral;
  /** The item of a batch for which it is. */
  readonly place?: BatchPlace;
}
