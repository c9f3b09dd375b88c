import path from 'node:path';
import type { z } from 'zod';
import type { YamlFault, YamlFile } from '../yaml/read-yaml.ts';
import { citedDocuments } from './citations.ts';
import { REASONS_OF_RULES } from './reasons.ts';
import { ACT_GATES, RULE_SET_FILES, type tableBSchema } from './rule-set-schema.ts';

/** The files of a rule set, each good for itself. */
export type RuleSetFiles = { readonly folder: string } & {
  readonly [Name in keyof typeof RULE_SET_FILES]: Good<(typeof RULE_SET_FILES)[Name]['schema']>;
};
type Good<Schema extends z.ZodType> = Extract<YamlFile<z.infer<Schema>>, { readonly lineOf: unknown }>;

/**
 * Holds the files against each other: every code that a table uses is explained, every clause stands in a document
 * that is listed, every User Role of a cell carries the role of its row, nothing is there twice.
 * @param complete  and against the rules in code: each finds a code that is explained, each code is found or reserved
 */
export function checkRuleSet(files: RuleSetFiles, complete: boolean): YamlFault[] {
  return [
    ...undefinedCodes(files, complete),
    ...checkReasonCodes(files, complete),
    ...checkUserRoles(files),
    ...CITING.flatMap((name) => checkEntries(name, files)),
  ];
}

/** A code, and where it stands. */
interface Place {
  readonly file: string;
  readonly path: readonly PropertyKey[];
  readonly line: number;
  readonly code: string;
}

function undefinedCodes(files: RuleSetFiles, complete: boolean): YamlFault[] {
  const known = new Set(files.reasonCodes.value.map((one) => one.reason));
  const inTables = placesOf(files)
    .filter(({ code }) => !known.has(code))
    .map((place) => fault(place, `${place.code} is not in reason-codes.yaml`));
  const inRules = [...(complete ? REASONS_OF_RULES : [])]
    .filter((code) => !known.has(code))
    .map((code) => fault(at(files, 'reason-codes', 1, []), `${code} is found by a rule and is not here`));
  return [...inTables, ...inRules];
}

function checkReasonCodes(files: RuleSetFiles, complete: boolean): YamlFault[] {
  const { value, lineOf } = files.reasonCodes;
  const used = new Set([...REASONS_OF_RULES, ...placesOf(files).map(({ code }) => code)]);
  return value.flatMap(({ reason, gate, clause, categories = {}, reserved }, index) => {
    // Codes of other answers than decisions are found elsewhere.
    const ofAct = (ACT_GATES as readonly string[]).includes(gate);
    const wrong = (field: string | readonly string[], detail: string) => {
      const where = [index, field].flat();
      return fault(at(files, 'reason-codes', lineOf(where), where), detail);
    };
    const clauses: (readonly [string | readonly string[], string])[] = [
      ['clause', clause],
      ...Object.entries(categories).map(
        ([category, own]) => [['categories', category, 'clause'], own.clause] as const,
      ),
    ];
    return [
      ...(value.findIndex((one) => one.reason === reason) === index
        ? []
        : [wrong('reason', `${reason} is there twice`)]),
      ...(used.has(reason) || reserved || ofAct || !complete
        ? []
        : [wrong('reason', `${reason} is used by no table and no rule; mark it reserved`)]),
      ...(used.has(reason) && reserved ? [wrong('reserved', `${reason} is in use`)] : []),
      ...clauses.flatMap(([field, cited]) =>
        unknownCitations(cited, files).map((part) =>
          wrong(field, `${part} is in none of the documents of rule-set.yaml`),
        ),
      ),
    ];
  });
}

