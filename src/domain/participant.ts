import type { Category, DeviceType, RemotePartyRole, TestEnvironment, TestingPurpose } from './category.ts';
import type { Eui64, Eui64Range } from './eui64.ts';
import type { HoldCause, Officer } from './facts.ts';

export const PARTICIPANT_TYPES = ['SEC_PARTY', 'RDP', 'NON_PARTY', 'DCC', 'DCC_SERVICE_PROVIDER'] as const;
export type ParticipantType = (typeof PARTICIPANT_TYPES)[number];

export const PARTY_CATEGORIES = [
  'LARGE_SUPPLIER',
  'SMALL_SUPPLIER',
  'ELECTRICITY_NETWORK',
  'GAS_NETWORK',
  'OTHER_SEC_PARTY',
] as const;
export type PartyCategory = (typeof PARTY_CATEGORIES)[number];

export const NON_PARTY_KINDS = ['MANUFACTURER', 'SYSTEM_INTEGRATOR', 'TEST_HOUSE', 'OTHER'] as const;
export type NonPartyKind = (typeof NON_PARTY_KINDS)[number];

export const USER_ROLES = [
  'IMPORT_SUPPLIER',
  'EXPORT_SUPPLIER',
  'GAS_SUPPLIER',
  'ELECTRICITY_DISTRIBUTOR',
  'GAS_TRANSPORTER',
  'REGISTERED_SUPPLIER_AGENT',
  'OTHER_USER',
] as const;
export type UserRole = (typeof USER_ROLES)[number];

export const MEMBERSHIP_STATES = ['APPLICANT', 'ACTIVE', 'SUSPENDED', 'EXPELLED', 'WITHDRAWN'] as const;
export type MembershipState = (typeof MEMBERSHIP_STATES)[number];

/** Stored states; IN_FORCE and EXPIRED are computed from dates at use, never stored (requirements 3.2). */
export const AGREEMENT_STATES = [
  'REQUESTED',
  'OFFERED',
  'LAPSED',
  'EXECUTED',
  'SUSPENDED',
  'TERMINATED',
] as const;
export type AgreementState = (typeof AGREEMENT_STATES)[number];

export interface Membership {
  readonly state: MembershipState;
  /** Instant since which the state holds. */
  readonly since: Date;
  readonly expelledAt?: Date;
}

/** A bilateral agreement with the DCC (SEC H14.11). Half-open: in force from `effectiveFrom` until before `effectiveTo`. */
export interface Agreement {
  readonly ref: string;
  readonly state: AgreementState;
  readonly executedAt?: Date;
  readonly effectiveFrom?: Date;
  readonly effectiveTo?: Date;
  readonly permittedCategories: readonly Category[];
  readonly permittedPurposes: readonly TestingPurpose[];
  readonly permittedEnvironments: readonly TestEnvironment[];
  readonly permittedRoles: readonly RemotePartyRole[];
  readonly deviceRanges: readonly Eui64Range[];
  /** Certificates in all; absent: no cap. */
  readonly volumeCap?: number;
  /** Certificates of a category in 24 hours, where a decision rests on this agreement; absent: as `quotas.yaml` has it for everybody. */
  readonly dailyQuota?: number;
  /** CSRs of a batch; absent: as the service has it for everybody (`TCS_BATCH_ITEMS`). */
  readonly batchItems?: number;
  readonly gatewayPermitted: boolean;
  /** The service may make keys for its devices; absent: it may not. */
  readonly laboratoryKeys?: boolean;
}

/** Categories whose Parties are Network Parties: they alone nominate RDPs (government response, paragraph 40). */
export const NETWORK_CATEGORIES: readonly PartyCategory[] = ['ELECTRICITY_NETWORK', 'GAS_NETWORK'];
export const isNetworkParty = (category: PartyCategory | null | undefined): boolean =>
  NETWORK_CATEGORIES.some((one) => one === category);

/** Who nominates an RDP, and how that Party stands; questions that were kept earlier tell no more than its membership. */
export interface RdpNomination {
  readonly networkParty: string;
  readonly networkPartyState: MembershipState;
  /** Present when its record is closed. */
  readonly networkPartyStatus?: 'CLOSED';
  /** Present when it is no Network Party: what it is instead. */
  readonly networkPartyCategory?: PartyCategory | 'NONE';
  readonly from: Date;
  readonly to?: Date;
}

export const IDENTIFIER_KINDS = ['USER_ID', 'DCC_ID', 'RDP_ID'] as const;
/** Where the EUI-64s of an allocation are used. Whether test uses those of live is not public (requirements, U8). */
export const ALLOCATION_ENVIRONMENTS = ['LIVE', 'TEST', 'BOTH'] as const;
export interface IdentifierAllocation extends Eui64Range {
  readonly kind: (typeof IDENTIFIER_KINDS)[number];
  readonly state: 'ACTIVE' | 'WITHDRAWN';
  /** Absent: BOTH. */
  readonly environment?: (typeof ALLOCATION_ENVIRONMENTS)[number];
}

/** Which User Role the Party wants a User ID to have (government response, paragraph 38). */
export interface UserIdRoleAssignment {
  readonly eui64: Eui64;
  readonly userRole: UserRole;
}

