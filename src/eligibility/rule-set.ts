import path from 'node:path';
import type { z } from 'zod';
import type { Finding } from '../domain/eligibility-question.ts';
import { visible } from '../domain/visible-text.ts';
import { Fault, type Reason } from '../domain/fault.ts';
import { readYamlFile, yamlReasons, type YamlFault } from '../yaml/read-yaml.ts';
import { checkRuleSet } from './check-rule-set.ts';
import * as schemas from './rule-set-schema.ts';

export type ReasonCode = z.infer<typeof schemas.reasonCodesSchema>[number];
export type BasisRow = z.infer<typeof schemas.basisSchema>[number];
export type TableB = z.infer<typeof schemas.tableBSchema>;
export type ParticipantKind = (typeof schemas.PARTICIPANT_KINDS)[number];
/** `PASS`, a reason code, or a condition. */
export type Cell = TableB['dccki']['infrastructure'][ParticipantKind];

/** The rules by which certificates are granted, as data; every decision names its version. */
export type RuleSet = z.infer<typeof schemas.headSchema> & {
  readonly reasonCodes: ReadonlyMap<string, ReasonCode>;
  readonly basis: readonly BasisRow[];
  readonly purposes: z.infer<typeof schemas.purposesSchema>;
  readonly tableB: TableB;
  readonly userRoleMap: z.infer<typeof schemas.userRoleMapSchema>;
};

/**
 * Reads the rule set once, at start: every file under its strict schema, then all files against each other and against
 * the rules in code.
 * @throws Fault `configuration-invalid` with every fault: file, line, field
 */
export function loadRuleSet(folder: string = path.join(__dirname, 'rule-set')): RuleSet {
  const read = readFolder(folder);
  const { head, reasonCodes, basis, purposes, tableB, userRoleMap } = read;
  if (!(
    head.value &&
    reasonCodes.value &&
    basis.value &&
    purposes.value &&
    tableB.value &&
    userRoleMap.value
  ))
    throw invalid(Object.values(read).flatMap((file) => [...file.faults]));
  const faults = checkRuleSet({ folder, head, reasonCodes, basis, tableB, userRoleMap });
  if (faults.length > 0) throw invalid(faults);
  return {
    ...head.value,
    reasonCodes: new Map(reasonCodes.value.map((one) => [one.reason, one])),
    basis: basis.value,
    purposes: purposes.value,
    tableB: tableB.value,
    userRoleMap: userRoleMap.value,
  };
}

/** A finding with the clause and the fix of its reason code. @throws TypeError for a code that the rule set does not have */
export function explain({ reason, detail }: Finding, { reasonCodes }: Pick<RuleSet, 'reasonCodes'>): Reason {
  const known = reasonCodes.get(reason);
  if (known === undefined) throw new TypeError(`${reason} is not in the rule set`);
  return { reason, clause: known.clause, detail: visible(detail), fix: known.fix };
}

function readFolder(folder: string) {
  const file = (name: string) => path.join(folder, `${name}.yaml`);
  return {
    head: readYamlFile(file('rule-set'), schemas.headSchema),
    reasonCodes: readYamlFile(file('reason-codes'), schemas.reasonCodesSchema),
    basis: readYamlFile(file('basis'), schemas.basisSchema),
    purposes: readYamlFile(file('purposes'), schemas.purposesSchema),
    tableB: readYamlFile(file('table-b'), schemas.tableBSchema),
    userRoleMap: readYamlFile(file('user-role-map'), schemas.userRoleMapSchema),
  };
}

function invalid(faults: readonly YamlFault[]): Fault {
  return new Fault('configuration-invalid', 'The rule set has faults; nobody can be granted anything.', {
    reasons: yamlReasons(faults, 'RULE_SET', 'rule-set'),
  });
}
