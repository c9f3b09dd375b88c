import type { Category } from './category.ts';
import { Fault } from './fault.ts';
import type { Agreement, DemandNotice, NonPartyKind, PartyCategory } from './participant.ts';

/** Who a fact is taken from: nobody else may state it (requirements 3.7; government response, paragraphs 38 to 40). */
export type FactSource = 'TAKE_ON' | 'SECAS_FEED' | 'PARTICIPANT' | 'DCC';

/** Facts about a participant that come in versions: the state of each kind, and what else it holds. */
export interface FactValues {
  /** Whether the record is closed; without one it is open. */
  readonly STATUS: { readonly because?: string };
  readonly DETAILS: Details;
  readonly MEMBERSHIP: {
    readonly expelledAt?: Date;
    /** Of who was expelled: the date that the Panel set instead of 12 months (SEC Section B1.2(b)). */
    readonly reapplicationFrom?: Date;
  };
  /** key: the reference. */
  readonly AGREEMENT: Omit<Agreement, 'ref' | 'state'> & AgreementPapers;
  /** key: Signifier of the Network Party; `since` is its beginning. */
  readonly NOMINATION: { readonly to?: Date };
  /** Signifiers of those who share the connection are told, not judged (government response, paragraph 36). */
  readonly GATEWAY: { readonly sharedWith?: readonly string[] };
  /** key: the officer's id within the participant. */
  readonly OFFICER: Officer;
  /** key: the obligation's name in the rule set. */
  readonly OBLIGATION: {
    readonly evidence?: string;
    readonly evidenceSha256?: string;
    readonly expiresAt?: Date;
    readonly because?: string;
  };
  /** key: version of the terms. */
  readonly TERMS: { readonly officer?: string };
  /** key: id of the hold. */
  readonly HOLD: { readonly cause: HoldCause; readonly because: string };
  /** key: id of the notice. */
  readonly DEMAND_NOTICE: DemandNotice & { readonly because?: string };
  /** key: id of the change; `confirmedBy`: the version of the feed that said the same. */
  readonly DETAILS_CHANGE: {
    readonly proposed: Partial<Details>;
    readonly because?: string;
    readonly confirmedBy?: number;
  };
}
export type FactKind = keyof FactValues;

/** What a Party is called and is; of SEC Parties and RDPs the SECAS feed says it. */
export interface Details {
  readonly legalName: string;
  readonly tradingName?: string;
  readonly companyNumber?: string;
  readonly organisationNumber?: string;
  /** The same of participants that are one legal entity, such as a Network Party and its own RDP; told, not judged (DESIGN). */
  readonly legalEntityId?: string;
  readonly partyCategory?: PartyCategory;
  readonly nonPartyKind?: NonPartyKind;
}

/** What is on paper beside the terms that `decide` reads. */
export interface AgreementPapers {
  readonly requestedAt?: Date;
  readonly offeredAt?: Date;
  readonly documentSha256?: string;
  readonly signatories?: readonly string[];
}

/** A Senior or Authorised Responsible Officer (SEC Appendix M: only AROs act for an organisation). */
export interface Officer {
  readonly kind: 'SRO' | 'ARO';
  readonly name: string;
  readonly email?: string;
  readonly categories: readonly Category[];
  /** Of a LOCKED officer: when the lock ends by itself (SEC Appendix P, 3.1). */
  readonly lockedUntil?: Date;
}

export const HOLD_CAUSES = ['PROBLEM_REPORT', 'BREACH', 'KEY_COMPROMISE', 'BASIS_LAPSED'] as const;
export type HoldCause = (typeof HOLD_CAUSES)[number];

/** One version of a fact. */
export interface Fact<Kind extends FactKind = FactKind> {
  readonly kind: Kind;
  readonly key: string;
  readonly version: number;
  readonly state: string;
  /** Instant from which it holds. */
  readonly since: Date;
  readonly value: FactValues[Kind];
  readonly source: FactSource;
}

