import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readConfig } from '../../../src/config.ts';
import { Fault } from '../../../src/domain/fault.ts';
import { explain, parseRuleSet } from '../../../src/eligibility/rule-set.ts';
import { RULE_SET_FILES } from '../../../src/eligibility/rule-set-schema.ts';
import { batchReasons, loadItemCodes } from '../../../src/batches/item-codes.ts';
import { OUTSIDE_REASONS } from '../../../src/http/reason-table.ts';
import { loadRuleSets, requireKeysKept } from '../../../src/eligibility/rule-sets.ts';
import { decide } from '../../../src/eligibility/decide.ts';
import { codeBlocks } from '../../support/code-blocks.ts';
import { TEST_NOW } from '../../support/dates.ts';
import { askDevice, supplier } from '../../support/participants.ts';

/** The rest of a row of participant types. */
const others = (number: number) =>
  `NON_PARTY: ${String(number)}, DCC: NONE, DCC_SERVICE_PROVIDER: ${String(number)}`;
/** The newest version, and from when it is in effect. */
const VERSION = '2026-11-29';
const BEGINS = '2026-11-24T01:00:00Z';
const RULE_SETS = path.join(__dirname, '..', '..', '..', 'src', 'eligibility', 'rule-sets');
const RULE_SET = path.join(RULE_SETS, VERSION);

/** What is wrong with a copy of the rule set in which one text of one file is another. */
function faultsAfter(file: string, text: string, instead: string): string[] {
  return faultsOf((folder) => {
    cpSync(RULE_SET, path.join(folder, VERSION), { recursive: true });
    change(path.join(folder, VERSION, file), text, instead);
  }).map((detail) => detail.replace(`${VERSION}${path.sep}`, ''));
}

