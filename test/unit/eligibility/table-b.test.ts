import { decide } from '../../../src/eligibility/decide.ts';
import { loadRuleSets } from '../../../src/eligibility/rule-sets.ts';
import { REMOTE_PARTY_ROLES, type RemotePartyRole } from '../../../src/domain/category.ts';
import type { EligibilityQuestion } from '../../../src/domain/eligibility-question.ts';
import type { TestingParticipant, UserRole } from '../../../src/domain/participant.ts';
import {
  agreement,
  askDevice,
  askInfrastructure,
  askOrganisation,
  dcc,
  manufacturer,
  network,
  otherParty,
  rdp,
  serviceProvider,
  supplier,
  USER_ID,
  without,
} from '../../support/participants.ts';
import { TEST_NOW } from '../../support/dates.ts';

const ruleSet = loadRuleSets().at(TEST_NOW);
const OUTCOME = { P: 'PASS', R: 'REFER', X: 'REFUSE' } as const;
type Ask = (participant: TestingParticipant) => EligibilityQuestion;

/** Every User Role that may share a User ID with the others, so that table B alone decides. */
const assigned = (...userRoles: readonly UserRole[]) => ({
  roleAssignments: userRoles.map((userRole) => ({ eui64: USER_ID, userRole })),
});
const MANY = assigned(
  'IMPORT_SUPPLIER',
  'GAS_SUPPLIER',
  'ELECTRICITY_DISTRIBUTOR',
  'REGISTERED_SUPPLIER_AGENT',
  'OTHER_USER',
);
const everyRole = Object.keys(REMOTE_PARTY_ROLES) as RemotePartyRole[];
const PARTICIPANTS = {
  Supplier: supplier(MANY),
  Network: network(MANY),
  Other: otherParty(MANY),
  RDP: rdp(),
  'non-Party': manufacturer({ agreements: [agreement({ permittedRoles: everyRole })] }),
  DCC: dcc(),
  Provider: serviceProvider(),
};

const organisation =
  (role: RemotePartyRole): Ask =>
  (participant) =>
    askOrganisation(participant, role);
const device =
  (deviceType?: 'ESME' | 'GSME' | 'PPMID' | 'HCALCS' | 'CHF' | 'GPF' | 'IHD' | 'CAD'): Ask =>
  (participant) =>
    askDevice(participant, deviceType === undefined ? {} : { request: { deviceType } });

const ROLE_R = 'R ROLE_REVIEW';
const ROLE_X = 'X ROLE_NOT_PERMITTED';
const ONLY_DCC = 'X DCC_ONLY_ROLE';
const CEREMONY = 'X CA_ROLE_NOT_BY_CSR';
const R = 'R CATEGORY_REVIEW';
const CLOSED = 'X CATEGORY_NOT_OPEN_TO_TYPE';
const HUB = 'X DCC_ONLY_DEVICE_TYPE';
const NONE = 'X DEVICE_TYPE_HAS_NO_CERTIFICATE';
const onlyDcc = [ONLY_DCC, ONLY_DCC, ONLY_DCC, ONLY_DCC, ONLY_DCC, 'P', ROLE_R];
const ceremony = [ONLY_DCC, ONLY_DCC, ONLY_DCC, ONLY_DCC, ONLY_DCC, CEREMONY, CEREMONY];
const type1 = ['P', R, 'P', CLOSED, 'P', 'P', R];
const hub = [HUB, HUB, R, HUB, R, 'P', R];
const type2 = [NONE, NONE, NONE, NONE, NONE, NONE, NONE];

/** The table as the requirements print it (3.4), read a second time. Columns: those of PARTICIPANTS. */
const TABLE: readonly (readonly [what: string, ask: Ask, cells: readonly string[]])[] = [
  ['supplier', organisation('supplier'), ['P', ROLE_X, 'R SIMULATED_ROLE', ROLE_X, ROLE_R, 'P', ROLE_R]],
  [
    'networkOperator',
    organisation('networkOperator'),
    [ROLE_X, 'P', 'R SIMULATED_ROLE', ROLE_X, ROLE_R, 'P', ROLE_R],
  ],
  ['other', organisation('other'), ['P', 'P', 'P', ROLE_R, ROLE_R, 'P', ROLE_R]],
  ['loadController', organisation('loadController'), [ROLE_R, ROLE_R, 'P', ROLE_X, ROLE_R, 'P', ROLE_R]],
  ['xmlSign', organisation('xmlSign'), ['P', 'P', 'P', ROLE_R, ROLE_R, 'P', ROLE_R]],
  ['recovery', organisation('recovery'), onlyDcc],
  ['accessControlBroker', organisation('accessControlBroker'), onlyDcc],
  ['transitionalCoS', organisation('transitionalCoS'), onlyDcc],
  ['wanProvider', organisation('wanProvider'), onlyDcc],
  ['dspXmlSign', organisation('dspXmlSign'), onlyDcc],
  ['root', organisation('root'), ceremony],
  ['issuingAuthority', organisation('issuingAuthority'), ceremony],
  ['a device of no stated type', device(), type1],
  ['ESME', device('ESME'), type1],
  ['GSME', device('GSME'), type1],
  ['PPMID', device('PPMID'), type1],
  ['HCALCS', device('HCALCS'), type1],
  ['CHF', device('CHF'), hub],
  ['GPF', device('GPF'), hub],
  ['IHD', device('IHD'), type2],
  ['CAD', device('CAD'), type2],
  ['DCCKI', (participant) => askInfrastructure(participant), ['P', 'P', 'P', 'P', R, 'P', R]],
];

