import type { Officer } from '../domain/facts.ts';
import { Fault } from '../domain/fault.ts';
import { findFacts } from '../registry/facts.ts';
import { presentFact, recordFact, type Acting, type Looking } from './acting.ts';

/** An officer as he or she stands. */
export interface OfficerStanding extends Officer {
  readonly id: string;
  readonly state: string;
  readonly since: Date;
}

/** What the participant should know after a change of its officers. */
export interface OfficerChange {
  readonly officer: OfficerStanding;
  readonly warnings: readonly string[];
}

/** Every officer of a participant, revoked ones too. */
export async function listOfficers({ participant, at, db }: Looking): Promise<OfficerStanding[]> {
  const facts = await findFacts(participant.id, at, db, 'OFFICER');
  return facts.map(({ key, state, since, value }) => ({ id: key, state, since, ...(value as Officer) }));
}

/**
 * Nominates an officer: the SRO nominates AROs, the registrar an SRO (requirements 3.2).
 * @throws Fault `role-not-permitted`, `conflict`
 */
export async function nominateOfficer(
  acting: Acting,
  { id, ...officer }: Officer & { readonly id: string },
): Promise<OfficerChange> {
  const own = acting.caller.role === 'PARTICIPANT_SRO';
  if (own && officer.kind !== 'ARO')
    throw new Fault(
      'role-not-permitted',
      'An SRO nominates AROs; a new SRO is nominated through the registrar.',
    );
  if (!own && officer.kind === 'ARO') throw nominatedBySro(acting, id);
  await recordFact(acting, { kind: 'OFFICER', key: id, state: 'NOMINATED', value: officer });
  return changed(acting, id);
}

/**
 * Moves an officer to his or her next state. Verification, activation, locks and their end are the registrar's; an SRO
 * may revoke AROs of its own.
 * @throws Fault `not-found`, `role-not-permitted`, `conflict` when the state may not follow
 */
export async function moveOfficer(
  acting: Acting,
  { id, state, lockedUntil }: { readonly id: string; readonly state: string; readonly lockedUntil?: Date },
): Promise<OfficerChange> {
  const present = await presentFact(acting, 'OFFICER', id);
  if (present === undefined)
    throw new Fault('not-found', `${acting.participant.signifier} has no officer ${id}.`);
  const { caller } = acting;
  if (caller.role === 'PARTICIPANT_SRO' && (state !== 'REVOKED' || present.value.kind !== 'ARO'))
    throw new Fault('role-not-permitted', 'An SRO may revoke AROs; anything else is done by the registrar.');
  if (lockedUntil !== undefined && (state !== 'LOCKED' || lockedUntil <= acting.at))
    throw new Fault('malformed-request', 'lockedUntil goes with LOCKED, and lies in the future.');
  const { kind, name, email, categories } = present.value;
  const value = {
    kind,
    name,
    categories,
    ...(email === undefined ? {} : { email }),
    ...(state === 'LOCKED' && lockedUntil !== undefined ? { lockedUntil } : {}),
  };
  await recordFact(acting, { kind: 'OFFICER', key: id, state, value });
  return changed(acting, id);
}

/** Who verifies and activates AROs does not nominate them: nobody of the DCC makes one alone. */
function nominatedBySro({ participant: { signifier } }: Acting, id: string): Fault {
  return new Fault('role-not-permitted', `AROs of ${signifier} are nominated by its SRO.`, {
    reasons: [
      {
        reason: 'FACT_OWNED_BY_PARTY',
        clause: 'DESIGN',
        detail: `The ARO ${id} is nominated by an SRO of ${signifier}; the registrar verifies and activates.`,
        fix: `Have an SRO of ${signifier} nominate the ARO; where there is no SRO, nominate one first.`,
      },
    ],
  });
}

async function changed(acting: Acting, id: string): Promise<OfficerChange> {
  const officers = await listOfficers(acting);
  const officer = officers.find((one) => one.id === id);
  if (officer === undefined) throw new TypeError('an officer was recorded and is not there');
  const active = (kind: string) => officers.filter((one) => one.kind === kind && one.state === 'ACTIVE');
  const warnings = [
    ...(active('ARO').length === 0 ? ['There is no active ARO: nobody can ask for certificates.'] : []),
    ...(active('ARO').length === 1
      ? ['There is one active ARO only: nominate another before he or she leaves.']
      : []),
    ...(active('SRO').length === 0
      ? ['There is no active SRO: nobody can nominate officers or accept terms.']
      : []),
  ];
  return { officer, warnings };
}