/** What is wrong with the rule sets that are put into an empty folder. */
function faultsOf(fill: (folder: string) => void): string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-rule-set-'));
  try {
    fill(folder);
    loadRuleSets(folder);
    return [];
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    expect(error.code).toBe('configuration-invalid');
    return error.reasons.map(({ detail }) => detail.replace(`${folder}${path.sep}`, ''));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function change(file: string, text: string, instead: string): void {
  const before = readFileSync(file, 'utf8');
  expect(before).toContain(text);
  writeFileSync(file, before.replace(text, instead));
}

/** The line on which a text of a file stands. */
const lineOf = (file: string, text: string) =>
  readFileSync(path.join(RULE_SET, file), 'utf8').split(text)[0]!.split('\n').length;

test('a version of an operator, in a folder beside those of the service, is in effect from its day', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-rule-sets-'));
  try {
    cpSync(RULE_SETS, folder, { recursive: true });
    cpSync(RULE_SET, path.join(folder, '2026-12-15'), { recursive: true });
    change(path.join(folder, '2026-12-15', 'rule-set.yaml'), VERSION, '2026-12-15');
    change(path.join(folder, '2026-12-15', 'rule-set.yaml'), BEGINS, '2026-12-15T00:00:00Z');
    change(path.join(folder, '2026-12-15', 'quotas.yaml'), 'SEC_PARTY: 375000', 'SEC_PARTY: 50000');
    const { ruleSetsDir } = readConfig({ TCS_RULE_SETS_DIR: folder });
    const quotaOn = (day: string) =>
      loadRuleSets(ruleSetsDir).at(new Date(day)).quotas.DEVICE.perDay.SEC_PARTY;
    expect([quotaOn('2026-12-14'), quotaOn('2026-12-15')]).toEqual([375_000, 50_000]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('the rule set', () => {
  const ruleSet = loadRuleSets().at(TEST_NOW);

  test('is read from its folder', () => {
    expect(ruleSet.version).toBe(VERSION);
    expect(ruleSet.settings.deviceCertificateLimit).toBe(100);
  });

  test('gives a finding its clause and its fix', () => {
    expect(explain({ reason: 'AGREEMENT_EXPIRED', detail: 'It ended.' }, ruleSet)).toEqual({
      reason: 'AGREEMENT_EXPIRED',
      clause: 'SEC Section H14.11',
      detail: 'It ended.',
      fix: 'Renew the agreement with the DCC.',
    });
  });

  test('has nothing to explain for a code that it does not know', () => {
    expect(() => explain({ reason: 'NO_SUCH_CODE', detail: '' }, ruleSet)).toThrow(TypeError);
  });

  test('that has the limits of the live service, as docs/registry.md says them, is good', () => {
    const example = codeBlocks('docs/registry.md').find(({ text }) => text.includes('adHoc:'))!.text;
    const limits = example.slice(example.indexOf('  adHoc:'));
    expect(limits).toContain('everybody:');
    expect(faultsAfter('quotas.yaml', '\nDCCKI:', `\n${limits}DCCKI:`)).toEqual([]);
  });

  test('that is changed in a comment only is good', () => {
    expect(faultsAfter('basis.yaml', '# SEC Parties', '# Parties to the SEC')).toEqual([]);
  });

  test.each([
    {
      name: 'a code of the basis table that nobody explains',
      file: 'basis.yaml',
      text: 'reasons: [MEMBERSHIP_SUSPENDED]',
      instead: 'reasons: [MEMBERSHIP_HALTED]',
      faults: [
        /^basis\.yaml, line LINE, \d+\.reasons\.0: MEMBERSHIP_HALTED is not in reason-codes\.yaml$/,
        /MEMBERSHIP_SUSPENDED is used by no table/,
      ],
    },
    {
      name: 'a code of table B that nobody explains',
      file: 'table-b.yaml',
      text: 'OTHER: SIMULATED_ROLE',
      instead: 'OTHER: SIMULATION',
      faults: [/^table-b\.yaml, line LINE, organisation\.supplier\.OTHER: SIMULATION is not/],
    },
    {
      name: 'a code in a condition of table B that nobody explains',
      file: 'table-b.yaml',
      text: '{ agreementRole: ROLE_REVIEW }',
      instead: '{ agreementRole: ROLE_REVUE }',
      faults: [/^table-b\.yaml, line LINE, organisation\.supplier\.NON_PARTY: ROLE_REVUE is not/],
    },
    {
      name: 'a code that a rule finds and nobody explains, and one that nobody uses',
      file: 'reason-codes.yaml',
      text: 'reason: PURPOSE_MISSING',
      instead: 'reason: PURPOSE_ABSENT',
      faults: [
        /line 1: PURPOSE_MISSING is found by a rule/,
        /line LINE, \d+\.reason: PURPOSE_ABSENT is used by no table and no rule/,
      ],
    },
    {
      name: 'a reserved code that is in use',
      file: 'reason-codes.yaml',
      text: 'reason: PURPOSE_MISSING',
      instead: 'reason: PURPOSE_MISSING\n  reserved: true',
      faults: [/PURPOSE_MISSING is in use/],
    },
    {
      name: 'a code that is there twice',
      file: 'reason-codes.yaml',
      text: 'reason: CSR_DUPLICATE_IN_BATCH',
      instead: 'reason: CSR_UNPARSEABLE\n  reserved: true',
      faults: [/line LINE, \d+\.reason: CSR_UNPARSEABLE is there twice/, /CSR_UNPARSEABLE is in use/],
    },
    {
      name: 'a clause of a document that is not listed',
      file: 'reason-codes.yaml',
      text: "clause: 'SEC Section T; DESIGN'",
      instead: "clause: 'SEC Section T; SEC Section Z9'",
      faults: [/line LINE, \d+\.clause: SEC Section Z9 is in none of the documents/],
    },
    {
      name: 'a code without a fix',
      file: 'reason-codes.yaml',
      text: "fix: 'Renew the agreement with the DCC.'",
      instead: "fix: ''",
      faults: [/^reason-codes\.yaml, line LINE, \d+\.fix: /],
    },
    {
      name: 'a User Role that does not carry the role of its row',
      file: 'user-role-map.yaml',
      text: 'GAS_SUPPLIER: [supplier, xmlSign]',
      instead: 'GAS_SUPPLIER: [other, xmlSign]',
      faults: [
        /^table-b\.yaml, line \d+, organisation\.supplier\.SUPPLIER: GAS_SUPPLIER does not carry supplier/,
      ],
    },
    {
      name: 'a cell that is missing',
      file: 'table-b.yaml',
      text: '    OTHER: SIMULATED_ROLE\n',
      instead: '',
      faults: [/^table-b\.yaml, line \d+, organisation\.supplier\.OTHER: /],
    },
    {
      name: 'a row of the basis table that decides nothing',
      file: 'basis.yaml',
      text: '{ type: DCC, basis: DCC }',
      instead: '{ type: DCC }',
      faults: [/^basis\.yaml, line LINE, \d+: a row has a basis, or reasons/],
    },
    {
      name: 'a basis in an agreement that need not be in force',
      file: 'basis.yaml',
      text: '{ type: NON_PARTY, agreement: IN_FORCE, basis: BILATERAL_AGREEMENT }',
      instead: '{ type: NON_PARTY, basis: BILATERAL_AGREEMENT }',
      faults: [/^basis\.yaml, line LINE, \d+\.basis: a row that rests on an agreement/],
    },
    {
      name: 'a purpose that does not exist',
      file: 'purposes.yaml',
      text: '- END_TO_END_TESTING',
      instead: '- LIVE_USE',
      faults: [/^purposes\.yaml, line LINE, SEC_PARTY\.\d+: /],
    },
    {
      name: 'a field that nobody knows',
      file: 'rule-set.yaml',
      text: 'settings:',
      instead: 'colour: blue\nsettings:',
      faults: [/^rule-set\.yaml, line \d+.*colour/],
    },
    {
      name: 'a clause of a category in no listed document',
      file: 'reason-codes.yaml',
      text: "clause: 'RFC 2986, 4.2'",
      instead: "clause: 'RFC 2986, 4.2; Folklore'",
      faults: [/^reason-codes\.yaml, line LINE, \d+\.categories\.DCCKI\.clause: Folklore is in none of/],
    },
    {
      name: 'a clause of an obligation in no listed document',
      file: 'obligations.yaml',
      text: "clause: 'ETAD; DESIGN'",
      instead: "clause: 'ETAD; Folklore'",
      faults: [/^obligations\.yaml, line LINE, 0\.clause: Folklore is in none of the documents/],
    },
    {
      name: 'an obligation that is there twice',
      file: 'obligations.yaml',
      text: 'obligation: ACCESS_CONTROL',
      instead: 'obligation: KEY_STORAGE',
      faults: [/^obligations\.yaml, line LINE, 1\.obligation: KEY_STORAGE is there twice/],
    },
    {
      name: 'a part of the terms without a source',
      file: 'terms.yaml',
      text: "    clause: 'DESIGN'\n",
      instead: '',
      faults: [/^terms\.yaml, line \d+, parts\.\d\.clause: /],
    },
    {
      name: 'liability',
      file: 'terms.yaml',
      text: 'liability: none',
      instead: 'liability: unlimited',
      faults: [/^terms\.yaml, line LINE, liability: /],
    },
    {
      name: 'a purpose that is never open',
      file: 'phases.yaml',
      text: 'MODIFICATION_TESTING: { ENDURING: ETAD }',
      instead: 'MODIFICATION_TESTING: {}',
      faults: [/^phases\.yaml, line LINE, purposes\.MODIFICATION_TESTING: is open in at least one phase/],
    },
    {
      name: 'a category without channels',
      file: 'categories.yaml',
      text: 'channels: [INTERNET, DCC_GATEWAY]',
      instead: 'channels: []',
      faults: [
        /^categories\.yaml, line LINE, DCCKI\.channels: |^categories\.yaml, line \d+, \w+\.channels: /,
      ],
    },
    {
      name: 'a version of a governing document that is left open in words',
      file: 'categories.yaml',
      text: "  clause: 'SEC Appendix B; ETAD; DESIGN'",
      instead: "  governingVersion: ''\n  clause: 'SEC Appendix B; ETAD; DESIGN'",
      faults: [/^categories\.yaml, line LINE, ORGANISATION\.governingVersion: /],
    },
    {
      name: 'a quota for some types only',
      file: 'quotas.yaml',
      text: ', DCC_SERVICE_PROVIDER: 375000',
      instead: '',
      faults: [/^quotas\.yaml, line \d+, DEVICE\.perDay\.DCC_SERVICE_PROVIDER: /],
    },
    {
      name: 'something beyond a quota that no rule says',
      file: 'quotas.yaml',
      text: 'beyond: NOTICE_REQUIRED',
      instead: 'beyond: PURPOSE_MISSING',
      faults: [/^quotas\.yaml, line LINE, DEVICE\.beyond: /],
    },
    {
      name: 'a limit of single requests for some types only',
      file: 'quotas.yaml',
      text: 'beyond: NOTICE_REQUIRED',
      instead: 'beyond: NOTICE_REQUIRED\n  adHoc: { clause: SEC Appendix N, perDay: { SEC_PARTY: 150 } }',
      faults: [
        /^quotas\.yaml, line \d+, DEVICE\.adHoc\.perDay\.RDP: a whole number of 0 or more, or NONE, is wanted$/,
        /^quotas\.yaml, line \d+, DEVICE\.adHoc\.perDay\.DCC: /,
      ],
    },
    {
      name: 'a limit of single requests that no clause says, by the hour and below nothing',
      file: 'quotas.yaml',
      text: 'beyond: NOTICE_REQUIRED',
      instead: `beyond: NOTICE_REQUIRED\n  adHoc: { perHour: 1, perDay: { SEC_PARTY: -1, RDP: some, ${others(1)} } }`,
      faults: [
        /^quotas\.yaml, line \d+, DEVICE\.adHoc\.clause: /,
        /^quotas\.yaml, line \d+, DEVICE\.adHoc\.perHour: no field has this name$/,
        /^quotas\.yaml, line \d+, DEVICE\.adHoc\.perDay\.SEC_PARTY: /,
        /^quotas\.yaml, line \d+, DEVICE\.adHoc\.perDay\.RDP: /,
      ],
    },
    {
      name: 'a limit of single requests by a clause of no document',
      file: 'quotas.yaml',
      text: 'beyond: NOTICE_REQUIRED',
      instead: `beyond: NOTICE_REQUIRED\n  adHoc: { clause: SEC Appendix Z, perDay: { SEC_PARTY: 1, RDP: 1, ${others(1)} } }`,
      faults: [/^quotas\.yaml, line \d+, DEVICE\.adHoc\.clause: SEC Appendix Z is in none of the documents/],
    },
    {
      name: 'an exceptional demand that is less than the average, of no month and for some types only',
      file: 'quotas.yaml',
      text: 'beyond: NOTICE_REQUIRED',
      instead:
        'beyond: NOTICE_REQUIRED\n  exceptional: { clause: DESIGN, percent: { SEC_PARTY: 99 }, months: 0, least: none }',
      faults: [
        /^quotas\.yaml, line \d+, DEVICE\.exceptional\.percent\.SEC_PARTY: /,
        /^quotas\.yaml, line \d+, DEVICE\.exceptional\.percent\.DCC: /,
        /^quotas\.yaml, line \d+, DEVICE\.exceptional\.months: /,
        /^quotas\.yaml, line \d+, DEVICE\.exceptional\.least: /,
      ],
    },
    {
      name: 'an exceptional demand by a clause of no document',
      file: 'quotas.yaml',
      text: 'beyond: NOTICE_REQUIRED',
      instead: `beyond: NOTICE_REQUIRED\n  exceptional: { clause: SEC Appendix Z, percent: { SEC_PARTY: 150, RDP: 150, ${others(150)} }, months: 12, least: 0 }`,
      faults: [/DEVICE\.exceptional\.clause: SEC Appendix Z is in none of the documents/],
    },
    {
      name: 'a limit of all together that is by type',
      file: 'quotas.yaml',
      text: 'beyond: NOTICE_REQUIRED',
      instead: 'beyond: NOTICE_REQUIRED\n  everybody: { clause: SEC Appendix N, perDay: { SEC_PARTY: 1 } }',
      faults: [/^quotas\.yaml, line \d+, DEVICE\.everybody\.perDay: /],
    },
    {
      name: 'a limit of all together by a clause of no document',
      file: 'quotas.yaml',
      text: 'beyond: NOTICE_REQUIRED',
      instead: 'beyond: NOTICE_REQUIRED\n  everybody: { clause: SEC Appendix Z, perDay: 375000 }',
      faults: [/DEVICE\.everybody\.clause: SEC Appendix Z is in none of the documents/],
    },
    {
      name: 'a control of Good Industry Practice twice',
      file: 'good-industry-practice.yaml',
      text: 'control: AUDIT',
      instead: 'control: FOUR_EYES',
      faults: [/^good-industry-practice\.yaml, line LINE, controls\.6\.control: FOUR_EYES is there twice/],
    },
    {
      name: 'a sharing of User IDs that is no setting',
      file: 'rule-set.yaml',
      text: 'supplierUserIdSharing: IMPORT_AND_GAS',
      instead: 'supplierUserIdSharing: SOMETIMES',
      faults: [/^rule-set\.yaml, line LINE, supplierUserIdSharing: /],
    },
    {
      name: 'a pattern that is no regular expression',
      file: 'rule-set.yaml',
      text: "'^[A-Z0-9_-]{3,32}$'",
      instead: "'^[A-Z'",
      faults: [/^rule-set\.yaml, line LINE, settings\.signifierPattern: is no regular expression/],
    },
  ])('with $name is refused, file and line named', ({ file, text, instead, faults }) => {
    const line = String(lineOf(file, text));
    const found = faultsAfter(file, text, instead);
    for (const fault of faults)
      expect(found).toContainEqual(expect.stringMatching(new RegExp(fault.source.replace('LINE', line))));
  });

  test('of which every file is missing is refused, each of them named', () => {
    const missing = Object.values(RULE_SET_FILES).map(({ name }): unknown =>
      expect.stringMatching(new RegExp(`${name}\\.yaml, line 1: the file cannot be read$`)),
    );
    expect(faultsOf((folder) => mkdirSync(path.join(folder, VERSION)))).toEqual(missing);
  });

  test('with a file that nobody reads is refused', () => {
    const faults = faultsOf((folder) => {
      cpSync(RULE_SET, path.join(folder, VERSION), { recursive: true });
      writeFileSync(path.join(folder, VERSION, 'chanels.yaml'), '');
    });
    expect(faults).toEqual([
      expect.stringMatching(/chanels\.yaml, line 1: no file of a rule set has this name$/),
    ]);
  });
});

describe('the rule sets', () => {
  /** Two versions: the one that is there, and one that begins later and is changed so. */
  const twoVersions =
    (version: string, from: string, ...changes: readonly (readonly [string, string, string])[]) =>
    (folder: string) => {
      const second = path.join(folder, version);
      cpSync(RULE_SET, path.join(folder, VERSION), { recursive: true });
      cpSync(RULE_SET, second, { recursive: true });
      change(path.join(second, 'rule-set.yaml'), `version: '${VERSION}'`, `version: '${version}'`);
      change(path.join(second, 'rule-set.yaml'), `effectiveFrom: '${BEGINS}'`, `effectiveFrom: '${from}'`);
      for (const [file, text, instead] of changes) change(path.join(second, file), text, instead);
    };

  test('are each in effect from their day until the next one begins', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tcs-rule-set-'));
    twoVersions(
      '2027-04-01',
      '2027-04-01',
      ['rule-set.yaml', 'Limit: 100', 'Limit: 50'],
      [
        'categories.yaml',
        "  clause: 'SEC Appendix A",
        "  governingVersion: '7.0'\n  clause: 'SEC Appendix A",
      ],
    )(folder);
    const ruleSets = loadRuleSets(folder);
    rmSync(folder, { recursive: true });
    expect(ruleSets.versions.map(({ version }) => version)).toEqual([VERSION, '2027-04-01']);
    const limitAt = (instant: string) => ruleSets.at(new Date(instant)).settings.deviceCertificateLimit;
    expect(limitAt(BEGINS)).toBe(100);
    expect(limitAt('2027-03-31T23:59:59.999Z')).toBe(100);
    expect(limitAt('2027-04-01T00:00:00Z')).toBe(50);
    expect(ruleSets.versions.map((one) => one.categories.DEVICE.governingVersion)).toEqual([
      undefined,
      '7.0',
    ]);
    expect(ruleSets.find(VERSION)?.settings.deviceCertificateLimit).toBe(100);
    expect(ruleSets.find('2028-01-01')).toBeUndefined();
    expect(() => ruleSets.at(new Date('2026-11-24T00:59:59.999Z'))).toThrow(/No rule set is in effect/);
  });

  test.each([
    ['refers it and is in effect', 'REFER', ['2026-11-01'], 1],
    ['refers it and is to come', 'REFER', ['2027-01-01'], 1],
    ['lacks the reason and is in effect until tomorrow', undefined, ['2026-11-01', '2026-12-02'], 1],
    ['refers it and is over', 'REFER', ['2026-11-01', '2026-12-01'], 0],
    ['refuses it', 'REFUSE', ['2026-11-01'], 0],
  ] as const)(
    'of which one %s: a key of another subject has to be refused',
    (_, outcome, [from, next], faults) => {
      const good = loadRuleSets().at(TEST_NOW);
      const reused = good.reasonCodes.get('PUBLIC_KEY_REUSED')!;
      const reasonCodes = new Map(good.reasonCodes);
      if (outcome === undefined) reasonCodes.delete(reused.reason);
      else reasonCodes.set(reused.reason, { ...reused, outcome });
      const versions = [
        { ...good, version: from, effectiveFrom: new Date(from), reasonCodes },
        ...(next === undefined ? [] : [{ ...good, version: next, effectiveFrom: new Date(next) }]),
      ];
      let told: Fault['reasons'] = [];
      try {
        requireKeysKept({ versions }, new Date('2026-12-01T12:00:00Z'));
      } catch (error) {
        told = (error as Fault).reasons;
      }
      const refused = `${path.join(from, 'reason-codes.yaml')}, line 1, outcome: PUBLIC_KEY_REUSED has to be there`;
      expect(told.map(({ detail }) => detail.slice(0, refused.length))).toEqual(
        faults === 0 ? [] : [refused],
      );
    },
  );

  // A version that was given out may be on record somewhere, and is never changed: what changes is a version of its own.
  test.each([
    ['2026-11-24', '49c1f9f8f0c0890062594984c8d09bf1655d292c60be28682b4498cb7a18f8cd'],
    ['2026-11-28', '50f6c562702baa69b942b97805b59d8d53e93c1527b83dcc657d775b9ea5a14a'],
    ['2026-11-29', '04d58e90786c503e428fddcf55f926ade8d864497654a5b6ae5ec3ca80fcff00'],
  ])('of version %s are word for word as they were given out', (version, sha256) => {
    const folder = path.join(RULE_SETS, version);
    const texts = readdirSync(folder)
      .sort()
      .map((name) => `${name}\n${readFileSync(path.join(folder, name), 'utf8')}`);
    expect(createHash('sha256').update(texts.join('\n')).digest('hex')).toBe(sha256);
  });

  test('of which two begin at one instant are refused', () => {
    expect(faultsOf(twoVersions('2027-04-01', BEGINS))).toEqual([
      expect.stringMatching(/2027-04-01.*effectiveFrom: another version begins at the same instant/),
    ]);
  });

  test('whose folder is not named as its version are refused', () => {
    expect(
      faultsOf((folder) => cpSync(RULE_SET, path.join(folder, '2027-04-01'), { recursive: true })),
    ).toEqual([expect.stringMatching(/version: the folder is named 2027-04-01/)]);
  });

  test('of which the one that begins last lacks a code of a rule are refused, however their names sort', () => {
    const versions = (last: string) =>
      faultsOf((folder) => {
        for (const [version, from] of [
          ['2027-01-01.2', '2027-01-01'],
          ['2027-01-01.10', '2027-01-02'],
        ] as const) {
          const place = path.join(folder, version);
          cpSync(RULE_SET, place, { recursive: true });
          change(path.join(place, 'rule-set.yaml'), `version: '${VERSION}'`, `version: '${version}'`);
          change(path.join(place, 'rule-set.yaml'), `effectiveFrom: '${BEGINS}'`, `effectiveFrom: '${from}'`);
          if (version === last)
            change(
              path.join(place, 'reason-codes.yaml'),
              'reason: TERMS_NOT_ACCEPTED',
              'reason: TERMS_OTHER',
            );
        }
      });
    expect(versions('2027-01-01.10')).toContainEqual(expect.stringContaining('TERMS_NOT_ACCEPTED'));
    expect(versions('2027-01-01.2')).toEqual([]);
  });

  test('that are none are refused', () => {
    expect(faultsOf(() => undefined)).toEqual([expect.stringMatching(/there is no rule set/)]);
  });

  test('of the past may lack a code of a rule, which then is none: only the newest has all', () => {
    const files = loadRuleSets().at(TEST_NOW).files;
    const before = files['reason-codes']!.replace(
      'reason: TERMS_NOT_ACCEPTED',
      'reason: CONDITIONS_NOT_ACCEPTED',
    );
    const changed = { ...files, 'reason-codes': before };
    expect(() => parseRuleSet(changed, 'new', true)).toThrow(Fault);
    const past = parseRuleSet(changed, 'past', false);
    const stranger = askDevice(supplier({ termsAccepted: [] }));
    expect(decide(stranger, past).outcome).toBe('PASS');
    expect(decide(stranger, loadRuleSets().at(TEST_NOW)).outcome).toBe('REFUSE');
  });
});

test('a code is LEGAL_TEXT only by a text that was at hand', () => {
  const { reasonCodes, documents } = loadRuleSets().at(TEST_NOW);
  const unread = documents.filter(({ status }) => status.includes('not at hand')).map(({ cite }) => cite);
  expect(unread).toContain('SEC Section H14');
  const claimed = [...reasonCodes.values()]
    .flatMap((code) => [code, ...Object.values(code.categories ?? {})])
    .filter(({ authority }) => authority === 'LEGAL_TEXT');
  expect(claimed.length).toBeGreaterThan(5);
  expect(claimed.filter(({ clause }) => unread.some((cite) => clause.includes(cite)))).toEqual([]);
});

test('every reason code that an answer carries is published, once, with clause and fix', () => {
  const source = path.join(__dirname, '..', '..', '..', 'src');
  const rows = [
    ...loadRuleSets().at(TEST_NOW).reasonCodes.values(),
    ...OUTSIDE_REASONS,
    ...batchReasons(loadItemCodes()),
  ];
  const published = rows.map((one) => one.reason);
  expect(published.filter((code, place) => published.indexOf(code) !== place)).toEqual([]);
  for (const { clause, says, fix } of rows)
    expect([clause, says, fix].every((text) => text.length > 3)).toBe(true);
  const inCode = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const text = readFileSync(path.join(source, name), 'utf8');
      return CODES.flatMap((pattern) =>
        [...text.matchAll(pattern)].flatMap(([, ...codes]: (string | undefined)[]) => codes),
      );
    })
    .filter((code) => code !== undefined);
  expect(inCode).toEqual(
    expect.arrayContaining(['CONFIGURATION', 'KEY_NOT_OPENED', 'PROFILE', 'FEED_FORMULA']),
  );
  expect(inCode.filter((code) => !published.includes(code))).toEqual([]);
  const ofOperators = OUTSIDE_REASONS.filter((one) => one.gate === 'OPERATOR').map((one) => one.reason);
  expect(ofOperators.filter((code) => !inCode.includes(code))).toEqual([]);
});

/** The ways in which code writes a reason code. */
const CODES = [
  /\breason: '([A-Z][A-Z0-9_]+)'/g,
  /\breason: [^,'\n]+ \? '([A-Z][A-Z0-9_]+)' : '([A-Z][A-Z0-9_]+)'/g,
  /\b(?:httpReason|malformedRequest|workflowFailure)\(\s*'([A-Z][A-Z0-9_]+)'/g,
  /\byamlReasons\(\s*[\w.]+,\s*'([A-Z][A-Z0-9_]+)'/g,
];