/** Entries that cite a clause, and are named: each clause stands in a listed document, each name is there once. */
function checkEntries(name: (typeof CITING)[number], files: RuleSetFiles): YamlFault[] {
  const { value, lineOf } = files[name];
  const file = RULE_SET_FILES[name].name;
  const seen = new Set<string>();
  return entriesOf(value, []).flatMap(({ path: where, entry }) => {
    const wrong = (field: string, detail: string) => {
      const full = [...where, field];
      return fault(at(files, file, lineOf(full), full), detail);
    };
    const field = NAMES.find((one) => typeof entry[one] === 'string');
    const own = field === undefined ? '' : String(entry[field]);
    const twice = own !== '' && seen.has(own);
    seen.add(own);
    return [
      ...(twice ? [wrong(field ?? '', `${own} is there twice`)] : []),
      ...unknownCitations(String(entry['clause']), files).map((part) =>
        wrong('clause', `${part} is in none of the documents of rule-set.yaml`),
      ),
    ];
  });
}

/** Every object with a clause, at any depth. */
function entriesOf(value: unknown, where: readonly PropertyKey[]): Entry[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.entries(value).flatMap(([key, member]) =>
    entriesOf(member, [...where, Array.isArray(value) ? Number(key) : key]),
  );
  return 'clause' in value ? [{ path: where, entry: value }, ...inside] : inside;
}
interface Entry {
  readonly path: readonly PropertyKey[];
  readonly entry: Readonly<Record<string, unknown>>;
}

function unknownCitations(clause: string, { head }: RuleSetFiles): string[] {
  return citedDocuments(clause, head.value.documents).flatMap(({ part, document }) =>
    document === undefined ? [part] : [],
  );
}

function checkUserRoles(files: RuleSetFiles): YamlFault[] {
  const { value, lineOf } = files.tableB;
  const map = files.userRoleMap.value;
  return Object.entries(value.organisation).flatMap(([role, row]) =>
    Object.entries(row).flatMap(([kind, cell]) =>
      typeof cell === 'string' || !('userRoles' in cell)
        ? []
        : cell.userRoles
            .filter((userRole) => !(map[userRole] as readonly string[]).includes(role))
            .map((userRole) => {
              const path = ['organisation', role, kind];
              return fault(
                at(files, 'table-b', lineOf(path), path),
                `${userRole} does not carry ${role} in user-role-map.yaml`,
              );
            }),
    ),
  );
}

/** Every reason code of the tables. */
function placesOf(files: RuleSetFiles): Place[] {
  const { basis, tableB } = files;
  const inBasis = basis.value.flatMap(({ reasons }, row) =>
    reasons.map((code, index) => {
      const path = [row, 'reasons', index];
      return { ...at(files, 'basis', basis.lineOf(path), path), code };
    }),
  );
  const inTableB = Object.entries(tableB.value).flatMap(([group, rows]) =>
    Object.entries(rows).flatMap(([name, row]) =>
      Object.entries(row).flatMap(([kind, cell]) => {
        const code = codeOf(cell);
        const path = [group, name, kind];
        return code === undefined ? [] : [{ ...at(files, 'table-b', tableB.lineOf(path), path), code }];
      }),
    ),
  );
  return [...inBasis, ...inTableB];
}

function codeOf(cell: z.infer<typeof tableBSchema>['dccki']['infrastructure']['DCC']): string | undefined {
  const code =
    typeof cell === 'string'
      ? cell
      : 'agreementRole' in cell
        ? cell.agreementRole
        : 'gateway' in cell
          ? cell.gateway
          : 'PASS';
  return code === 'PASS' ? undefined : code;
}

const at = ({ folder }: RuleSetFiles, name: string, line: number, where: readonly PropertyKey[]) => ({
  file: path.join(folder, `${name}.yaml`),
  line,
  path: where,
});

const fault = ({ file, line, path: where }: Omit<Place, 'code'>, detail: string): YamlFault => ({
  file,
  line,
  field: where.map(String).join('.'),
  detail,
});

/** Files whose entries cite a clause, and what such an entry is called by. */
const CITING = ['phases', 'terms', 'obligations', 'categories', 'quotas', 'goodIndustryPractice'] as const;
const NAMES = ['obligation', 'control', 'name'];
