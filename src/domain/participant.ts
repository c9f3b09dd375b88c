import type { Category, DeviceType, RemotePartyRole, TestEnvironment, TestingPurpose } from './category.ts';
import type { Eui64, Eui64Range } from './eui64.ts';

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
  readonly gatewayPermitted: boolean;
}

export interface RdpNomination {
  readonly networkParty: string;
  readonly networkPartyState: MembershipState;
  readonly from: Date;
  readonly to?: Date;
}

export const IDENTIFIER_KINDS = ['USER_ID', 'DCC_ID', 'RDP_ID'] as const;
export interface IdentifierAllocation extends Eui64Range {
  readonly kind: (typeof IDENTIFIER_KINDS)[number];
  readonly state: 'ACTIVE' | 'WITHDRAWN';
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

/** One participant and everything that `decide` needs to know of it: one value, read by one query. */
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

/** Who asks: a credential bound to exactly one participant (government response, paragraph 34). */
export interface Caller {
  readonly credentialId: string;
  readonly participantId: string;
  readonly signifier: string;
  readonly participantType: ParticipantType;
  readonly role: CallerRole;
}
