import type { TestingParticipant } from '../domain/participant.ts';
import type { Db } from '../db/query.ts';
import { agreementsInForce } from '../eligibility/agreement.ts';
import { findParticipants } from '../registry/participants.ts';

/** How much a batch may be: settings of the service. */
export interface BatchLimits {
  /** CSRs; one more refuses the whole batch. An agreement in force may have its own number. */
  readonly items: number;
  /** Octets of one CSR as it was sent: PEM or Base64. */
  readonly csrOctets: number;
  /** Octets of one line of NDJSON without its end, or of one record of CSV with it. */
  readonly lineOctets: number;
  /** Octets of the whole upload. */
  readonly uploadOctets: number;
}

/** 50,000 CSRs as in the live service (SEC Appendix M; SEC L8.2); the rest is DESIGN, several times what CSRs need. */
export const DEFAULT_BATCH_LIMITS: BatchLimits = {
  items: 50_000,
  csrOctets: 16 * 1024,
  lineOctets: 24 * 1024,
  uploadOctets: 256 * 1024 * 1024,
};

/** The limits of a participant: the service's, but for the number of CSRs: the greatest of its agreements in force. */
export async function limitsOf(
  signifier: string,
  limits: BatchLimits,
  at: Date,
  db: Db,
): Promise<BatchLimits> {
  const participant = (await findParticipants([signifier], at, db)).get(signifier);
  return participant === undefined ? limits : agreedLimits(participant, limits, at);
}

/** The same of a participant whose record is at hand. */
export function agreedLimits(
  participant: Pick<TestingParticipant, 'agreements'>,
  limits: BatchLimits,
  at: Date,
): BatchLimits {
  const agreed = agreementsInForce(participant, at).map(({ batchItems }) => batchItems ?? limits.items);
  return agreed.length === 0 ? limits : { ...limits, items: Math.max(...agreed) };
}
