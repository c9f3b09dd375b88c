import { DECISION_GATES } from '../../../src/eligibility/rule-set-schema.ts';
import { decide } from '../../../src/eligibility/decide.ts';
import { loadRuleSets } from '../../../src/eligibility/rule-sets.ts';
import { CATEGORIES } from '../../../src/domain/category.ts';
import type { EligibilityQuestion } from '../../../src/domain/eligibility-question.ts';
import type { Eui64 } from '../../../src/domain/eui64.ts';
import type { Agreement } from '../../../src/domain/participant.ts';
import { wordsOf, type RuleSet } from '../../../src/eligibility/rule-set.ts';
import {
  agreement,
  aroOf,
  askDevice,
  askInfrastructure,
  askOrganisation,
  daysFromNow,
  dcc,
  dccOperator,
  DEVICE_ID,
  FOREIGN_ID,
  manufacturer,
  network,
  supplier,
  USER_ID,
  without,
} from '../../support/participants.ts';
import { TEST_NOW } from '../../support/dates.ts';
import { CSR_CASES } from './csr-cases.ts';
import { REASON_CASES, type ReasonCase } from './reason-cases.ts';

const ruleSet = loadRuleSets().at(TEST_NOW);
const reasonsOf = (question: EligibilityQuestion) =>
  decide(question, ruleSet).reasons.map(({ reason }) => reason);

describe('every reason code', () => {
  const under = ({ settings, device }: Pick<ReasonCase, 'settings' | 'device'>) => ({
    ...ruleSet,
    settings: { ...ruleSet.settings, ...settings },
    quotas: { ...ruleSet.quotas, DEVICE: { ...ruleSet.quotas.DEVICE, ...device } },
  });
  test.each(REASON_CASES)('$reason is found where its rule is broken', ({ reason, broken, ...rules }) => {
    const decision = decide(broken, under(rules));
    const found = decision.reasons.find((one) => one.reason === reason);
    const known = ruleSet.reasonCodes.get(reason);
    expect(found).toMatchObject({ clause: known?.clause, fix: known?.fix });
    expect(found?.detail).toMatch(/^.{10,}\.$/);
    expect(['REFUSE', known?.outcome]).toContain(decision.outcome);
  });

  test.each(REASON_CASES)('$reason is not found where its rule is kept', ({ kept, ...rules }) => {
    expect(decide(kept, under(rules))).toMatchObject({ outcome: 'PASS', reasons: [] });
  });

  test.each([...ruleSet.reasonCodes.values()])(
    '$reason has a case, a clause, a meaning and a fix',
    (code) => {
      const pairs = [...REASON_CASES, ...CSR_CASES].filter(({ reason }) => reason === code.reason);
      // What other answers carry, the tests of those answers break and keep.
      const ofDecisions = (DECISION_GATES as readonly string[]).includes(code.gate);
      expect(pairs.length > 0).toBe(ofDecisions && code.reserved !== true);
      for (const category of [undefined, ...CATEGORIES]) {
        const { clause, says, fix } = wordsOf(code, category);
        expect(clause).not.toBe('');
        expect(says).toMatch(/\.$/);
        expect(fix).toMatch(/\.$/);
      }
    },
  );

  test.each(CSR_CASES)('$reason of a $category CSR cites what binds that: $name', ({ reason, category }) => {
    const finding = { reason, detail: 'It is wrong.' };
    const { request, ...question } = askInfrastructure(supplier());
    const asked = { ...question, request: { ...request, category }, csr: { findings: [finding] } };
    const citedUnder = (rules: RuleSet) =>
      decide(asked, rules).reasons.find((one) => one.detail === finding.detail)?.clause;
    const smki = ruleSet.reasonCodes.get(reason)?.clause;
    if (category === 'DCCKI') expect(citedUnder(ruleSet)).toMatch(/^((?!SEC Appendix M).)+$/);
    else expect(citedUnder(ruleSet)).toBe(smki);
    // What was decided under a version of before is replayed in its words.
    const before = loadRuleSets().find('2026-11-28')!;
    expect(citedUnder(before)).toBe(before.reasonCodes.get(reason)?.clause);
  });
});

