import { CATEGORIES } from '../../../src/domain/category.ts';
import { RULES, runRules } from '../../../src/lint/lint.ts';
import type { CertificateKind } from '../../../src/lint/rule.ts';
import { readTbs } from '../../../src/x509/read-certificate.ts';
import { remade, type Change } from '../../support/remake.ts';
import { makeSpecimens } from '../../support/specimens.ts';
import { AUTHORITY_ROWS } from './authority-rows.ts';
import { DEVICE_ROWS, ORGANISATION_ROWS } from './category-rows.ts';
import { DCCKI_ROWS } from './dccki-rows.ts';
import { GBCS_ROWS } from './gbcs-rows.ts';
import { RFC_5280_ROWS } from './rfc5280-rows.ts';

const ROWS = [
  ...RFC_5280_ROWS,
  ...GBCS_ROWS,
  ...ORGANISATION_ROWS,
  ...DEVICE_ROWS,
  ...DCCKI_ROWS,
  ...AUTHORITY_ROWS,
];

describe('each rule is broken, and says what is wrong', () => {
  test.each(ROWS)('$rule: $says', ({ rule, of, broken, says }) => {
    expect(findingsOf(rule, of, broken)).toEqual([says]);
  });
});

describe('each rule is kept', () => {
  test.each(ROWS)('$rule, by $of', ({ rule, of, kept }) => {
    expect(findingsOf(rule, of, kept)).toEqual([]);
  });

  test.each([...makeSpecimens().values()])('all of them, by $name', ({ tbs, kind }) => {
    expect(runRules(readTbs(tbs), kind)).toEqual([]);
  });
});

test('every rule has a case that breaks it and one that keeps it', () => {
  const tried = new Set(ROWS.map((row) => row.rule));
  expect([...tried].sort()).toEqual(RULES.map((one) => one.rule).sort());
});

test('every rule names its clause', () => {
  const sources =
    /^(RFC \d{4}, |GBCS version 1|SEC Appendix [A-S]|DESIGN: |public test certificates|government response of)/;
  for (const { clause } of RULES)
    for (const category of CATEGORIES) {
      const named = typeof clause === 'string' ? clause : clause({ category, kind: 'END_ENTITY' });
      expect(named).toMatch(sources);
    }
});

const clausesOf = (one: CertificateKind): string[] =>
  RULES.filter((rule) => rule.appliesTo(one)).map(({ clause }) =>
    typeof clause === 'string' ? clause : clause(one),
  );
const KINDS = ['ROOT', 'ISSUING', 'END_ENTITY'] as const;

test('what is found in a DCCKI certificate cites no document of the SMKI', () => {
  const clauses = KINDS.flatMap((kind) => clausesOf({ category: 'DCCKI', kind }));
  expect(
    clauses.filter((clause) => clause.startsWith('DESIGN: certs-templates/dccki')).length,
  ).toBeGreaterThan(10);
  expect(clauses.filter((clause) => /GBCS|SMKI|SEC Appendix [ABM]/.test(clause))).toEqual([]);
});

test('of an authority of the DCCKI its own template is cited, not those of DCCKI Certificates', () => {
  const clauses = (['ROOT', 'ISSUING'] as const).flatMap((kind) => clausesOf({ category: 'DCCKI', kind }));
  expect(clauses.filter((clause) => clause.includes('certs-templates/authority'))).not.toEqual([]);
  expect(clauses.filter((clause) => clause.includes('certs-templates/dccki'))).toEqual([]);
});

test('public test certificates are cited of an Issuing OCA, and of no other authority but for the serial number', () => {
  const citing = CATEGORIES.flatMap((category) =>
    (['ROOT', 'ISSUING'] as const).map((kind) => ({ category, kind })),
  ).filter((one) =>
    clausesOf(one).some((clause) => /public test certificates/.test(clause) && !/16 octets/.test(clause)),
  );
  expect(citing).toEqual([{ category: 'ORGANISATION', kind: 'ISSUING' }]);
});

test('no text is cited for the missing pathLenConstraint of a root', () => {
  const { clause } = RULES.find((one) => one.rule === 'root-without-path-length')!;
  expect(clause).toBe('DESIGN: certs-templates/authority');
});

test('GBCS, page 145 is cited of Device Certificates, and of no other', () => {
  const citing = CATEGORIES.flatMap((category) => KINDS.map((kind) => ({ category, kind }))).filter((one) =>
    clausesOf(one).some((clause) => clause.includes('page 145')),
  );
  expect(citing).toEqual([{ category: 'DEVICE', kind: 'END_ENTITY' }]);
});

function findingsOf(rule: string, of: string, change: Change): string[] {
  const { specimen, tbs } = remade(of, change);
  return runRules(readTbs(tbs), specimen.kind)
    .filter((finding) => finding.rule === rule)
    .map((finding) => finding.detail);
}
