import type { CertificateSubject } from '../../src/domain/certificate-request.ts';
import type { RemotePartyRole } from '../../src/domain/category.ts';
import type { DemandCounts, EligibilityQuestion, Standing } from '../../src/domain/eligibility-question.ts';
import type { Eui64 } from '../../src/domain/eui64.ts';
import type {
  Agreement,
  Caller,
  ObligationStanding,
  TestingParticipant,
} from '../../src/domain/participant.ts';
import { TEST_NOW } from './dates.ts';

/** A User ID (or RDP ID, DCC ID) in the allocation of every participant that is made here. */
export const USER_ID = '90b3d51f30010000' as Eui64;
/** A Device ID in the device range of every participant that is made here. */
export const DEVICE_ID = '00db1234567890a4' as Eui64;
/** In nobody's range. */
export const FOREIGN_ID = '00aa000000000001' as Eui64;

/** The version of the terms that the tests' rule set has, and its obligations. */
export const TERMS = '2026-11-24';
export const OBLIGATIONS = [
  'KEY_STORAGE',
  'ACCESS_CONTROL',
  'NO_LIVE_DATA',
  'NO_ONWARD_SUPPLY',
  'INCIDENT_NOTICE',
  'MALWARE_CONTROL',
] as const;

/** A SEC Party, Large Supplier, ACTIVE, with a User ID for Import and Gas Supply, a device range and a gateway. */
export function supplier(changes: Partial<TestingParticipant> = {}): TestingParticipant {
  return {
    id: '00000000-0000-4000-8000-000000000001',
    signifier: 'NORTHGATE',
    type: 'SEC_PARTY',
    legalName: 'Northgate Energy (fictional)',
    status: 'ACTIVE',
    partyCategory: 'LARGE_SUPPLIER',
    membership: { state: 'ACTIVE', since: daysFromNow(-100) },
    agreements: [],
    nominations: [],
    allocations: [{ from: USER_ID, to: '90b3d51f3001ffff' as Eui64, kind: 'USER_ID', state: 'ACTIVE' }],
    roleAssignments: [
      { eui64: USER_ID, userRole: 'IMPORT_SUPPLIER' },
      { eui64: USER_ID, userRole: 'GAS_SUPPLIER' },
    ],
    deviceRanges: [{ from: '00db123400000000' as Eui64, to: '00db1234ffffffff' as Eui64, deviceTypes: [] }],
    gatewayConnection: true,
    certificatesIssued: 0,
    issuedInDay: {},
    termsAccepted: [TERMS],
    obligations: attested(),
    holds: [],
    ...changes,
  };
}

/** An Electricity Network Party with a User ID for distribution. */
export function network(changes: Partial<TestingParticipant> = {}): TestingParticipant {
  return supplier({
    signifier: 'TRENTNET',
    partyCategory: 'ELECTRICITY_NETWORK',
    roleAssignments: [{ eui64: USER_ID, userRole: 'ELECTRICITY_DISTRIBUTOR' }],
    ...changes,
  });
}

/** An Other SEC Party with a User ID as Other User. */
export function otherParty(changes: Partial<TestingParticipant> = {}): TestingParticipant {
  return supplier({
    signifier: 'OTHERPARTY',
    partyCategory: 'OTHER_SEC_PARTY',
    roleAssignments: [{ eui64: USER_ID, userRole: 'OTHER_USER' }],
    ...changes,
  });
}

/** A Registration Data Provider, nominated by an active Network Party. */
export function rdp(changes: Partial<TestingParticipant> = {}): TestingParticipant {
  return {
    ...without(supplier(), 'partyCategory', 'membership'),
    signifier: 'REGDATA',
    type: 'RDP',
    nominations: [{ networkParty: 'TRENTNET', networkPartyState: 'ACTIVE', from: daysFromNow(-30) }],
    allocations: [{ from: USER_ID, to: USER_ID, kind: 'RDP_ID', state: 'ACTIVE' }],
    roleAssignments: [],
    ...changes,
  };
}

/** A manufacturer that is not a SEC Party, with one agreement in force for everything. */
export function manufacturer(changes: Partial<TestingParticipant> = {}): TestingParticipant {
  return {
    ...without(supplier(), 'partyCategory', 'membership'),
    signifier: 'METERWORKS',
    type: 'NON_PARTY',
    nonPartyKind: 'MANUFACTURER',
    agreements: [agreement()],
    roleAssignments: [],
    gatewayConnection: false,
    ...changes,
  };
}

/** The DCC's testing team. */
export function dcc(changes: Partial<TestingParticipant> = {}): TestingParticipant {
  return {
    ...without(supplier(), 'partyCategory', 'membership'),
    signifier: 'DCC',
    type: 'DCC',
    allocations: [{ from: USER_ID, to: USER_ID, kind: 'DCC_ID', state: 'ACTIVE' }],
    roleAssignments: [],
    ...changes,
  };
}

/** A service provider of the DCC. */
export function serviceProvider(changes: Partial<TestingParticipant> = {}): TestingParticipant {
  return dcc({ signifier: 'DATASERVICE', type: 'DCC_SERVICE_PROVIDER', ...changes });
}