describe('a decision', () => {
  test('names every reason, the primary one first, and the version of the rules', () => {
    const given = manufacturer({ agreements: [agreement({ effectiveTo: daysFromNow(-1) })] });
    const decision = decide(
      askDevice(given, { eui64: FOREIGN_ID, standing: { keyKnownCompromised: true } }),
      ruleSet,
    );
    expect(decision.reasons.map(({ reason }) => reason)).toEqual([
      'AGREEMENT_EXPIRED',
      'DEVICE_ID_NOT_IN_RANGE',
      'PUBLIC_KEY_KNOWN_COMPROMISED',
    ]);
    expect(decision.reasons[0]?.detail).toBe('Agreement AGR-1 ended on 2026-11-23.');
    expect(decision.reasons[1]?.detail).toBe('00-AA-00-00-00-00-00-01 is in no device range of METERWORKS.');
    expect(decision).toMatchObject({ outcome: 'REFUSE', ruleSet: ruleSet.version });
  });

  test('of a refusal and a referral is a refusal', () => {
    const both = askOrganisation(supplier(), 'loadController', { standing: { keyKnownCompromised: true } });
    expect(decide(both, ruleSet).outcome).toBe('REFUSE');
    expect(reasonsOf(both)).toEqual(['ROLE_REVIEW', 'PUBLIC_KEY_KNOWN_COMPROMISED']);
  });

  test('says the same thing once', () => {
    const twice = { reason: 'CSR_SUBJECT', detail: 'The subject is wrong.' };
    const question = askDevice(supplier());
    const others = [
      { ...twice, detail: 'Another way.' },
      { ...twice, reason: 'CSR_SAN' },
    ];
    const csr = { ...question.csr, findings: [twice, { ...twice }, ...others] };
    expect(reasonsOf({ ...question, csr })).toEqual(['CSR_SUBJECT', 'CSR_SUBJECT', 'CSR_SAN']);
  });

  test('says of a quota that is used up what that quota asks for, and nothing else', () => {
    const organisation = askOrganisation(supplier({ issuedInDay: { ORGANISATION: 100_000 } }));
    expect(reasonsOf(organisation)).toEqual(['QUOTA_EXCEEDED']);
    expect(reasonsOf(askDevice(supplier({ issuedInDay: { DEVICE: 375_000 } })))).toEqual(['NOTICE_REQUIRED']);
    const everybody = { clause: 'SEC Appendix N', perDay: 1 };
    const quotas = { ...ruleSet.quotas, DEVICE: { ...ruleSet.quotas.DEVICE, everybody } };
    const together = decide(askDevice(supplier(), { demand: { ofAllInDay: 1 } }), { ...ruleSet, quotas });
    expect(together.reasons.map(({ reason }) => reason)).toEqual(['QUOTA_EXCEEDED']);
  });

  describe('names the gates that were asked:', () => {
    const gatesBut = (...unasked: readonly string[]) =>
      DECISION_GATES.filter((gate) => !unasked.includes(gate));
    const unread = { findings: [{ reason: 'CSR_SUBJECT', detail: 'The subject is wrong.' }] };
    const another = aroOf(network({ id: 'another' }));
    test.each<[string, EligibilityQuestion, readonly string[]]>([
      ['all of them', askDevice(manufacturer()), gatesBut()],
      ['none of an agreement on which nothing rests', askDevice(supplier()), gatesBut('AGREEMENT')],
      [
        'none of a CSR that is not there',
        without(askDevice(manufacturer()), 'csr', 'standing'),
        gatesBut('IDENTIFIER', 'KEY', 'CSR'),
      ],
      [
        'nor table B where it asks for the role of an Organisation',
        without(askOrganisation(supplier()), 'csr', 'standing'),
        gatesBut('AGREEMENT', 'B', 'IDENTIFIER', 'KEY', 'CSR'),
      ],
      [
        'none of an identifier that cannot be read',
        { ...askDevice(manufacturer()), csr: unread },
        gatesBut('IDENTIFIER'),
      ],
      [
        'to somebody who may not ask, those of the asker and the CSR',
        askDevice(supplier(), { caller: another }),
        ['A1', 'A2', 'A3', 'CSR'],
      ],
      [
        'without a CSR, those of the asker alone',
        without(askDevice(supplier(), { caller: another }), 'csr', 'standing'),
        ['A1', 'A2', 'A3'],
      ],
    ])('%s', (_, question, gates) => {
      expect(decide(question, ruleSet).gates).toEqual(gates);
    });
  });

  test('that rests on an agreement names it', () => {
    expect(decide(askDevice(manufacturer()), ruleSet).agreementRef).toBe('AGR-1');
    expect(decide(askDevice(supplier({ agreements: [agreement()] })), ruleSet).agreementRef).toBeUndefined();
  });

  test('rests on the agreement that has the Device ID, of several that cover it alike', () => {
    const bare = agreement({ ref: 'AGR-0', deviceRanges: [] });
    const asked = askDevice(manufacturer({ agreements: [bare, agreement()] }));
    expect(decide(asked, ruleSet)).toMatchObject({ outcome: 'PASS', agreementRef: 'AGR-1' });
    // As it was decided before rule set 2026-11-29: what is on record is replayed so.
    const before = loadRuleSets().find('2026-11-28')!;
    expect(decide(asked, before).reasons).toMatchObject([{ reason: 'DEVICE_ID_NOT_IN_RANGE' }]);
  });

  test('rests on the agreement in force that covers the request', () => {
    const narrow = agreement({ ref: 'AGR-1', permittedCategories: ['ORGANISATION'] });
    const fitting = agreement({ ref: 'AGR-2' });
    const decision = decide(askDevice(manufacturer({ agreements: [narrow, fitting] })), ruleSet);
    expect(decision).toMatchObject({ outcome: 'PASS', agreementRef: 'AGR-2' });
    // To cover it counts for more than to have the Device ID.
    const bare = agreement({ ref: 'AGR-2', deviceRanges: [] });
    expect(decide(askDevice(manufacturer({ agreements: [narrow, bare] })), ruleSet).agreementRef).toBe(
      'AGR-2',
    );
  });
});

