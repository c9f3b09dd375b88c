/** The categories of Test Certificate (SEC T6.4: "different categories of Test Certificates"). */
export const CATEGORIES = ['ORGANISATION', 'DEVICE', 'DCCKI'] as const;
export type Category = (typeof CATEGORIES)[number];

/** Why a Test Certificate is wanted: Testing Services (SEC H14) and testing under SEC Section T; nothing else. */
export const PURPOSES = [
  'USER_ENTRY_PROCESS_TESTS',
  'SMKI_REPOSITORY_ENTRY_PROCESS_TESTS',
  'DEVICE_AND_USER_SYSTEM_TESTS',
  'MODIFICATION_TESTING',
  'DCC_INTERNAL_SYSTEMS_CHANGE_TESTING',
  'SMETS1_PENDING_PRODUCT_COMBINATIONS_TESTS',
  'SYSTEMS_INTEGRATION_TESTING',
  'INTERFACE_TESTING',
  'END_TO_END_TESTING',
  'SMKI_AND_REPOSITORY_TESTING',
  'PRE_INTEGRATION_TESTING',
] as const;
export type TestingPurpose = (typeof PURPOSES)[number];

/** Testing before the switch to the enduring services, and since. */
export type TestPhase = 'TRANSITIONAL' | 'ENDURING';

export const ENVIRONMENTS = ['SIT_A', 'SIT_B', 'UIT_A', 'UIT_B', 'DCC_BOXED', 'GFI', 'LAB'] as const;
export type TestEnvironment = (typeof ENVIRONMENTS)[number];

/** DUIS 5.4 device types; IHD and CAD are Type 2 and hold no SMKI keys. */
export const DEVICE_TYPES = ['ESME', 'GSME', 'CHF', 'GPF', 'HCALCS', 'PPMID', 'IHD', 'CAD'] as const;
export type DeviceType = (typeof DEVICE_TYPES)[number];

/** RemotePartyRole: the decimal code, and in an Organisation subject two upper-case hex digits (SEC Appendix M, F). */
export const REMOTE_PARTY_ROLES = {
  root: 0,
  recovery: 1,
  supplier: 2,
  networkOperator: 3,
  accessControlBroker: 4,
  transitionalCoS: 5,
  wanProvider: 6,
  issuingAuthority: 7,
  loadController: 8,
  other: 127,
  xmlSign: 135,
  dspXmlSign: 137,
} as const;
export type RemotePartyRole = keyof typeof REMOTE_PARTY_ROLES;

/** `'02'` -> `'supplier'`; exactly two digits, upper case; anything else is `undefined`. */
export function parseRoleCode(text: string): RemotePartyRole | undefined {
  if (!/^[0-9A-F]{2}$/.test(text)) return undefined;
  const code = Number.parseInt(text, 16);
  return (Object.keys(REMOTE_PARTY_ROLES) as RemotePartyRole[]).find(
    (role) => REMOTE_PARTY_ROLES[role] === code,
  );
}

/** `'supplier'` -> `'02'`. */
export function formatRoleCode(role: RemotePartyRole): string {
  return REMOTE_PARTY_ROLES[role].toString(16).toUpperCase().padStart(2, '0');
}
