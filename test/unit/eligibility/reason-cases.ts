import type { EligibilityQuestion, MonthlyDemand } from '../../../src/domain/eligibility-question.ts';
import type { Eui64 } from '../../../src/domain/eui64.ts';
import type { TestingPurpose } from '../../../src/domain/category.ts';
import type { Agreement, Caller, TestingParticipant, UserRole } from '../../../src/domain/participant.ts';
import type { RuleSet } from '../../../src/eligibility/rule-set.ts';
import {
  agreement,
  aroOf,
  attested,
  askDevice,
  askInfrastructure,
  askOrganisation,
  daysFromNow,
  dcc,
  dccOperator,
  FOREIGN_ID,
  manufacturer,
  network,
  otherParty,
  rdp,
  supplier,
  USER_ID,
  without,
} from '../../support/participants.ts';

/** A reason code, a question that has it, and the nearest question that passes. */
export interface ReasonCase {
  readonly reason: string;
  readonly broken: EligibilityQuestion;
  readonly kept: EligibilityQuestion;
  /** Settings of the rule set under which both are asked; absent: as they are. */
  readonly settings?: Partial<RuleSet['settings']>;
  /** What is added to its quotas of the category DEVICE. */
  readonly device?: Partial<RuleSet['quotas']['DEVICE']>;
}

const bound = (changes: Partial<Agreement>) => manufacturer({ agreements: [agreement(changes)] });
const party = (membership: NonNullable<TestingParticipant['membership']>, agreements: Agreement[] = []) =>
  supplier({ membership, agreements });
const since = daysFromNow(-50);
const noticed = (from: number, to: number) =>
  ({ category: 'DEVICE', perDay: 400_000, from: daysFromNow(from), to: daysFromNow(to) }) as const;
const noticeUntil = (days: number) => noticed(-1, days);
/** As the live service has it. */
const AD_HOC = {
  clause: 'SEC Appendix N',
  perDay: { SEC_PARTY: 150, RDP: 150, NON_PARTY: 150, DCC: 'NONE', DCC_SERVICE_PROVIDER: 150 },
} as const;
/** MP160, a proposal. */
const EXCEPTIONAL = {
  clause: 'DESIGN',
  percent: { SEC_PARTY: 150, RDP: 150, NON_PARTY: 150, DCC: 'NONE', DCC_SERVICE_PROVIDER: 150 },
  months: 12,
  least: 0,
} as const;
/** Ten a month on average, where nothing else is said. */
const inMonth = (issued: number, before: Partial<MonthlyDemand> = {}) => ({
  month: { issued, before: 10, days: 30, ...before },
});
const active = askDevice(supplier());
const inForce = askDevice(manufacturer());
const purpose = (text: unknown) => ({ request: { purpose: text as TestingPurpose } });
const assigned = (...userRoles: readonly UserRole[]) =>
  supplier({ roleAssignments: userRoles.map((userRole) => ({ eui64: USER_ID, userRole })) });
const everything = { from: '0000000000000000' as Eui64, to: 'ffffffffffffffff' as Eui64, deviceTypes: [] };

const aroWith = (officer: Partial<NonNullable<Caller['officer']>>) => {
  const aro = aroOf(supplier());
  return { ...aro, officer: { ...aro.officer!, ...officer } };
};
/** Asked by the DCC, at the last instant before the switch of phases where nothing else is said. */
const inTransition = (text: TestingPurpose, now = new Date('2016-11-07T23:59:59.999Z')) =>
  askDevice(dcc({ obligations: attested({ since: new Date('2016-06-01') }) }), {
    now,
    ...purpose(text),
  });

