import path from 'node:path';
import type { z } from 'zod';
import type { Category } from '../domain/category.ts';
import type { Finding } from '../domain/eligibility-question.ts';
import { visible } from '../domain/visible-text.ts';
import { Fault, type Reason } from '../domain/fault.ts';
import { parseYaml, yamlReasons, type YamlFault, type YamlFile } from '../yaml/read-yaml.ts';
import { checkRuleSet, type RuleSetFiles } from './check-rule-set.ts';
import type * as gates from './gate-schemas.ts';
import * as schemas from './rule-set-schema.ts';

export type ReasonCode = z.infer<typeof schemas.reasonCodesSchema>[number];
export type ReasonWords = Pick<ReasonCode, 'authority' | 'clause' | 'says' | 'fix'>;
export type BasisRow = z.infer<typeof schemas.basisSchema>[number];
export type TableB = z.infer<typeof schemas.tableBSchema>;
export type ParticipantKind = (typeof schemas.PARTICIPANT_KINDS)[number];
export type Obligation = z.infer<typeof gates.obligationsSchema>[number];
export type Terms = z.infer<typeof gates.termsSchema>;
/** `PASS`, a reason code, or a condition. */
export type Cell = TableB['dccki']['infrastructure'][ParticipantKind];

/** The rules by which certificates are granted, as data; every decision names its version. */
export type RuleSet = z.infer<typeof schemas.headSchema> & {
  readonly reasonCodes: ReadonlyMap<string, ReasonCode>;
  readonly basis: readonly BasisRow[];
  readonly purposes: z.infer<typeof schemas.purposesSchema>;
  readonly phases: z.infer<typeof gates.phasesSchema>;
  readonly terms: Terms;
  readonly obligations: readonly Obligation[];
  readonly categories: z.infer<typeof gates.categoriesSchema>;
  readonly quotas: z.infer<typeof gates.quotasSchema>;
  readonly goodIndustryPractice: z.infer<typeof gates.goodIndustryPracticeSchema>;
  readonly tableB: TableB;
  readonly userRoleMap: z.infer<typeof schemas.userRoleMapSchema>;
  /** The files it was read from, word by word: what goes on record. */
  readonly files: RuleSetTexts;
};

/** Text of every file of a rule set, by its name without `.yaml`. */
export type RuleSetTexts = Readonly<Record<string, string>>;

/**
 * Reads a rule set: every file under its strict schema, then all files against each other.
 * @param place     folder, or what stands for one, in the words of a fault
 * @param complete  also against the rules in code: each has its code here. Of rule sets of the past that cannot be asked
 * @throws Fault `configuration-invalid` with every fault: file, line, field
 */
export function parseRuleSet(files: RuleSetTexts, place: string, complete: boolean): RuleSet {
  const read = readFiles(files, place);
  const faults = [...unknownFiles(files, place), ...Object.values(read).flatMap((file) => [...file.faults])];
  if (faults.length > 0) throw invalidRuleSet(faults);
  const good = { folder: place, ...read } as RuleSetFiles;
  const crossed = checkRuleSet(good, complete);
  if (crossed.length > 0) throw invalidRuleSet(crossed);
  const { head, reasonCodes, ...others } = good;
  return {
    ...head.value,
    reasonCodes: new Map(reasonCodes.value.map((one) => [one.reason, one])),
    basis: others.basis.value,
    purposes: others.purposes.value,
    phases: others.phases.value,
    terms: others.terms.value,
    obligations: others.obligations.value,
    categories: others.categories.value,
    quotas: others.quotas.value,
    goodIndustryPractice: others.goodIndustryPractice.value,
    tableB: others.tableB.value,
    userRoleMap: others.userRoleMap.value,
    files,
  };
}

/**
 * A finding with the clause and the fix of its reason code.
 * @param category  of the certificate that was asked for, where there is one: it may have a source of its own
 * @throws TypeError for a code that the rule set does not have
 */
export function explain(
  { reason, detail }: Finding,
  { reasonCodes }: Pick<RuleSet, 'reasonCodes'>,
  category?: Category,
): Reason {
  const known = reasonCodes.get(reason);
  if (known === undefined) throw new TypeError(`${reason} is not in the rule set`);
  const { clause, fix } = wordsOf(known, category);
  return { reason, clause, detail: visible(detail), fix };
}

/** What a reason code says of a category: the documents of the SMKI do not bind the DCCKI. */
export function wordsOf(code: ReasonCode, category: Category | undefined): ReasonWords {
  const { authority, clause, says, fix } = code;
  const own = category && code.categories?.[category];
  return { authority, clause, ...own, says: own?.says ?? says, fix: own?.fix ?? fix };
}

export function invalidRuleSet(faults: readonly YamlFault[]): Fault {
  return new Fault('configuration-invalid', 'The rule set has faults; nobody can be granted anything.', {
    reasons: yamlReasons(faults, 'RULE_SET', 'rule-set'),
  });
}

type Read = { [Name in keyof typeof schemas.RULE_SET_FILES]: YamlFile<unknown> };

function readFiles(files: RuleSetTexts, place: string): Read {
  const read = Object.entries(schemas.RULE_SET_FILES).map(([key, { name, schema }]) => {
    const file = path.join(place, `${name}.yaml`);
    const text = files[name];
    const absent = { faults: [{ file, line: 1, field: '', detail: 'the file cannot be read' }] };
    return [key, text === undefined ? absent : parseYaml<unknown>(text, file, schema)];
  });
  return Object.fromEntries(read) as Read;
}

function unknownFiles(files: RuleSetTexts, place: string): YamlFault[] {
  const known = new Set<string>(Object.values(schemas.RULE_SET_FILES).map(({ name }) => name));
  return Object.keys(files)
    .filter((name) => !known.has(name))
    .map((name) => ({
      file: path.join(place, `${name}.yaml`),
      line: 1,
      field: '',
      detail: 'no file of a rule set has this name',
    }));
}
