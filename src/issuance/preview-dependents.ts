import type { Application } from '../domain/application.ts';
import { Fault } from '../domain/fault.ts';
import {
  countDependents,
  listDependents,
  type CertificateCount,
  type DependentCertificate,
} from '../ca/dependents.ts';
import { findRestingApplications } from '../registry/applications.ts';
import { listCredentials, type CredentialRecord } from '../registry/credentials.ts';
import { findFacts } from '../registry/facts.ts';
import { findBasis, type BasisAnswer } from '../eligibility/basis.ts';
import { findParticipantById, findWholeParticipant } from '../registry/participants.ts';
import type { IssuanceNeeds } from './needs.ts';
import { findNominated, type NominatedRdp } from './nominated-rdps.ts';

/** What hangs on an agreement or a membership. */
export interface Dependents {
  readonly participant: string;
  /** Absent: the membership. */
  readonly agreement?: string;
  readonly certificates: {
    readonly total: number;
    readonly counts: readonly CertificateCount[];
    /** Those issued last. */
    readonly first: readonly DependentCertificate[];
  };
  /** Whether the participant is eligible on it now. */
  readonly carries: boolean;
  /** Not ended yet and decided, the last time, on it; newest first. */
  readonly applications: readonly Application[];
  /** Neither revoked nor expired. */
  readonly credentials: readonly CredentialRecord[];
  /** Of a Network Party, where the membership is asked about: the RDPs that it nominates now. */
  readonly nominated: readonly NominatedRdp[];
}

/**
 * Shows what would lapse with an agreement, or with the membership, before anything is done about it.
 * @throws Fault `not-found` for a participant that is not there, or an agreement that is not the participant's
 */
export async function previewDependents(
  participantId: string,
  { agreement, limit = 50 }: { readonly agreement?: string; readonly limit?: number },
  { db, clock, ruleSets }: Pick<IssuanceNeeds, 'db' | 'clock' | 'ruleSets'>,
): Promise<Dependents> {
  const now = clock.now();
  const participant = await findParticipantById(participantId, db);
  if (participant === undefined) throw new Fault('not-found', 'There is no such participant.');
  const { signifier } = participant;
  const agreements = agreement === undefined ? [] : await findFacts(participantId, now, db, 'AGREEMENT');
  if (agreement !== undefined && !agreements.some((one) => one.key === agreement))
    throw new Fault('not-found', `${signifier} has no agreement ${agreement}.`);

  const on = { participantId, ...(agreement === undefined ? {} : { agreement }) };
  const counts = await countDependents(on, now, db);
  const first = await listDependents(on, limit, now, db);
  const applications = await findRestingApplications(on, limit, db);
  const whole = await findWholeParticipant(signifier, now, db);
  const basis = whole === undefined ? undefined : findBasis(whole, { now }, ruleSets.at(now));
  const credentials = await listCredentials(signifier, db);
  return {
    participant: signifier,
    ...(agreement === undefined ? {} : { agreement }),
    certificates: { total: counts.reduce((sum, one) => sum + one.certificates, 0), counts, first },
    carries: isCarriedBy(basis, agreement),
    applications,
    credentials: credentials.filter((one) => one.revokedAt === null && one.expiresAt > now),
    nominated: agreement === undefined ? await findNominated(signifier, now, db) : [],
  };
}

function isCarriedBy(answer: BasisAnswer | undefined, agreement: string | undefined): boolean {
  if (agreement === undefined) return answer?.basis === 'SEC_MEMBERSHIP';
  return answer?.agreement?.ref === agreement;
}