describe('a purpose', () => {
  const purpose = 'SMKI_AND_REPOSITORY_TESTING';
  test('that its agreement lists is open to a non-Party beyond the table', () => {
    const given = manufacturer({ agreements: [agreement({ permittedPurposes: [purpose] })] });
    expect(decide(askDevice(given, { request: { purpose } }), ruleSet).outcome).toBe('PASS');
  });

  test('that neither the table nor its agreement lists is refused to a non-Party for both reasons', () => {
    expect(reasonsOf(askDevice(manufacturer(), { request: { purpose } }))).toEqual([
      'PURPOSE_NOT_OPEN_TO_TYPE',
      'AGREEMENT_PURPOSE_EXCLUDED',
    ]);
  });
});

describe('a caller', () => {
  const suspended = supplier({ membership: { state: 'SUSPENDED', since: daysFromNow(-1) } });
  const stranger = aroOf(network({ id: 'another', signifier: 'TRENTNET' }));

  test.each([
    ['an ARO of another participant', stranger],
    ['an operator who is not of the DCC', { ...stranger, role: 'DCC_TEST_OPERATOR' as const }],
    ['an ARO of the DCC', dccOperator({ role: 'PARTICIPANT_ARO' })],
  ])('%s learns nothing of the participant', (_, caller) => {
    const request = { onBehalfOf: suspended.signifier };
    const known = decide(askDevice(suspended, { caller, request }), ruleSet);
    expect(known.reasons.map(({ reason }) => reason)).toEqual(['ACTOR_NOT_OF_PARTICIPANT']);
    expect(known.basis).toBeUndefined();
    const unknown = { ...askDevice(suspended, { caller, request }), participant: undefined };
    expect(decide(unknown, ruleSet)).toEqual(known);
    const closed = askDevice({ ...suspended, status: 'CLOSED' }, { caller, request });
    expect(decide(closed, ruleSet)).toEqual(known);
  });

  test('without onBehalfOf asks for its own participant only', () => {
    expect(reasonsOf(askDevice(supplier(), { caller: stranger }))).toEqual(['ACTOR_NOT_OF_PARTICIPANT']);
    expect(reasonsOf(askDevice(supplier(), { caller: dccOperator() }))).toEqual(['ACTOR_NOT_OF_PARTICIPANT']);
  });

  test('may name itself in onBehalfOf', () => {
    expect(decide(askDevice(supplier(), { request: { onBehalfOf: 'NORTHGATE' } }), ruleSet).outcome).toBe(
      'PASS',
    );
  });

  test('of the DCC that names nobody known is told so', () => {
    const question = askDevice(supplier(), { caller: dccOperator(), request: { onBehalfOf: 'NOBODY' } });
    expect(decide({ ...question, participant: undefined }, ruleSet).reasons).toMatchObject([
      { reason: 'PARTICIPANT_UNKNOWN', detail: 'Nobody is registered as NOBODY.' },
    ]);
    const csr = { ...question.csr, findings: [{ reason: 'CSR_SUBJECT', detail: 'The subject is wrong.' }] };
    expect(reasonsOf({ ...question, participant: undefined, csr })).toEqual([
      'PARTICIPANT_UNKNOWN',
      'CSR_SUBJECT',
    ]);
  });

  test('whether a device of another has certificates that could be replaced is not told', () => {
    const asked = (certificatesForDevice: number) =>
      reasonsOf(
        askDevice(supplier(), {
          eui64: FOREIGN_ID,
          request: { replacement: true },
          standing: { certificatesForDevice },
        }),
      );
    expect([asked(0), asked(1)]).toEqual([['DEVICE_ID_NOT_IN_RANGE'], ['DEVICE_ID_NOT_IN_RANGE']]);
  });

  test('whose EUI-64 is somebody else’s is not told whose', () => {
    const question = askDevice(supplier(), { eui64: FOREIGN_ID, standing: { identifierOwnedByOther: true } });
    expect(decide(question, ruleSet).reasons.map(({ detail }) => detail)).toEqual([
      '00-AA-00-00-00-00-00-01 does not belong to NORTHGATE.',
      '00-AA-00-00-00-00-00-01 is in no device range of NORTHGATE.',
    ]);
  });
});