const CELLS = TABLE.flatMap(([what, ask, cells]) =>
  Object.entries(PARTICIPANTS).map(([who, participant], column) => ({
    what,
    who,
    expects: cells[column]!,
    question: ask(participant),
  })),
);

describe('decision table B', () => {
  test.each(CELLS)('$what for $who: $expects', ({ question, expects }) => {
    const [letter, ...codes] = expects.split(' ') as ['P' | 'R' | 'X', ...string[]];
    const decision = decide(question, ruleSet);
    const reasons = decision.reasons.map(({ reason }) => reason);
    expect(reasons.filter((reason) => ruleSet.reasonCodes.get(reason)?.gate === 'B')).toEqual(codes);
    expect(decision.outcome).toBe(OUTCOME[letter]);
    expect(decision.simulatedRole).toBe(codes.includes('SIMULATED_ROLE'));
  });

  test('has a cell here for every cell of the file', () => {
    const { organisation: roles } = ruleSet.tableB;
    expect(Object.keys(roles).every((role) => TABLE.some(([what]) => what === role))).toBe(true);
    expect(Object.keys(PARTICIPANTS)).toHaveLength(Object.keys(roles.supplier).length);
  });

  test('a Party whose category is not on record is an Other SEC Party', () => {
    const party = without(otherParty(), 'partyCategory');
    expect(decide(askOrganisation(party, 'networkOperator'), ruleSet).simulatedRole).toBe(true);
  });
});

describe('the User Role behind a role', () => {
  const who = { Supplier: supplier, Network: network, Other: otherParty } as const;
  const rows: readonly [keyof typeof who, RemotePartyRole, readonly UserRole[]][] = [
    ['Supplier', 'supplier', ['IMPORT_SUPPLIER', 'GAS_SUPPLIER']],
    ['Supplier', 'other', ['EXPORT_SUPPLIER', 'REGISTERED_SUPPLIER_AGENT', 'OTHER_USER']],
    ['Network', 'networkOperator', ['ELECTRICITY_DISTRIBUTOR', 'GAS_TRANSPORTER']],
    ['Network', 'other', ['REGISTERED_SUPPLIER_AGENT', 'OTHER_USER']],
    ['Other', 'other', ['REGISTERED_SUPPLIER_AGENT', 'OTHER_USER']],
    ['Other', 'loadController', ['OTHER_USER']],
  ];
  const every = [
    'IMPORT_SUPPLIER',
    'EXPORT_SUPPLIER',
    'GAS_SUPPLIER',
    'ELECTRICITY_DISTRIBUTOR',
    'GAS_TRANSPORTER',
    'REGISTERED_SUPPLIER_AGENT',
    'OTHER_USER',
  ] as const;
  const cases = rows.flatMap(([party, role, carrying]) =>
    every.map((userRole) => ({ party, role, userRole, carries: carrying.includes(userRole) })),
  );
  test.each(cases)('$party, $role with $userRole: $carries', ({ party, role, userRole, carries }) => {
    const decision = decide(askOrganisation(who[party](assigned(userRole)), role), ruleSet);
    expect(decision.reasons.map(({ reason }) => reason)).toEqual(
      carries ? [] : ['USER_ID_ROLE_NOT_ASSIGNED'],
    );
  });

  test('xmlSign goes with any User Role, but not with none', () => {
    for (const userRole of every)
      expect(decide(askOrganisation(supplier(assigned(userRole)), 'xmlSign'), ruleSet).outcome).toBe('PASS');
    expect(decide(askOrganisation(supplier(assigned()), 'xmlSign'), ruleSet).outcome).toBe('REFUSE');
  });
});

describe('what an agreement adds to table B', () => {
  test.each(['supplier', 'networkOperator', 'other', 'loadController', 'xmlSign'] as const)(
    'a non-Party whose agreement does not permit %s is refused it',
    (role) => {
      const given = manufacturer({ agreements: [agreement({ permittedRoles: [] })] });
      const decision = decide(askOrganisation(given, role), ruleSet);
      expect(decision.outcome).toBe('REFUSE');
      const reasons = decision.reasons.map(({ reason }) => reason);
      expect(reasons).toEqual(
        role === 'xmlSign' ? ['AGREEMENT_ROLE_EXCLUDED', 'ROLE_REVIEW'] : ['AGREEMENT_ROLE_EXCLUDED'],
      );
    },
  );

  test.each([
    ['a Party without a gateway', supplier({ gatewayConnection: false }), 'REFUSE'],
    ['an RDP without a gateway', rdp({ gatewayConnection: false }), 'REFUSE'],
    ['a non-Party whose agreement permits it', manufacturer(), 'REFER'],
    [
      'a non-Party whose agreement does not',
      manufacturer({ gatewayConnection: true, agreements: [agreement({ gatewayPermitted: false })] }),
      'REFUSE',
    ],
  ] as const)('DCCKI for %s', (_, given, outcome) => {
    expect(decide(askInfrastructure(given), ruleSet).outcome).toBe(outcome);
  });
});