/** A bilateral agreement, in force, that covers everything a test of a non-Party asks for. */
export function agreement(changes: Partial<Agreement> = {}): Agreement {
  return {
    ref: 'AGR-1',
    state: 'EXECUTED',
    executedAt: daysFromNow(-20),
    effectiveFrom: daysFromNow(-10),
    effectiveTo: daysFromNow(10),
    permittedCategories: ['ORGANISATION', 'DEVICE', 'DCCKI'],
    permittedPurposes: ['DEVICE_AND_USER_SYSTEM_TESTS', 'INTERFACE_TESTING', 'END_TO_END_TESTING'],
    permittedEnvironments: ['UIT_A', 'LAB'],
    permittedRoles: ['supplier', 'networkOperator', 'other', 'loadController', 'xmlSign'],
    deviceRanges: [{ from: '00db123400000000' as Eui64, to: '00db1234ffffffff' as Eui64 }],
    gatewayPermitted: true,
    ...changes,
  };
}

/** The participant's own ARO. */
export function aroOf(participant: TestingParticipant, changes: Partial<Caller> = {}): Caller {
  return {
    credentialId: '00000000-0000-4000-8000-00000000000c',
    participantId: participant.id,
    signifier: participant.signifier,
    participantType: participant.type,
    role: 'PARTICIPANT_ARO',
    person: `${participant.signifier}/aro-1`,
    officer: { id: 'aro-1', kind: 'ARO', state: 'ACTIVE', categories: ['ORGANISATION', 'DEVICE', 'DCCKI'] },
    ...changes,
  };
}

/** An operator of the DCC's testing team, who may ask on behalf of others. */
export function dccOperator(changes: Partial<Caller> = {}): Caller {
  return aroOf(dcc({ id: '00000000-0000-4000-8000-00000000000d' }), {
    role: 'DCC_TEST_OPERATOR',
    ...changes,
  });
}

/** What a test changes of a question. */
export interface QuestionChanges {
  readonly request?: Partial<EligibilityQuestion['request']>;
  readonly caller?: Caller;
  readonly standing?: Partial<Standing>;
  readonly demand?: DemandCounts;
  readonly now?: Date;
}

/** A question whose CSR keeps every rule and about whose identifier and key nothing is known to be wrong. */
export function questionAbout(
  participant: TestingParticipant,
  subject: CertificateSubject,
  changes: QuestionChanges = {},
): EligibilityQuestion {
  return {
    request: {
      category: subject.category,
      purpose: PURPOSE_OF[participant.type],
      channel: 'INTERNET',
      ...changes.request,
    },
    caller: changes.caller ?? aroOf(participant),
    participant,
    csr: { subject, keyUsage: 'digitalSignature', findings: [] },
    standing: { ...BLAMELESS, ...changes.standing },
    ...(changes.demand === undefined ? {} : { demand: changes.demand }),
    now: changes.now ?? TEST_NOW,
  };
}

/** May the participant have an Organisation Certificate with this role? */
export const askOrganisation = (
  participant: TestingParticipant,
  role: RemotePartyRole = 'supplier',
  { eui64 = USER_ID, ...changes }: QuestionChanges & { readonly eui64?: Eui64 } = {},
) => questionAbout(participant, { category: 'ORGANISATION', eui64, role }, changes);

/** May the participant have a Device Certificate for this Device ID? */
export const askDevice = (
  participant: TestingParticipant,
  { eui64 = DEVICE_ID, ...changes }: QuestionChanges & { readonly eui64?: Eui64 } = {},
) =>
  questionAbout(participant, { category: 'DEVICE', eui64, hwType: '1.2.826.0.1.8641679.1.2.2.1' }, changes);

/** May the participant have a DCCKI Certificate with this Signifier? */
export const askInfrastructure = (
  participant: TestingParticipant,
  { signifier = participant.signifier, ...changes }: QuestionChanges & { readonly signifier?: string } = {},
) => questionAbout(participant, { category: 'DCCKI', signifier, dnsNames: [] }, changes);

/** A value without some of its fields: the way to say `absent` under exactOptionalPropertyTypes. */
export function without<Value extends object, Name extends keyof Value>(
  value: Value,
  ...names: readonly Name[]
): Omit<Value, Name> {
  const kept = Object.entries(value).filter(([name]) => !(names as readonly PropertyKey[]).includes(name));
  return Object.fromEntries(kept) as Omit<Value, Name>;
}

/** Every obligation of the rule set, attested a month ago, and how it differs. */
export function attested(changes: Partial<ObligationStanding> = {}): ObligationStanding[] {
  return OBLIGATIONS.map((obligation) => ({
    obligation,
    state: 'ATTESTED',
    since: daysFromNow(-30),
    ...changes,
  }));
}

/** An instant whole days before or after the tests' now. */
export function daysFromNow(days: number): Date {
  return new Date(TEST_NOW.getTime() + days * 86_400_000);
}

const BLAMELESS: Standing = {
  identifierOwnedByOther: false,
  identifierInCentralRegistry: false,
  certificatesForDevice: 0,
  keyUsedForAnotherSubject: false,
  keyKnownCompromised: false,
};

/** A purpose that is open to each type. */
const PURPOSE_OF = {
  SEC_PARTY: 'DEVICE_AND_USER_SYSTEM_TESTS',
  RDP: 'INTERFACE_TESTING',
  NON_PARTY: 'DEVICE_AND_USER_SYSTEM_TESTS',
  DCC: 'DEVICE_AND_USER_SYSTEM_TESTS',
  DCC_SERVICE_PROVIDER: 'INTERFACE_TESTING',
} as const;