test('an agreement opens no purpose to an applicant beyond the table', () => {
  const purpose = 'PRE_INTEGRATION_TESTING';
  const given = supplier({
    membership: { state: 'APPLICANT', since: daysFromNow(-9) },
    agreements: [agreement({ permittedPurposes: [purpose] })],
  });
  expect(reasonsOf(askDevice(given, { request: { purpose } }))).toEqual(['PURPOSE_NOT_OPEN_TO_TYPE']);
});

describe('a device range', () => {
  const range = { from: DEVICE_ID, to: DEVICE_ID };
  const elsewhere = { from: FOREIGN_ID, to: FOREIGN_ID };
  const applicantWith = (deviceRanges: Agreement['deviceRanges']) =>
    supplier({
      membership: { state: 'APPLICANT', since: daysFromNow(-9) },
      agreements: [agreement({ deviceRanges })],
    });
  const withRanges = (...types: readonly (readonly ('ESME' | 'GSME' | 'CHF')[])[]) =>
    dcc({ deviceRanges: types.map((deviceTypes) => ({ ...range, deviceTypes })) });
  const withTypes = (deviceTypes: readonly ('ESME' | 'GSME' | 'CHF')[]) => withRanges(deviceTypes);

  test.each([
    ['ends included', supplier({ deviceRanges: [{ ...range, deviceTypes: [] }] }), undefined, 'PASS'],
    ['for this type', withTypes(['ESME', 'GSME']), 'GSME', 'PASS'],
    ['for other types', withTypes(['ESME']), 'GSME', 'REFUSE'],
    ['for a type that is not told', withTypes(['ESME']), undefined, 'PASS'],
    ['for hubs, asked without a type', withTypes(['CHF']), undefined, 'REFUSE'],
    ['for meters and hubs, asked without a type', withTypes(['CHF', 'ESME']), undefined, 'PASS'],
    ['for other types, beside one for this type', withRanges(['ESME'], ['GSME']), 'GSME', 'PASS'],
    ['for hubs, asked as a hub', withTypes(['CHF']), 'CHF', 'PASS'],
    ['in the agreement only', manufacturer({ deviceRanges: [] }), undefined, 'PASS'],
    [
      'in the agreement of an applicant only',
      { ...applicantWith([range]), deviceRanges: [] },
      undefined,
      'REFUSE',
    ],
    ['on record only', manufacturer({ agreements: [agreement({ deviceRanges: [] })] }), undefined, 'REFUSE'],
    ['on record, outside that of the agreement', applicantWith([elsewhere]), undefined, 'REFUSE'],
    ['on record, in that of the agreement', applicantWith([range]), undefined, 'PASS'],
    ['on record, when the agreement names none', applicantWith([]), undefined, 'PASS'],
  ] as const)('%s', (_, given, deviceType, outcome) => {
    const question = askDevice(given, deviceType === undefined ? {} : { request: { deviceType } });
    expect(decide(question, ruleSet).outcome).toBe(outcome);
  });
});

