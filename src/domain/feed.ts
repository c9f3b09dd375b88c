import type { Eui64, Eui64Range } from './eui64.ts';
import type {
  ALLOCATION_ENVIRONMENTS,
  IDENTIFIER_KINDS,
  MembershipState,
  ParticipantType,
  PartyCategory,
} from './participant.ts';

/** Days after which a feed that no other followed is told as stale, unless a setting says otherwise (DESIGN). */
export const FEED_STALE_DAYS = 7;
/** Parties and RDPs on record that one feed may leave out, in 100, unless a setting says otherwise (DESIGN). */
export const FEED_VANISHING_PERCENT = 10;

/** Which issue of the feed this is; the version grows with each. */
export interface FeedIssue {
  readonly version: number;
  readonly issuedAt: Date;
}

/** A central Registry Entry (MA-S) of the SEC Panel (government response, paragraphs 31 and 32). Both ends belong to it. */
export interface FeedRegistryEntry {
  readonly name: string;
  readonly euiFrom: Eui64;
  readonly euiTo: Eui64;
}

export const FEED_PARTY_TYPES = ['SEC_PARTY', 'RDP'] as const;

/** A Party or an RDP with its one Signifier (government response, paragraph 32). An RDP is not a Party: it has no membership. */
export interface FeedParty {
  /** Digits without leading zeros. */
  readonly organisationNumber: string;
  readonly signifier: string;
  readonly partyType: (typeof FEED_PARTY_TYPES)[number];
  readonly legalName: string;
  readonly tradingName?: string;
  readonly companyNumber?: string;
  readonly partyCategory?: PartyCategory;
  readonly membershipState?: MembershipState;
  /** The first instant at which the state holds; it may lie in the future. */
  readonly membershipSince?: Date;
  readonly expelledAt?: Date;
  /** From when an expelled Party may apply again, where the Panel set an earlier date than 12 months (SEC Section B1.2(b)). */
  readonly reapplicationFrom?: Date;
  /** The same of Parties and RDPs that are one legal entity (DESIGN). */
  readonly legalEntityId?: string;
}

/** EUI-64s that the Panel gave to a Party, an RDP or the DCC. Both ends belong to the range. */
export interface FeedAllocation {
  readonly signifier: string;
  readonly identifierKind: (typeof IDENTIFIER_KINDS)[number];
  readonly euiFrom: Eui64;
  readonly euiTo: Eui64;
  readonly environment: (typeof ALLOCATION_ENVIRONMENTS)[number];
  readonly allocationRequestedAt?: Date;
  readonly allocatedAt?: Date;
}

export const MARKET_SCHEMES = ['MRA', 'UNC'] as const;

/** An identifier of the MRA or the UNC with its role code, and the User ID it belongs to (government response, paragraph 41). */
export interface FeedMarketParticipant {
  readonly signifier: string;
  readonly scheme: (typeof MARKET_SCHEMES)[number];
  readonly marketParticipantId: string;
  readonly roleCode: string;
  readonly userId?: Eui64;
}

/** What the SECAS feed owns, as at one instant. */
export interface FeedSnapshot {
  /** Absent before the first feed. */
  readonly feed?: FeedIssue;
  readonly registryEntries: readonly FeedRegistryEntry[];
  readonly parties: readonly FeedParty[];
  readonly allocations: readonly FeedAllocation[];
  readonly marketParticipants: readonly FeedMarketParticipant[];
}

/** An expulsion that stands: nothing on record began before it or with it since. */
export interface Expulsion {
  /** When the state EXPELLED began. */
  readonly since: Date;
  /** Absent: when the state began. */
  readonly expelledAt?: Date;
  readonly reapplicationFrom?: Date;
}

/** What a feed is compared with: what the feed owns, and what else is on record that may stand against one. */
export interface RecordedSnapshot extends FeedSnapshot {
  /** Who comes with no feed, by Signifier; absent: nobody is known. */
  readonly outsiders?: ReadonlyMap<string, ParticipantType>;
  /** The last expulsion of each Party that was expelled, by Signifier, whatever it is now. */
  readonly expulsions?: ReadonlyMap<string, Expulsion>;
  /** Signifiers of Parties and RDPs that have left: no membership and no identifier of theirs is left to end. */
  readonly gone?: ReadonlySet<string>;
}

/** A value and the row of the file on which it stands, counted from 1. */
export type InRow<T> = T & { readonly row: number };

/** A whole feed as a file told it, checked. */
export interface FeedFile extends FeedSnapshot {
  readonly feed: InRow<FeedIssue>;
  /** Columns that the header left out: what is on record of them stays. */
  readonly lacking?: readonly string[];
  readonly registryEntries: readonly InRow<FeedRegistryEntry>[];
  readonly parties: readonly InRow<FeedParty>[];
  readonly allocations: readonly InRow<FeedAllocation>[];
  readonly marketParticipants: readonly InRow<FeedMarketParticipant>[];
}

/** The range of an entry or an allocation. */
export const euiRange = ({ euiFrom, euiTo }: { euiFrom: Eui64; euiTo: Eui64 }): Eui64Range => ({
  from: euiFrom,
  to: euiTo,
});
