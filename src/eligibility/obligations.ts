import type { Finding } from '../domain/eligibility-question.ts';
import type { ObligationStanding, ParticipantType, TestingParticipant } from '../domain/participant.ts';
import type { OBLIGED } from './gate-schemas.ts';
import type { Case } from './rule.ts';
import type { Obligation } from './rule-set.ts';

/** How an obligation stands: LAPSED is computed at use, never stored (requirements 3.2). */
export type ObligationState = ObligationStanding['state'] | 'LAPSED';

/** Whether a participant has an obligation for certificates of a category over a channel. */
export function isTriggered(
  { on, triggers }: Obligation,
  type: ParticipantType,
  { category, channel }: Pick<Case['question']['request'], 'category' | 'channel'>,
): boolean {
  return (
    on[WHO[type]] !== undefined &&
    triggers.some(
      ({ categories, channels }) =>
        (categories === undefined || categories.includes(category)) &&
        (channels === undefined || channels.includes(channel)),
    )
  );
}

/** The obligations of a participant, whatever it asks for. */
export function obligationsOf(type: ParticipantType, obligations: readonly Obligation[]): Obligation[] {
  return obligations.filter(({ on }) => on[WHO[type]] !== undefined);
}

/** Where an obligation stands at an instant; one that is not on record is REQUIRED. */
export function obligationState(
  { obligation, validityDays }: Obligation,
  { obligations }: Pick<TestingParticipant, 'obligations'>,
  at: Date,
): { readonly state: ObligationState; readonly until?: Date } {
  const held = obligations.find((one) => one.obligation === obligation);
  if (held === undefined) return { state: 'REQUIRED' };
  if (held.state === 'REQUIRED' || held.state === 'BREACHED') return { state: held.state };
  const until = attestedUntil(held, validityDays);
  return { state: until.getTime() <= at.getTime() ? 'LAPSED' : held.state, until };
}

/** Until when what was attested counts: as it says itself, or as many days as the obligation allows. */
export function attestedUntil(
  { expiresAt, since }: { readonly expiresAt?: Date; readonly since: Date },
  validityDays: number,
): Date {
  return expiresAt ?? new Date(since.getTime() + validityDays * DAY);
}

/** Gate A8, in words: every triggered obligation that is not attested, verified or waived at this instant. */
export function outstandingObligations({ question, participant, ruleSet }: Case): Finding['detail'][] {
  const { request, now } = question;
  return ruleSet.obligations.flatMap((one) => {
    if (!isTriggered(one, participant.type, request)) return [];
    const { state, until } = obligationState(one, participant, now);
    if (MET.has(state)) return [];
    const since = state === 'LAPSED' && until ? `LAPSED since ${until.toISOString().slice(0, 10)}` : state;
    return [`The obligation ${one.obligation} of ${participant.signifier} is ${since}: ${one.says}`];
  });
}

const MET: ReadonlySet<ObligationState> = new Set(['ATTESTED', 'VERIFIED', 'WAIVED']);
const DAY = 86_400_000;
/** The DCC's service providers have its obligations (DESIGN). */
const WHO: Record<ParticipantType, (typeof OBLIGED)[number]> = {
  SEC_PARTY: 'PARTY',
  RDP: 'RDP',
  NON_PARTY: 'NON_PARTY',
  DCC: 'DCC',
  DCC_SERVICE_PROVIDER: 'DCC',
};
