import { Fault } from '../domain/fault.ts';
import type { ObligationStanding } from '../domain/participant.ts';
import type { Review } from '../domain/review.ts';
import { obligationsOf, obligationState, type ObligationState } from '../eligibility/obligations.ts';
import type { Obligation, RuleSet } from '../eligibility/rule-set.ts';
import { findParticipants } from '../registry/participants.ts';
import { presentFact, proposeFact, recordFact, type Acting, type Looking } from './acting.ts';

/** An obligation of a participant and how it stands; LAPSED is computed at this instant. */
export interface ObligationView {
  readonly obligation: string;
  readonly state: ObligationState;
  readonly until?: Date;
  readonly says: string;
  readonly clause: string;
}

/** Every obligation that the participant has under the rule set, met or not. */
export async function listObligations(
  { participant, at, db }: Looking,
  ruleSet: RuleSet,
): Promise<ObligationView[]> {
  const core = (await findParticipants([participant.signifier], at, db)).get(participant.signifier);
  return obligationsOf(participant.type, ruleSet.obligations).map((one) => ({
    obligation: one.obligation,
    ...obligationState(one, core ?? { obligations: [] }, at),
    says: one.says,
    clause: one.clause,
  }));
}

/** What a participant attests of itself. */
export interface AttestationInput {
  readonly obligation: string;
  readonly evidence: string;
  readonly evidenceSha256?: string;
  readonly expiresAt?: Date;
}

/**
 * The participant attests that it meets an obligation, with evidence.
 * @throws Fault `not-found` for an obligation that it does not have; `malformed-request` when it ended already; `conflict`
 */
export async function attest(acting: Acting, ruleSet: RuleSet, attested: AttestationInput): Promise<void> {
  requireObligation(acting, ruleSet, attested.obligation);
  requireFuture('An attestation', attested.expiresAt, acting);
  const { obligation, ...value } = attested;
  await recordFact(acting, { kind: 'OBLIGATION', key: obligation, state: 'ATTESTED', value });
}

/**
 * The DCC verifies an attestation, which ends no later for it, or finds that the obligation is breached.
 * @throws Fault `not-found`, `conflict` when nothing was attested, or what was has lapsed
 */
export async function judgeObligation(
  acting: Acting,
  ruleSet: RuleSet,
  {
    obligation,
    state,
    because,
  }: { readonly obligation: string; readonly state: 'VERIFIED' | 'BREACHED'; readonly because: string },
): Promise<void> {
  const own = requireObligation(acting, ruleSet, obligation);
  const present = await presentFact(acting, 'OBLIGATION', obligation);
  const standing = present && {
    ...present.value,
    obligation,
    state: present.state as ObligationStanding['state'],
    since: present.since,
  };
  const { state: now, until } = obligationState(own, { obligations: standing ? [standing] : [] }, acting.at);
  if (state === 'VERIFIED' && (now === 'REQUIRED' || now === 'LAPSED'))
    throw nothingToVerify(acting, obligation, now);
  const expiresAt = state === 'VERIFIED' && until ? { expiresAt: until } : {};
  const value = { ...present?.value, ...expiresAt, because };
  await recordFact(acting, { kind: 'OBLIGATION', key: obligation, state, value });
}

/** Prepares that an obligation is waived until an instant: a second person approves. @throws Fault `not-found`, `malformed-request` */
export async function proposeWaiver(
  acting: Acting,
  ruleSet: RuleSet,
  {
    obligation,
    because,
    expiresAt,
  }: { readonly obligation: string; readonly because: string; readonly expiresAt: Date },
): Promise<Review> {
  requireObligation(acting, ruleSet, obligation);
  requireFuture('A waiver', expiresAt, acting);
  return proposeFact(
    acting,
    'WAIVER',
    { kind: 'OBLIGATION', key: obligation, state: 'WAIVED', value: { because, expiresAt } },
    `Waive ${obligation} of ${acting.participant.signifier} until ${expiresAt.toISOString().slice(0, 10)}: ${because}`,
  );
}

/**
 * An officer accepts the current terms: purpose, Good Industry Practice, no live use (requirements, F04 and F09).
 * @throws Fault `conflict` for another version than the current one
 */
export async function acceptTerms(acting: Acting, { terms }: RuleSet, version: string): Promise<void> {
  if (version !== terms.version)
    throw new Fault('conflict', `The current version of the terms is ${terms.version}.`, {
      fix: 'Read it (GET /v1/terms, tcs terms show), and accept that version.',
    });
  const officer = acting.caller.officer?.id;
  const value = officer === undefined ? {} : { officer };
  await recordFact(acting, { kind: 'TERMS', key: version, state: 'ACCEPTED', value });
}

function requireFuture(what: string, expiresAt: Date | undefined, { at }: Acting): void {
  if (expiresAt === undefined || expiresAt > at) return;
  const day = expiresAt.toISOString().slice(0, 10);
  throw new Fault('malformed-request', `${what} ends in the future; ${day} is over.`);
}

/** A file may take an obligation on as verified; the DCC verifies only what is attested (requirements 3.2). */
function nothingToVerify(
  { participant: { signifier } }: Acting,
  obligation: string,
  state: ObligationState,
): Fault {
  const detail = `The obligation ${obligation} of ${signifier} is ${state}: there is no attestation to verify.`;
  return new Fault('conflict', detail, {
    reasons: [
      {
        reason: 'TRANSITION_NOT_ALLOWED',
        clause: 'DESIGN',
        detail,
        fix: `Have an officer of ${signifier} attest it first: tcs obligations attest ${signifier} ${obligation}.`,
      },
    ],
  });
}

function requireObligation({ participant }: Acting, ruleSet: RuleSet, name: string): Obligation {
  const own = obligationsOf(participant.type, ruleSet.obligations);
  const found = own.find((one) => one.obligation === name);
  if (found !== undefined) return found;
  throw new Fault(
    'not-found',
    `A ${participant.type} has no obligation ${name}; it has ${own.map((one) => one.obligation).join(', ')}.`,
  );
}
