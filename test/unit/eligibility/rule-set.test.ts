import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Fault } from '../../../src/domain/fault.ts';
import { explain, loadRuleSet } from '../../../src/eligibility/rule-set.ts';

const RULE_SET = path.join(__dirname, '..', '..', '..', 'src', 'eligibility', 'rule-set');

/** What is wrong with a copy of the rule set in which one text of one file is another. */
function faultsAfter(file: string, text: string, instead: string): string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-rule-set-'));
  try {
    cpSync(RULE_SET, folder, { recursive: true });
    const whole = path.join(folder, file);
    const before = readFileSync(whole, 'utf8');
    expect(before).toContain(text);
    writeFileSync(whole, before.replace(text, instead));
    loadRuleSet(folder);
    return [];
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    expect(error.code).toBe('configuration-invalid');
    return error.reasons.map(({ detail }) => detail.replace(`${folder}${path.sep}`, ''));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The line on which a text of a file stands. */
const lineOf = (file: string, text: string) =>
  readFileSync(path.join(RULE_SET, file), 'utf8').split(text)[0]!.split('\n').length;

describe('the rule set', () => {
  const ruleSet = loadRuleSet();

  test('is read from its folder', () => {
    expect(ruleSet.version).toMatch(/^\d{4}-\d{2}-\d{2}/);
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
      instead: 'reason: CSR_UNPARSEABLE',
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
    let fault: unknown;
    try {
      loadRuleSet(path.join(RULE_SET, 'nowhere'));
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(Fault);
    expect((fault as Fault).reasons.map(({ detail }) => detail)).toEqual(
      ['rule-set', 'reason-codes', 'basis', 'purposes', 'table-b', 'user-role-map'].map((name): unknown =>
        expect.stringMatching(new RegExp(`${name}\\.yaml, line 1: the file cannot be read$`)),
      ),
    );
  });
});