export interface DeviceRange extends Eui64Range {
  /** Empty: every device type. */
  readonly deviceTypes: readonly DeviceType[];
  /** Signifier of the owner who delegated it in writing; absent: the participant's own. */
  readonly delegatedBy?: string;
}

export const OBLIGATION_STATES = ['REQUIRED', 'ATTESTED', 'VERIFIED', 'BREACHED', 'WAIVED'] as const;

/** How a security obligation of the rule set stands; LAPSED is computed from `expiresAt` at use, never stored. */
export interface ObligationStanding {
  readonly obligation: string;
  readonly state: (typeof OBLIGATION_STATES)[number];
  readonly since: Date;
  readonly expiresAt?: Date;
}

/** More certificates of a category than its quota, and when: what a participant tells the DCC beforehand (SEC Appendix N). */
export interface DemandNotice {
  readonly category: Category;
  /** Certificates in 24 hours. */
  readonly perDay: number;
  readonly from: Date;
  /** Exclusive. */
  readonly to: Date;
}

/** One participant and everything that `decide` needs to know of it, as at an instant; identifiers: those that are asked about. */
export interface TestingParticipant {
  readonly id: string;
  readonly signifier: string;
  readonly type: ParticipantType;
  readonly legalName: string;
  readonly status: 'ACTIVE' | 'CLOSED';
  readonly partyCategory?: PartyCategory;
  readonly nonPartyKind?: NonPartyKind;
  readonly membership?: Membership;
  readonly agreements: readonly Agreement[];
  readonly nominations: readonly RdpNomination[];
  readonly allocations: readonly IdentifierAllocation[];
  readonly roleAssignments: readonly UserIdRoleAssignment[];
  readonly deviceRanges: readonly DeviceRange[];
  /** A DCC Gateway Connection is on record. */
  readonly gatewayConnection: boolean;
  /** Certificates already issued, for agreement caps. */
  readonly certificatesIssued: number;
  /** Certificates of each category issued in the last 24 hours, for quotas; absent: none. */
  readonly issuedInDay: Partial<Readonly<Record<Category, number>>>;
  /** Notices of demand that the DCC accepted and that have not ended; absent: none. */
  readonly demandNotices?: readonly DemandNotice[];
  /** Versions of the terms that an officer accepted. */
  readonly termsAccepted: readonly string[];
  readonly obligations: readonly ObligationStanding[];
  /** Holds that are placed and not released. */
  readonly holds: readonly { readonly cause: HoldCause; readonly because: string }[];
}

export const CALLER_ROLES = [
  'PARTICIPANT_SRO',
  'PARTICIPANT_ARO',
  'PARTICIPANT_VIEWER',
  'DCC_TEST_OPERATOR',
  'DCC_TEST_APPROVER',
  'DCC_REGISTRAR',
  'SECAS_FEED',
  'ASSESSOR',
  'AUDITOR',
  'PLATFORM_ADMIN',
] as const;
export type CallerRole = (typeof CALLER_ROLES)[number];

/** Which types of participant may hold a credential of each role: what is independent of the DCC is nobody's of the DCC. */
export const ROLE_HOLDERS: Record<CallerRole, readonly ParticipantType[]> = {
  PARTICIPANT_SRO: PARTICIPANT_TYPES,
  PARTICIPANT_ARO: PARTICIPANT_TYPES,
  PARTICIPANT_VIEWER: PARTICIPANT_TYPES,
  DCC_TEST_OPERATOR: ['DCC'],
  DCC_TEST_APPROVER: ['DCC'],
  DCC_REGISTRAR: ['DCC'],
  SECAS_FEED: ['NON_PARTY'],
  ASSESSOR: ['NON_PARTY'],
  AUDITOR: ['NON_PARTY'],
  PLATFORM_ADMIN: ['DCC'],
};
/** Roles that take part in four-eyes acts of the DCC: behind each of their credentials stands a named person. */
export const NAMED_ROLES: readonly CallerRole[] = ['DCC_TEST_OPERATOR', 'DCC_TEST_APPROVER', 'DCC_REGISTRAR'];

/**
 * Whether two names are of one person: how they are written, in capitals, with more space or with what nobody sees, makes
 * no second one. Letters of another script that look the same do.
 */
export const isSamePerson = (one: string, other: string): boolean => personKey(one) === personKey(other);
/** What is not shown goes first: it also keeps a letter and its accent from becoming one character. */
const personKey = (name: string) =>
  name
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .normalize('NFKC')
    .trim()
    .replace(/\s+/g, ' ')
    .toLowerCase();

/** Who asks: a credential bound to exactly one participant (government response, paragraph 34). */
export interface Caller {
  readonly credentialId: string;
  readonly participantId: string;
  readonly signifier: string;
  readonly participantType: ParticipantType;
  readonly role: CallerRole;
  /** The officer whose credential it is, as he or she stands now; absent for the DCC's people and for viewers. */
  readonly officer?: Pick<Officer, 'kind' | 'categories'> & { readonly id: string; readonly state: string };
  /** Who stands behind the credential: four eyes compare people, not credentials. */
  readonly person: string;
}