/** The codes that `decide` finds itself; those of CSRs are in csr-rules.test.ts. */
export const REASON_CASES: readonly ReasonCase[] = [
  // A1, A2, A3
  { reason: 'PARTICIPANT_UNKNOWN', broken: { ...active, participant: undefined }, kept: active },
  { reason: 'PARTICIPANT_CLOSED', broken: askDevice(supplier({ status: 'CLOSED' })), kept: active },
  {
    reason: 'ACTOR_NOT_OF_PARTICIPANT',
    broken: askDevice(supplier(), {
      caller: aroOf(network({ id: 'another' })),
      request: { onBehalfOf: 'NORTHGATE' },
    }),
    kept: askDevice(supplier(), { caller: dccOperator(), request: { onBehalfOf: 'NORTHGATE' } }),
  },
  {
    reason: 'OFFICER_NOT_AUTHORISED',
    broken: askDevice(supplier(), { caller: aroOf(supplier(), { role: 'PARTICIPANT_VIEWER' }) }),
    kept: active,
  },
  {
    reason: 'OFFICER_NOT_AUTHORISED',
    broken: askDevice(supplier(), { caller: without(aroOf(supplier()), 'officer') }),
    kept: askDevice(supplier(), { caller: dccOperator(), request: { onBehalfOf: 'NORTHGATE' } }),
  },
  {
    reason: 'OFFICER_NOT_AUTHORISED',
    broken: askDevice(supplier(), { caller: aroWith({ categories: ['ORGANISATION', 'DCCKI'] }) }),
    kept: askDevice(supplier(), { caller: aroWith({ categories: ['DEVICE'] }) }),
  },
  {
    reason: 'OFFICER_NOT_AUTHORISED',
    broken: askDevice(supplier(), { caller: aroWith({ kind: 'SRO' }) }),
    kept: askDevice(supplier(), { caller: aroWith({ kind: 'ARO' }) }),
  },
  {
    reason: 'OFFICER_NOT_ACTIVE',
    broken: askDevice(supplier(), { caller: aroWith({ state: 'LOCKED' }) }),
    kept: askDevice(supplier(), { caller: aroWith({ state: 'ACTIVE' }) }),
  },
  // A4
  {
    reason: 'MEMBERSHIP_PENDING',
    broken: askDevice(party({ state: 'APPLICANT', since })),
    kept: askDevice(party({ state: 'APPLICANT', since }, [agreement()])),
  },
  { reason: 'MEMBERSHIP_SUSPENDED', broken: askDevice(party({ state: 'SUSPENDED', since })), kept: active },
  { reason: 'MEMBERSHIP_EXPELLED', broken: askDevice(party({ state: 'EXPELLED', since })), kept: active },
  {
    reason: 'MEMBERSHIP_EXPELLED_AGREEMENT_REVIEW',
    broken: askDevice(party({ state: 'EXPELLED', since }, [agreement()])),
    kept: askDevice(party({ state: 'WITHDRAWN', since }, [agreement()])),
  },
  {
    reason: 'MEMBERSHIP_WITHDRAWN',
    broken: askDevice(party({ state: 'WITHDRAWN', since })),
    kept: askDevice(party({ state: 'WITHDRAWN', since }, [agreement()])),
  },
  {
    reason: 'NO_MEMBERSHIP_OR_AGREEMENT',
    broken: askDevice(manufacturer({ agreements: [] })),
    kept: inForce,
  },
  { reason: 'AGREEMENT_NOT_EXECUTED', broken: askDevice(bound({ state: 'OFFERED' })), kept: inForce },
  {
    reason: 'AGREEMENT_NOT_YET_EFFECTIVE',
    broken: askDevice(bound({ effectiveFrom: daysFromNow(1) })),
    kept: askDevice(bound({ effectiveFrom: daysFromNow(0) })),
  },
  { reason: 'AGREEMENT_SUSPENDED', broken: askDevice(bound({ state: 'SUSPENDED' })), kept: inForce },
  {
    reason: 'AGREEMENT_EXPIRED',
    broken: askDevice(bound({ effectiveTo: daysFromNow(0) })),
    kept: askDevice(bound({ effectiveTo: new Date(daysFromNow(0).getTime() + 1) })),
  },
  { reason: 'AGREEMENT_TERMINATED', broken: askDevice(bound({ state: 'TERMINATED' })), kept: inForce },
  { reason: 'AGREEMENT_LAPSED', broken: askDevice(bound({ state: 'LAPSED' })), kept: inForce },
  {
    reason: 'RDP_NOT_NOMINATED',
    broken: askInfrastructure(rdp({ nominations: [] })),
    kept: askInfrastructure(rdp()),
  },
  {
    reason: 'NOMINATING_PARTY_INACTIVE',
    broken: askInfrastructure(
      rdp({ nominations: [{ networkParty: 'TRENTNET', networkPartyState: 'SUSPENDED', from: since }] }),
    ),
    kept: askInfrastructure(rdp()),
  },
  // A5, A6
  { reason: 'PURPOSE_MISSING', broken: askDevice(supplier(), purpose(undefined)), kept: active },
  { reason: 'PURPOSE_NOT_PERMITTED', broken: askDevice(supplier(), purpose('LIVE_USE')), kept: active },
  {
    reason: 'PURPOSE_NOT_OPEN_TO_TYPE',
    broken: askDevice(supplier(), purpose('PRE_INTEGRATION_TESTING')),
    kept: askDevice(dcc(), purpose('PRE_INTEGRATION_TESTING')),
  },
  {
    reason: 'TEST_PHASE_NOT_OPEN',
    broken: inTransition('MODIFICATION_TESTING'),
    kept: inTransition('INTERFACE_TESTING'),
  },
  {
    // The switch itself is of the phase after it.
    reason: 'TEST_PHASE_NOT_OPEN',
    broken: inTransition('MODIFICATION_TESTING'),
    kept: inTransition('MODIFICATION_TESTING', new Date('2016-11-08T00:00:00Z')),
  },
  // A7 to A11
  {
    reason: 'TERMS_NOT_ACCEPTED',
    broken: askDevice(supplier({ termsAccepted: ['2015-01-26'] })),
    kept: askDevice(dcc({ termsAccepted: [] })),
  },
  {
    reason: 'SECURITY_OBLIGATION_OUTSTANDING',
    broken: askDevice(supplier({ obligations: attested().slice(1) })),
    kept: askDevice(supplier({ obligations: attested({ state: 'VERIFIED' }) })),
  },
  {
    reason: 'SECURITY_OBLIGATION_OUTSTANDING',
    broken: askDevice(supplier({ obligations: attested({ state: 'WAIVED', expiresAt: daysFromNow(0) }) })),
    kept: askDevice(supplier({ obligations: attested({ state: 'WAIVED', expiresAt: daysFromNow(1) }) })),
  },
  {
    reason: 'SECURITY_OBLIGATION_OUTSTANDING',
    broken: askDevice(supplier({ obligations: attested({ since: daysFromNow(-365) }) })),
    kept: askDevice(supplier({ obligations: attested({ since: daysFromNow(-364) }) })),
  },
  {
    reason: 'SECURITY_OBLIGATION_OUTSTANDING',
    broken: askInfrastructure(supplier({ obligations: attested().slice(0, -1) })),
    kept: askDevice(supplier({ obligations: attested().slice(0, -1) })),
  },
  {
    reason: 'CHANNEL_NOT_PERMITTED',
    broken: askInfrastructure(supplier(), { request: { channel: 'IN_PERSON_MEDIA' } }),
    kept: askDevice(supplier(), { request: { channel: 'IN_PERSON_MEDIA' } }),
  },
  {
    reason: 'GATEWAY_CONNECTION_ABSENT',
    broken: askDevice(supplier({ gatewayConnection: false }), { request: { channel: 'DCC_GATEWAY' } }),
    kept: askDevice(supplier(), { request: { channel: 'DCC_GATEWAY' } }),
  },
  {
    reason: 'QUOTA_EXCEEDED',
    broken: askOrganisation(supplier({ issuedInDay: { ORGANISATION: 100_000 } })),
    kept: askOrganisation(supplier({ issuedInDay: { ORGANISATION: 99_999, DEVICE: 400_000 } })),
  },
  {
    reason: 'NOTICE_REQUIRED',
    broken: askDevice(supplier({ issuedInDay: { DEVICE: 375_000 } })),
    kept: askDevice(dcc({ issuedInDay: { DEVICE: 375_000 } })),
  },
  {
    // An agreement may have its own number, a smaller one or a greater.
    reason: 'NOTICE_REQUIRED',
    broken: askDevice({ ...bound({ dailyQuota: 5 }), issuedInDay: { DEVICE: 5 } }),
    kept: askDevice({ ...bound({ dailyQuota: 400_000 }), issuedInDay: { DEVICE: 399_999 } }),
  },
  {
    // A notice that the DCC accepted raises it for its category, while its period lasts.
    reason: 'NOTICE_REQUIRED',
    broken: askDevice(supplier({ issuedInDay: { DEVICE: 375_000 }, demandNotices: [noticeUntil(0)] })),
    kept: askDevice(supplier({ issuedInDay: { DEVICE: 399_999 }, demandNotices: [noticeUntil(1)] })),
  },
  {
    // One whose period is yet to begin raises nothing.
    reason: 'NOTICE_REQUIRED',
    broken: askDevice(supplier({ issuedInDay: { DEVICE: 375_000 }, demandNotices: [noticed(1, 2)] })),
    kept: askDevice(supplier({ issuedInDay: { DEVICE: 375_000 }, demandNotices: [noticed(0, 1)] })),
  },
  {
    reason: 'NOTICE_REQUIRED',
    broken: askDevice(supplier({ issuedInDay: { DEVICE: 400_000 }, demandNotices: [noticeUntil(1)] })),
    kept: askDevice({
      ...bound({ dailyQuota: 5 }),
      issuedInDay: { DEVICE: 5 },
      demandNotices: [noticeUntil(1)],
    }),
  },
  {
    reason: 'QUOTA_EXCEEDED',
    broken: askOrganisation(
      supplier({ issuedInDay: { ORGANISATION: 100_000 }, demandNotices: [noticeUntil(1)] }),
    ),
    kept: askOrganisation(
      supplier({
        issuedInDay: { ORGANISATION: 100_000 },
        demandNotices: [{ ...noticeUntil(1), category: 'ORGANISATION' }],
      }),
    ),
  },
  {
    // Single requests may have a limit of their own.
    reason: 'QUOTA_EXCEEDED',
    broken: askDevice(supplier(), { demand: { adHocInDay: 150 } }),
    kept: askDevice(supplier(), { demand: { adHocInDay: 149 } }),
    device: { adHoc: AD_HOC },
  },
  {
    // Neither items of batches, which are not counted among them, nor a type that has none.
    reason: 'QUOTA_EXCEEDED',
    broken: askDevice(manufacturer(), { demand: { adHocInDay: 150 } }),
    kept: askDevice(manufacturer()),
    device: { adHoc: AD_HOC },
  },
  {
    reason: 'QUOTA_EXCEEDED',
    broken: askDevice(supplier({ demandNotices: [noticeUntil(1)] }), { demand: { adHocInDay: 150 } }),
    kept: askDevice(dcc(), { demand: { adHocInDay: 150 } }),
    device: { adHoc: AD_HOC },
  },
  {
    // So may all participants together, whoever asks.
    reason: 'QUOTA_EXCEEDED',
    broken: askDevice(supplier(), { demand: { ofAllInDay: 375_000 } }),
    kept: askDevice(supplier(), { demand: { ofAllInDay: 374_999 } }),
    device: { everybody: { clause: 'SEC Appendix N', perDay: 375_000 } },
  },
  {
    reason: 'QUOTA_EXCEEDED',
    broken: askDevice(dcc(), { demand: { ofAllInDay: 0 } }),
    kept: askOrganisation(supplier(), 'supplier', { demand: { ofAllInDay: 0 } }),
    device: { everybody: { clause: 'SEC Appendix N', perDay: 0 } },
  },
  {
    // More than a share of its own monthly average wants notice; an accepted one tells of it while its period lasts.
    reason: 'NOTICE_REQUIRED',
    broken: askDevice(supplier(), { demand: inMonth(15) }),
    kept: askDevice(supplier(), { demand: inMonth(14) }),
    device: { exceptional: EXCEPTIONAL },
  },
  {
    reason: 'NOTICE_REQUIRED',
    broken: askDevice(supplier({ demandNotices: [noticeUntil(0)] }), { demand: inMonth(15) }),
    kept: askDevice(supplier({ demandNotices: [noticeUntil(1)] }), { demand: inMonth(15) }),
    device: { exceptional: EXCEPTIONAL },
  },
  {
    reason: 'NOTICE_REQUIRED',
    broken: askDevice(supplier({ demandNotices: [noticed(1, 2)] }), { demand: inMonth(15) }),
    kept: askDevice(supplier({ demandNotices: [noticed(0, 1)] }), { demand: inMonth(15) }),
    device: { exceptional: EXCEPTIONAL },
  },
  {
    reason: 'NOTICE_REQUIRED',
    broken: askDevice(supplier({ demandNotices: [{ ...noticeUntil(1), category: 'ORGANISATION' }] }), {
      demand: inMonth(15),
    }),
    kept: askDevice(supplier({ demandNotices: [noticeUntil(1)] }), { demand: inMonth(15) }),
    device: { exceptional: EXCEPTIONAL },
  },
  {
    // Who has no month behind it has no average, nor has who had nothing in it.
    reason: 'NOTICE_REQUIRED',
    broken: askDevice(supplier(), { demand: inMonth(15, { days: 30 }) }),
    kept: askDevice(supplier(), { demand: inMonth(15, { days: 29 }) }),
    device: { exceptional: EXCEPTIONAL },
  },
  {
    reason: 'NOTICE_REQUIRED',
    broken: askDevice(supplier(), { demand: inMonth(1, { before: 1, days: 90 }) }),
    kept: askDevice(supplier(), { demand: inMonth(1, { before: 0, days: 90 }) }),
    device: { exceptional: EXCEPTIONAL },
  },
  {
    // So many never want it; the DCC has no share.
    reason: 'NOTICE_REQUIRED',
    broken: askDevice(supplier(), { demand: inMonth(20) }),
    kept: askDevice(supplier(), { demand: inMonth(19) }),
    device: { exceptional: { ...EXCEPTIONAL, least: 20 } },
  },
  {
    reason: 'NOTICE_REQUIRED',
    broken: askDevice(manufacturer(), { demand: inMonth(15) }),
    kept: askDevice(dcc(), { demand: inMonth(15) }),
    device: { exceptional: EXCEPTIONAL },
  },
  {
    reason: 'PARTICIPANT_ON_HOLD',
    broken: askDevice(supplier({ holds: [{ cause: 'KEY_COMPROMISE', because: 'a key was published' }] })),
    kept: active,
  },
  // The agreement
  {
    reason: 'AGREEMENT_CATEGORY_EXCLUDED',
    broken: askDevice(bound({ permittedCategories: ['DCCKI'] })),
    kept: askDevice(bound({ permittedCategories: ['DEVICE'] })),
  },
  {
    reason: 'AGREEMENT_PURPOSE_EXCLUDED',
    broken: askDevice(bound({ permittedPurposes: ['END_TO_END_TESTING'] })),
    kept: askDevice(bound({ permittedPurposes: ['DEVICE_AND_USER_SYSTEM_TESTS'] })),
  },
  {
    reason: 'AGREEMENT_ENVIRONMENT_EXCLUDED',
    broken: askDevice(manufacturer(), { request: { environment: 'UIT_B' } }),
    kept: askDevice(manufacturer(), { request: { environment: 'UIT_A' } }),
  },
  {
    reason: 'AGREEMENT_ROLE_EXCLUDED',
    broken: askOrganisation(party({ state: 'APPLICANT', since }, [agreement({ permittedRoles: ['other'] })])),
    kept: askOrganisation(
      party({ state: 'APPLICANT', since }, [agreement({ permittedRoles: ['supplier'] })]),
    ),
  },
  {
    // An agreement ends before its effectiveTo; the last second of a validity is part of it.
    reason: 'VALIDITY_BEYOND_AGREEMENT',
    settings: { beyondAgreement: 'REFUSE' },
    broken: { ...askDevice(bound({ effectiveTo: daysFromNow(9) })), validUntil: daysFromNow(9) },
    kept: {
      ...askDevice(bound({ effectiveTo: daysFromNow(9) })),
      validUntil: new Date(daysFromNow(9).getTime() - 1000),
    },
  },
  {
    // Where an agreement has no end, or what a request rests on is no agreement, nothing is beyond it.
    reason: 'VALIDITY_BEYOND_AGREEMENT',
    settings: { beyondAgreement: 'REFUSE' },
    broken: { ...askDevice(bound({ effectiveTo: daysFromNow(9) })), validUntil: daysFromNow(999_999) },
    kept: { ...active, validUntil: daysFromNow(999_999) },
  },
  {
    // The setting as it is, ALLOW, asks nothing.
    reason: 'VALIDITY_BEYOND_AGREEMENT',
    settings: { beyondAgreement: 'REFUSE' },
    broken: { ...askDevice(bound({ effectiveTo: daysFromNow(9) })), validUntil: daysFromNow(10) },
    kept: askDevice(bound({ effectiveTo: daysFromNow(9) })),
  },
  {
    reason: 'AGREEMENT_VOLUME_EXCEEDED',
    broken: askDevice({ ...bound({ volumeCap: 5 }), certificatesIssued: 5 }),
    kept: askDevice({ ...bound({ volumeCap: 5 }), certificatesIssued: 4 }),
  },
  // Table B
  {
    reason: 'ROLE_NOT_PERMITTED',
    broken: askOrganisation(network(), 'supplier'),
    kept: askOrganisation(network(), 'networkOperator'),
  },
  {
    reason: 'DCC_ONLY_ROLE',
    broken: askOrganisation(supplier(), 'recovery'),
    kept: askOrganisation(dcc(), 'recovery'),
  },
  {
    reason: 'CA_ROLE_NOT_BY_CSR',
    broken: askOrganisation(dcc(), 'root'),
    kept: askOrganisation(dcc(), 'recovery'),
  },
  {
    reason: 'SIMULATED_ROLE',
    broken: askOrganisation(otherParty(), 'networkOperator'),
    kept: askOrganisation(otherParty(), 'other'),
  },
  {
    reason: 'ROLE_REVIEW',
    broken: askOrganisation(supplier(), 'loadController'),
    kept: askOrganisation(otherParty(), 'loadController'),
  },
  { reason: 'CATEGORY_REVIEW', broken: askDevice(network()), kept: active },
  { reason: 'CATEGORY_NOT_OPEN_TO_TYPE', broken: askDevice(rdp()), kept: askInfrastructure(rdp()) },
  {
    reason: 'DCC_ONLY_DEVICE_TYPE',
    broken: askDevice(supplier(), { request: { deviceType: 'CHF' } }),
    kept: askDevice(dcc(), { request: { deviceType: 'CHF' } }),
  },
  {
    reason: 'DEVICE_TYPE_HAS_NO_CERTIFICATE',
    broken: askDevice(dcc(), { request: { deviceType: 'IHD' } }),
    kept: askDevice(dcc(), { request: { deviceType: 'PPMID' } }),
  },
  {
    reason: 'GATEWAY_CONNECTION_ABSENT',
    broken: askInfrastructure(supplier({ gatewayConnection: false })),
    kept: askInfrastructure(supplier()),
  },
  // Identifiers
  {
    reason: 'IDENTIFIER_MALFORMED',
    broken: askDevice(supplier({ deviceRanges: [everything] }), { eui64: '01db1234567890a4' as Eui64 }),
    kept: askDevice(supplier({ deviceRanges: [everything] }), { eui64: '02db1234567890a4' as Eui64 }),
  },
  {
    reason: 'IDENTIFIER_NOT_IN_ALLOCATED_RANGE',
    broken: askOrganisation(
      supplier({ allocations: [{ from: USER_ID, to: USER_ID, kind: 'USER_ID', state: 'WITHDRAWN' }] }),
    ),
    kept: askOrganisation(
      supplier({ allocations: [{ from: USER_ID, to: USER_ID, kind: 'USER_ID', state: 'ACTIVE' }] }),
    ),
  },
  {
    reason: 'IDENTIFIER_OWNED_BY_OTHER',
    broken: askDevice(supplier(), { standing: { identifierOwnedByOther: true } }),
    kept: askDevice(supplier({ deviceRanges: [{ ...everything, delegatedBy: 'METERWORKS' }] }), {
      standing: { identifierOwnedByOther: true },
    }),
  },
  {
    reason: 'IDENTIFIER_TYPE_WRONG_FOR_CATEGORY',
    broken: askInfrastructure(supplier(), { signifier: 'gateway.northgate.example' }),
    kept: askInfrastructure(supplier()),
  },
  {
    reason: 'USER_ID_ROLE_NOT_ASSIGNED',
    broken: askOrganisation(assigned('EXPORT_SUPPLIER')),
    kept: askOrganisation(assigned('IMPORT_SUPPLIER')),
  },
  {
    reason: 'USER_ID_ROLE_CONFLICT',
    broken: askOrganisation(assigned('IMPORT_SUPPLIER', 'EXPORT_SUPPLIER')),
    kept: askOrganisation(assigned('IMPORT_SUPPLIER', 'GAS_SUPPLIER')),
  },
  {
    reason: 'DEVICE_ID_IN_USER_REGISTRY',
    broken: askDevice(supplier(), { standing: { identifierInCentralRegistry: true } }),
    kept: askOrganisation(supplier(), 'supplier', { standing: { identifierInCentralRegistry: true } }),
  },
  { reason: 'DEVICE_ID_NOT_IN_RANGE', broken: askDevice(supplier(), { eui64: FOREIGN_ID }), kept: active },
  {
    reason: 'DEVICE_CERTIFICATE_LIMIT',
    broken: askDevice(supplier(), { standing: { certificatesForDevice: 100 } }),
    kept: askDevice(supplier(), { standing: { certificatesForDevice: 99 } }),
  },
  {
    reason: 'UNKNOWN_DEVICE',
    broken: askDevice(supplier(), { request: { replacement: true }, standing: { certificatesForDevice: 0 } }),
    kept: askDevice(supplier(), { request: { replacement: true }, standing: { certificatesForDevice: 1 } }),
  },
  {
    reason: 'SIGNIFIER_MISMATCH',
    broken: askInfrastructure(supplier(), { signifier: 'TRENTNET' }),
    kept: askInfrastructure(supplier(), { signifier: 'NORTHGATE' }),
  },
  // Keys
  {
    reason: 'PUBLIC_KEY_REUSED',
    broken: askDevice(supplier(), { standing: { keyUsedForAnotherSubject: true } }),
    kept: active,
  },
  {
    reason: 'PUBLIC_KEY_KNOWN_COMPROMISED',
    broken: askDevice(supplier(), { standing: { keyKnownCompromised: true } }),
    kept: active,
  },
];
