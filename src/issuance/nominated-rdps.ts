import type { Db } from '../db/query.ts';
import { barsOf, currentNominations } from '../eligibility/basis.ts';
import { findParticipants, listNominated } from '../registry/participants.ts';

/** An RDP under the nomination of a Network Party (government response, paragraph 40): a hold of that one holds none of its own. */
export interface NominatedRdp {
  readonly participant: string;
  /** Network Parties whose nomination carries it now, the one that is asked about too: without any it lapses, but for an agreement. */
  readonly carriedBy: readonly string[];
  readonly onHold: boolean;
}

/** The RDPs that a Network Party nominates at an instant, by name; of anybody else there are none. */
export async function findNominated(networkParty: string, at: Date, db: Db): Promise<NominatedRdp[]> {
  const signifiers = await listNominated(networkParty, db);
  const rdps = await findParticipants(signifiers, at, db);
  return signifiers.flatMap((participant) => {
    const rdp = rdps.get(participant);
    const current = rdp === undefined ? [] : currentNominations(rdp, at);
    if (rdp === undefined || !current.some((one) => one.networkParty === networkParty)) return [];
    const carrying = current.filter((one) => barsOf(one).length === 0);
    return [
      { participant, carriedBy: carrying.map((one) => one.networkParty), onHold: rdp.holds.length > 0 },
    ];
  });
}