test('a delegated range elsewhere does not excuse the Device ID of another', () => {
  const elsewhere = { from: FOREIGN_ID, to: FOREIGN_ID, deviceTypes: [], delegatedBy: 'METERWORKS' };
  const given = supplier({ deviceRanges: [...supplier().deviceRanges, elsewhere] });
  const standing = { identifierOwnedByOther: true };
  expect(reasonsOf(askDevice(given, { standing }))).toEqual(['IDENTIFIER_OWNED_BY_OTHER']);
});

test('a delegated range excuses the Device ID of another, beside ranges of its own', () => {
  const delegated = { from: DEVICE_ID, to: DEVICE_ID, deviceTypes: [], delegatedBy: 'METERWORKS' };
  const own = { from: FOREIGN_ID, to: FOREIGN_ID, deviceTypes: [] };
  const standing = { identifierOwnedByOther: true };
  expect(reasonsOf(askDevice(supplier({ deviceRanges: [own, delegated] }), { standing }))).toEqual([]);
});

test('a User ID that is assigned to a role of another kind carries no certificate', () => {
  const roleAssignments = [{ eui64: USER_ID, userRole: 'ELECTRICITY_DISTRIBUTOR' }] as const;
  expect(reasonsOf(askOrganisation(supplier({ roleAssignments }), 'supplier'))).toEqual([
    'USER_ID_ROLE_NOT_ASSIGNED',
  ]);
});

test('a delegated device range does not give a User ID away', () => {
  const given = supplier({
    deviceRanges: [{ from: USER_ID, to: USER_ID, deviceTypes: [], delegatedBy: 'METERWORKS' }],
  });
  const standing = { identifierOwnedByOther: true };
  expect(reasonsOf(askOrganisation(given, 'supplier', { standing }))).toEqual(['IDENTIFIER_OWNED_BY_OTHER']);
});

test('an allocation of another kind does not carry the identifier', () => {
  const kind = (of: 'USER_ID' | 'RDP_ID') =>
    supplier({ allocations: [{ from: USER_ID, to: USER_ID, kind: of, state: 'ACTIVE' }] });
  expect(reasonsOf(askOrganisation(kind('RDP_ID')))).toEqual(['IDENTIFIER_NOT_IN_ALLOCATED_RANGE']);
  expect(reasonsOf(askOrganisation(kind('USER_ID')))).toEqual([]);
});