/** From each state to those that may follow; '' is the state before the first version. VOID ends what was entered in error. */
export const STATE_MACHINES: Record<FactKind, Readonly<Record<string, readonly string[]>>> = {
  STATUS: { '': ['CLOSED'], CLOSED: ['ACTIVE'], ACTIVE: ['CLOSED'] }, // requirements 3.3, A1
  DETAILS: { '': ['RECORDED'], RECORDED: ['RECORDED', 'VOID'] }, // DESIGN
  MEMBERSHIP: {
    '': ['APPLICANT', 'ACTIVE', 'SUSPENDED', 'EXPELLED', 'WITHDRAWN'], // a first feed tells of what has long been
    APPLICANT: ['ACTIVE', 'WITHDRAWN', 'VOID'], // requirements 3.2
    ACTIVE: ['SUSPENDED', 'EXPELLED', 'WITHDRAWN', 'VOID'], // requirements 3.2
    SUSPENDED: ['ACTIVE', 'EXPELLED', 'WITHDRAWN', 'VOID'], // requirements 3.2
    EXPELLED: ['APPLICANT', 'VOID'], // SEC Section B1.2(b): after 12 months, or earlier when the Panel says so
    WITHDRAWN: ['APPLICANT', 'VOID'], // DESIGN
  },
  AGREEMENT: {
    '': ['REQUESTED', 'OFFERED', 'EXECUTED', 'SUSPENDED', 'TERMINATED', 'LAPSED'], // take-on tells of what has long been
    REQUESTED: ['OFFERED', 'TERMINATED', 'VOID'], // requirements 3.1, 3.2
    OFFERED: ['EXECUTED', 'LAPSED', 'VOID'], // requirements 3.2
    EXECUTED: ['EXECUTED', 'SUSPENDED', 'TERMINATED', 'VOID'], // requirements 3.2; EXECUTED again: its terms were varied
    SUSPENDED: ['EXECUTED', 'TERMINATED', 'VOID'], // requirements 3.2
    LAPSED: ['VOID'],
    TERMINATED: ['VOID'],
  },
  NOMINATION: { '': ['NOMINATED'], NOMINATED: ['ENDED', 'VOID'], ENDED: ['NOMINATED', 'VOID'] }, // paragraph 40
  GATEWAY: {
    '': ['CONNECTED'],
    CONNECTED: ['CONNECTED', 'DISCONNECTED', 'VOID'],
    DISCONNECTED: ['CONNECTED'],
  }, // DESIGN
  OFFICER: {
    '': ['NOMINATED', 'ACTIVE'], // ACTIVE: taken on as it was
    NOMINATED: ['VERIFIED', 'REVOKED', 'VOID'], // requirements 3.2
    VERIFIED: ['ACTIVE', 'REVOKED', 'VOID'], // requirements 3.2
    ACTIVE: ['LOCKED', 'REVOKED', 'VOID'], // requirements 3.2
    LOCKED: ['ACTIVE', 'REVOKED', 'VOID'], // SEC Appendix P, 3.1
    REVOKED: ['VOID'],
  },
  OBLIGATION: {
    '': ['REQUIRED', 'ATTESTED', 'VERIFIED', 'WAIVED', 'BREACHED'],
    REQUIRED: ['ATTESTED', 'WAIVED', 'BREACHED', 'VOID'], // requirements 3.2
    ATTESTED: ['ATTESTED', 'VERIFIED', 'WAIVED', 'BREACHED', 'VOID'], // requirements 3.2; ATTESTED again: renewed
    VERIFIED: ['ATTESTED', 'WAIVED', 'BREACHED', 'VOID'], // requirements 3.2
    WAIVED: ['ATTESTED', 'WAIVED', 'BREACHED', 'VOID'],
    BREACHED: ['ATTESTED', 'WAIVED', 'VOID'],
  },
  TERMS: { '': ['ACCEPTED'], ACCEPTED: ['VOID'] },
  HOLD: { '': ['PLACED'], PLACED: ['RELEASED', 'VOID'] }, // requirements 3.3, A11
  DEMAND_NOTICE: {
    '': ['GIVEN'], // SEC Appendix N
    GIVEN: ['ACCEPTED', 'REFUSED', 'WITHDRAWN', 'VOID'], // requirements 3.3, A10
    ACCEPTED: ['WITHDRAWN', 'VOID'], // DESIGN
    REFUSED: ['VOID'],
    WITHDRAWN: ['VOID'],
  },
  DETAILS_CHANGE: {
    '': ['PROPOSED'],
    PROPOSED: ['CONFIRMED_BY_PANEL', 'REJECTED', 'VOID'], // requirements 3.2
    CONFIRMED_BY_PANEL: ['APPLIED'], // requirements 3.2
    APPLIED: ['DCC_NOTIFIED'], // requirements 3.2: when the DCC acknowledges the feed
  },
};

/** @throws Fault `conflict` with the states that may follow, when `to` may not follow `from` ('' for none yet) */
export function requireTransition(kind: FactKind, from: string, to: string): void {
  const next = STATE_MACHINES[kind][from] ?? [];
  if (next.includes(to)) return;
  const now = from === '' ? 'not on record' : from;
  throw new Fault('conflict', `This ${wordsOf(kind)} is ${now} and cannot become ${to}.`, {
    reasons: [
      {
        reason: 'TRANSITION_NOT_ALLOWED',
        clause: 'DESIGN',
        // VOID is nobody's to ask for: a registry file takes back by it what it stated.
        detail: `From ${now} it may become ${next.filter((one) => one !== 'VOID').join(', ') || 'nothing else'}; ${to} was asked for.`,
        fix: 'Read its state again; somebody may have changed it meanwhile.',
      },
    ],
  });
}

/** A fact in words: its kind, and its key if it has one. */
export const factText = ({ kind, key }: Pick<Fact, 'kind' | 'key'>): string =>
  `${wordsOf(kind)} ${key}`.trim();

const wordsOf = (kind: FactKind): string => kind.toLowerCase().replace('_', ' ');
