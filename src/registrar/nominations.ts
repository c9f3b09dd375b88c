import { Fault } from '../domain/fault.ts';
import { isNetworkParty, NETWORK_CATEGORIES } from '../domain/participant.ts';
import type { Review } from '../domain/review.ts';
import type { Db } from '../db/query.ts';
import { barsOf } from '../eligibility/basis.ts';
import { explain, type RuleSet } from '../eligibility/rule-set.ts';
import { findParticipants } from '../registry/participants.ts';
import { proposeFact, type Acting } from './acting.ts';

/**
 * Prepares the nomination of an RDP by a Network Party: nobody else has a route without membership or agreement
 * (government response, paragraph 40).
 * @throws Fault `conflict` when the participant is no RDP, or the other one no Network Party; also when that one is no active one now,
 *         with the reason for which its nomination would carry nobody
 */
export async function proposeNomination(
  acting: Acting,
  ruleSet: RuleSet,
  { networkParty, from, to }: { readonly networkParty: string; readonly from: Date; readonly to?: Date },
): Promise<Review> {
  const { participant, at, db } = acting;
  if (participant.type !== 'RDP')
    throw new Fault(
      'conflict',
      `${participant.signifier} is a ${participant.type}; only RDPs are nominated.`,
      { fix: 'Name the RDP in the path and the Network Party in the body.' },
    );
  if (to !== undefined && to <= from)
    throw new Fault('conflict', 'The nomination ends before it begins.', {
      fix: 'Send a to after from, or none for a nomination without an end.',
    });
  await requireNominator(networkParty, at, ruleSet, db);
  const value = to === undefined ? {} : { to };
  return proposeFact(
    acting,
    'NOMINATION',
    { kind: 'NOMINATION', key: networkParty, state: 'NOMINATED', since: from, value },
    `${networkParty} nominates ${participant.signifier} from ${from.toISOString().slice(0, 10)}.`,
  );
}

/** Prepares the end of a nomination. @throws Fault `conflict` when there is none */
export async function proposeNominationEnd(
  acting: Acting,
  { networkParty, at }: { readonly networkParty: string; readonly at?: Date },
): Promise<Review> {
  return proposeFact(
    acting,
    'NOMINATION',
    {
      kind: 'NOMINATION',
      key: networkParty,
      state: 'ENDED',
      value: {},
      ...(at === undefined ? {} : { since: at }),
    },
    `${networkParty} no longer nominates ${acting.participant.signifier}.`,
  );
}

/**
 * Asked when a nomination is prepared and again when it is approved: the Network Party may be another by then.
 * @throws Fault `conflict` when it is no Network Party, or no active one, with the reason for which its nomination would carry nobody
 */
export async function requireNominator(
  networkParty: string,
  at: Date,
  ruleSet: RuleSet,
  db: Db,
): Promise<void> {
  const nominator = (await findParticipants([networkParty], at, db)).get(networkParty);
  if (nominator === undefined || !isNetworkParty(nominator.partyCategory))
    throw new Fault('conflict', `${networkParty} is no Network Party.`, {
      fix: `Name a Party of the category ${NETWORK_CATEGORIES.join(' or ')}.`,
    });
  const bars = barsOf({
    networkPartyState: nominator.membership?.state ?? 'WITHDRAWN',
    ...(nominator.status === 'CLOSED' ? { networkPartyStatus: nominator.status } : {}),
  });
  if (bars.length > 0) {
    const detail = `${networkParty} nominates nobody now: ${bars.join('; ')}.`;
    const reason = explain({ reason: 'NOMINATING_PARTY_INACTIVE', detail }, ruleSet);
    throw new Fault('conflict', detail, { reasons: [reason] });
  }
}