describe('an allocation', () => {
  const held = (environment?: 'LIVE' | 'TEST' | 'BOTH') => {
    const given = { from: USER_ID, to: USER_ID, kind: 'USER_ID', state: 'ACTIVE' } as const;
    return askOrganisation(
      supplier({ allocations: [environment === undefined ? given : { ...given, environment }] }),
    );
  };

  test('for live use only carries no test certificate', () => {
    expect(decide(held('LIVE'), ruleSet).reasons).toMatchObject([
      {
        reason: 'IDENTIFIER_NOT_IN_ALLOCATED_RANGE',
        detail: expect.stringMatching(
          /is for live use only; ask SECAS to allocate it for TEST or BOTH\.$/,
        ) as string,
        fix: expect.stringContaining('ask SECAS') as string,
      },
    ]);
  });

  test.each(['TEST', 'BOTH', undefined] as const)('for %s carries one', (environment) => {
    expect(reasonsOf(held(environment))).toEqual([]);
  });

  test('for test use carries one, whatever another for live use says', () => {
    const given = { from: USER_ID, to: USER_ID, kind: 'USER_ID', state: 'ACTIVE' } as const;
    const allocations = (['LIVE', 'TEST'] as const).map((environment) => ({ ...given, environment }));
    expect(reasonsOf(askOrganisation(supplier({ allocations })))).toEqual([]);
  });

  test('is not asked for its environment by a rule set of the past', () => {
    expect(decide(held('LIVE'), without(ruleSet, 'allocationEnvironments')).outcome).toBe('PASS');
  });
});

test('identifiers next to the range are outside', () => {
  const ask = (eui64: string) =>
    reasonsOf(askOrganisation(supplier(), 'supplier', { eui64: eui64 as Eui64 }));
  expect(ask('90b3d51f3000ffff')).toContain('IDENTIFIER_NOT_IN_ALLOCATED_RANGE');
  expect(ask('90b3d51f30020000')).toContain('IDENTIFIER_NOT_IN_ALLOCATED_RANGE');
  expect(ask('90b3d51f3001ffff')).toEqual(['USER_ID_ROLE_NOT_ASSIGNED']);
});

describe('an eligibility check without a CSR', () => {
  const withoutCsr = (question: EligibilityQuestion) => without(question, 'csr', 'standing');

  test('asks what can be asked', () => {
    expect(decide(withoutCsr(askOrganisation(supplier(), 'recovery')), ruleSet).outcome).toBe('PASS');
    expect(reasonsOf(withoutCsr(askDevice(network())))).toEqual(['CATEGORY_REVIEW']);
    expect(reasonsOf(withoutCsr(askInfrastructure(supplier({ gatewayConnection: false }))))).toEqual([
      'GATEWAY_CONNECTION_ABSENT',
    ]);
    expect(reasonsOf(withoutCsr(askDevice(manufacturer({ agreements: [] }))))).toEqual([
      'NO_MEMBERSHIP_OR_AGREEMENT',
    ]);
  });
});

describe('a question that is not whole', () => {
  test.each<[string, (question: EligibilityQuestion) => EligibilityQuestion]>([
    ['a CSR without what the records say', (question) => without(question, 'standing')],
    ['a CSR without a subject or a finding', (question) => ({ ...question, csr: { findings: [] } })],
    [
      'a CSR without a key usage or a finding',
      (question) => ({ ...question, csr: without(question.csr!, 'keyUsage') }),
    ],
    [
      'a CSR read for another category',
      (question) => ({ ...question, request: { ...question.request, category: 'ORGANISATION' } }),
    ],
  ])('%s is a TypeError, never a pass', (_, change) => {
    expect(() => decide(change(askDevice(supplier())), ruleSet)).toThrow(TypeError);
  });

  test('a finding that the rule set does not explain is a TypeError', () => {
    const csr = { findings: [{ reason: 'NO_SUCH_CODE', detail: 'Whatever.' }] };
    expect(() => decide({ ...askDevice(supplier()), csr }, ruleSet)).toThrow('NO_SUCH_CODE');
  });
});
